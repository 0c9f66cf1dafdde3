"""What open pages hear of an exchange: its two people, nobody else, and never what was written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from marketplace import operations
from marketplace.models import Exchange
from notifications import tasks
from tests.factories import make_exchange, make_member, make_moderator
from tests.notifications.test_sockets import (
    arrived,
    elsewhere,
    layer,  # noqa: F401  each story has its own
    page_of,
    tell_and_deliver,
)

pytestmark = pytest.mark.django_db(transaction=True)


def agree_and_write(exchange: Exchange) -> None:
    accepted = operations.accept_exchange(exchange, by=exchange.provider, version=exchange.version)
    operations.send_message(accepted, by=exchange.receiver, text="Secret words", nonce="a-nonce-1")
    tasks.deliver_events()


def last_seq(member: Any) -> int:
    return member.events.latest("seq").seq if member.events.exists() else 0


async def test_the_two_hear_each_step_and_message_and_nobody_else_hears_a_thing() -> None:
    exchange = await elsewhere(make_exchange)
    stranger, moderator = await elsewhere(make_member), await elsewhere(make_moderator)
    two = (exchange.provider, exchange.receiver)
    await elsewhere(tasks.deliver_events)
    seen = {member.pk: await elsewhere(last_seq, member) for member in (*two, stranger, moderator)}
    async with (
        page_of(two[0], since=seen[two[0].pk]) as provider,
        page_of(two[1], since=seen[two[1].pk]) as receiver,
        page_of(stranger, since=seen[stranger.pk]) as other,
        page_of(moderator, since=seen[moderator.pk]) as staff,
    ):
        await elsewhere(agree_and_write, exchange)

        for page in (provider, receiver):
            step, message = await page.hear(), await page.hear()
            assert (step["type"], step["step"]) == ("exchange-changed", "accept")
            assert message["type"] == "exchange-message"
            assert {step["exchange"], message["exchange"]} == {exchange.public_id}
            assert "Secret words" not in json.dumps([step, message])
        await tell_and_deliver(arrived(stranger), arrived(moderator))
        for page in (other, staff):
            assert (await page.hear())["type"] == "hours-arrived"  # the first thing it hears at all
