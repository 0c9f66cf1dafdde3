"""The statement in a real browser: choosing without a new page, and the chart that scripts draw from the table."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.needs import thorough

from .eyes import barriers
from .people import Meet

pytestmark = pytest.mark.browser


TEN_DAYS_AGO = """
from datetime import timedelta
from ledger import triggers
from ledger.models import Account
from timebank import clock
with triggers.suspended():
    Account.objects.filter(owner__email="{email}").update(opened_at=clock.now() - timedelta(days=10))
"""


@pytest.mark.parametrize(("width", "theme"), [(390, "dark"), thorough(1280, "light")])
def test_choosing_from_the_statement_and_seeing_how_the_balance_went(meet: Meet, width: int, theme: str) -> None:
    ana = meet(f"Ana{width} Souza", width=width, theme=theme)
    ana.join()
    page = ana.go("/wallet/")
    expect(page.locator("#over-time table")).to_have_count(1)
    expect(page.locator("#over-time canvas")).to_have_count(0)  # of one day there is no line to draw
    expect(page.locator("#over-time")).to_contain_text("So far only")

    ana.server.manage("shell", "-v0", "-c", TEN_DAYS_AGO.format(email=ana.email))
    page.reload()

    # The chart says what the table says, and follows the period.
    expect(page.locator("#over-time canvas")).to_be_visible()
    page.locator("#over-time").get_by_text("The same in figures").click()
    expect(page.locator("#over-time table")).to_be_visible()
    page.locator("#over-quarter").click()
    expect(page.locator("#over-quarter")).to_have_attribute("aria-current", "page")
    expect(page.locator("#over-time canvas")).to_be_visible()

    # What is chosen stands in the address, and the way back leads back.
    page.locator("#show-out").click()
    page.wait_for_url("**/wallet/?show=out")
    expect(page.get_by_text("Nothing went out yet")).to_be_visible()
    page.locator("summary", has_text="Filters").click()
    page.fill("[name=person]", "community fund")
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url("**/wallet/?show=out&person=community+fund")
    expect(page.get_by_text("Nothing like that")).to_be_visible()
    page.go_back()
    page.wait_for_url("**/wallet/?show=out")
    assert barriers(page) == []
    assert ana.complaints == []


KEEP_WHAT_IS_DRAWN = """
window.drawn = [];
const draw = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
  window.drawn.push(text);
  return draw.call(this, text, ...rest);
};
"""


def test_the_chart_names_months_as_the_lists_do(meet: Meet) -> None:
    ana = meet("Ana Setembro", width=1280, theme="light")
    ana.join()
    ana.server.manage("shell", "-v0", "-c", TEN_DAYS_AGO.format(email=ana.email))
    ana.page.add_init_script(KEEP_WHAT_IS_DRAWN)
    ana.page.route("**/wallet/balance/*", _until_september)

    page = ana.go("/wallet/")

    expect(page.locator("#over-time canvas")).to_be_visible()
    page.wait_for_function("drawn.some((text) => text.startsWith('9') || text.includes('Sep'))")
    assert {text.split()[1] for text in page.evaluate("drawn") if re.fullmatch(r"[0-9]+ [A-Z][a-z]+", text)} == {
        "Aug",
        "Sep",
    }


def _until_september(route: Any) -> None:
    """The same page, with the last day of its table in September."""
    answer = route.fetch()
    day = re.compile(r'(<th scope="row"><time datetime=")([0-9-]+)')
    newest = day.search(answer.text())
    assert newest
    later = date.fromisoformat(newest[2]) - date(2026, 9, 4)
    moved = day.sub(lambda found: f"{found[1]}{date.fromisoformat(found[2]) - later}", answer.text())
    route.fulfill(response=answer, body=moved)
