"""What the two write to each other, and how they are told of it."""

from __future__ import annotations

import pytest

from accounts.models import Member
from marketplace import operations
from marketplace.models import Exchange
from marketplace.rules import NotYours
from notifications.models import Event
from notifications.operations import mark_all_read
from tests.factories import make_exchange, make_member, make_moderator

pytestmark = pytest.mark.django_db


def lines(member: Member) -> int:
    """How many lines of messages are in her inbox."""
    return Event.objects.inbox(member).filter(type="exchange-message").count()


def test_sent_twice_it_is_one_message() -> None:
    exchange = make_exchange()
    first = operations.send_message(exchange, by=exchange.receiver, text="Hello", nonce="1")

    assert operations.send_message(exchange, by=exchange.receiver, text="Hello", nonce="1") == first
    assert (exchange.messages.count(), Event.objects.filter(type="exchange-message").count()) == (1, 2)


def test_other_words_of_a_form_that_was_sent_are_refused_and_not_taken_for_the_first() -> None:
    exchange = make_exchange()
    first = operations.send_message(exchange, by=exchange.receiver, text="Hello", nonce="1")
    with pytest.raises(operations.AlreadyWritten) as refused:
        operations.send_message(exchange, by=exchange.receiver, text="Hello again", nonce="1")
    assert refused.value.first == first
    assert exchange.messages.count() == 1


def test_the_same_nonce_of_two_people_is_two_messages() -> None:
    exchange = make_exchange()
    operations.send_message(exchange, by=exchange.receiver, text="Hello", nonce="1")
    operations.send_message(exchange, by=exchange.provider, text="Hi", nonce="1")
    assert exchange.messages.count() == 2


def test_an_unread_thread_is_one_line_and_read_again_it_is_news() -> None:
    exchange, other = make_exchange(), make_exchange()
    for number in range(3):
        operations.send_message(exchange, by=exchange.receiver, text="Hello?", nonce=str(number))
    assert (lines(exchange.provider), lines(exchange.receiver)) == (1, 0)

    mark_all_read(exchange.provider)
    operations.send_message(exchange, by=exchange.receiver, text="One more", nonce="new")
    assert lines(exchange.provider) == 2

    operations.send_message(other, by=other.receiver, text="Another thread", nonce="1")
    assert lines(other.provider) == 1


def test_no_word_of_a_message_is_in_an_event() -> None:
    exchange = make_exchange()
    operations.send_message(exchange, by=exchange.receiver, text="my door code is 1234", nonce="1")
    assert not any("1234" in str(event.data) for event in Event.objects.all())


def test_only_the_two_write() -> None:
    exchange = make_exchange(state=Exchange.State.DISPUTED)
    for stranger in (make_member(), make_moderator()):
        with pytest.raises(NotYours):
            operations.send_message(exchange, by=stranger, text="Hello", nonce="1")


def test_who_is_suspended_writes_nothing() -> None:
    exchange = make_exchange()
    Member.objects.filter(pk=exchange.receiver.pk).update(state=Member.State.SUSPENDED)
    with pytest.raises(operations.CannotTakePart):
        operations.send_message(exchange, by=exchange.receiver, text="Hello", nonce="1")
