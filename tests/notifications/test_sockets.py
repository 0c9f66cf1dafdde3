"""The socket of an open page: who may have one, what it hears, and that it misses nothing."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from channels.layers import channel_layers
from django.conf import settings
from django.db import connections, transaction
from django.test import Client

from accounts.models import Member
from notifications import consumers, doors, live, tasks
from notifications import hub as hubs
from notifications.operations import Telling, tell, tell_all
from timebank import clock

from ..factories import make_member
from ..needs import REDIS_URL
from .sockets import Page

pytestmark = pytest.mark.django_db(transaction=True)

PAID = {"transfer": "k3v9m2xq7dhp4rtw8c", "amount_minutes": 60, "kind": "help"}
REDIS = pytest.param("redis", marks=pytest.mark.needs("redis"))


both_layers = pytest.mark.parametrize("layer", ["memory", REDIS], indirect=True)


@pytest_asyncio.fixture(autouse=True)
async def layer(request: pytest.FixtureRequest, settings: Any) -> AsyncIterator[None]:
    """The layer inside the process; a story of pushes is told on Redis too."""
    if getattr(request, "param", "memory") == "redis":
        hosts = [{"address": REDIS_URL, "socket_timeout": None}]
        config = {"hosts": hosts, "prefix": f"timebank-test-{random.randrange(10**12)}", "capacity": 5000}
        settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": config}}
    channel_layers.backends.clear()
    yield
    await asyncio.sleep(0)
    channel_layers.backends.clear()
    await sync_to_async(connections.close_all)()


def newcomer(**fields: Any) -> Member:
    return make_member(state="new", **fields)


async def elsewhere(work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Do ``work`` as another process's thread would: without our loop, with its own connection."""

    def run() -> Any:
        try:
            return work(*args, **kwargs)
        finally:
            connections.close_all()

    return await asyncio.to_thread(run)


async def tell_and_deliver(*tellings: Telling) -> None:
    def work() -> None:
        with transaction.atomic():
            tell_all(tellings)
        tasks.deliver_events()

    await elsewhere(work)


def arrived(member: Member) -> Telling:
    return Telling(member.pk, "hours-arrived", None, PAID, in_inbox=True)


def cookie_of(member: Member) -> str:
    client = Client()
    client.force_login(member)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@asynccontextmanager
async def page_of(member: Member, *, since: int | None = None) -> AsyncIterator[Page]:
    """An open page; with ``since`` it has said its first word and heard the answer to the end."""
    page = Page(await elsewhere(cookie_of, member))
    assert await page.is_let_in()
    try:
        if since is not None:
            await page.say({"since": since})
            page.missed = await page.hear_to_hello()
        yield page
    finally:
        await page.leave()


# --- Who may have one ------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "http://localhost.elsewhere.example"])
async def test_a_page_that_is_not_ours_is_refused_at_the_handshake(origin):
    page = Page(await elsewhere(cookie_of, await elsewhere(newcomer)), origin=origin)
    assert not await page.is_let_in()


@pytest.mark.parametrize("path", ["/ws/live/", "/ws/live/?token=abc&sessionid=abc"])
async def test_without_a_session_the_handshake_is_refused(path):
    assert not await Page(path=path).is_let_in()
    assert not await Page("no-such-session", path=path).is_let_in()


async def test_an_ended_session_is_refused_at_the_handshake():
    def sign_in_and_out() -> str:
        client = Client()
        client.force_login(newcomer())
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        client.logout()
        return cookie

    assert not await Page(await elsewhere(sign_in_and_out)).is_let_in()


@pytest.mark.parametrize("state", ["suspended", "left"])
async def test_a_suspended_member_is_told_so_and_closed(state):
    member = await elsewhere(newcomer)
    await elsewhere(lambda: Member.objects.filter(pk=member.pk).update(state=state))
    async with page_of(member) as page:
        assert await page.closed_with() == 4403


