"""The staff's work in a real browser. How their pages look is told at tests/stories/test_every_page.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.live import Server
from timebank.demo.logins import PASSWORD

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def neighbourhood() -> Iterator[Server]:
    with Server(demo=True) as running:
        yield running


def signs_in(page: Page, server: Server, email: str) -> None:
    page.goto(f"{server.url}/account/login/?next=/admin/")
    page.locator("input[name=login]").fill(email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("form:has(input[name=password]) button[type=submit]").click()
    expect(page).to_have_url(f"{server.url}/admin/")


def test_approving_a_neighbour_by_hand(neighbourhood: Server, new_context: Callable[..., BrowserContext]) -> None:
    page = new_context().new_page()
    signs_in(page, neighbourhood, "lourdes@vila.example")
    page.get_by_role("link", name="Nádia Cavalcanti").click()
    page.locator("a[href$='/approve/']").first.click()
    page.locator("#content button[type=submit]").click()
    expect(page.locator("#page")).to_contain_text("Nádia Cavalcanti")
    page.goto(f"{neighbourhood.url}/admin/")
    expect(page.get_by_role("link", name="Nádia Cavalcanti")).to_have_count(0)
