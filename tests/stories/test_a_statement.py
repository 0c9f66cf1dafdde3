"""The statement in a real browser: choosing without a new page, and the chart that scripts draw from the table."""

from __future__ import annotations

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

    ana.server.manage("shell", "-v0", "-c", TEN_DAYS_AGO.format(email=ana.email))
    page.reload()

    # The chart says what the table says, and follows the period.
    expect(page.locator("#over-time canvas")).to_be_visible()
    page.locator("#over-time").get_by_text("The same in figures").click()
    expect(page.locator("#over-time table")).to_be_visible()
    page.locator("#over-month").click()
    expect(page.locator("#over-month")).to_have_attribute("aria-current", "page")
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
