"""What time alone does to an exchange, with a moved clock and nobody there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.models import Member
from accounts.operations import suspend_member
from marketplace import operations
from marketplace.models import Exchange, Review
from marketplace.operations import deadlines
from marketplace.queries import ended_with_hours_held
from marketplace.rules import OutOfTurn
from notifications.models import Event, Letter
from tests.factories import available, balance, make_coordinator, make_dispute, make_exchange, make_moderator
from tests.work import drain
from timebank import clock, tasks

from .sound import unsound

pytestmark = pytest.mark.django_db

State = Exchange.State
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


def deadline(exchange: Exchange) -> datetime:
    exchange.refresh_from_db()
    assert exchange.deadline_at is not None
    return exchange.deadline_at


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Within the block it is ``moment``, and stays so however slow the machine is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: moment)
        yield


def wait(until: datetime | timedelta) -> None:
    """Nobody does anything until then, or for so long; then the worker comes."""
    with at(until if isinstance(until, datetime) else clock.now() + until):
        drain()


def reminders(member: Member) -> int:
    return Event.objects.filter(type="exchange-reminder", member=member).count()


# Of 60 agreed minutes, what the provider has in the end, and what the receiver has of her 180.
@pytest.mark.parametrize(
    ("state", "end", "provider_has"),
    [
        (State.PROPOSED, State.EXPIRED, 0),
        (State.ACCEPTED, State.EXPIRED, 0),
        (State.IN_PROGRESS, State.EXPIRED, 0),
        (State.DELIVERED, State.COMPLETED, 60),
        (State.DISPUTED, State.RESOLVED, 0),
    ],
)
@pytest.mark.parametrize("dated", [False, True], ids=["without a date", "with a date"])
def test_each_state_ends_by_its_deadline_alone(state: str, end: str, provider_has: int, dated: bool) -> None:
    starts_at = clock.now() + 3 * DAY if dated else None
    exchange = make_exchange(state=state, starts_at=starts_at)

    wait(deadline(exchange) - SECOND)
    exchange.refresh_from_db()
    assert exchange.state == state
    wait(deadline(exchange))

    exchange.refresh_from_db()
    assert (exchange.state, exchange.deadline_at, exchange.waits_for) == (end, None, None)
    last = exchange.steps.last()
    assert (last.action, last.by) == ("lapse", None)
    assert (balance(exchange.provider), available(exchange.receiver)) == (provider_has, 180 - provider_has)
    assert unsound() == []


def test_a_dispute_after_completion_that_nobody_rules_on_leaves_the_hours_with_the_provider() -> None:
    exchange = make_exchange(state=State.COMPLETED)
    make_dispute(exchange)
    assert available(exchange.provider) == 0

    wait(deadline(exchange))

    exchange.refresh_from_db()
    assert (exchange.state, exchange.dispute.outcome, exchange.dispute.decided_by) == ("resolved", "release", None)
    assert (available(exchange.provider), available(exchange.receiver)) == (60, 120)


def test_years_later_everything_has_ended_and_nothing_is_held() -> None:
    everything = [make_exchange(state=state) for state in State.values]

    wait(1000 * DAY)
    assert not Exchange.objects.filter(state__in=Exchange.LIVE).exists()
    wait(1020 * DAY)  # the time to review what silence confirmed is over as well

    assert not Exchange.objects.filter(reviews_until__isnull=False).exists()
    people = [person for exchange in everything for person in (exchange.provider, exchange.receiver)]
    assert all(available(person) == balance(person) for person in people)
    assert unsound() == []
    assert operations.keep_deadlines() == 0
    assert not deadlines.is_due()


@pytest.mark.parametrize(
    ("state", "days", "dated"),
    [
        (State.PROPOSED, 7, False),
        (State.PROPOSED, 3, True),
        (State.ACCEPTED, 30, False),
        (State.ACCEPTED, 3 + 14, True),
        (State.IN_PROGRESS, 14, False),
        (State.IN_PROGRESS, 3 + 14, True),
        (State.DELIVERED, 3, False),
        (State.DELIVERED, 3 + 3, True),
        (State.DISPUTED, 30, False),
    ],
)
def test_how_long_each_state_lasts(state: str, days: int, dated: bool) -> None:
    exchange = make_exchange(state=state, starts_at=clock.now() + 3 * DAY if dated else None)
    counted_from = clock.now() if state != State.DISPUTED else exchange.dispute.opened_at
    assert abs(deadline(exchange) - counted_from - days * DAY) < timedelta(minutes=5)


# --- Silence -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("delivered", "moved"), [(20, 20), (60, 60), (90, 60)])
def test_silence_confirms_what_was_delivered_but_no_more_than_was_agreed(delivered: int, moved: int) -> None:
    exchange = make_exchange(state=State.ACCEPTED)
    operations.deliver_exchange(exchange, by=exchange.provider, minutes=delivered)

    wait(deadline(exchange))

    exchange.refresh_from_db()
    assert (exchange.state, exchange.confirmed_minutes) == (State.COMPLETED, moved)
    assert (balance(exchange.provider), available(exchange.receiver)) == (moved, 180 - moved)


def test_while_it_is_disputed_silence_confirms_nothing() -> None:
    exchange = make_exchange(state=State.DELIVERED)
    make_dispute(exchange)

    wait(29 * DAY)

    exchange.refresh_from_db()
    assert (exchange.state, exchange.hold.state, exchange.hold.due) == (State.DISPUTED, "held", False)


def test_disputed_a_second_before_silence_confirms_it_is_disputed() -> None:
    exchange = make_exchange(state=State.DELIVERED)
    with at(deadline(exchange) - SECOND):
        make_dispute(exchange)
    wait(5 * DAY)
    exchange.refresh_from_db()
    assert exchange.state == State.DISPUTED


@pytest.mark.parametrize("late", [-1, 1], ids=["a second before", "a second after, the worker still late"])
def test_the_receiver_who_confirms_before_a_late_worker_is_the_one_who_confirmed(late: int) -> None:
    exchange = make_exchange(state=State.DELIVERED)
    with at(deadline(exchange) + late * SECOND):
        operations.confirm_exchange(exchange, by=exchange.receiver, minutes=45)

    wait(10 * DAY)  # it comes at last

    exchange.refresh_from_db()
    assert (exchange.state, exchange.confirmed_minutes, balance(exchange.provider)) == (State.COMPLETED, 45, 45)
    assert exchange.steps.filter(action="lapse").count() == 0


def test_after_the_worker_came_the_receiver_is_told_that_it_is_completed() -> None:
    exchange = make_exchange(state=State.DELIVERED)
    with at(deadline(exchange)):
        drain()
        with pytest.raises(OutOfTurn, match="is completed"):
            operations.confirm_exchange(exchange, by=exchange.receiver, minutes=45)
    assert balance(exchange.provider) == 60


def test_a_late_worker_does_each_deadline_once_and_the_next_one_is_counted_from_then() -> None:
    exchange = make_exchange(state=State.DELIVERED)
    with clock.ahead_by(8 * DAY):  # five days late
        drain()
        drain()
        exchange.refresh_from_db()
        assert exchange.steps.filter(action="lapse").count() == 1
        assert exchange.completed_at and clock.now() - exchange.completed_at < timedelta(minutes=5)
        assert make_dispute(exchange).is_open


# --- Reminders and reviews -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "whom"), [("proposed", "provider"), ("accepted", "provider"), ("delivered", "receiver")]
)
def test_who_is_waited_for_is_reminded_once_a_day_before(state: str, whom: str) -> None:
    exchange = make_exchange(state=state)
    drain()
    letters = Letter.objects.count()

    wait(deadline(exchange) - DAY - SECOND)
    assert reminders(getattr(exchange, whom)) == 0
    wait(deadline(exchange) - DAY)
    wait(deadline(exchange) - timedelta(hours=1))

    assert Event.objects.filter(type="exchange-reminder").count() == reminders(getattr(exchange, whom)) == 1
    assert Letter.objects.count() == letters + 1


def test_who_is_suspended_is_not_reminded_of_what_she_could_not_do() -> None:
    exchange = make_exchange()
    suspend_member(exchange.provider, by=make_coordinator(), reason="")
    wait(deadline(exchange) - DAY)
    assert not Event.objects.filter(type="exchange-reminder").exists()


def test_nobody_is_reminded_of_what_is_done_or_disputed() -> None:
    done, disputed = make_exchange(state=State.DELIVERED), make_exchange(state=State.DISPUTED)
    operations.confirm_exchange(done, by=done.receiver)
    wait(29 * DAY + timedelta(hours=12))
    assert not Event.objects.filter(type="exchange-reminder").exists()
    disputed.refresh_from_db()
    assert disputed.state == State.DISPUTED


def test_reviews_are_shown_when_the_time_to_write_is_over() -> None:
    exchange = make_exchange(state=State.COMPLETED)
    operations.review_exchange(exchange, by=exchange.receiver, stars=4)
    told = Event.objects.filter(type="exchange-changed").count()

    assert exchange.reviews_until is not None
    wait(exchange.reviews_until - SECOND)
    assert not Review.objects.published().exists()
    wait(exchange.reviews_until)
    wait(15 * DAY)

    assert Review.objects.about(exchange.provider).count() == 1
    assert Event.objects.filter(type="exchange-changed").count() == told + 2  # both, once


def test_where_nobody_reviewed_nobody_is_told() -> None:
    make_exchange(state=State.COMPLETED)
    drain()
    told = Event.objects.count()
    wait(14 * DAY)
    assert Event.objects.count() == told


# --- What fails ----------------------------------------------------------------------------------


def test_one_exchange_that_cannot_lapse_keeps_no_other_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = (make_exchange(state=State.ACCEPTED) for _ in range(3))
    lapse = deadlines.let_lapse

    def stumble(pk: int) -> bool:
        if pk == first.pk:
            raise RuntimeError("the hold is gone")
        return lapse(pk)

    monkeypatch.setattr(deadlines, "let_lapse", stumble)
    with clock.ahead_by(31 * DAY):
        with pytest.raises(RuntimeError, match="the hold is gone"):
            operations.keep_deadlines()
        assert deadlines.is_due()  # so somebody looks again

    for exchange, state in ((first, "accepted"), (second, "expired"), (third, "expired")):
        exchange.refresh_from_db()
        assert exchange.state == state
    monkeypatch.undo()
    wait(31 * DAY)


def test_of_more_than_one_round_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "AT_ONCE", 2)
    for _ in range(5):
        make_exchange()
    with clock.ahead_by(8 * DAY):
        # A reminder that came too late for anything is not sent: the five have lapsed by then.
        assert operations.keep_deadlines() == 5
    assert Exchange.objects.filter(state=State.EXPIRED).count() == 5


@pytest.mark.broken_books
@pytest.mark.parametrize(
    "break_it",
    [
        lambda: Exchange.objects.filter(state="accepted").update(
            state="cancelled", deadline_at=None, waits_for=None, remind_at=None
        ),
        lambda: Exchange.objects.filter(state="disputed").update(state="resolved", deadline_at=None),
    ],
)
def test_hours_held_by_what_has_ended_are_found(break_it: Callable[[], Any], caplog: pytest.LogCaptureFixture) -> None:
    make_exchange(state=State.ACCEPTED)
    completed = make_exchange(state=State.COMPLETED)
    make_dispute(completed)
    assert ended_with_hours_held() == []

    break_it()

    (line,) = ended_with_hours_held()
    assert "its hours are still held" in line
    tasks.check_books()
    assert line in caplog.text


def test_a_moderator_who_comes_too_late_reads_that_time_was_over() -> None:
    exchange = make_exchange(state=State.DISPUTED)
    wait(31 * DAY)
    with pytest.raises(operations.AlreadyDecided, match="so the deadline did: all of it back to the receiver"):
        operations.rule(exchange.dispute, by=make_moderator(), outcome="release", because="Late.")