@both_layers
async def test_suspending_closes_every_open_page_at_once_and_no_one_elses():
    ana, bento = await elsewhere(newcomer), await elsewhere(newcomer)
    async with page_of(ana, since=0) as first, page_of(ana, since=0) as second, page_of(bento, since=0) as other:
        await elsewhere(live.disconnect, ana.pk)

        assert await first.closed_with() == 4403
        assert await second.closed_with() == 4403
        await tell_and_deliver(arrived(bento))
        assert (await other.hear())["seq"] == 1


@pytest.mark.parametrize("how", ["suspended", "signed out", "new password"])
async def test_whoever_may_listen_no_longer_is_closed_at_the_next_round(how, monkeypatch):
    monkeypatch.setattr(hubs, "ROUND_SECONDS", 0.1)
    monkeypatch.setattr(hubs, "DEAF_ROUND_SECONDS", 0.1)
    member = await elsewhere(newcomer)

    def happen() -> None:
        from django.contrib.sessions.models import Session

        if how == "suspended":
            Member.objects.filter(pk=member.pk).update(state="suspended")
        elif how == "signed out":
            Session.objects.all().delete()
        else:
            member.set_password("another long password")
            member.save(update_fields=["password"])

    async with page_of(member, since=0) as page:
        await elsewhere(happen)
        assert await page.closed_with() == (4403 if how == "suspended" else 4401)


# --- What it hears -------------------------------------------------------------------------------


@both_layers
async def test_a_page_hears_what_happened_after_it_was_made_and_then_what_happens():
    ana, bento = await elsewhere(newcomer), await elsewhere(newcomer)
    await tell_and_deliver(arrived(ana), arrived(ana), arrived(ana), arrived(bento))

    async with page_of(ana, since=1) as page:
        assert page.missed == [2, 3]
        await tell_and_deliver(arrived(bento), arrived(ana))
        heard = await page.hear()
        assert datetime.fromisoformat(heard.pop("timestamp")) <= clock.now()
        assert heard == {**PAID, "seq": 4, "type": "hours-arrived", "in_inbox": True}
        assert await page.receive_nothing(0.2)


@both_layers
async def test_every_open_page_of_a_member_hears_it():
    member = await elsewhere(newcomer)
    async with page_of(member, since=0) as phone, page_of(member, since=0) as desk:
        await tell_and_deliver(arrived(member))
        assert (await phone.hear())["seq"] == (await desk.hear())["seq"] == 1


@both_layers
async def test_what_happens_while_a_page_is_catching_up_is_not_missed(monkeypatch):
    """The frame comes before the hub reads what was missed, or after: never between."""
    member = await elsewhere(newcomer)
    write_missed = consumers.Socket._write_missed

    async def slowly(socket: consumers.Socket) -> bool:
        await tell_and_deliver(arrived(member))
        is_whole = await write_missed(socket)
        await tell_and_deliver(arrived(member))
        return is_whole

    monkeypatch.setattr(consumers.Socket, "_write_missed", slowly)
    async with page_of(member, since=0) as page:
        assert page.missed == [1]
        assert (await page.hear())["seq"] == 2


async def test_a_page_that_missed_too_much_is_told_to_look_anew(monkeypatch):
    monkeypatch.setattr("notifications.queries.MOST_MISSED", 2)
    member = await elsewhere(newcomer)
    await tell_and_deliver(*[arrived(member)] * 3)
    async with page_of(member) as page:
        await page.say({"since": 0})
        assert await page.hear() == {"type": "hello", "seq": 3, "whole": False}
        await tell_and_deliver(arrived(member))
        assert (await page.hear())["seq"] == 4


