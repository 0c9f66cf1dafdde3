"""Words without a space, as long as a field lets them be: no page becomes wider than its window."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext

from tests.live import Server

from .people import Person

pytestmark = pytest.mark.browser

NAME, NOTE, ABOUT, COMMUNITY = "M" * 79, "W" * 300, "W" * 600, "C" * 80
WIDTHS = (320, 768, 1280)


@pytest.fixture(scope="module")
def wordy_town() -> Iterator[Server]:
    with Server(COMMUNITY_NAME=COMMUNITY) as server:
        yield server


def test_the_longest_words_stay_within_every_page(
    wordy_town: Server, new_context: Callable[..., BrowserContext]
) -> None:
    sender, recipient = (Person(wordy_town, new_context(width=320), NAME + letter) for letter in "AB")
    for person in (sender, recipient):
        person.join()
        page = person.go("/settings/profile/")
        page.fill("[name=about]", ABOUT)
        page.click("main form button[type=submit].primary")
        page.wait_for_url("**/people/*/")
    profile = recipient.page.url.removeprefix(wordy_town.url)
    sender.fill_in(recipient, "1 h", NOTE)
    review = sender.page.url.removeprefix(wordy_town.url)
    wide = pages_too_wide(sender, [review])
    sender.confirm()
    sender.page.get_by_role("heading", name="arrived").wait_for()
    transfer = sender.page.url.removeprefix(wordy_town.url)

    pages = ["/home/", "/wallet/", "/send/?q=M", transfer, "/notifications/", "/settings/", "/settings/profile/"]
    wide += pages_too_wide(sender, [*pages, profile, "/account/email/", "/account/2fa/", "/account/sessions/"])
    wide += pages_too_wide(recipient, [*pages, "/agree/", "/account/logout/"])
    stranger = Person(wordy_town, new_context(), "A stranger")
    wide += pages_too_wide(stranger, ["/", "/how-it-works/", "/terms/", "/privacy/", "/account/signup/"])

    assert wide == []


def pages_too_wide(person: Person, paths: list[str]) -> list[str]:
    found = []
    for path in paths:
        page = person.go(path)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            is_wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
            found += [f"{path} at {width}"] if is_wide else []
    return found
