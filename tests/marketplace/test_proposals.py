"""Asking, suggesting something else, agreeing: the rules of a proposal, each once in full."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Member
from ledger.operations import NotEnoughTime
from marketplace import operations
from marketplace.models import MOST_MINUTES, Exchange, Listing
from marketplace.rules import NotYours, OutOfTurn
from notifications.models import Event
from tests.factories import available, balance, make_exchange, make_listing, make_member
from timebank import clock

pytestmark = pytest.mark.django_db

State = Exchange.State


def ask(listing: Listing, by: Member, **how: Any) -> Exchange:
    return operations.propose(listing, **({"by": by, "minutes": 60, "nonce": "n"} | how))


def suggest(exchange: Exchange, by: Member, **how: Any) -> Exchange:
    usual = {"by": by, "minutes": 45, "starts_at": None, "place": "", "version": exchange.version, "nonce": "c"}
    return operations.counter(exchange, **(usual | how))


def accept(exchange: Exchange, by: Member) -> Exchange:
    return operations.accept_exchange(exchange, by=by, version=exchange.version)


# --- Asking --------------------------------------------------------------------------------------


def test_of_an_offer_who_asks_receives_and_of_a_request_she_provides() -> None:
    owner, asking = make_member(minutes=60), make_member(minutes=60)

    of_offer = ask(make_listing(owner), asking, nonce="1")
    of_request = ask(make_listing(owner, kind="request"), asking, nonce="2")

    assert (of_offer.provider, of_offer.receiver, of_offer.waits_for) == (owner, asking, owner)
    assert (of_request.provider, of_request.receiver, of_request.waits_for) == (asking, owner, owner)


def test_asking_holds_nothing_yet_and_the_owner_is_told() -> None:
    owner, asking = make_member(), make_member(minutes=60)

    exchange = ask(make_listing(owner), asking, message="Would Saturday do?")

    assert (exchange.state, exchange.hold, available(asking)) == (State.PROPOSED, None, 60)
    assert [message.text for message in exchange.messages.all()] == ["Would Saturday do?"]
    inbox = Event.objects.inbox(owner)
    assert [(event.type, event.data["step"]) for event in inbox] == [("exchange-changed", "propose")]
    assert not any(word in str(event.data) for event in Event.objects.all() for word in ("Saturday", "taps"))


def test_asked_twice_with_one_form_it_is_one_exchange() -> None:
    listing, asking = make_listing(), make_member(minutes=60)
    first = ask(listing, asking, message="Hello")

    assert ask(listing, asking, message="Hello") == first
    assert (Exchange.objects.count(), first.messages.count(), first.steps.count()) == (1, 1, 1)


@pytest.mark.parametrize("changed", [{"message": "Hello you"}, {"minutes": 45}, {"place": "Elsewhere"}])
def test_one_form_sent_with_other_words_is_told_so(changed: Any) -> None:
    listing, asking = make_listing(), make_member(minutes=60)
    first = ask(listing, asking, message="Hello")
    with pytest.raises(operations.AlreadyWritten) as refused:
        ask(listing, asking, **{"message": "Hello"} | changed)
    assert refused.value.first == first

    operations.counter(
        first, by=listing.owner, minutes=30, starts_at=None, place="There", version=1, message="Less?", nonce="other"
    )
    assert ask(listing, asking, message="Hello") == first  # what it was proposed with, whatever was said since


def test_a_suggestion_from_a_form_that_was_sent_before_is_told_so() -> None:
    exchange = make_exchange()
    said = {"minutes": 30, "starts_at": None, "place": "", "message": "Less?", "nonce": "a-form"}
    operations.counter(exchange, by=exchange.provider, version=1, **said)
    operations.counter(exchange, by=exchange.receiver, version=2, **said)
    with pytest.raises(operations.AlreadyWritten):
        operations.counter(exchange, by=exchange.provider, version=3, **said | {"message": "Even less?"})


def test_nobody_asks_for_her_own() -> None:
    owner = make_member(minutes=60)
    with pytest.raises(operations.OwnListing):
        ask(make_listing(owner), owner)


@pytest.mark.parametrize("take_off", [operations.pause_listing, operations.close_listing])
def test_what_was_taken_off_the_list_meanwhile_cannot_be_asked_for(take_off: Any) -> None:
    seen = make_listing()
    take_off(seen, by=seen.owner)
    with pytest.raises(operations.ListingClosed, match="not on the list any more"):
        ask(seen, make_member(minutes=60))
    assert not Exchange.objects.exists()


def test_of_a_suspended_owner_nothing_can_be_asked() -> None:
    seen = make_listing()
    Member.objects.filter(pk=seen.owner.pk).update(state=Member.State.SUSPENDED)
    with pytest.raises(operations.ListingClosed):
        ask(seen, make_member(minutes=60))


@pytest.mark.parametrize("state", ["suspended", "applied", "left"])
def test_who_is_no_active_member_asks_for_nothing(state: str) -> None:
    asking = make_member(state=state)
    with pytest.raises(operations.CannotTakePart):
        ask(make_listing(), asking)


def test_one_live_exchange_about_a_listing_is_enough() -> None:
    listing, asking = make_listing(), make_member(minutes=600)
    first = ask(listing, asking, nonce="1")

    with pytest.raises(operations.AlreadyAsked) as refused:
        ask(listing, asking, nonce="2")
    assert refused.value.exchange == first

    operations.withdraw_exchange(first, by=asking)
    assert ask(listing, asking, nonce="3") != first
    assert ask(listing, make_member(minutes=60), nonce="4").state == State.PROPOSED


@pytest.mark.parametrize("minutes", [0, -5, MOST_MINUTES + 1])
def test_minutes_are_some_and_not_too_many(minutes: int) -> None:
    with pytest.raises(operations.SomeMinutes):
        ask(make_listing(), make_member(minutes=60), minutes=minutes)


def test_minutes_are_whole() -> None:
    with pytest.raises(ValueError, match="whole"):
        ask(make_listing(), make_member(minutes=60), minutes=1.5)


def test_a_slot_is_still_to_come() -> None:
    with pytest.raises(operations.SlotInThePast):
        ask(make_listing(), make_member(minutes=60), starts_at=clock.now())


def test_who_asks_and_would_pay_has_the_hours_now() -> None:
    with pytest.raises(NotEnoughTime, match="up to 59 min; this needs 1 h"):
        ask(make_listing(), make_member(minutes=59))


def test_who_offers_her_help_needs_no_hours() -> None:
    assert ask(make_listing(kind="request"), make_member()).state == State.PROPOSED


# --- Suggesting something else -------------------------------------------------------------------


def test_a_counter_proposal_turns_the_question_round() -> None:
    exchange = make_exchange()
    later = clock.now() + timedelta(days=2)

    exchange = suggest(exchange, exchange.provider, minutes=90, starts_at=later, place="Library", message="Or so?")

    assert (exchange.minutes, exchange.starts_at, exchange.place, exchange.version) == (90, later, "Library", 2)
    assert (exchange.offered_by, exchange.waits_for) == (exchange.provider, exchange.receiver)
    with pytest.raises(NotYours):
        accept(exchange, exchange.provider)
    assert accept(exchange, exchange.receiver).state == State.ACCEPTED
    assert available(exchange.receiver) == 180 - 90


def test_who_proposed_waits_for_the_answer() -> None:
    exchange = make_exchange()
    with pytest.raises(NotYours, match=f"waits for the answer of {exchange.provider}"):
        suggest(exchange, exchange.receiver)


def test_a_counter_proposal_keeps_the_rules_of_a_proposal() -> None:
    exchange = make_exchange()
    with pytest.raises(operations.SomeMinutes):
        suggest(exchange, exchange.provider, minutes=0)
    with pytest.raises(operations.SlotInThePast):
        suggest(exchange, exchange.provider, starts_at=clock.now() - timedelta(minutes=1))
    with pytest.raises(operations.TermsChanged):
        suggest(exchange, exchange.provider, version=0)


@pytest.mark.parametrize("answer", [accept, suggest])
def test_with_a_suspended_partner_nothing_is_agreed(answer: Any) -> None:
    exchange = make_exchange()
    Member.objects.filter(pk=exchange.receiver.pk).update(state=Member.State.SUSPENDED)
    with pytest.raises(operations.PartnerCannotTakePart, match="cannot take part in exchanges just now"):
        answer(exchange, exchange.provider)
    assert operations.decline_exchange(exchange, by=exchange.provider).state == State.DECLINED


# --- Agreeing ------------------------------------------------------------------------------------


def test_what_was_not_seen_is_not_accepted() -> None:
    seen = make_exchange(kind="request")
    changed = suggest(seen, seen.receiver, minutes=10)
    suggest(changed, changed.provider, minutes=120)

    with pytest.raises(operations.TermsChanged):
        operations.accept_exchange(seen, by=seen.receiver, version=seen.version)


def test_a_slot_that_passed_meanwhile_is_not_accepted() -> None:
    exchange = make_exchange(starts_at=clock.now() + timedelta(hours=1))
    with clock.ahead_by(timedelta(hours=1)), pytest.raises(operations.SlotInThePast):
        accept(exchange, exchange.provider)


def test_a_receiver_who_is_short_reads_what_she_has() -> None:
    exchange = make_exchange(kind="request", receiver=make_member(minutes=59))
    with pytest.raises(NotEnoughTime, match="You can send up to 59 min; this needs 1 h"):
        accept(exchange, exchange.receiver)
    exchange.refresh_from_db()
    assert (exchange.state, exchange.hold, available(exchange.receiver)) == (State.PROPOSED, None, 59)


def test_a_provider_is_not_told_what_the_receiver_has() -> None:
    receiver = make_member(minutes=60)
    exchange = make_exchange(receiver=receiver)
    make_exchange(receiver=receiver, minutes=1, state=State.ACCEPTED)  # meanwhile

    with pytest.raises(operations.PartnerIsShort) as refused:
        accept(exchange, exchange.provider)

    assert str(refused.value) == f"{receiver} does not have enough hours available just now. Suggest fewer, or wait."
    exchange.refresh_from_db()
    assert (exchange.state, exchange.hold) == (State.PROPOSED, None)
    assert suggest(exchange, exchange.provider, minutes=59).state == State.PROPOSED  # and she takes the advice


def test_accepted_the_hours_are_set_aside_and_nowhere_yet() -> None:
    exchange = make_exchange(state=State.ACCEPTED)
    assert (available(exchange.receiver), balance(exchange.receiver), balance(exchange.provider)) == (120, 180, 0)


def test_the_rules_are_those_in_force_when_the_two_agreed(settings: Any) -> None:
    settings.LATE_CANCEL_SHARE_PERCENT = 50
    starts_at = clock.now() + timedelta(hours=3)
    exchange = make_exchange(state=State.ACCEPTED, starts_at=starts_at)
    agreed_at = exchange.changed_at

    settings.LATE_CANCEL_SHARE_PERCENT, settings.CANCEL_NOTICE_HOURS = 0, 0
    settings.DELIVER_WITHIN_DAYS = settings.CONFIRM_WITHIN_DAYS = settings.REVIEW_WITHIN_DAYS = 99

    assert exchange.deadline_at == starts_at + timedelta(days=14)
    assert exchange.terms | {"minutes": 60, "place": "At home"} == exchange.terms
    delivered = operations.deliver_exchange(exchange, by=exchange.provider, minutes=60)
    assert delivered.deadline_at == starts_at + timedelta(days=3)  # silence confirms nothing before that day
    done = operations.confirm_exchange(exchange, by=exchange.receiver)
    assert done.reviews_until == done.completed_at + timedelta(days=14)
    assert done.completed_at > agreed_at

    other = make_exchange(state=State.ACCEPTED)
    assert other.terms["review_within_days"] == 99


def test_accepting_twice_holds_once() -> None:
    exchange = make_exchange(state=State.ACCEPTED)
    with pytest.raises(OutOfTurn, match="is agreed and has not begun"):
        accept(exchange, exchange.provider)
    assert available(exchange.receiver) == 120


def test_declined_and_withdrawn_are_ends() -> None:
    declined, withdrawn = make_exchange(state=State.DECLINED), make_exchange(state=State.WITHDRAWN)
    with pytest.raises(OutOfTurn, match="was declined"):
        accept(declined, declined.provider)
    with pytest.raises(OutOfTurn, match="was withdrawn"):
        accept(withdrawn, withdrawn.provider)
