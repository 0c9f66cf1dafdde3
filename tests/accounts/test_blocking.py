"""Keeping two people apart: neither turns to the other, nobody is told, and what was agreed on goes on."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from accounts import operations
from accounts.models import Block, Member
from accounts.queries import find_people
from marketplace import operations as marketplace
from notifications.models import Event
from tests.factories import available, make_exchange, make_listing, make_member
from tests.pages.reading import links, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return make_member(minutes=120, name="Ana Souza")


@pytest.fixture
def bento():
    return make_member(minutes=120, name="Bento Lima")


def send(sender, recipient):
    return operations.send_hours(
        sender=sender, recipient=recipient, amount_minutes=30, kind="gift", nonce="of-these-two"
    )


def ask(asker, **how):
    return operations.ask_for_hours(**{"asker": asker, "amount_minutes": 30, "nonce": "a-code-of-hers"} | how)


def test_neither_turns_to_the_other_whoever_blocked_and_what_is_said_is_what_is_said_of_anybody(ana, bento):
    operations.block(bento, by=ana)

    for one, other in ((ana, bento), (bento, ana)):
        with pytest.raises(operations.CannotReceive, match="You cannot send hours to this person."):
            send(one, other)
        with pytest.raises(operations.CannotReceive):
            ask(one, asked_of=other)
        with pytest.raises(operations.CannotReceive, match="You cannot pay this code."):
            operations.pay_request(ask(other), payer=one, amount_minutes=30)
        with pytest.raises(marketplace.PartnerCannotTakePart, match="cannot take part in exchanges just now."):
            marketplace.propose(make_listing(other), by=one, minutes=30, nonce="a-proposal")
        assert find_people(one, other.display_name) == []
    assert (available(ana), available(bento)) == (120, 120)
    assert not Event.objects.filter(member=bento).exclude(type="hours-granted").exists()


def test_others_are_not_concerned(ana, bento):
    clara = make_member(minutes=120, name="Clara Dias")
    operations.block(bento, by=ana)

    assert send(clara, bento)
    assert find_people(clara, "bento") == [bento]


def test_unblocked_they_may_again_but_not_if_the_other_blocked_too(ana, bento):
    operations.block(bento, by=ana)
    operations.block(ana, by=bento)
    operations.unblock(bento, by=ana)
    with pytest.raises(operations.CannotReceive):
        send(ana, bento)

    operations.unblock(ana, by=bento)
    assert send(ana, bento)


def test_what_they_agreed_on_before_goes_on(ana, bento):
    exchange = make_exchange(provider=ana, receiver=bento, state="delivered")
    operations.block(bento, by=ana)

    assert marketplace.confirm_exchange(exchange, by=bento).state == "completed"


def test_twice_blocks_once_and_nobody_blocks_herself(ana, bento):
    operations.block(bento, by=ana)
    operations.block(bento, by=ana)

    assert Block.objects.count() == 1
    with pytest.raises(operations.ToOneself):
        operations.block(ana, by=ana)
    with pytest.raises(IntegrityError), transaction.atomic():
        Block.objects.create(by=ana, of=ana, created_at=ana.joined_at)


def test_on_the_pages_she_is_blocked_listed_and_unblocked(client, ana, bento):
    client.force_login(ana)
    assert links(client.get(bento.get_absolute_url()), "Send hours") == [f"/send/?to={bento.public_id}"]

    page = client.post(f"/people/{bento.public_id}/block/", follow=True)
    assert page.redirect_chain == [("/settings/blocks/", 302)]
    assert "You blocked Bento Lima. Nobody was told." in words(page)
    assert links(client.get(bento.get_absolute_url()), "Send hours") == []
    assert "You blocked this person" in words(client.get(bento.get_absolute_url()))
    assert client.get(f"/pay-me/{bento.public_id}/").status_code == 404

    page = client.post(f"/people/{bento.public_id}/unblock/", follow=True)
    assert "Bento Lima can turn to you again." in words(page)
    assert "Nobody." in words(page)


def test_who_is_blocked_reads_nothing_of_it(client, ana, bento):
    operations.block(bento, by=ana)
    client.force_login(Member.objects.get(pk=bento.pk))

    page = words(client.get(ana.get_absolute_url()))
    assert "You blocked" not in page
    assert "Ana Souza" in page


def test_herself_and_nobody(client, ana):
    client.force_login(ana)

    assert "You cannot block yourself." in words(client.post(f"/people/{ana.public_id}/block/", follow=True))
    assert client.post("/people/nobody/block/").status_code == 404
    assert client.get(f"/people/{ana.public_id}/block/").status_code == 405


@pytest.mark.parametrize("rows", [1, 3, 50])
def test_the_list_takes_the_same_queries_however_many(client, ana, rows, django_assert_num_queries):
    for _ in range(rows):
        operations.block(make_member(), by=ana)
    client.force_login(ana)
    client.get("/settings/")

    with django_assert_num_queries(4):
        assert client.get("/settings/blocks/").status_code == 200
