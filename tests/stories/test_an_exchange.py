"""The main job in two real browsers: asked, changed, agreed, talked over, given, confirmed for less, reviewed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from .eyes import barriers
from .people import Meet, Person

pytestmark = pytest.mark.browser

OFFER = """
from accounts.models import Member
from tests.factories import make_listing
owner = Member.objects.get(email="{email}")
print("LISTING", make_listing(owner, title="Bread lesson", minutes=120, place="At your home").public_id)
"""


def offers(person: Person) -> str:
    """A listing of hers, by its public id."""
    said = person.server.manage("shell", "-v0", "-c", OFFER.format(email=person.email))
    return next(line.split()[1] for line in said.splitlines() if line.startswith("LISTING"))


@pytest.mark.parametrize("width", [390, 1280])
def test_an_exchange_from_asking_to_both_reviews(meet: Meet, width: int) -> None:
    ana, bento = meet(f"Ana{width} Souza", width=width), meet(f"Bento{width} Lima", width=width, theme="dark")
    ana.join()
    bento.join()
    listing = offers(ana)

    # Bento asks, with a first line he only taps.
    page = bento.go(f"/listings/{listing}/ask/")
    is_clean(page)
    page.get_by_label("We will agree on it").check()
    expect(page.locator("[name=starts_at]")).to_be_hidden()
    page.get_by_role("button", name="Hello! I would like this very much.").click()
    page.get_by_role("button", name="Send the request").click()
    page.wait_for_url("**/exchanges/*/")
    is_clean(page)

    # Ana finds it waiting on the page she has open, and suggests less.
    expect(ana.page.get_by_role("heading", name="Bread lesson")).to_be_visible()
    is_clean(ana.page)
    ana.page.get_by_role("link", name="Answer").click()
    expect(ana.page.get_by_text("Hello! I would like this very much.")).to_be_visible()
    ana.page.get_by_role("link", name="Suggest something else").click()
    is_clean(ana.page)
    ana.page.fill("[name=minutes]", "1 h 30 min")
    ana.page.get_by_role("button", name="Suggest this").click()
    ana.page.wait_for_url("**/exchanges/*/")

    # What Bento is writing stays while the page follows.
    page.fill("[name=text]", "I am just wri")
    accept = page.get_by_role("button", name="Accept 1 h 30 min")
    expect(accept).to_be_visible()
    accept.click()
    expect(page.get_by_role("heading", name="All is agreed")).to_be_focused()
    expect(page.locator("[name=text]")).to_have_value("I am just wri")
    expect(ana.page.get_by_role("heading", name="Is it done?")).to_be_visible()
    expect(ana.page.get_by_role("heading", name="Held hours")).to_be_visible()
    expect(page.get_by_role("heading", name="Held hours")).to_be_visible()

    # They talk.
    page.fill("[name=text]", "Saturday at ten?")
    page.get_by_role("button", name="Send message").click()
    expect(page.locator("[name=text]")).to_have_value("")
    expect(page.locator("[name=text]")).to_be_focused()
    ana.page.locator("#chat").get_by_text("Saturday at ten?").wait_for()
    ana.page.fill("[name=text]", "Perfect.")
    ana.page.get_by_role("button", name="Send message").click()
    page.locator("#chat").get_by_text("Perfect.").wait_for()
    expect(page.locator("#chat .me .bubble")).to_have_count(2)
    expect(page.locator("[data-unread] .count")).to_have_count(1)  # the welcome
    too_long = "long " * 2000
    page.fill("[name=text]", too_long)
    page.get_by_role("button", name="Send message").click()
    expect(page.locator("#composer")).to_contain_text("up to 2,000 characters fit here")
    expect(page.locator("[name=text]")).to_have_value(too_long)
    page.fill("[name=text]", "")

    # The lesson is given; it took a little less.
    ana.page.get_by_role("button", name="It is done").click()
    expect(ana.page.get_by_role("heading", name=f"Bento{width} confirms now")).to_be_focused()
    is_clean(ana.page)
    expect(page.get_by_role("heading", name="Did it go as agreed?")).to_be_visible()
    is_clean(page)
    page.get_by_text("It took a different time").click()
    page.get_by_role("button", name="15 minutes less").click()
    page.get_by_role("button", name="Confirm this time").click()
    expect(page.get_by_role("heading", name=f"How was it with Ana{width}?")).to_be_focused()

    # Both say how it was; neither reads it before both have.
    review(page, 5, "She knows how.")
    expect(page.get_by_text("She knows how.")).to_be_visible()
    expect(ana.page.get_by_role("heading", name=f"How was it with Bento{width}?")).to_be_visible()
    expect(ana.page.get_by_text("She knows how.")).to_have_count(0)
    is_clean(page)
    review(ana.page, 4, "A quick learner.")
    expect(ana.page.get_by_text("She knows how.")).to_be_visible()
    expect(page.get_by_text("A quick learner.")).to_be_visible()
    is_clean(ana.page)

    ana.go("/home/")
    ana.sees_available(240 + 75)
    bento.go("/home/")
    bento.sees_available(240 - 75)
    is_clean(bento.go("/exchanges/"))
    expect(bento.page.get_by_text("Completed")).to_be_visible()
    # The message that was too long is a 422, which a browser mentions on its console.
    bento.complaints[:] = [complaint for complaint in bento.complaints if "422" not in complaint]


def review(page: Page, stars: int, text: str) -> None:
    page.check(f"[name=stars][value='{stars}']")
    page.locator("#review textarea").fill(text)
    page.get_by_role("button", name="Publish the review").click()


def test_a_dispute_is_opened_answered_and_followed_live(meet: Meet) -> None:
    ana, bento = meet("Anita Souza", width=390), meet("Benedito Lima", width=1280)
    ana.join()
    bento.join()
    for person in (ana, bento):
        person.go("/settings/")  # a page that asks for nothing while another one is being opened
    listing = offers(ana)
    said = ana.server.manage("shell", "-v0", "-c", DELIVERED.format(listing=listing, email=bento.email))
    path = next(line.split()[1] for line in said.splitlines() if line.startswith("EXCHANGE"))
    ana.go(path)
    page = bento.go(path)

    page.get_by_role("link", name="open a dispute").click()
    is_clean(page)
    page.get_by_label("It was not what we agreed").check()
    page.fill("[name=statement]", "The oven stayed cold.")
    page.get_by_role("button", name="Send to a moderator").click()
    expect(page.get_by_role("heading", name="A moderator looks at it")).to_be_visible()
    is_clean(page)

    expect(ana.page.get_by_text("The oven stayed cold.")).to_be_visible()
    expect(ana.page.get_by_role("heading", name="A moderator looks at it")).to_be_visible()
    is_clean(ana.page)
    ana.page.locator("#after textarea").fill("There was no power that day.")
    page.set_input_files("[name=file]", {"name": "note.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 x"})
    page.get_by_role("button", name="Add the file").click()
    expect(page.get_by_role("link", name="note.pdf")).to_be_visible()
    expect(ana.page.locator("#after [data-outdated]")).to_be_visible()  # and what she writes stays
    expect(ana.page.locator("#after textarea")).to_have_value("There was no power that day.")
    ana.page.get_by_role("button", name="Add this").click()
    expect(ana.page.get_by_role("link", name="note.pdf")).to_be_visible()
    expect(page.get_by_text("There was no power that day.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="note.pdf").click()
    assert download.value.suggested_filename == "note.pdf"
    is_clean(page)


DELIVERED = """
from accounts.models import Member
from marketplace.models import Listing
from tests.factories import make_exchange
bento, listing = Member.objects.get(email="{email}"), Listing.objects.get(public_id="{listing}")
made = make_exchange(provider=listing.owner, receiver=bento, listing=listing, minutes=120, state="delivered")
print("EXCHANGE", made.get_absolute_url())
"""


def is_clean(page: Page) -> None:
    """Nothing on the page as it stands shuts anybody out, or reaches over its edge."""
    assert barriers(page) == []
