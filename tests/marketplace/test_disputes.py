"""When something went wrong: what is at stake, who rules, and where the minutes go."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group

from accounts.models import Member
from accounts.operations import send_hours
from ledger.models import Record
from marketplace import operations
from marketplace.models import Dispute, Exchange
from marketplace.rules import NotYours, OutOfTurn
from notifications.models import Event
from tests.factories import available, balance, make_dispute, make_exchange, make_member, make_moderator, make_superuser
from tests.work import drain
from timebank import clock

from .sound import unsound

pytestmark = pytest.mark.django_db

State = Exchange.State
COMPLETED, DELIVERED = State.COMPLETED, State.DELIVERED


def rule(dispute: Dispute, outcome: str, provider_minutes: int | None = None, by: Member | None = None) -> Dispute:
    ruled = operations.rule(
        dispute, by=by or make_moderator(), outcome=outcome, provider_minutes=provider_minutes, because="It was so."
    )
    drain()
    assert unsound() == []
    return ruled


# --- Opening one ---------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [State.IN_PROGRESS, State.DELIVERED])
@pytest.mark.parametrize("side", ["provider", "receiver"])
def test_before_it_is_confirmed_the_hours_stay_held(state: str, side: str) -> None:
    exchange = make_exchange(state=state)

    dispute = make_dispute(exchange, by=getattr(exchange, side))

    assert (dispute.at_stake_minutes, dispute.hold, dispute.was_completed) == (60, exchange.hold, False)
    assert available(exchange.receiver) == 120


def test_opened_twice_it_is_one_and_the_other_one_finds_it_open() -> None:
    exchange = make_exchange(state=DELIVERED)
    words = {"by": exchange.receiver, "reason": "not_done", "statement": "Nobody came.", "nonce": "a-form"}
    first = operations.open_dispute(exchange, **words)

    assert operations.open_dispute(exchange, **words) == first
    for other in ({"statement": "He came, and left."}, {"reason": "time"}, {"nonce": "another-form"}):
        with pytest.raises(OutOfTurn, match="is disputed"):
            operations.open_dispute(exchange, **words | other)
    assert (first.statements.count(), exchange.steps.filter(action="dispute").count()) == (1, 1)
    with pytest.raises(OutOfTurn, match="is disputed"):
        make_dispute(exchange, by=exchange.provider)


def test_all_moderators_but_the_two_are_told() -> None:
    exchange = make_exchange(state=DELIVERED)
    exchange.provider.groups.add(Group.objects.get(name="moderators"))
    moderators = {make_moderator().pk, make_moderator().pk}

    make_dispute(exchange)

    assert set(Event.objects.filter(type="dispute-opened").values_list("member_id", flat=True)) == moderators


def test_where_no_moderator_may_rule_the_coordinators_are_told_to_find_one() -> None:
    exchange = make_exchange(state=DELIVERED)
    exchange.provider.groups.add(Group.objects.get(name="moderators"))
    exchange.receiver.groups.add(Group.objects.get(name="coordinators"))
    coordinator = make_member(coordinator=True)
    make_moderator(state="suspended")

    make_dispute(exchange)

    told = Event.objects.get(type="dispute-opened")
    assert (told.member, told.data["nobody_may_rule"], told.by_mail) == (coordinator, True, True)


def test_who_is_suspended_opens_none_but_says_her_side() -> None:
    exchange = make_exchange(state=DELIVERED)
    Member.objects.filter(pk=exchange.provider.pk).update(state=Member.State.SUSPENDED)
    with pytest.raises(operations.CannotTakePart):
        make_dispute(exchange, by=exchange.provider)
    dispute = make_dispute(exchange)
    assert operations.add_statement(dispute, by=exchange.provider, text="I was there.", nonce="s").author_id


def test_after_completion_what_the_provider_has_is_set_aside() -> None:
    exchange = make_exchange(state=COMPLETED)

    dispute = make_dispute(exchange)  # the hours were still on their way

    assert (dispute.at_stake_minutes, dispute.was_completed) == (60, True)
    assert (balance(exchange.provider), available(exchange.provider), balance(exchange.receiver)) == (60, 0, 120)


def test_after_completion_what_is_spent_is_not_at_stake() -> None:
    exchange = make_exchange(state=COMPLETED)
    drain()
    spend(exchange.provider, 45)

    dispute = make_dispute(exchange)

    assert (dispute.at_stake_minutes, available(exchange.provider)) == (15, 0)
    rule(dispute, "refund")
    assert (balance(exchange.receiver), balance(exchange.provider)) == (120 + 15, 0)


def test_what_the_provider_earned_elsewhere_is_not_at_stake() -> None:
    exchange = make_exchange(state=COMPLETED, provider=make_member(minutes=500))
    assert make_dispute(exchange).at_stake_minutes == 60


@pytest.mark.parametrize("outcome", ["release", "refund"])
def test_with_everything_spent_nothing_is_at_stake_and_it_is_still_settled(outcome: str) -> None:
    exchange = make_exchange(state=COMPLETED)
    drain()
    spend(exchange.provider, 60)

    dispute = make_dispute(exchange)
    assert (dispute.at_stake_minutes, dispute.hold) == (0, None)
    with pytest.raises(operations.SomeMinutes, match="nothing here to share"):
        rule(dispute, "split", 0)

    rule(dispute, outcome)
    assert (balance(exchange.receiver), balance(exchange.provider)) == (120, 0)


def test_what_was_confirmed_is_at_stake_not_what_was_agreed() -> None:
    fewer, more = make_exchange(state=DELIVERED), make_exchange(state=State.ACCEPTED)
    operations.confirm_exchange(fewer, by=fewer.receiver, minutes=20)
    operations.deliver_exchange(more, by=more.provider, minutes=90)
    operations.confirm_exchange(more, by=more.receiver)

    assert (make_dispute(fewer).at_stake_minutes, make_dispute(more).at_stake_minutes) == (20, 90)
    assert unsound() == []


def test_a_completed_exchange_is_disputed_for_fourteen_days() -> None:
    exchange, late = make_exchange(state=COMPLETED), make_exchange(state=COMPLETED)
    drain()
    with clock.ahead_by(timedelta(days=14) - timedelta(minutes=1)):
        assert make_dispute(exchange).is_open
    with clock.ahead_by(timedelta(days=14)), pytest.raises(operations.TooLate, match="14 days"):
        make_dispute(late)


# --- Ruling --------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [State.IN_PROGRESS, DELIVERED, COMPLETED])
@pytest.mark.parametrize(
    ("outcome", "share", "provider_minutes"),
    [("release", None, 60), ("refund", None, 0), ("split", 1, 1), ("split", 20, 20), ("split", 59, 59)],
)
def test_a_ruling_moves_what_it_says_and_no_minute_is_lost(
    state: str, outcome: str, share: int | None, provider_minutes: int
) -> None:
    exchange = make_exchange(state=state)

    dispute = rule(make_dispute(exchange), outcome, share)

    assert (dispute.provider_minutes, dispute.receiver_minutes) == (provider_minutes, 60 - provider_minutes)
    assert (balance(exchange.provider), balance(exchange.receiver)) == (provider_minutes, 180 - provider_minutes)
    assert (available(exchange.provider), available(exchange.receiver)) == (provider_minutes, 180 - provider_minutes)
    exchange.refresh_from_db()
    assert (exchange.state, exchange.steps.last().data["minutes"]) == (State.RESOLVED, provider_minutes)
    assert exchange.minutes_so_far == provider_minutes


def test_what_was_spent_before_a_dispute_counts_as_given() -> None:
    exchange = make_exchange(state=COMPLETED)
    drain()
    spend(exchange.provider, 45)
    rule(make_dispute(exchange), "split", 5)
    exchange.refresh_from_db()
    assert exchange.minutes_so_far == 45 + 5


@pytest.mark.parametrize("share", [None, 0, 60, 61, -1])
def test_a_share_is_some_and_not_all(share: int | None) -> None:
    dispute = make_dispute()
    with pytest.raises(operations.SomeMinutes):
        rule(dispute, "split", share)
    dispute.refresh_from_db()
    assert dispute.is_open


def test_the_first_of_two_moderators_wins_and_the_other_reads_who_it_was() -> None:
    dispute, first = make_dispute(), make_moderator(name="Rita Prado")
    rule(dispute, "refund", by=first)
    with pytest.raises(operations.AlreadyDecided, match="Rita Prado ruled first: all of it back to the receiver"):
        rule(dispute, "release")


@pytest.mark.parametrize("side", ["provider", "receiver"])
def test_nobody_rules_in_her_own_case(side: str) -> None:
    dispute = make_dispute()
    party = getattr(dispute.exchange, side)
    party.groups.add(Group.objects.get(name="moderators"))
    for act in (lambda: rule(dispute, "refund", by=party), lambda: operations.read_messages(dispute, by=party)):
        with pytest.raises(operations.OwnCase):
            act()


def test_only_a_moderator_rules_and_reads() -> None:
    dispute = make_dispute()
    others = make_member(), make_member(coordinator=True), make_superuser(), make_moderator(state="suspended")
    for nobody in others:
        with pytest.raises(operations.NotAModerator):
            rule(dispute, "refund", by=nobody)
        with pytest.raises(operations.NotAModerator):
            operations.read_messages(dispute, by=nobody)


def test_a_ruling_and_a_reading_are_in_the_log_without_words() -> None:
    dispute, moderator = make_dispute(), make_moderator()
    operations.read_messages(dispute, by=moderator)
    rule(dispute, "split", 20, by=moderator)

    bodies = [body for body in Record.objects.values_list("body", flat=True) if dispute.public_id in body]
    assert len(bodies) == 2
    assert all(moderator.account.public_id in body for body in bodies)
    assert not any("It was so" in body for body in bodies)
    assert dispute.exchange.steps.filter(action="messages-read", by=moderator).count() == 1


def test_both_are_told_of_the_ruling() -> None:
    dispute = rule(make_dispute(), "refund")
    for member in (dispute.exchange.provider, dispute.exchange.receiver):
        last = Event.objects.inbox(member).filter(type="exchange-changed").first()
        assert (last.data["step"], last.data["outcome"]) == ("rule", "refund")


# --- Statements ----------------------------------------------------------------------------------


def test_each_of_the_two_says_her_side_until_it_is_decided() -> None:
    dispute = make_dispute()
    say = {"text": "I rang three times.", "nonce": "s"}
    first = operations.add_statement(dispute, by=dispute.exchange.provider, **say)
    assert operations.add_statement(dispute, by=dispute.exchange.provider, **say) == first
    assert dispute.statements.count() == 2
    with pytest.raises(NotYours):
        operations.add_statement(dispute, by=make_moderator(), text="Well", nonce="m")

    rule(dispute, "refund")
    with pytest.raises(operations.AlreadyDecided):
        operations.add_statement(dispute, by=dispute.exchange.provider, text="But", nonce="late")


def spend(member: Member, minutes: int) -> None:
    """Let ``member`` send so many to somebody else."""
    how: Any = {"kind": "help", "nonce": f"spend-{member.pk}-{minutes}", "again": True}
    send_hours(sender=member, recipient=make_member(), amount_minutes=minutes, **how)
    drain()