@both_layers
async def test_with_a_third_of_the_pushes_lost_and_others_late_or_doubled_a_page_hears_everything(monkeypatch):
    """What the page heard is compared with what happened, number by number."""
    monkeypatch.setattr(hubs, "ROUND_SECONDS", 0.1)
    monkeypatch.setattr(hubs, "DEAF_ROUND_SECONDS", 0.1)
    chance = random.Random(27)
    member = await elsewhere(newcomer)
    send, kept_back = live._send, []

    def badly(message: dict[str, Any]) -> bool:
        for addressed in message["frames"]:
            fate = chance.random()
            if fate < 0.3:
                continue
            if fate < 0.4:
                kept_back.append(addressed)
                continue
            late = [kept_back.pop()] if kept_back and chance.random() < 0.5 else []
            send({"type": "frames", "frames": [addressed, *late] * chance.choice((1, 2))})
        return True

    monkeypatch.setattr(live, "_send", badly)
    async with page_of(member, since=0) as page:
        heard = []
        for _ in range(40):
            await tell_and_deliver(*[arrived(member)] * chance.randint(1, 3))
            while not await page.receive_nothing(0.01):
                heard.append((await page.hear())["seq"])
        last = (await elsewhere(lambda: member.feed)).last_seq
        while not heard or heard[-1] < last:
            heard.append((await page.hear())["seq"])
    assert heard == list(range(1, last + 1))


@both_layers
async def test_after_the_layer_went_away_and_came_back_nothing_is_missing(monkeypatch):
    monkeypatch.setattr(hubs, "ROUND_SECONDS", 0.1)
    monkeypatch.setattr(hubs, "DEAF_ROUND_SECONDS", 0.1)
    monkeypatch.setattr(hubs, "_FIRST_PAUSE_SECONDS", 0.3)
    member = await elsewhere(newcomer)
    async with page_of(member, since=0) as page:
        layer = channel_layers["default"]
        receive, is_away = layer.receive, True

        async def may_be_away(channel: str) -> Any:
            message = await receive(channel)
            if is_away:
                raise OSError("the layer is away")
            return message

        monkeypatch.setattr(layer, "receive", may_be_away)
        await elsewhere(live.push, [(member.pk, {"type": "nothing"})])  # ends the wait of the old receive
        await tell_and_deliver(arrived(member))
        assert (await page.hear()).get("seq", 1) == 1
        is_away = False
        await tell_and_deliver(arrived(member))
        while (frame := await page.hear()).get("seq") != 2:
            assert frame["type"] in {"nothing", "hours-arrived"}


async def test_while_the_layer_is_away_pages_are_kept_up_to_date_by_the_rounds(monkeypatch):
    monkeypatch.setattr(hubs, "DEAF_ROUND_SECONDS", 0.1)
    monkeypatch.setattr(hubs, "_PATIENCE_SECONDS", 0.1)

    def is_away() -> None:
        raise OSError("the layer is away")

    monkeypatch.setattr(hubs, "get_channel_layer", is_away)
    member = await elsewhere(newcomer)
    async with page_of(member, since=0) as page:
        await tell_and_deliver(arrived(member))
        assert (await page.hear())["seq"] == 1


async def test_a_page_too_slow_to_follow_reads_what_it_missed_and_hinders_nobody(monkeypatch):
    monkeypatch.setattr(consumers, "_FRAMES_WAITING", 5)
    monkeypatch.setattr(hubs, "ROUND_SECONDS", 0.1)
    monkeypatch.setattr(hubs, "DEAF_ROUND_SECONDS", 0.1)
    member = await elsewhere(newcomer)
    is_stuck = asyncio.Event()
    said: list[dict[str, Any]] = []
    page_gone: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
    words = iter([{"type": "websocket.receive", "text": '{"since": 0}'}])

    async def receive() -> dict[str, Any]:
        return next(words, None) or await page_gone

    async def send(message: dict[str, Any]) -> None:
        said.append(json.loads(message.get("text", "{}")))
        if len(said) > 1:
            await is_stuck.wait()

    cookie = await elsewhere(cookie_of, member)
    listener = doors.by_session(member, cookie)
    slow = asyncio.create_task(consumers.Socket(listener, consumers.Wire(receive, send), None).run())
    async with page_of(member, since=0) as quick:
        await tell_and_deliver(*[arrived(member)] * 50)
        assert [(await quick.hear())["seq"] for _ in range(50)] == list(range(1, 51))
        is_stuck.set()
        while said[-1].get("seq") != 50:
            await asyncio.sleep(0.05)
    assert [frame["seq"] for frame in said] == list(range(51))
    page_gone.set_result({"type": "websocket.disconnect"})
    await slow


