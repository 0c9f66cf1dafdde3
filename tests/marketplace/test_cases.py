"""What a moderator weighs and does: the preview that tells what then happens, one ruling, and reading that is recorded."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from accounts.models import Member
from ledger.models import Account, Hold, Record
from ledger.operations import set_credit_limit
from marketplace import operations, queries
from marketplace.models import Dispute, Exchange
from notifications.models import Event
from tests.factories import available, balance, make_dispute, make_exchange, make_member, make_moderator
from tests.pages.moving import send
from tests.rounds import rounds
from tests.work import drain
from timebank import clock

pytestmark = pytest.mark.django_db

State = Exchange.State


def make_case(state: str, minutes: int = 60, **people: Member) -> Dispute:
    """A dispute about an exchange in ``state``, with all that was on its way arrived."""
    exchange = make_exchange(state=state, minutes=minutes, **people)
    drain()
    return make_dispute(exchange)


def now(member: Member) -> tuple[int, int]:
    return balance(member), available(member)


@pytest.mark.parametrize("state", [State.IN_PROGRESS, State.DELIVERED, State.COMPLETED])
@pytest.mark.parametrize(
    ("outcome", "minutes", "shares"),
    [("release", None, (60, 0)), ("refund", None, (0, 60)), ("split", 45, (45, 15)), ("split", 1, (1, 59))],
)
def test_what_the_preview_shows_is_what_the_ruling_does(state, outcome, minutes, shares):
    dispute = make_case(state)
    provider, receiver = queries.preview_of(dispute, outcome=outcome, provider_minutes=minutes)
    assert [(side.balance, side.available) for side in (provider, receiver)] == [
        now(side.member) for side in (provider, receiver)
    ]

    operations.rule(dispute, by=make_moderator(), outcome=outcome, provider_minutes=minutes, because="So it was.")
    drain()

    assert (provider.gets, receiver.gets) == shares
    for side in (provider, receiver):
        assert (side.balance_after, side.available_after) == now(side.member)
    assert not Hold.objects.live().exists()


@pytest.mark.parametrize(("outcome", "minutes"), [("release", None), ("refund", None), ("split", 40)])
def test_the_preview_knows_of_a_limit_that_was_cut_meanwhile(outcome, minutes):
    receiver = make_member(credit_limit_minutes=120)
    dispute = make_case(State.DELIVERED, minutes=100, receiver=receiver)
    set_credit_limit(receiver.account, 30, actor=make_member())
    sides = queries.preview_of(dispute, outcome=outcome, provider_minutes=minutes)

    operations.rule(dispute, by=make_moderator(), outcome=outcome, provider_minutes=minutes, because="So it was.")
    drain()

    assert [(side.balance_after, side.available_after) for side in sides] == [now(side.member) for side in sides]


def test_what_the_provider_has_spent_meanwhile_is_not_at_stake():
    provider = make_member()
    exchange = make_exchange(state=State.COMPLETED, minutes=60, provider=provider)
    drain()
    send(Member.objects.get(pk=provider.pk), make_member(), 45)

    dispute = make_dispute(exchange)
    _provider, receiver = queries.preview_of(dispute, outcome="refund", provider_minutes=None)

    assert (dispute.at_stake_minutes, receiver.gets) == (15, 15)


def test_with_nothing_at_stake_a_ruling_moves_nothing():
    provider = make_member()
    exchange = make_exchange(state=State.COMPLETED, minutes=60, provider=provider)
    drain()
    send(Member.objects.get(pk=provider.pk), make_member(), 60)
    dispute = make_dispute(exchange)

    with pytest.raises(operations.SomeMinutes):
        queries.preview_of(dispute, outcome="split", provider_minutes=1)
    operations.rule(dispute, by=make_moderator(), outcome="refund", because="She was right, but nothing is left.")

    assert Dispute.objects.get(pk=dispute.pk).provider_minutes == 0
    assert balance(provider) == 0


@pytest.mark.parametrize("minutes", [None, 0, 60, 61])
def test_a_split_gives_each_of_them_something(minutes):
    dispute = make_case(State.DELIVERED)
    with pytest.raises(operations.SomeMinutes):
        queries.preview_of(dispute, outcome="split", provider_minutes=minutes)
    with pytest.raises(operations.SomeMinutes):
        operations.rule(dispute, by=make_moderator(), outcome="split", provider_minutes=minutes, because="Half.")
    assert Dispute.objects.get(pk=dispute.pk).is_open


@pytest.mark.parametrize("side", ["provider", "receiver"])
def test_a_ruling_reaches_a_suspended_member_too(side):
    dispute = make_case(State.DELIVERED)
    Member.objects.filter(pk=getattr(dispute.exchange, side).pk).update(state=Member.State.SUSPENDED)

    operations.rule(dispute, by=make_moderator(), outcome="split", provider_minutes=20, because="A third.")
    drain()

    assert (balance(dispute.exchange.provider), balance(dispute.exchange.receiver)) == (20, 160)


@pytest.mark.parametrize("part", ["provider", "receiver"])
def test_nobody_rules_in_a_case_of_her_own(part):
    moderator = make_moderator(minutes=180)
    dispute = make_case(State.DELIVERED, **{part: moderator})
    for act in (
        lambda: operations.rule(dispute, by=moderator, outcome="refund", because="I say so."),
        lambda: operations.read_messages(dispute, by=moderator),
    ):
        with pytest.raises(operations.OwnCase, match="another moderator has to rule"):
            act()
    assert Dispute.objects.get(pk=dispute.pk).is_open


def test_a_coordinator_and_a_former_moderator_do_not_rule():
    dispute = make_case(State.DELIVERED)
    former = make_moderator()
    former.groups.clear()
    for by in (make_member(coordinator=True), former):
        with pytest.raises(operations.NotAModerator):
            operations.rule(dispute, by=by, outcome="refund", because="I say so.")


def test_reading_the_messages_is_recorded_and_told_to_both():
    dispute, moderator = make_case(State.DELIVERED), make_moderator()
    exchange = dispute.exchange
    operations.send_message(exchange, by=exchange.receiver, text="Where are you?", nonce="m-1")
    assert queries.reading_of(dispute, moderator) == queries.Reading((), None, are_more=True)

    operations.read_messages(dispute, by=moderator)

    step = exchange.steps.order_by("seq").last()
    assert (step.action, step.by) == ("messages-read", moderator)
    record = Record.objects.get(kind="reading")
    assert dispute.public_id in record.body and moderator.account.public_id in record.body
    told = Event.objects.filter(type="exchange-changed", data__step="messages-read", in_inbox=True)
    assert {event.member_id for event in told} == {exchange.provider_id, exchange.receiver_id}
    assert [message.text for message in queries.reading_of(dispute, moderator).messages] == ["Where are you?"]


def test_a_moderator_sees_what_was_written_before_she_asked_and_another_sees_nothing():
    dispute, moderator = make_case(State.DELIVERED), make_moderator()
    exchange = dispute.exchange
    operations.send_message(exchange, by=exchange.receiver, text="Where are you?", nonce="m-1")
    operations.read_messages(dispute, by=moderator)
    with clock.ahead_by(timedelta(seconds=1)):
        operations.send_message(exchange, by=exchange.provider, text="I was there.", nonce="m-2")

    reading = queries.reading_of(dispute, moderator)

    assert [message.text for message in reading.messages] == ["Where are you?"]
    assert reading.are_more
    assert queries.reading_of(dispute, make_moderator()).messages == ()


def test_what_the_two_did_before_is_counted():
    provider, receiver = make_member(), make_member(minutes=600)
    for state in (State.COMPLETED, State.RESOLVED, State.CANCELLED, State.PROPOSED):
        make_exchange(provider=provider, receiver=receiver, state=state)
    make_exchange(receiver=receiver, state=State.COMPLETED)
    dispute = make_case(State.DELIVERED, provider=provider, receiver=receiver)

    standings = queries.standings_of(dispute)

    assert [(standing.exchanges, standing.disputes_before) for standing in standings] == [(2, 1), (3, 1)]


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("state", [State.DELIVERED, State.COMPLETED])
def test_of_two_moderators_at_once_the_first_rules_and_the_second_reads_how(state):
    vera, walter = make_moderator(name="Vera"), make_moderator(name="Walter")
    words = {"release": "all of it to the provider", "refund": "all of it back to the receiver"}
    for _round in range(rounds(100)):
        dispute = make_case(state)
        start = Barrier(2)

        def rule(by: Member, outcome: str, dispute: Dispute = dispute, start: Barrier = start) -> str:
            try:
                start.wait(10)
                operations.rule(dispute, by=by, outcome=outcome, because=f"So says {by}.")
            except operations.AlreadyDecided as refusal:
                return str(refusal)
            finally:
                connection.close()
            return ""

        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(rule, (vera, walter), words))
        drain()

        decided = Dispute.objects.get(pk=dispute.pk)
        assert sorted(answers) == ["", f"{decided.decided_by} ruled first: {words[decided.outcome]}."]
        assert decided.because == f"So says {decided.decided_by}."
        assert decided.decided_by == (vera if decided.outcome == "release" else walter)
        paid = 60 if decided.outcome == "release" else 0
        assert (balance(decided.exchange.provider), balance(decided.exchange.receiver)) == (paid, 180 - paid)
        assert Record.objects.filter(kind="ruling", body__contains=dispute.public_id).count() == 1
    assert not Hold.objects.live().exists()
    assert not Account.objects.exclude(held_minutes=0).exists()


@pytest.mark.django_db
def test_ruling_twice_is_told_in_other_words_to_oneself_and_after_the_deadline():
    dispute, vera = make_case(State.DELIVERED), make_moderator(name="Vera")
    operations.rule(dispute, by=vera, outcome="split", provider_minutes=20, because="A third.")
    with pytest.raises(operations.AlreadyDecided, match="You ruled already: shared between the two."):
        operations.rule(dispute, by=vera, outcome="refund", because="No.")

    late = make_case(State.DELIVERED)
    with clock.ahead_by(timedelta(days=31)):
        operations.keep_deadlines()
        with pytest.raises(operations.AlreadyDecided, match="the deadline did: all of it back to the receiver."):
            operations.rule(late, by=vera, outcome="release", because="Too late.")
