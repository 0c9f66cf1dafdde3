"""From an agreement to settled hours: start, delivered, confirm, cancel, each rule once in full."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Member
from ledger.operations import NotEnoughTime
from marketplace import operations
from marketplace.models import MOST_MINUTES, Exchange
from marketplace.rules import NotYours, OutOfTurn
from notifications.models import Event
from tests.factories import available, balance, make_exchange, make_member
from tests.work import drain
from timebank import clock

from .sound import unsound

pytestmark = pytest.mark.django_db

State = Exchange.State


def test_two_hours_of_lessons_go_from_the_receiver_to_the_provider() -> None:
    provider, receiver = make_member(), make_member(minutes=240)
    exchange = make_exchange(provider=provider, receiver=receiver, minutes=120, state=State.ACCEPTED)
    assert (available(receiver), balance(receiver), balance(provider)) == (120, 240, 0)

    operations.deliver_exchange(exchange, by=provider, minutes=120)
    operations.confirm_exchange(exchange, by=receiver)
    drain()

    assert (available(receiver), balance(receiver), balance(provider)) == (120, 120, 120)


def test_each_step_is_told_to_the_other_one() -> None:
    exchange = make_exchange(state=State.COMPLETED)

    def told(member: Member) -> list[str]:
        inbox = Event.objects.inbox(member).filter(type="exchange-changed").order_by("seq")
        return [event.data["step"] for event in inbox]

    assert told(exchange.receiver) == ["accept", "start", "deliver"]
    assert told(exchange.provider) == ["propose", "confirm"]


@pytest.mark.parametrize("state", State.values)
def test_the_factory_brings_an_exchange_to_every_state(state: str) -> None:
    exchange = make_exchange(state=state)
    drain()
    assert exchange.state == state
    assert unsound() == []


# --- Delivered and confirmed ---------------------------------------------------------------------


def test_fewer_minutes_are_confirmed_and_the_rest_goes_back() -> None:
    exchange = make_exchange(minutes=60, state=State.DELIVERED)

    operations.confirm_exchange(exchange, by=exchange.receiver, minutes=45)
    drain()

    assert (available(exchange.receiver), balance(exchange.provider)) == (180 - 45, 45)


def test_less_was_delivered_than_agreed_and_that_is_confirmed() -> None:
    exchange = make_exchange(minutes=60, state=State.ACCEPTED)
    exchange = operations.deliver_exchange(exchange, by=exchange.provider, minutes=20)

    operations.confirm_exchange(exchange, by=exchange.receiver)
    drain()

    assert (available(exchange.receiver), balance(exchange.provider)) == (180 - 20, 20)


def test_what_took_longer_is_paid_when_the_receiver_confirms_it() -> None:
    exchange = make_exchange(minutes=60, state=State.ACCEPTED)
    exchange = operations.deliver_exchange(exchange, by=exchange.provider, minutes=75)

    operations.confirm_exchange(exchange, by=exchange.receiver)
    drain()

    assert (available(exchange.receiver), balance(exchange.provider)) == (180 - 75, 75)


def test_what_took_longer_and_is_not_there_is_refused_whole() -> None:
    exchange = make_exchange(minutes=60, receiver=make_member(minutes=70), state=State.ACCEPTED)
    exchange = operations.deliver_exchange(exchange, by=exchange.provider, minutes=75)

    with pytest.raises(NotEnoughTime):
        operations.confirm_exchange(exchange, by=exchange.receiver)
    exchange.refresh_from_db()
    assert (exchange.state, available(exchange.receiver)) == (State.DELIVERED, 10)

    operations.confirm_exchange(exchange, by=exchange.receiver, minutes=70)
    drain()
    assert (balance(exchange.receiver), balance(exchange.provider)) == (0, 70)


def test_more_than_was_delivered_is_not_confirmed() -> None:
    exchange = make_exchange(minutes=60, state=State.DELIVERED)
    with pytest.raises(operations.SomeMinutes, match="said it took 1 h: confirm that or less"):
        operations.confirm_exchange(exchange, by=exchange.receiver, minutes=61)


@pytest.mark.parametrize("minutes", [0, -1])
def test_nothing_is_not_confirmed(minutes: int) -> None:
    exchange = make_exchange(state=State.DELIVERED)
    with pytest.raises(operations.SomeMinutes):
        operations.confirm_exchange(exchange, by=exchange.receiver, minutes=minutes)


@pytest.mark.parametrize("minutes", [0, MOST_MINUTES + 1])
def test_so_many_minutes_are_not_delivered(minutes: int) -> None:
    exchange = make_exchange(state=State.ACCEPTED)
    with pytest.raises(operations.SomeMinutes):
        operations.deliver_exchange(exchange, by=exchange.provider, minutes=minutes)


def test_confirming_twice_moves_the_time_once() -> None:
    exchange = make_exchange(state=State.DELIVERED)
    operations.confirm_exchange(exchange, by=exchange.receiver)

    with pytest.raises(OutOfTurn, match="is completed"):
        operations.confirm_exchange(exchange, by=exchange.receiver)
    drain()

    assert (balance(exchange.receiver), balance(exchange.provider)) == (120, 60)


def test_only_the_provider_says_it_is_done_and_only_the_receiver_confirms() -> None:
    exchange = make_exchange(state=State.IN_PROGRESS)
    with pytest.raises(NotYours, match=f"but for {exchange.provider}"):
        operations.deliver_exchange(exchange, by=exchange.receiver, minutes=60)
    exchange = operations.deliver_exchange(exchange, by=exchange.provider, minutes=60)
    with pytest.raises(NotYours, match=f"but for {exchange.receiver}"):
        operations.confirm_exchange(exchange, by=exchange.provider)


def test_a_suspended_member_takes_no_step_and_silence_still_confirms() -> None:
    exchange = make_exchange(state=State.DELIVERED)
    Member.objects.filter(pk=exchange.receiver.pk).update(state=Member.State.SUSPENDED)
    with pytest.raises(operations.CannotTakePart, match="suspended"):
        operations.confirm_exchange(exchange, by=exchange.receiver)

    with clock.ahead_by(timedelta(days=4)):
        drain()
    assert balance(exchange.provider) == 60


# --- Called off ----------------------------------------------------------------------------------


def test_called_off_in_time_all_hours_go_back(settings: Any) -> None:
    settings.LATE_CANCEL_SHARE_PERCENT = 50
    exchange = make_exchange(state=State.ACCEPTED, starts_at=clock.now() + timedelta(hours=25))

    operations.cancel_exchange(exchange, by=exchange.receiver)
    drain()

    assert (available(exchange.receiver), balance(exchange.provider)) == (180, 0)


@pytest.mark.parametrize(("share", "kept"), [(0, 0), (1, 0), (50, 30), (33, 20), (100, 61)])
def test_called_off_too_late_the_provider_keeps_the_agreed_share(settings: Any, share: int, kept: int) -> None:
    settings.LATE_CANCEL_SHARE_PERCENT = share
    exchange = make_exchange(minutes=61, state=State.ACCEPTED, starts_at=clock.now() + timedelta(hours=23))

    cancelled = operations.cancel_exchange(exchange, by=exchange.receiver)
    drain()

    assert cancelled.steps.last().data["minutes"] == kept
    assert (available(exchange.receiver), balance(exchange.provider)) == (183 - kept, kept)


def test_notice_is_given_until_the_very_hour(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.LATE_CANCEL_SHARE_PERCENT = 50
    starts_at = clock.now() + timedelta(hours=30)
    exchange = make_exchange(state=State.ACCEPTED, starts_at=starts_at)
    monkeypatch.setattr(clock, "now", lambda: starts_at - timedelta(hours=24))

    assert operations.cancel_exchange(exchange, by=exchange.receiver).hold.state == "voided"


def test_a_provider_who_calls_it_off_keeps_nothing(settings: Any) -> None:
    settings.LATE_CANCEL_SHARE_PERCENT = 50
    exchange = make_exchange(state=State.ACCEPTED, starts_at=clock.now() + timedelta(hours=1))

    operations.cancel_exchange(exchange, by=exchange.provider)
    drain()

    assert (available(exchange.receiver), balance(exchange.provider)) == (180, 0)


def test_without_a_date_no_notice_is_too_short(settings: Any) -> None:
    settings.LATE_CANCEL_SHARE_PERCENT = 50
    exchange = make_exchange(state=State.ACCEPTED)
    operations.cancel_exchange(exchange, by=exchange.receiver)
    drain()
    assert balance(exchange.provider) == 0


def test_once_it_began_the_receiver_does_not_call_it_off_alone() -> None:
    exchange = make_exchange(state=State.IN_PROGRESS)
    with pytest.raises(NotYours):
        operations.cancel_exchange(exchange, by=exchange.receiver)
    operations.cancel_exchange(exchange, by=exchange.provider)
    assert available(exchange.receiver) == 180
