"""Every page of ours, looked at in a real browser: for everyone's eyes, at every width, without a complaint."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

from tests.live import Server
from timebank.demo.logins import PASSWORD

pytestmark = pytest.mark.browser

MEMBER = "ana@vila.example"
NARROWEST = 320
_number = itertools.count(1)
FOR_STRANGERS = (
    "/",
    "/how-it-works/",
    "/terms/",
    "/privacy/",
    "/account/signup/",
    "/account/login/",
    "/account/password/reset/",
    "/account/password/reset/done/",
    "/account/confirm-email/",
)
FOR_MEMBERS = (
    "/home/",
    "/wallet/",
    "/wallet/?way=in",
    "/send/",
    "/explore/",
    "/explore/?kind=request&q=none&category=learning&time=30",
    "/listings/new/?kind=offer",
    "/listings/mine/",
    "/notifications/",
    "/exchanges/",
    "/settings/",
    "/settings/profile/",
    "/account/email/",
    "/account/password/change/",
    "/account/2fa/",
    "/account/sessions/",
    "/account/logout/",
    "/how-it-works/",
)


@pytest.fixture(scope="module")
def town() -> Iterator[Server]:
    """A server with the demo's neighbourhood in it."""
    with Server() as server:
        server.manage("demo")
        yield server


@pytest.fixture(scope="module")
def signed_in(town: Server, browser: object) -> dict[str, object]:
    """The cookies of a member who is signed in."""
    context = browser.new_context()  # type: ignore[attr-defined]
    page = context.new_page()
    page.goto(town.url + "/account/login/")
    page.fill("[name=login]", MEMBER)
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url("**/home/")
    state: dict[str, object] = context.storage_state()
    context.close()
    return state


@pytest.mark.parametrize("locale", ["en", "pt-BR"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_strangers_pages(town: Server, new_context: Callable[..., BrowserContext], theme: str, locale: str) -> None:
    page = new_context(width=NARROWEST, theme=theme, locale=locale).new_page()
    assert look_at(page, [town.url + path for path in FOR_STRANGERS]) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_members_pages(
    town: Server, new_context: Callable[..., BrowserContext], signed_in: dict[str, object], theme: str
) -> None:
    context = new_context(width=NARROWEST, theme=theme)
    context.add_cookies(signed_in["cookies"])  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(town.url + "/wallet/")
    transfer = page.locator("a[href^='/transfers/']").first.get_attribute("href")
    page.goto(town.url + str(transfer))
    person = page.locator("main a[href^='/people/']").first.get_attribute("href")
    paths = [*FOR_MEMBERS, str(transfer), str(person), *listings(page, town), *exchanges_of_hers(page, town)]
    assert look_at(page, [town.url + path for path in paths]) == []


def listings(page: Page, town: Server) -> list[str]:
    """An offer of hers, published and as it is changed, and one of a neighbour's where there is one."""
    page.goto(town.url + "/listings/new/?kind=offer")
    page.fill("[name=title]", f"Conserto de torneira {next(_number)}")
    page.select_option("[name=category]", "plumbing")
    page.click("main button[value=publish]")
    page.wait_for_url(lambda url: "/new/" not in url)
    hers = page.url.removeprefix(town.url)
    page.goto(town.url + "/explore/")
    others = page.locator(".listing:not(:has(.tag.info)) h3 a")
    return [hers, f"{hers}edit/", *([str(others.first.get_attribute("href"))] if others.count() else [])]


def exchanges_of_hers(page: Page, town: Server) -> list[str]:
    """One exchange of each standing that she has."""
    page.goto(town.url + "/exchanges/")
    rows = page.locator("#exchanges .rows > li:has(a[href^='/exchanges/'])").all()
    by_tag = {row.locator(".tag").inner_text(): row.locator("h3 a").get_attribute("href") for row in rows}
    return [str(path) for path in by_tag.values()]


def test_wide_pages(town: Server, new_context: Callable[..., BrowserContext], signed_in: dict[str, object]) -> None:
    context = new_context(width=1280)
    context.add_cookies(signed_in["cookies"])  # type: ignore[arg-type]
    assert look_at(context.new_page(), [town.url + path for path in FOR_MEMBERS]) == []


def look_at(page: Page, addresses: list[str]) -> list[str]:
    """What is wrong with these pages: console errors, barriers that axe finds, overflow to the side."""
    wrong: list[str] = []
    page.on("console", lambda m: wrong.append(f"{page.url}: {m.text}") if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: wrong.append(f"{page.url}: {error}"))
    for address in addresses:
        page.goto(address)
        page.wait_for_load_state("networkidle")
        wrong += barriers(page)
    return wrong


def barriers(page: Page) -> list[str]:
    """What axe finds on the page as it stands, and whether it reaches over its edge."""
    wrong = []
    for violation in Axe().run(page).response["violations"]:
        targets = ", ".join(str(node["target"]) for node in violation["nodes"])
        wrong.append(f"{page.url}: {violation['id']} at {targets}")
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        wrong.append(f"{page.url} is wider than {page.viewport_size}")
    return wrong