async def test_the_hub_rests_when_the_last_page_is_closed():
    member = await elsewhere(newcomer)
    async with page_of(member, since=0):
        here = hubs.hub()
        assert len(here.everyone()) == 1
        assert len(here._work) == 2
    assert (here.everyone(), here._work, dict(here.sockets)) == ([], [], {})
    async with page_of(member, since=0) as page:
        await tell_and_deliver(arrived(member))
        assert (await page.hear())["seq"] == 1


# --- What it may say --------------------------------------------------------------------------------


async def test_a_ping_is_answered():
    async with page_of(await elsewhere(newcomer), since=0) as page:
        await page.say({"ping": 1})
        assert await page.hear() == {"type": "pong"}


BAD_FIRST_WORDS = [
    "",
    "{",
    "[]",
    "1",
    "null",
    "{}",
    '{"ping": 1}',
    '{"since": -1}',
    '{"since": true}',
    '{"since": "5"}',
    '{"since": 1.5}',
    '{"since": 1e3}',
    '{"since": 9223372036854775808}',
    '{"since": 1, "member": 2}',
    '{"since": NaN}',
    "[" * 10_000,
    '{"since": 1' + "0" * 5000 + "}",
    '{"since": 1, "and": "' + "x" * 16_384 + '"}',
    '{"since": 1, "and": "' + "ç" * 9_000 + '"}',
]


async def test_a_first_word_nobody_understands_closes_the_socket():
    member = await elsewhere(newcomer)
    for text in BAD_FIRST_WORDS:
        async with page_of(member) as page:
            await page.say(text)
            assert await page.closed_with() == 4400, text[:50]


async def test_a_later_word_nobody_understands_closes_the_socket():
    member = await elsewhere(newcomer)
    for text in ("{", '{"since": 3}', '{"join": "hub"}', "x" * 20_000):
        async with page_of(member, since=0) as page:
            await page.say(text)
            assert await page.closed_with() == 4400, text[:50]


async def test_binary_closes_the_socket():
    async with page_of(await elsewhere(newcomer), since=0) as page:
        await page.say_bytes(b'{"ping": 1}')
        assert await page.closed_with() == 4400


async def test_more_than_ten_messages_a_second_close_the_socket():
    async with page_of(await elsewhere(newcomer), since=0) as page:
        for _ in range(20):
            await page.say({"ping": 1})
        while (message := await page.receive_output(5))["type"] == "websocket.send":
            assert json.loads(message["text"]) == {"type": "pong"}
        assert message["code"] == 4429


async def test_a_page_that_says_nothing_is_closed(monkeypatch):
    monkeypatch.setattr(consumers, "FIRST_WORD_SECONDS", 0.1)
    async with page_of(await elsewhere(newcomer)) as page:
        assert await page.closed_with() == 4400


async def test_a_page_that_leaves_before_its_first_word_leaves_nothing_behind():
    async with page_of(await elsewhere(newcomer)):
        pass
    assert hubs.hub().everyone() == []


async def test_telling_from_the_loop_itself_drops_the_push_and_keeps_the_event():
    """A push from a thread that runs a loop cannot be waited for; it is a hint, so it is dropped."""
    member = await elsewhere(newcomer)
    live.push([(member.pk, {"type": "hours-arrived", "seq": 1})])
    await elsewhere(tell, member, "hours-arrived", data=PAID)
    async with page_of(member, since=0) as page:
        assert page.missed == [1]
