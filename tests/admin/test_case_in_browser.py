"""A dispute in a real browser: from the moderator's overview to the ruling, which both of the two are told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect

from tests.live import Server
from tests.needs import IN_FULL, thorough
from tests.stories.eyes import barriers
from timebank.demo.logins import PASSWORD

pytestmark = pytest.mark.browser

ANA, MARGARET, DANIEL = ("ana@vila.example", "margaret@vila.example", "daniel@vila.example")
LISTS = ("dispute", "listing", "exchange", "category")
# Ana is to pay Margaret an hour for a lesson, and says that it never was; prints the id of the case.
DISPUTE = """
import itertools, time
from accounts.models import Member
from marketplace import operations
from tests import factories
from tests.factories import make_dispute, make_exchange
factories._number = itertools.count(time.time_ns() % 10**12)  # this process is not the first to tell the story
margaret, ana = (Member.objects.get(email=f"{name}@vila.example") for name in ("margaret", "ana"))
exchange = make_exchange(state="delivered", provider=margaret, receiver=ana, minutes=60)
operations.send_message(exchange, by=margaret, text="I waited at the library.", nonce="story")
dispute = make_dispute(exchange)
operations.add_statement(dispute, by=margaret, text="I was there, and waited.", nonce="story")
print("case", dispute.public_id)
"""


@pytest.fixture(scope="module")
def town() -> Iterator[Server]:
    with Server(demo=True) as running:
        yield running


@pytest.fixture
def case(town: Server) -> str:
    said = town.manage("shell", "-v0", "-c", DISPUTE)
    return said.rsplit("case ", 1)[1].split()[0]


def is_trouble(said: ConsoleMessage) -> bool:
    """An error, but for Chromium's note that a form came back to be mended."""
    return said.type == "error" and "status of 422" not in said.text


def comes_in(server: Server, context: BrowserContext, email: str, to: str) -> tuple[Page, list[str]]:
    """Her page after signing in, and what the console complains of from then on."""
    page, troubles = context.new_page(), []
    page.on("console", lambda said: troubles.append(f"{page.url} {said.text}") if is_trouble(said) else None)
    page.on("pageerror", lambda error: troubles.append(f"{page.url} {error}"))
    page.goto(f"{server.url}/account/login/?next={to}")
    page.locator("input[name=login]").fill(email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("form:has(input[name=password]) button[type=submit]").click()
    expect(page).to_have_url(server.url + to)
    return page, troubles


def look_at(page: Page) -> None:
    """No barrier in what our own templates draw, and nothing too wide."""
    page.wait_for_load_state("networkidle")
    assert barriers(page, within="#content") == []


@pytest.mark.parametrize(("width", "theme"), [thorough(1280, "light"), (390, "dark")])
def test_a_moderator_rules_and_both_are_told(
    town: Server, case: str, new_context: Callable[..., BrowserContext], width: int, theme: str
) -> None:
    ana, anas = comes_in(town, new_context(width=390), ANA, "/notifications/")
    page, troubles = comes_in(town, new_context(width=width, theme=theme), DANIEL, "/admin/")
    look_at(page)
    page.locator(f"#content a[href='/admin/cases/{case}/']").click()
    look_at(page)
    expect(page.locator("#content")).to_contain_text("I was there, and waited.")
    expect(page.locator("#content")).not_to_contain_text("I waited at the library.")
    page.get_by_role("button", name="Read the messages").click()
    expect(page.locator("#messages")).to_contain_text("I waited at the library.")

    page.get_by_role("radio", name="Split").check()
    page.locator("[name=minutes]").fill("1 h")
    page.locator("[name=because]").fill("Both waited, at different doors.")
    page.get_by_role("button", name="See what it would do").click()
    expect(page.locator("#content")).to_contain_text("At most 59 min can be said here.")
    look_at(page)
    page.locator("[name=minutes]").fill("20 min")
    page.get_by_role("button", name="See what it would do").click()
    expect(page.get_by_role("row", name="Margaret")).to_contain_text("20 min")
    look_at(page)
    page.get_by_role("button", name="Rule", exact=True).click()

    expect(page.locator("#content")).to_contain_text("Shared between the two")
    look_at(page)
    expect(ana.locator("main")).to_contain_text(re.compile("modera", re.IGNORECASE))  # her page was open all the while
    margaret, margarets = comes_in(town, new_context(width=390), MARGARET, "/notifications/")
    expect(margaret.locator("main")).to_contain_text("A moderator settled the dispute between you and Ana")
    assert troubles + anas + margarets == []


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), thorough(390, "dark")])
def test_the_lists_of_the_marketplace(
    town: Server, case: str, new_context: Callable[..., BrowserContext], width: int, theme: str
) -> None:
    page, troubles = comes_in(town, new_context(width=width, theme=theme), "lourdes@vila.example", "/admin/")
    for name in LISTS:
        page.goto(f"{town.url}/admin/marketplace/{name}/")
        expect(page.locator("#changelist")).to_be_visible()
        assert barriers(page, within="#content", two_of_each_row=not IN_FULL) == []
        page.locator("#result_list tbody a").first.click()
        look_at(page)
    page.goto(f"{town.url}/admin/marketplace/category/add/")
    look_at(page)
    page.goto(f"{town.url}/admin/marketplace/listing/")
    page.locator("#result_list tbody a").first.click()
    page.goto(town.url + str(page.locator("a[href$='/hide/']").first.get_attribute("href")))
    look_at(page)
    assert troubles == []
