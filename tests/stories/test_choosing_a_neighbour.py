"""Finding a neighbour as one types, on a slow network."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from .people import Meet

pytestmark = pytest.mark.browser


def test_whoever_is_chosen_stays_chosen_when_an_older_search_answers_late(meet: Meet) -> None:
    gilda, hugo = meet("Gilda Reis"), meet("Hugo Braga")
    gilda.join()
    hugo.join()
    page = gilda.go("/send/")
    late: list[Route] = []
    page.locator("[name=q]").press_sequentially("hug")
    choice = page.locator("#people").get_by_label("Hugo Braga")
    expect(choice).to_be_visible()

    page.route("**/send/people/**", lambda route: route.continue_() if late else late.append(route))
    with page.expect_request("**/send/people/**"):
        page.locator("[name=q]").press_sequentially("o")
    choice.check()
    with page.expect_response(lambda answer: "&to=" in answer.url):  # asked anew, with her
        late[0].continue_()

    expect(choice).to_be_checked()
    expect(page.locator("#people [role=status]")).to_have_text("1 person")
