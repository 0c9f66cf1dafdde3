"""What a page shows without being loaded anew: a chosen look, and where the eyes go on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.live import Server
from timebank.demo.logins import PASSWORD

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def town() -> Iterator[Server]:
    with Server(demo=True) as server:
        yield server


@pytest.fixture
def page(town: Server, new_context: Callable[..., BrowserContext]) -> Page:
    page = new_context().new_page()
    page.goto(town.url + "/account/login/")
    page.fill("[name=login]", "ana@vila.example")
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url("**/home/")
    return page


def test_a_look_shows_when_it_is_chosen_and_stays_when_it_is_saved(town: Server, page: Page) -> None:
    page.goto(town.url + "/settings/")
    page.check("[name=theme][value=dark]")
    page.check("[name=text_size][value=large]")
    assert page.evaluate("({...document.documentElement.dataset})") == {"theme": "dark", "text": "large"}
    page.check("[name=theme][value='']")
    assert page.evaluate("({...document.documentElement.dataset})") == {"text": "large"}

    page.goto(town.url + "/wallet/")  # not saved
    assert page.evaluate("({...document.documentElement.dataset})") == {}


def test_showing_earlier_lines_leads_the_focus_to_the_first_of_them(town: Server, page: Page) -> None:
    page.goto(town.url + "/wallet/")
    shown = page.locator("#statement li").count()
    page.locator("#earlier a").press("Enter")
    expect(page.locator("#statement li").nth(shown)).to_be_focused()
