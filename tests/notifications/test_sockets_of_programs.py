"""A program says first whose it is, and listens as long as its token opens anything."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from django.test import Client

from accounts.models import Member
from accounts.operations import end_token, make_token, suspend_member
from notifications import consumers, live
from notifications import hub as hubs
from tests.api.test_coming_in import App
from tests.factories import PASSWORD, make_coordinator, make_member

from .sockets import Page
from .test_sockets import arrived, elsewhere, layer, tell_and_deliver

__all__ = ["layer"]  # a fixture of these tests too
pytestmark = pytest.mark.django_db(transaction=True)


@asynccontextmanager
async def program_with(words: str, since: Any = 0, host: str = "192.0.2.1") -> AsyncIterator[Page]:
    program = Page(origin=None, host=host)
    assert await program.is_let_in()
    await program.say({"token": words, "since": since})
    try:
        yield program
    finally:
        await program.leave()


async def of_her_own(**fields: Any) -> tuple[Member, Any, str]:
    member = await elsewhere(make_member, **fields)
    return member, *await elsewhere(make_token, member, name="a program", days=1, may_pay=False)


async def test_a_members_own_token_hears_what_she_is_told():
    member, _token, words = await of_her_own()
    async with program_with(words) as program:
        await program.hear_to_hello()
        await tell_and_deliver(arrived(member))
        assert (await program.hear())["type"] == "hours-arrived"


async def test_an_app_listens_with_its_access_token_until_its_session_ends():
    member = await elsewhere(make_member, email="ana@example.org", password=PASSWORD)
    app = await elsewhere(_signed_in, member)
    async with program_with(app.meta["access_token"]) as program:
        await program.hear_to_hello()
        await elsewhere(app.call, "auth/session", method="DELETE")
        await hubs.hub().make_round()
        assert await program.closed_with() == live.SESSION_ENDED


def _signed_in(member: Member) -> App:
    app = App()
    app.call("auth/login", {"email": member.email, "password": PASSWORD})
    return app


async def test_an_ended_token_hears_nothing_more():
    _member, token, words = await of_her_own()
    async with program_with(words) as program:
        await program.hear_to_hello()
        await elsewhere(end_token, token)
        await hubs.hub().make_round()
        assert await program.closed_with() == live.SESSION_ENDED


async def test_suspended_her_programs_are_shut_out_at_once():
    member, _token, words = await of_her_own()
    async with program_with(words) as program:
        await program.hear_to_hello()
        await elsewhere(suspend_member, member, by=await elsewhere(make_coordinator), reason="To be talked about")
        assert (await program.receive_output(5)) == {"type": "websocket.close", "code": live.SUSPENDED}
    async with program_with(words) as program:
        assert await program.closed_with() == live.SUSPENDED


@pytest.mark.parametrize("said", [
    {"since": 0}, {"token": "tb_x"}, {"token": 5, "since": 0}, {"token": None, "since": 0}, {"token": "tb_x", "since": -1},
    {"token": "tb_x", "since": 0, "more": 1}, "{", "[]",
])  # fmt: skip
async def test_what_is_no_first_word_is_not_understood(said):
    program = Page(origin=None)
    assert await program.is_let_in()
    await program.say(said)
    assert await program.closed_with() == live.NOT_UNDERSTOOD


@pytest.mark.parametrize(
    "words", ["", "tb_", "tb_nobody", "a.b.c", "x" * 9000, "\u0000", pytest.param("\ud800", id="half a letter")]
)
async def test_a_token_that_is_none_opens_nothing(words):
    async with program_with(words) as program:
        assert await program.closed_with() == live.SESSION_ENDED


async def test_many_that_are_none_are_too_much_and_count_with_those_of_http_while_a_right_one_is_let_in(settings):
    settings.TOKEN_RATE_LIMIT = "3/m/ip"
    _member, _token, words = await of_her_own()
    async with program_with("a.b.c", host="192.0.2.7") as program:
        assert await program.closed_with() == live.SESSION_ENDED
    assert await elsewhere(_tried_by_http, "192.0.2.7") == [401, 401, 429]
    for wrong in ("tb_nobody", "a.b.c"):
        async with program_with(wrong, host="192.0.2.7") as program:
            assert await program.closed_with() == live.TOO_MUCH

    async with program_with(words, host="192.0.2.7") as program:
        await program.hear_to_hello()
    async with program_with("tb_nobody", host="192.0.2.8") as program:
        assert await program.closed_with() == live.SESSION_ENDED


def _tried_by_http(host: str) -> list[int]:
    said = {"Authorization": "Bearer tb_nobody"}
    return [Client(REMOTE_ADDR=host).get("/api/v1/me/", headers=said).status_code for _ in range(3)]


async def test_a_cookie_is_no_first_word():
    from .test_sockets import cookie_of

    program = Page(await elsewhere(cookie_of, await elsewhere(make_member)), origin=None)
    assert await program.is_let_in()
    await program.say({"since": 0})
    assert await program.closed_with() == live.NOT_UNDERSTOOD


async def test_who_says_nothing_holds_no_place_for_ever(monkeypatch):
    monkeypatch.setattr(consumers, "MOST_AT_THE_DOOR", 2)
    monkeypatch.setattr(consumers, "FIRST_WORD_SECONDS", 0.5)
    waiting = [Page(origin=None) for _ in range(3)]

    assert [await program.is_let_in() for program in waiting] == [True, True, False]
    assert await waiting[0].closed_with() == live.NOT_UNDERSTOOD
    assert await waiting[1].closed_with() == live.NOT_UNDERSTOOD
    assert await Page(origin=None).is_let_in()
