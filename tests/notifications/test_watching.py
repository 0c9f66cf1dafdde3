"""Watching a payment request by its txid: who was shown a code hears what happens to it, and nothing else."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from accounts import operations
from ledger import operations as ledger
from notifications import consumers
from tests.factories import make_member
from tests.work import drain
from timebank import clock

from .test_sockets import REDIS, both_layers, elsewhere, layer, page_of  # noqa: F401  layer is used by every story

pytestmark = pytest.mark.django_db(transaction=True)


def people():
    return make_member(minutes=120, name="Ana Souza"), make_member(name="Bento Lima"), make_member(name="Clara Dias")


def asked(payee, **how):
    return operations.ask_for_hours(**{"asker": payee, "amount_minutes": 60, "nonce": "a-code-of-hers", **how})


def seq_of(member) -> int:
    return member.feed.last_seq if hasattr(member, "feed") else 0


async def hear_until(page, type_: str) -> list[dict]:
    heard = []
    while not heard or heard[-1]["type"] != type_:
        heard.append(await page.hear())
    return heard


@both_layers
async def test_who_watches_hears_that_it_is_paid_once_and_without_names(layer):  # noqa: F811
    ana, bento, clara = await elsewhere(people)
    request = await elsewhere(asked, bento)
    type_ = f"payment-confirmed-{request.pk}"

    async with page_of(clara, since=0) as page, page_of(bento, since=0) as payee:
        for one in (page, payee):
            await one.say({"watch": request.txid})
            assert await one.hear() == {"type": "watching", "txid": request.txid}
        await elsewhere(operations.pay_request, request, payer=ana, amount_minutes=60)
        await elsewhere(drain)

        assert await page.hear() == {"type": type_, "txid": request.txid}
        heard = await hear_until(payee, type_)
        assert [frame["type"] for frame in heard] == ["hours-arrived", type_]
        assert heard[-1].pop("timestamp")
        assert heard[-1] | {"seq": 0} == {
            "payment": request.pk,
            "txid": request.txid,
            "amount_minutes": 60,
            "transfer": heard[0]["transfer"],
            "seq": 0,
            "type": type_,
            "in_inbox": False,
        }
        # One of its two people hears it with a number, as an event of hers, and not a second time.
        assert await page.receive_nothing(0.2)
        assert await payee.receive_nothing(0.2)


async def test_who_watches_hears_that_it_is_taken_back_or_over():
    _ana, bento, clara = await elsewhere(people)
    back = await elsewhere(asked, bento)
    over = await elsewhere(asked, bento, nonce="another-code", life=timedelta(minutes=1))

    def its_time_goes_by() -> None:
        with clock.ahead_by(timedelta(minutes=2)):
            assert ledger.expire_requests() == 1
            drain()

    async with page_of(clara, since=0) as page:
        for request in (back, over):
            await page.say({"watch": request.txid})
            await page.hear()
        await elsewhere(ledger.cancel_request, back)
        await elsewhere(drain)
        assert await page.hear() == {"type": f"payment-cancelled-{back.pk}", "txid": back.txid}
        await elsewhere(its_time_goes_by)
        assert await page.hear() == {"type": f"payment-expired-{over.pk}", "txid": over.txid}


@pytest.mark.parametrize("txid", ["", "short", "x" * 36, "ação" * 8, 5, None, ["x" * 32]])
async def test_what_is_no_txid_is_not_watched(txid):
    _ana, _bento, clara = await elsewhere(people)
    async with page_of(clara, since=0) as page:
        await page.say({"watch": txid})
        assert await page.hear() == {"type": "not-watching", "code": "no_txid"}
        await page.say({"ping": 1})
        assert (await page.hear())["type"] == "pong"


async def test_one_page_watches_a_few_and_no_more():
    _ana, _bento, clara = await elsewhere(people)
    async with page_of(clara, since=0) as page:
        for number in range(consumers.MOST_WATCHED):
            await page.say({"watch": f"{number}" * 32})
            await page.hear()
        await page.say({"watch": "0" * 32})  # the same again is no more
        assert (await page.hear())["type"] == "watching"
        await asyncio.sleep(1.1)  # so that it is not too much in one second
        await page.say({"watch": "z" * 32})
        assert await page.hear() == {"type": "not-watching", "code": "too_many"}


async def test_a_page_that_left_is_watched_no_more():
    _ana, _bento, clara = await elsewhere(people)
    from notifications.hub import hub

    async with page_of(clara, since=0) as page:
        await page.say({"watch": "x" * 32})
        await page.hear()
        assert set(hub().watchers) == {"x" * 32}
    assert not hub().watchers
