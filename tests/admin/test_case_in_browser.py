"""A dispute in a real browser: opened by one, answered by the other, ruled by a moderator, and read by both."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect

from tests.live import Server
from tests.needs import IN_FULL, thorough
from tests.stories.eyes import barriers
from tests.stories.words import SEEN, left_in_english, words_in
from timebank.demo.logins import PASSWORD

pytestmark = pytest.mark.browser

ANA, MARGARET, DANIEL = ("ana@vila.example", "margaret@vila.example", "daniel@vila.example")
LISTS = ("dispute", "listing", "exchange", "category")
YOU_GET = "A moderator settled the dispute between you and %(name)s: you get %(mine)s."
# Margaret says that she gave Ana an hour's lesson; prints where the exchange is.
DELIVERED = """
import itertools, time
from accounts.models import Member
from marketplace import operations
from tests import factories
from tests.factories import make_exchange
factories._number = itertools.count(time.time_ns() % 10**12)  # this process is not the first to tell the story
margaret, ana, daniel = (Member.objects.get(email=f"{name}@vila.example") for name in ("margaret", "ana", "daniel"))
Member.objects.filter(pk__in=[margaret.pk, ana.pk, daniel.pk]).update(language="LANGUAGE")
exchange = make_exchange(state="delivered", provider=margaret, receiver=ana, minutes=60)
operations.send_message(exchange, by=margaret, text="I waited at the library.", nonce="story")
print("exchange", exchange.get_absolute_url())
"""


@pytest.fixture(scope="module")
def town() -> Iterator[Server]:
    with Server(demo=True) as running:
        yield running


def delivered(town: Server, language: str) -> str:
    """The path of an exchange whose two, and their moderator, read the site in ``language``."""
    said = town.manage("shell", "-v0", "-c", DELIVERED.replace("LANGUAGE", language.lower()))
    return said.rsplit("exchange ", 1)[1].split()[0]


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


def look_at(page: Page, within: str = "#content") -> None:
    """No barrier in what our own templates draw, nothing too wide, and nothing left in English."""
    page.wait_for_load_state("networkidle")
    assert barriers(page, within=within) + left_in_english(page, within) == []


@pytest.mark.parametrize(("width", "language"), SEEN)
def test_a_moderator_rules_and_both_are_told(
    town: Server, new_context: Callable[..., BrowserContext], width: int, language: str
) -> None:
    says = words_in(language)
    exchange = delivered(town, language)

    def meets(email: str, to: str, theme: str = "light") -> tuple[Page, list[str]]:
        return comes_in(town, new_context(width=width, theme=theme, locale=language), email, to)

    margaret, margarets = meets(MARGARET, exchange)
    ana, anas = meets(ANA, exchange)
    ana.get_by_role("link", name=says("Something went wrong: open a dispute")).click()
    ana.get_by_label(says("It did not happen")).check()
    ana.fill("[name=statement]", "Nobody came.")
    ana.get_by_role("button", name=says("Send to a moderator")).click()
    expect(ana.get_by_role("heading", name=says("A moderator looks at it"))).to_be_visible()
    ana.goto(f"{town.url}/notifications/")
    margaret.locator("#after textarea").fill("I was there, and waited.")
    margaret.get_by_role("button", name=says("Add this")).click()
    expect(margaret.get_by_role("heading", name=says("A moderator looks at it"))).to_be_visible()
    look_at(margaret, within="body")
    page, troubles = meets(DANIEL, "/admin/", theme="dark" if width == 390 else "light")
    expect(page.locator("html")).to_have_attribute("lang", language.lower())
    look_at(page)
    title = margaret.locator("h1").inner_text()
    page.locator("#content").get_by_role("link", name=title).click()
    look_at(page)
    expect(page.locator("#content")).to_contain_text("Nobody came.")
    expect(page.locator("#content")).to_contain_text("I was there, and waited.")
    expect(page.locator("#content")).not_to_contain_text("I waited at the library.")
    page.get_by_role("button", name=says("Read the messages")).click()
    expect(page.locator("#messages")).to_contain_text("I waited at the library.")

    page.check("[name=outcome][value=split]")
    page.fill("[name=minutes]", "1 h")
    page.fill("[name=because]", "Both waited, at different doors.")
    page.get_by_role("button", name=says("See what it would do")).click()
    expect(page.locator("#content")).to_contain_text(says("It cannot be more than %(most)s.", most="59 min"))
    look_at(page)
    page.fill("[name=minutes]", "20 min")
    page.get_by_role("button", name=says("See what it would do")).click()
    expect(page.get_by_role("row", name="Margaret")).to_contain_text("20 min")
    look_at(page)
    page.get_by_role("button", name=says("Rule"), exact=True).click()

    expect(page.locator("#content")).to_contain_text(says("shared between the two"), ignore_case=True)
    look_at(page)
    # The pages of both were open all the while.
    expect(ana.locator("main")).to_contain_text(says(YOU_GET, name="Margaret Doyle", mine="40 min"))
    look_at(ana, within="body")
    expect(margaret.locator("#now")).to_contain_text("Both waited, at different doors.")
    look_at(margaret, within="body")
    ana.goto(town.url + exchange)
    expect(ana.locator("#now")).to_contain_text("Both waited, at different doors.")
    look_at(ana, within="body")
    margaret.goto(f"{town.url}/notifications/")
    expect(margaret.locator("main")).to_contain_text(says(YOU_GET, name="Ana Beatriz Ribeiro", mine="20 min"))
    if language == "pt-BR":
        expect(margaret.locator("main")).to_contain_text("A moderação resolveu a disputa entre você e Ana")
    assert troubles + anas + margarets == []


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), thorough(390, "dark")])
def test_the_lists_of_the_marketplace(
    town: Server, new_context: Callable[..., BrowserContext], width: int, theme: str
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
