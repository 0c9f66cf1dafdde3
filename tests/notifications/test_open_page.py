"""An open page in a real browser: it stays up to date, and says when it cannot."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, WebSocketRoute, expect

from ..live import Server

pytestmark = pytest.mark.browser

READERS = """
from secrets import token_hex
from django.test import Client
from tests.factories import make_member
for _ in range(4):
    member = make_member(name="Ana Souza", email=token_hex(8) + "@example.org")
    client = Client()
    client.force_login(member)
    print("READER", member.pk, client.cookies["sessionid"].value)
"""
TELL = """
from accounts.models import Member
from notifications.operations import tell
data = {{"transfer": "k3v9m2xq7dhp4rtw8c", "amount_minutes": 60, "kind": "help"}}
tell(Member.objects.get(pk={pk}), "hours-arrived", data=data, in_inbox=True)
"""


class Reader:
    """A member with her inbox open."""

    def __init__(self, server: Server, context: BrowserContext, pk: str, session: str) -> None:
        self.server, self.pk = server, pk
        context.add_cookies([{"name": "sessionid", "value": session, "url": server.url}])
        self.context, self.page = context, context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda said: said.type in {"error", "warning"} and self.complaints.append(said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open_inbox(self) -> Page:
        self.page.goto(f"{self.server.url}/notifications/")
        return self.page

    def is_told_something(self) -> None:
        self.server.manage("shell", "-v0", "-c", TELL.format(pk=self.pk))

    def sees_unread(self, count: int) -> None:
        expect(self.page.locator("[data-unread] .count")).to_have_text(str(count))


@pytest.fixture(scope="module")
def sessions(server: Server) -> list[tuple[str, str]]:
    """Members, each with a session: a process of its own makes them, so all at once."""
    said = [line.split() for line in server.manage("shell", "-v0", "-c", READERS).splitlines()]
    return [(words[1], words[2]) for words in said if words[:1] == ["READER"]]


@pytest.fixture
def reader(server: Server, new_context: Callable[..., BrowserContext], sessions: list[tuple[str, str]]) -> Reader:
    return Reader(server, new_context(width=390), *sessions.pop())


def test_a_line_and_the_count_appear_by_themselves(reader: Reader) -> None:
    page = reader.open_inbox()
    expect(page.locator("body")).to_have_attribute("data-live", "on")
    expect(page.get_by_text("All quiet")).to_be_visible()

    reader.is_told_something()

    expect(page.get_by_role("link", name="1 h arrived.")).to_be_visible()
    reader.sees_unread(1)
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.locator("[data-unread] .count")).to_have_count(0)
    assert reader.complaints == []


def test_where_sockets_are_blocked_the_page_asks(reader: Reader) -> None:
    reader.page.route_web_socket("**/ws/live/", lambda socket: socket.close(code=1011))
    reader.page.clock.install()
    page = reader.open_inbox()
    expect(page.locator("body")).to_have_attribute("data-live", "off")
    page.clock.run_for(2_500)
    expect(page.locator("[data-offline]")).to_be_visible()

    reader.is_told_something()
    page.clock.run_for(31_000)

    reader.sees_unread(1)
    expect(page.locator("[data-offline]")).to_be_hidden()  # asking works: what she sees is not old
    assert reader.complaints == []


def test_a_socket_that_was_cut_comes_back_and_misses_nothing(reader: Reader) -> None:
    sockets: list[WebSocketRoute] = []

    def through(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.connect_to_server()

    reader.page.route_web_socket("**/ws/live/", through)
    page = reader.open_inbox()
    expect(page.locator("body")).to_have_attribute("data-live", "on")
    reader.page.evaluate(
        "document.body.addEventListener('live-caught-up', () => document.body.dataset.caughtUp = 'yes')"
    )
    reader.context.set_offline(True)
    expect(page.locator("[data-offline]")).to_be_visible()
    sockets[0].close(code=1011)
    reader.is_told_something()
    assert len(sockets) == 1  # no needless attempts meanwhile

    reader.context.set_offline(False)

    expect(page.locator("[data-offline]")).to_be_hidden()
    expect(page.locator("body")).to_have_attribute("data-caught-up", "yes")
    reader.sees_unread(1)
    assert reader.complaints == []


def test_a_page_whose_session_ended_hears_no_more_and_does_not_cry_offline(reader: Reader) -> None:
    page = reader.open_inbox()
    expect(page.locator("body")).to_have_attribute("data-live", "on")
    reader.server.manage(
        "shell", "-v0", "-c", "from django.contrib.sessions.models import Session; Session.objects.all().delete()"
    )
    expect(page.locator("body")).to_have_attribute("data-live", "over", timeout=20_000)
    page.wait_for_timeout(2_500)
    expect(page.locator("[data-offline]")).to_be_hidden()
    assert reader.complaints == []
