"""Offering something, and a neighbour finding it: as she types, by category, and back again."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.needs import thorough

from .people import Meet, Person

pytestmark = pytest.mark.browser


def publish(person: Person, title: str, category: str) -> Page:
    page = person.go("/listings/new/?kind=offer")
    page.fill("[name=title]", title)
    page.select_option("[name=category]", category)
    page.fill("[name=minutes]", "1h30")
    page.click("main button[value=publish]")
    page.wait_for_url(re.compile(r"/listings/[0-9a-z]{18}/$"))
    return page


@pytest.mark.parametrize("width", [390, thorough(1280)])
def test_what_one_offers_the_other_finds(meet: Meet, width: int) -> None:
    gilda, hugo = meet("Gilda Reis", width=width), meet("Hugo Braga", width=width)
    gilda.join()
    hugo.join()
    sings, bakes = f"Singing {gilda.email}", f"Baking {gilda.email}"
    publish(gilda, sings, "music")
    publish(gilda, bakes, "baking")

    page = hugo.go("/explore/")
    cards = page.locator("#results .listing")
    page.locator("#q").press_sequentially(gilda.email, delay=10)
    expect(page.locator("#count")).to_contain_text(f"2 offers for “{gilda.email}”")
    expect(page.locator("#q")).to_be_focused()

    page.click("#in-arts")
    expect(cards).to_have_count(1)
    expect(cards).to_contain_text(sings)
    expect(page.locator("#in-arts")).to_be_focused()
    expect(page.locator("#in-sewing")).to_be_visible()
    expect(page.locator("#in-arts")).to_be_in_viewport(ratio=1)
    page.evaluate("scrollTo(0, 0)")
    expect(cards.first).to_be_in_viewport(ratio=0.5)  # on the first screen, a narrow one too
    assert "category=arts" in page.url

    if width < 1024:
        page.locator("button.only-narrow[popovertarget=filters]").first.click()
    page.locator("#filters .chip", has_text="Longer").click()
    expect(page.locator("#count")).to_contain_text("No offers")
    assert "category=arts" in page.url
    if width < 1024:
        page.locator("#filters .close").click()

    page.go_back()
    expect(page).to_have_url(re.compile("category=arts$"))
    expect(cards).to_have_count(1)
    expect(page.locator("#q")).to_have_value(gilda.email)
    page.go_back()
    expect(cards).to_have_count(2)
    page.reload()
    expect(cards).to_have_count(2)

    page.get_by_role("link", name=bakes).click()
    expect(page.locator("h1")).to_have_text(bakes)
    expect(page.get_by_text("You have 4 h available.")).to_be_visible()


def test_a_category_chosen_in_mid_word_keeps_the_word(meet: Meet) -> None:
    gilda = meet("Gilda Reis")
    gilda.join()
    page = gilda.go("/explore/")
    page.locator("#q").press_sequentially("quick", delay=0)
    page.click("#in-garden")
    expect(page.locator("#count")).to_contain_text("for “quick”")
    expect(page).to_have_url(re.compile("q=quick&category=garden"))
    page.click("#in-all")
    expect(page).to_have_url(re.compile("q=quick$"))


def test_without_a_script_the_form_finds_the_same(meet: Meet, browser: object) -> None:
    gilda = meet("Gilda Reis")
    gilda.join()
    title = f"Hemming {gilda.email}"
    publish(gilda, title, "sewing")
    plain = browser.new_context(java_script_enabled=False)  # type: ignore[attr-defined]
    plain.add_cookies(gilda.context.cookies())
    page = plain.new_page()
    page.goto(f"{gilda.server.url}/explore/")
    page.fill("#q", gilda.email)
    page.click("#in-arts")
    assert f"q={gilda.email}".replace("@", "%40") in page.url
    expect(page.locator("#results .listing")).to_contain_text(title)
    page.click("#in-music")
    expect(page.locator("#count")).to_contain_text("No offers")
    plain.close()
