"""The thin way through: agreed hours are held, delivered, confirmed, and arrive."""

from __future__ import annotations

import pytest

from marketplace import operations
from marketplace.models import Exchange
from tests.factories import available, balance, make_exchange, make_member
from tests.work import drain

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


def test_fewer_minutes_are_confirmed_and_the_rest_goes_back() -> None:
    exchange = make_exchange(minutes=60, state=State.DELIVERED)

    operations.confirm_exchange(exchange, by=exchange.receiver, minutes=45)
    drain()

    assert (available(exchange.receiver), balance(exchange.provider)) == (180 - 45, 45)


def test_what_took_longer_is_paid_when_the_receiver_confirms_it() -> None:
    exchange = make_exchange(minutes=60, state=State.ACCEPTED)
    exchange = operations.deliver_exchange(exchange, by=exchange.provider, minutes=75)

    operations.confirm_exchange(exchange, by=exchange.receiver)
    drain()

    assert (available(exchange.receiver), balance(exchange.provider)) == (180 - 75, 75)


@pytest.mark.parametrize("state", State.values)
def test_the_factory_brings_an_exchange_to_every_state(state: str) -> None:
    exchange = make_exchange(state=state)
    drain()
    assert exchange.state == state
