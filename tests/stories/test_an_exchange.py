"""The main job in two real browsers: asked, changed, agreed, talked over, given, confirmed for less, reviewed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from tests.live import Server
from tests.needs import thorough

from .eyes import barriers
from .people import Meet, Person
from .words import SEEN, Says, left_in_english, words_in

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """More people than usually may sign up within an hour."""
    with Server(RATE_LIMITS="0") as running:
        yield running


OFFER = """
from accounts.models import Member
from tests.factories import make_listing
owner = Member.objects.get(email="{email}")
print("LISTING", make_listing(owner, title="Bread lesson", minutes=120, place="At your home").public_id)
"""


TOO_LONG = "This is too long: up to %(longest)s characters fit here, and it has %(has)s."


def offers(person: Person) -> str:
    """A listing of hers, by its public id."""
    said = person.server.manage("shell", "-v0", "-c", OFFER.format(email=person.email))
    return next(line.split()[1] for line in said.splitlines() if line.startswith("LISTING"))


@pytest.mark.parametrize(("width", "language"), SEEN)
def test_an_exchange_from_finding_help_to_both_reviews(meet: Meet, width: int, language: str) -> None:
    says = words_in(language)
    ana = meet(f"Ana{width} Souza", width=width, locale=language)
    bento = meet(f"Bento{width} Lima", width=width, locale=language, theme="dark")
    ana.join()
    bento.join()
    listing = offers(ana)

    # Bento looks for bread, finds Ana's lesson, and asks for it with a first line he only taps.
    page = bento.go("/explore/")
    expect(page.locator("html")).to_have_attribute("lang", language.lower())
    page.locator("#q").press_sequentially("bread", delay=10)
    expect(page.locator("#count")).to_contain_text("“bread”")
    is_clean(page)
    page.locator(f"#results a[href='/listings/{listing}/']").click()
    expect(page.get_by_role("heading", name="Bread lesson")).to_be_visible()
    is_clean(page)
    page.get_by_role("link", name=says("Ask %(name)s", name=f"Ana{width}")).click()
    page.wait_for_url("**/ask/")
    is_clean(page)
    page.get_by_label(says("We will agree on it")).check()
    expect(page.locator("[name=starts_at]")).to_be_hidden()
    page.get_by_role("button", name=says("Hello! I would like this very much.")).click()
    page.get_by_role("button", name=says("Send the request")).click()
    page.wait_for_url("**/exchanges/*/")
    is_clean(page)

    # Ana finds it waiting on the page she has open, and suggests less.
    expect(ana.page.get_by_role("heading", name="Bread lesson")).to_be_visible()
    is_clean(ana.page)
    ana.page.get_by_role("link", name=says("Answer")).click()
    expect(ana.page.get_by_text(says("Hello! I would like this very much."))).to_be_visible()
    ana.page.get_by_role("link", name=says("Suggest something else")).click()
    is_clean(ana.page)
    ana.page.fill("[name=minutes]", "1 h 30 min")
    ana.page.get_by_role("button", name=says("Suggest this")).click()
    ana.page.wait_for_url("**/exchanges/*/")

    # What Bento is writing stays while the page follows.
    page.fill("[name=text]", "I am just wri")
    accept = page.get_by_role("button", name=says("Accept %(amount)s", amount="1 h 30 min"))
    expect(accept).to_be_visible()
    accept.click()
    expect(page.get_by_role("heading", name=says("All is agreed"))).to_be_focused()
    expect(page.locator("[name=text]")).to_have_value("I am just wri")
    expect(ana.page.get_by_role("heading", name=says("All is agreed"))).to_be_visible()
    expect(ana.page.get_by_role("heading", name=says("Held hours"))).to_be_visible()
    expect(page.get_by_role("heading", name=says("Held hours"))).to_be_visible()

    if language == "pt-BR":
        expect(page.get_by_role("heading", name="Está tudo combinado")).to_be_visible()
    is_clean(ana.page)
    is_clean(page)

    # They talk.
    page.fill("[name=text]", "Saturday at ten?")
    page.get_by_role("button", name=says("Send message")).click()
    expect(page.locator("[name=text]")).to_have_value("")
    expect(page.locator("[name=text]")).to_be_focused()
    ana.page.locator("#chat").get_by_text("Saturday at ten?").wait_for()
    ana.page.fill("[name=text]", "Perfect.")
    ana.page.get_by_role("button", name=says("Send message")).click()
    page.locator("#chat").get_by_text("Perfect.").wait_for()
    expect(page.locator("#chat .me .bubble")).to_have_count(2)
    expect(page.locator("[data-unread] .count")).to_have_count(1)  # the welcome
    too_long = "long " * 2000
    page.fill("[name=text]", too_long)
    page.get_by_role("button", name=says("Send message")).click()
    expect(page.locator("#composer")).to_contain_text(says(TOO_LONG, longest=2000, has=len(too_long) - 1))
    expect(page.locator("[name=text]")).to_have_value(too_long)
    page.fill("[name=text]", "")
    expect(page.locator("#composer .error")).to_have_count(0)
    is_clean(page)

    # The lesson is given; it took a little less.
    ana.page.get_by_text(says("It is done already")).click()
    ana.page.get_by_role("button", name=says("It is done"), exact=True).click()
    expect(ana.page.get_by_role("heading", name=says("%(name)s confirms now", name=f"Bento{width}"))).to_be_focused()
    is_clean(ana.page)
    expect(page.get_by_role("heading", name=says("Did it go as agreed?"))).to_be_visible()
    is_clean(page)
    page.get_by_text(says("It took a different time")).click()
    page.get_by_role("button", name=says("15 minutes less")).click()
    page.get_by_role("button", name=says("Confirm this time")).click()
    expect(page.get_by_role("heading", name=says("How was it with %(name)s?", name=f"Ana{width}"))).to_be_focused()

    # Both say how it was; neither reads it before both have.
    review(page, says, 5, "She knows how.")
    expect(page.get_by_text("She knows how.")).to_be_visible()
    expect(
        ana.page.get_by_role("heading", name=says("How was it with %(name)s?", name=f"Bento{width}"))
    ).to_be_visible()
    expect(ana.page.get_by_text("She knows how.")).to_have_count(0)
    is_clean(page)
    review(ana.page, says, 4, "A quick learner.")
    expect(ana.page.get_by_text("She knows how.")).to_be_visible()
    expect(page.get_by_text("A quick learner.")).to_be_visible()
    is_clean(ana.page)

    ana.go("/home/")
    ana.sees_available(240 + 75)
    bento.go("/home/")
    bento.sees_available(240 - 75)
    is_clean(bento.go("/exchanges/"))
    expect(bento.page.get_by_text(says("Completed"))).to_be_visible()
    # The message that was too long is a 422, which a browser mentions on its console.
    bento.complaints[:] = [complaint for complaint in bento.complaints if "422" not in complaint]


def review(page: Page, says: Says, stars: int, text: str) -> None:
    page.check(f"[name=stars][value='{stars}']")
    page.locator("#review textarea").fill(text)
    page.get_by_role("button", name=says("Publish the review")).click()


@pytest.mark.parametrize("language", ["pt-BR", thorough("en")])
def test_a_dispute_is_opened_answered_and_followed_live(meet: Meet, language: str) -> None:
    says = words_in(language)
    ana = meet("Anita Souza", width=390, locale=language)
    bento = meet("Benedito Lima", width=1280, locale=language)
    ana.join()
    bento.join()
    for person in (ana, bento):
        person.go("/settings/")  # a page that asks for nothing while another one is being opened
    listing = offers(ana)
    path = exchange_of(listing, bento, "delivered")
    ana.server.manage("shell", "-v0", "-c", MODERATOR.format(email=f"m.{ana.email}"))
    ana.go(path)
    page = bento.go(path)

    page.get_by_role("link", name=says("Something went wrong: open a dispute")).click()
    is_clean(page)
    page.get_by_label(says("It was not what we agreed")).check()
    page.fill("[name=statement]", "The oven stayed cold.")
    page.get_by_role("button", name=says("Send to a moderator")).click()
    expect(page.get_by_role("heading", name=says("A moderator looks at it"))).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", language.lower())
    if language == "pt-BR":
        expect(page.get_by_role("heading", name="A moderação está olhando")).to_be_visible()
    is_clean(page)

    expect(ana.page.get_by_text("The oven stayed cold.")).to_be_visible()
    expect(ana.page.get_by_role("heading", name=says("A moderator looks at it"))).to_be_visible()
    is_clean(ana.page)
    ana.page.locator("#after textarea").fill("There was no power that day.")
    page.locator("#after textarea").fill("As I was say")
    page.set_input_files("[name=file]", {"name": "note.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 x"})
    page.get_by_role("button", name=says("Add the file")).click()
    expect(page.get_by_role("link", name="note.pdf")).to_be_visible()
    expect(page.locator("#after textarea")).to_have_value("As I was say")
    expect(ana.page.get_by_role("link", name="note.pdf")).to_be_visible()  # and what she writes stays
    expect(ana.page.locator("#after textarea")).to_have_value("There was no power that day.")
    ana.page.get_by_role("button", name=says("Add this")).click()
    expect(ana.page.get_by_role("link", name="note.pdf")).to_be_visible()
    expect(page.get_by_text("There was no power that day.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="note.pdf").click()
    assert download.value.suggested_filename == "note.pdf"
    is_clean(page)

    # The ruling comes while both are writing: each reads it, and keeps her words.
    ana.page.locator("#after textarea").fill("One more th")
    ana.server.manage("shell", "-v0", "-c", RULED.format(path=path))
    for one in (ana.page, page):
        expect(one.locator("#so-far")).to_contain_text("Half an hour is fair.")
        expect(one.locator("#now")).to_contain_text("Half an hour is fair.")
        expect(one.locator("#say [data-overtaken]")).to_be_visible()
        is_clean(one)
    expect(ana.page.locator("#say textarea")).to_have_value("One more th")
    expect(page.locator("#say textarea")).to_have_value("As I was say")
    expect(page.locator("#show")).to_have_count(0)
    ana.page.get_by_role("button", name=says("Add this")).click()
    expect(ana.page.locator("#say")).to_contain_text(says("This dispute is decided, so nothing can be added."))
    expect(ana.page.locator("#say textarea")).to_have_value("One more th")
    ana.complaints[:] = [complaint for complaint in ana.complaints if "409" not in complaint]


MODERATOR = """
from tests.factories import make_moderator
make_moderator(email="{email}")
"""

RULED = """
from marketplace import operations
from marketplace.models import Exchange
from tests.factories import make_moderator
dispute = Exchange.objects.get(public_id="{path}".split("/")[2]).dispute
moderator = make_moderator(email=f"{{dispute.public_id}}@example.org")
operations.rule(dispute, by=moderator, outcome="split", because="Half an hour is fair.", provider_minutes=30)
"""

EXCHANGE = """
from accounts.models import Member
from marketplace.models import Listing
from tests.factories import make_exchange
receiver, listing = Member.objects.get(email="{email}"), Listing.objects.get(public_id="{listing}")
made = make_exchange(provider=listing.owner, receiver=receiver, listing=listing, minutes=120, state="{state}")
print("EXCHANGE", made.get_absolute_url())
"""


def exchange_of(listing: str, receiver: Person, state: str) -> str:
    """The path of an exchange of two hours about the listing."""
    code = EXCHANGE.format(listing=listing, email=receiver.email, state=state)
    said = receiver.server.manage("shell", "-v0", "-c", code)
    return next(line.split()[1] for line in said.splitlines() if line.startswith("EXCHANGE"))


def two_with(meet: Meet, state: str, **ana_sees: int) -> tuple[Person, Person, str]:
    """Ana, who helps, Bento, and the path of their exchange."""
    ana, bento = meet("Ana Prado", **ana_sees), meet("Bento Reis")
    for person in (ana, bento):
        person.join()
        person.go("/settings/")
    return ana, bento, exchange_of(offers(ana), bento, state)


def slowly(page: Page, path: str) -> None:
    """What is sent to ``path`` is answered late, long after the page heard that it happened."""

    def answer(route: Route) -> None:
        response = route.fetch()
        page.wait_for_timeout(1500)
        route.fulfill(response=response)

    page.route(f"**{path}", answer)


def test_two_tabs_that_both_accept_go_on_as_whole_pages(meet: Meet) -> None:
    ana, _bento, path = two_with(meet, "proposed")
    first, second = ana.go(path), ana.context.new_page()
    second.goto(ana.server.url + path)
    for tab in (first, second):
        slowly(tab, f"{path}accept/")
    pressed = "document.querySelector('#press-accept').click()"
    first.evaluate(pressed)
    second.evaluate(pressed)
    for tab in (first, second):
        expect(tab.get_by_role("heading", name="All is agreed")).to_be_visible()
        expect(tab.get_by_role("heading", name="Messages")).to_be_visible()
        expect(tab.get_by_role("heading", name="Held hours")).to_be_visible()
    # Who came second is answered 409, which a browser mentions on its console.
    ana.complaints[:] = [complaint for complaint in ana.complaints if "409" not in complaint]


def test_an_answer_that_comes_late_finds_its_page(meet: Meet) -> None:
    ana, bento, path = two_with(meet, "accepted")
    page = ana.go(path)
    slowly(page, f"{path}start/")
    slowly(page, f"{path}deliver/")
    page.get_by_role("button", name="It has begun").click()
    expect(page.get_by_text("You said that it has begun.")).to_be_visible()
    page.get_by_role("button", name="15 minutes less").click()
    expect(page.locator("[name=minutes]")).to_have_value("1 h 45 min")
    page.get_by_role("button", name="15 minutes more").click()
    expect(page.locator("[name=minutes]")).to_have_value("2 h")
    page.get_by_role("button", name="It is done").click()
    expect(page.get_by_role("heading", name="Bento confirms now")).to_be_visible()
    expect(page.get_by_role("heading", name="Messages")).to_be_visible()

    # What is not said is asked for, not made up.
    page = bento.go(path)
    page.get_by_text("It took a different time").click()
    page.get_by_role("button", name="15 minutes more").click()
    expect(page.locator("#id_minutes")).to_have_value("2 h 15 min")
    page.fill("#id_minutes", "")
    page.get_by_role("button", name="Confirm this time").click()
    expect(page.locator("#id_minutes-e")).to_be_visible()
    expect(page.get_by_role("heading", name="Did it go as agreed?")).to_be_visible()
    bento.complaints[:] = [complaint for complaint in bento.complaints if "422" not in complaint]


def test_who_is_suspended_while_she_writes_is_told_so_and_keeps_her_words(meet: Meet) -> None:
    ana, bento, path = two_with(meet, "accepted")
    page = ana.go(path)
    page.fill("#composer textarea", "I will be th")
    ana.server.manage("shell", "-v0", "-c", SUSPENDED.format(email=ana.email))
    expect(page.locator("[data-suspended]")).to_be_visible(timeout=20_000)
    expect(page.locator("[data-signed-out]")).to_be_hidden()
    expect(page.locator("#composer textarea")).to_have_value("I will be th")
    expect(page.get_by_role("button", name="It has begun")).to_be_disabled()
    is_clean(page)
    # Her page asked for news once more, which a browser mentions on its console.
    ana.complaints[:] = [complaint for complaint in ana.complaints if "401" not in complaint]
    expect(bento.go(path).get_by_text("Ana cannot take part in exchanges just now")).to_be_visible()
    is_clean(bento.page)


def test_what_was_declined_meanwhile_closes_the_field_for_messages(meet: Meet) -> None:
    ana, bento, path = two_with(meet, "proposed", width=390)
    page, other = ana.go(path), bento.go(path)
    page.get_by_role("button", name="Decline").click()
    for one in (page, other):
        expect(one.locator("#composer")).to_contain_text("nothing more is written here")
        expect(one.locator("#composer textarea")).to_have_count(0)
        is_clean(one)


SUSPENDED = """
from accounts.models import Member
from accounts.operations import suspend_member
from tests.factories import make_coordinator
suspend_member(Member.objects.get(email="{email}"), by=make_coordinator(email="c.{email}"), reason="")
"""


def is_clean(page: Page) -> None:
    """Nothing on the page as it stands shuts anybody out, reaches over its edge, or is left in English."""
    assert barriers(page) + left_in_english(page) == []
