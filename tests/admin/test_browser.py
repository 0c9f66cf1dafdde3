"""The staff's pages in a real browser: within their own policy, without an error, nothing too wide."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.live import Server
from timebank.demo.logins import PASSWORD

pytestmark = pytest.mark.browser

LISTS = ("accounts/member", "ledger/account", "ledger/hold", "ledger/transfer", "ledger/entry", "ledger/record",
         "jobs/job", "notifications/letter")  # fmt: skip


@pytest.fixture(scope="module")
def neighbourhood() -> Iterator[Server]:
    with Server() as running:
        running.manage("demo")
        yield running


def signs_in(page: Page, server: Server, email: str) -> None:
    page.goto(f"{server.url}/account/login/?next=/admin/")
    page.locator("input[name=login]").fill(email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("form:has(input[name=password]) button[type=submit]").click()
    expect(page).to_have_url(f"{server.url}/admin/")


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_a_coordinator_walks_through_all_of_it_without_an_error(
    neighbourhood: Server, new_context: Callable[..., BrowserContext], width: int, theme: str
) -> None:
    page = new_context(width=width, theme=theme).new_page()
    troubles: list[str] = []
    page.on("console", lambda said: troubles.append(f"{page.url} {said.text}") if said.type == "error" else None)
    page.on("pageerror", lambda error: troubles.append(f"{page.url} {error}"))

    signs_in(page, neighbourhood, "lourdes@vila.example")
    for name in LISTS:
        page.goto(f"{neighbourhood.url}/admin/{name}/")
        expect(page.locator("#changelist")).to_be_visible()
        page.wait_for_load_state("networkidle")
        link = page.locator("#result_list th a").first
        if link.count():
            page.goto(neighbourhood.url + (link.get_attribute("href") or ""))
            page.wait_for_load_state("networkidle")
        too_wide = "element => element.scrollWidth > element.clientWidth"
        assert not page.locator("html").evaluate(too_wide), page.url
    page.goto(f"{neighbourhood.url}/admin/books/")
    page.locator("#content button[type=submit]").click()
    expect(page.locator("[role=status]")).to_be_visible()
    assert troubles == []


def test_approving_a_neighbour_by_hand(neighbourhood: Server, new_context: Callable[..., BrowserContext]) -> None:
    page = new_context().new_page()
    signs_in(page, neighbourhood, "lourdes@vila.example")
    page.get_by_role("link", name="Nádia Cavalcanti").click()
    page.locator("a[href$='/approve/']").first.click()
    page.locator("#content button[type=submit]").click()
    expect(page.locator("#page")).to_contain_text("Nádia Cavalcanti")
    page.goto(f"{neighbourhood.url}/admin/")
    expect(page.get_by_role("link", name="Nádia Cavalcanti")).to_have_count(0)
