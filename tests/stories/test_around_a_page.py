"""What stands around every page of a member: the menu of her account, and word of a lost connection."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import WebSocketRoute, expect

from .people import Meet

pytestmark = pytest.mark.browser

HER_ZONE = ZoneInfo("America/Sao_Paulo")


def test_the_open_menu_of_the_account_has_no_barrier(meet: Meet) -> None:
    mara = meet("Mara Luz", width=390)
    mara.join()
    mara.page.get_by_role("button", name="Your account").click()
    expect(mara.page.get_by_role("button", name="Sign out")).to_be_visible()

    for theme in ("light", "dark"):
        mara.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        found = Axe().run(mara.page)
        assert [violation["id"] for violation in found.response["violations"]] == []


def test_a_lost_connection_is_said_in_sight_with_its_time_until_she_tries_again(meet: Meet) -> None:
    nilo = meet("Nilo Prado", width=390, height=500)
    sockets: list[WebSocketRoute] = []
    is_cut = False

    def through(socket: WebSocketRoute) -> None:
        if is_cut:
            socket.close(code=1011)
            return
        sockets.append(socket)
        socket.connect_to_server()

    page = nilo.page
    page.route_web_socket("**/ws/live/", through)
    nilo.join()
    expect(page.locator("body")).to_have_attribute("data-live", "on")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    before = datetime.now(UTC).astimezone(HER_ZONE)
    is_cut = True
    for socket in sockets:
        socket.close(code=1011)
    page.route("**/notifications/since/**", lambda route: route.abort())

    notice = page.locator("[data-offline]")
    expect(notice).to_be_in_viewport(ratio=1)
    since = notice.locator("time").text_content()
    assert since in {f"{moment:%H:%M}" for moment in (before, datetime.now(UTC).astimezone(HER_ZONE))}

    is_cut = False
    page.get_by_role("button", name="Try again").click()
    expect(notice).to_be_hidden(timeout=3_000)
    nilo.complaints.clear()  # of what was cut on purpose
