"""Offers and requests through the pages: writing, publishing, pausing, closing, and who sees what."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from accounts.models import Member
from marketplace import operations
from marketplace.models import Exchange, Listing
from timebank.urls import urlpatterns as all_addresses

from ..factories import make_exchange, make_listing, make_member, make_moderator
from ..pages.reading import links, words

pytestmark = pytest.mark.django_db


def a_page(request: Any, **kwargs: Any) -> HttpResponse:
    return HttpResponse()


# With an address to ask at, whoever has built it.
urlpatterns = [*all_addresses, path("listings/<slug:public_id>/ask/", a_page, name="propose")]


def signed_in(client: Client, **fields: Any) -> Member:
    member = make_member(**fields)
    client.force_login(member)
    return member


def typed(**changes: str) -> dict[str, str]:
    asked = {
        "kind": "offer",
        "title": "Fixing taps",
        "category": "plumbing",
        "description": "I bring the tools.",
        "minutes": "1h30",
        "place": "At your home",
        "nonce": "nonce-of-a-form",
        "action": "publish",
    }
    return asked | changes


# --- Writing --------------------------------------------------------------------------------------


def test_what_is_published_is_found_by_a_neighbour(client):
    ana = signed_in(client, language="pt-br")
    answer = client.post("/listings/new/", typed(title="  Conserto   de torneira "), follow=True)

    listing = Listing.objects.get()
    assert (listing.owner, listing.state, listing.minutes, listing.language) == (ana, "open", 90, "pt-br")
    assert listing.title == "Conserto de torneira"
    assert answer.redirect_chain == [(listing.get_absolute_url(), 302)]

    signed_in(client)
    assert links(client.get("/explore/"), "Conserto de torneira") == [listing.get_absolute_url()]


def test_the_form_starts_as_what_was_asked_for(client):
    signed_in(client)
    for kind in ("offer", "request"):
        page = client.get(f"/listings/new/?kind={kind}").content.decode()
        assert re.search(rf'<input type="radio" name="kind" value="{kind}"[^>]* checked', page)
    assert client.get("/listings/new/?kind=gift").status_code == 200


def test_the_kinds_of_help_stand_below_their_headings(client):
    signed_in(client, language="pt-br")
    page = client.get("/listings/new/").content.decode()
    assert re.search(r'<optgroup label="Cozinha">\s*<option value="meals">Refeições</option>', page)
    assert '<option value="cooking">' not in page


@pytest.mark.parametrize(
    ("changes", "minutes"), [({}, 120), ({"minutes-meant": "2 min"}, 2), ({"minutes": "3 h"}, 180)]
)
def test_what_a_number_means_is_answered_with_a_tap(client, changes, minutes):
    signed_in(client)
    asked = client.post("/listings/new/", typed(minutes="2")).content.decode()
    assert re.findall(r'type="radio" name="minutes-meant" value="([^"]+)"', asked) == ["2 h", "2 min"]

    client.post("/listings/new/", typed(minutes="2", **{"minutes-meant": "2 h"}) | changes)
    assert Listing.objects.get().minutes == minutes


def test_left_empty_the_time_is_what_the_two_agree_on(client):
    signed_in(client)
    page = client.post("/listings/new/", typed(minutes=""), follow=True)
    assert Listing.objects.get().minutes is None
    assert "How long We agree together" in words(page)


def test_a_draft_needs_a_title_only_and_is_seen_by_nobody_else(client):
    ana = signed_in(client)
    page = client.post("/listings/new/", typed(category="", minutes="", action="draft"), follow=True)
    listing = Listing.objects.get()
    assert listing.state == "draft"
    assert "Saved as a draft. Only you can see it." in words(page)

    signed_in(client)
    assert client.get(listing.get_absolute_url()).status_code == 404
    assert links(client.get("/explore/"), "Fixing taps") == []

    client.force_login(ana)
    refused = client.post(f"{listing.get_absolute_url()}edit/", typed(category=""))
    assert refused.status_code == 422
    assert "Choose what kind of help it is, so that neighbours find it." in words(refused)
    client.post(f"{listing.get_absolute_url()}edit/", typed())
    listing.refresh_from_db()
    assert (listing.state, listing.category.slug) == ("open", "plumbing")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"kind": ""}, "Say whether you offer help or ask for it."),
        ({"title": ""}, "Write a title."),
        ({"title": "…"}, "Please write a title with letters."),
        ({"title": "x" * 81}, "This is too long: up to 80 characters fit here, and it has 81."),
        ({"description": "x" * 10_000}, "This is too long: up to 2,000 characters fit here, and it has 10,000."),
        ({"description": "a\u202eb"}, "Please remove the invisible control characters"),
        ({"category": "home"}, "There is no such kind of help. Please choose one from the list."),
        ({"category": "nope"}, "There is no such kind of help. Please choose one from the list."),
        ({"minutes": "soon"}, "Write the time in hours and minutes"),
        ({"minutes": "2"}, "2 h or 2 min?"),
        ({"minutes": "101 h"}, "At most 100 h."),
        ({"place": "x" * 121}, "This is too long: up to 120 characters fit here, and it has 121."),
    ],
    ids=str,
)
def test_what_is_refused_is_said_and_everything_stays_as_typed(client, changes, sentence):
    signed_in(client)
    asked = typed(**changes)
    page = client.post("/listings/new/", asked)

    assert page.status_code == 422
    assert sentence in words(page)
    assert not Listing.objects.exists()
    form = page.context["form"]
    assert {name: form[name].value() for name in form.fields} == {name: asked[name] for name in form.fields}
    assert asked["description"] in page.content.decode()


def test_a_form_sent_twice_makes_one_listing(client):
    signed_in(client)
    first, second = client.post("/listings/new/", typed()), client.post("/listings/new/", typed())
    assert first.url == second.url == Listing.objects.get().get_absolute_url()


def test_a_form_sent_again_with_other_words_is_not_lost(client):
    signed_in(client)
    first = client.post("/listings/new/", typed())
    page = client.post("/listings/new/", typed(title="Fixing showers"))

    assert page.status_code == 409
    assert "You sent this form before, with other words." in words(page)
    assert links(page, "See “Fixing taps”, which you wrote then") == [first.url]
    nonce = re.search(r'name="nonce" value="([^"]+)"', page.content.decode())[1]
    client.post("/listings/new/", typed(title="Fixing showers", nonce=nonce))
    assert set(Listing.objects.values_list("title", flat=True)) == {"Fixing taps", "Fixing showers"}


def test_a_draft_whose_form_is_then_published_is_published(client):
    signed_in(client)
    client.post("/listings/new/", typed(action="draft"))
    client.post("/listings/new/", typed())
    assert Listing.objects.get().state == "open"


def test_the_same_title_twice_is_asked_about_once(client):
    ana = signed_in(client)
    first = make_listing(ana, title="Fixing Táps")
    page = client.post("/listings/new/", typed())

    assert page.status_code == 409
    assert "You have an open offer with this title already: Fixing Táps" in words(page)
    assert "Publish all the same" in words(page)
    assert Listing.objects.get() == first

    client.post("/listings/new/", typed(again="1"))
    assert Listing.objects.of(ana).count() == 2


@pytest.mark.parametrize("other", ["a request", "a draft", "a neighbour's"])
def test_the_same_title_elsewhere_is_nobodys_business(client, other):
    ana = signed_in(client)
    match other:
        case "a request":
            make_listing(ana, title="Fixing taps", kind="request")
        case "a draft":
            make_listing(ana, title="Fixing taps", publish=False)
        case _:
            make_listing(title="Fixing taps")
    assert client.post("/listings/new/", typed()).status_code == 302


def test_changing_what_is_on_the_list_leaves_it_there(client):
    listing = make_listing(signed_in(client))
    page = client.get(f"{listing.get_absolute_url()}edit/")
    assert page.context["form"]["category"].value() == "repairs"
    assert 'value="1 h"' in page.content.decode()

    saved = client.post(f"{listing.get_absolute_url()}edit/", typed(title="Taps and showers"), follow=True)
    assert "Saved. Your neighbours see it so from now on." in words(saved)
    listing.refresh_from_db()
    assert (listing.title, listing.state, listing.minutes) == ("Taps and showers", "open", 90)


def test_a_closed_one_keeps_its_words_and_is_published_again_from_my_listings(client):
    ana = signed_in(client)
    listing = make_listing(ana, title="Taps", description="I bring the tools.")
    client.post(f"{listing.get_absolute_url()}close/")
    listing.refresh_from_db()
    assert (listing.state, listing.description) == ("closed", "I bring the tools.")
    page = client.get("/listings/mine/")
    assert "Closed" in words(page)
    assert f'action="{listing.get_absolute_url()}publish/"' in page.content.decode()

    client.post(f"{listing.get_absolute_url()}edit/", typed(action="save", title="Showers"))
    listing.refresh_from_db()
    assert (listing.state, listing.title) == ("closed", "Showers")
    client.post(f"{listing.get_absolute_url()}publish/")
    listing.refresh_from_db()
    assert listing.state == "open"


def test_what_is_typed_is_shown_as_text(client):
    ana = signed_in(client)
    script = "<script>alert(1)</script>"
    listing = make_listing(ana, title=f"Taps {script}", description=f"{script}\n\n<b>tools</b>", place=script)
    signed_in(client)
    for address in ("/explore/", listing.get_absolute_url(), ana.get_absolute_url(), f"/explore/?q={script}"):
        page = client.get(address).content.decode()
        assert "<script>alert" not in page
        assert "<b>tools</b>" not in page
        assert "&lt;script&gt;alert(1)" in page


# --- Reading --------------------------------------------------------------------------------------


@pytest.mark.urls(__name__)
def test_a_neighbour_reads_it_and_asks(client):
    bento = make_member(name="Bento Lima")
    listing = make_listing(bento, description="One.\n\nTwo.", place="At your home")
    signed_in(client, minutes=120)
    page = client.get(listing.get_absolute_url())
    said = words(page)

    assert "How long About 1 h Where At your home" in said
    assert "You have 2 h available." in said
    assert "New here: no exchanges yet" in said
    assert links(page, "Bento Lima") == [bento.get_absolute_url()]
    assert links(page, "Ask Bento") == [f"{listing.get_absolute_url()}ask/"]
    assert "edit/" not in page.content.decode()


@pytest.mark.urls(__name__)
def test_who_has_too_few_hours_is_shown_how_to_earn_some(client):
    offer, request = make_listing(minutes=120), make_listing(kind="request", minutes=120)
    signed_in(client, minutes=30)
    page = client.get(offer.get_absolute_url())
    assert "This takes about 2 h and you have 30 min available." in words(page)
    assert links(page, "See what neighbours need") == ["/explore/?kind=request"]
    assert links(page, "Ask for less") == [f"{offer.get_absolute_url()}ask/"]
    helping = client.get(request.get_absolute_url())
    assert "available" not in words(helping)

    signed_in(client)
    page = client.get(offer.get_absolute_url())
    assert "You have no hours available just now." in words(page)
    assert "ask/" not in page.content.decode()


@pytest.mark.urls(__name__)
def test_who_asked_already_is_led_to_the_exchange(client):
    exchange = make_exchange()
    client.force_login(exchange.receiver)
    page = client.get(exchange.listing.get_absolute_url())
    assert links(page, "See the exchange") == [exchange.get_absolute_url()]
    assert "ask/" not in page.content.decode()


def test_the_owners_exchanges_and_stars_are_told_once_published(client):
    exchange = make_exchange(state=Exchange.State.COMPLETED)
    operations.review_exchange(exchange, by=exchange.receiver, stars=4, text="All dry again.")
    signed_in(client, minutes=60)
    page = client.get(exchange.listing.get_absolute_url())
    assert "1 exchange" in words(page)
    assert "All dry again." not in words(page)

    operations.review_exchange(exchange, by=exchange.provider, stars=5)
    said = words(client.get(exchange.listing.get_absolute_url()))
    assert "1 exchange · 4.04.0 of 5 stars from 1 review" in said
    assert "All dry again." in said


@pytest.mark.parametrize(
    ("act", "sentence", "buttons"),
    [
        ("", "It is on the list", ["pause", "close"]),
        ("pause", "It is paused", ["publish", "close"]),
        ("close", "It is closed", ["publish"]),
    ],
)
def test_its_owner_sees_how_it_stands_and_what_she_can_do(client, act, sentence, buttons):
    listing = make_listing(signed_in(client))
    if act:
        assert client.post(f"{listing.get_absolute_url()}{act}/").url == listing.get_absolute_url()
    page = client.get(listing.get_absolute_url())
    assert sentence in words(page)
    actions = re.findall(rf'action="{listing.get_absolute_url()}(\w+)/"', page.content.decode())
    assert actions == buttons


@pytest.mark.parametrize("act", ["pause", "close"])
def test_what_is_off_the_list_is_nobody_elses(client, act):
    listing = make_listing(signed_in(client))
    client.post(f"{listing.get_absolute_url()}{act}/")
    signed_in(client)
    assert client.get(listing.get_absolute_url()).status_code == 404
    assert links(client.get("/explore/"), listing.title) == []
    assert links(client.get(listing.owner.get_absolute_url()), listing.title) == []


def test_what_a_coordinator_hid_says_why_and_cannot_be_published(client):
    listing = make_listing(signed_in(client))
    operations.hide_listing(listing, by=make_moderator(), because="Hours are not for rent.")
    page = client.get(listing.get_absolute_url())
    assert "A coordinator took this off the list. Hours are not for rent." in words(page)
    assert "publish/" not in page.content.decode()

    refused = client.post(f"{listing.get_absolute_url()}publish/")
    assert refused.status_code == 409
    assert "A coordinator took this off the list: Hours are not for rent." in words(refused)
    edited = client.post(f"{listing.get_absolute_url()}edit/", typed(action="publish"))
    assert edited.status_code == 409
    assert "Hours are not for rent." in words(edited)
    assert client.post(f"{listing.get_absolute_url()}edit/", typed(action="save")).status_code == 302


def test_whoever_follows_a_link_to_what_is_over_is_told_so(client):
    over, draft, hidden = make_listing(), make_listing(), make_listing()
    operations.close_listing(over, by=over.owner)
    Listing.objects.filter(pk=draft.pk).update(state="draft", published_at=None)
    operations.hide_listing(hidden, by=make_member(coordinator=True), because="An advertisement")
    signed_in(client)

    page = client.get(over.get_absolute_url())

    assert (page.status_code, "This offer is not open any more" in words(page)) == (404, True)
    assert over.title not in words(page)
    for nothing in (draft, hidden):
        assert client.get(nothing.get_absolute_url()).status_code == 404
        assert "not open any more" not in words(client.get(nothing.get_absolute_url()))


def test_pausing_a_draft_is_refused_and_closing_it_throws_it_away(client):
    draft = make_listing(signed_in(client), publish=False)
    refused = client.post(f"{draft.get_absolute_url()}pause/")
    assert (refused.status_code, "This is still a draft, so nobody sees it." in words(refused)) == (409, True)
    gone = client.post(f"{draft.get_absolute_url()}close/", follow=True)
    assert gone.redirect_chain == [("/listings/mine/", 302)]
    assert "The draft is gone." in words(gone)
    assert not Listing.objects.exists()


def test_a_button_that_was_left_for_a_sign_in_changes_nothing(client):
    listing = make_listing(signed_in(client))
    for act in ("publish", "pause", "close"):
        assert client.get(f"{listing.get_absolute_url()}{act}/").url == listing.get_absolute_url()
    listing.refresh_from_db()
    assert listing.state == "open"


# --- Who may take no part now -----------------------------------------------------------------------


def test_a_suspended_member_reads_her_own_and_publishes_nothing(client):
    ana = signed_in(client)
    listing, paused = make_listing(ana), operations.pause_listing(make_listing(ana), by=ana)
    other = make_listing()
    Member.objects.filter(pk=ana.pk).update(state=Member.State.SUSPENDED)

    assert "While your membership is suspended" in words(client.get(listing.get_absolute_url()))
    assert client.get("/listings/mine/").status_code == 200
    assert client.get(other.get_absolute_url()).status_code == 404
    for address in ("/explore/", "/listings/new/", f"{listing.get_absolute_url()}edit/"):
        page = client.get(address)
        assert (page.status_code, "Your membership is suspended" in words(page)) == (403, True)
    assert client.post("/listings/new/", typed()).status_code == 403
    refused = client.post(f"{paused.get_absolute_url()}publish/")
    assert refused.status_code == 403
    assert "once you are a member again" in words(refused)
    assert client.post(f"{listing.get_absolute_url()}close/").status_code == 302


def test_nobody_finds_what_a_suspended_member_offers(client):
    bento = make_member()
    listing = make_listing(bento)
    Member.objects.filter(pk=bento.pk).update(state=Member.State.SUSPENDED)
    signed_in(client)
    assert links(client.get("/explore/"), listing.title) == []
    assert client.get(listing.get_absolute_url()).status_code == 404


def test_nobody_changes_what_is_anothers(client):
    listing = make_listing()
    signed_in(client)
    for act in ("edit", "publish", "pause", "close"):
        assert client.post(f"{listing.get_absolute_url()}{act}/", typed()).status_code == 404
    listing.refresh_from_db()
    assert listing.state == "open"


# --- My offers and requests -------------------------------------------------------------------------

# session, member, her listings, what is unread
MINE_QUERIES = 4


@pytest.mark.parametrize("rows", [1, 3, 50])
def test_all_of_hers_page_by_page_in_the_same_queries(client, django_assert_num_queries, rows):
    ana = signed_in(client)
    for number in range(rows):
        make_listing(ana, title=f"Number {number}")
    make_listing(title="A neighbour's")
    client.get("/listings/mine/")

    with django_assert_num_queries(MINE_QUERIES):
        page = client.get("/listings/mine/")

    seen = titles(page)
    while more := links(page, "Show more"):
        with django_assert_num_queries(MINE_QUERIES):
            page = client.get(f"/listings/mine/{more[0]}")
        seen += titles(page)
    assert seen == [f"Number {number}" for number in reversed(range(rows))]


def test_nothing_of_hers_yet(client):
    signed_in(client)
    assert "Nothing here yet" in words(client.get("/listings/mine/"))


# session, member, the listing, her exchanges, her stars, what is said of her, asked already, account, what is unread
READING_QUERIES = 9


@pytest.mark.parametrize("rows", [1, 3])
def test_reading_one_takes_the_same_queries_however_many_reviews(client, django_assert_num_queries, rows):
    provider = make_member()
    listing = make_listing(provider)
    for _number in range(rows):
        exchange = make_exchange(state=Exchange.State.COMPLETED, provider=provider, listing=listing)
        operations.review_exchange(exchange, by=exchange.receiver, stars=5, text="Thank you.")
        operations.review_exchange(exchange, by=provider, stars=5)
    signed_in(client, minutes=60)
    client.get(listing.get_absolute_url())
    with django_assert_num_queries(READING_QUERIES):
        page = client.get(listing.get_absolute_url())
    assert page.content.decode().count("Thank you.") == rows


def titles(page: HttpResponse) -> list[str]:
    return re.findall(r'<h3><a href="/listings/[^"]+" lang="[^"]+">([^<]*)</a>', page.content.decode())


def change(listing: Listing, **fields: Any) -> None:
    Listing.objects.filter(pk=listing.pk).update(**fields)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"state": "paused"}, "Ana paused this, so nobody can ask for it at the moment."),
        ({"state": "closed"}, "Ana closed this, so nobody can ask for it any more."),
        ({"state": "closed", "hidden_because": "Rude"}, "A coordinator took this off the list."),
    ],
)
def test_what_is_gone_is_explained_to_who_has_an_exchange_about_it(client, fields, sentence):
    exchange = make_exchange(state="declined", provider=make_member(name="Ana Souza"))
    listing = exchange.listing
    change(listing, description="I bring the tools.", **fields)
    client.force_login(exchange.receiver)

    page = client.get(listing.get_absolute_url())

    assert page.status_code == 200
    assert sentence in words(page)
    assert links(page, "See the exchange") == [exchange.get_absolute_url()]
    assert "/ask/" not in page.content.decode()
    assert ("I bring the tools." in words(page)) == ("hidden_because" not in fields)
    assert "Rude" not in words(page)

    signed_in(client)
    assert client.get(listing.get_absolute_url()).status_code == 404


def test_where_one_of_the_two_takes_no_part_any_more_the_listing_says_so(client):
    exchange = make_exchange(provider=make_member(name="Ana Souza"))
    client.force_login(exchange.receiver)
    Member.objects.filter(pk=exchange.provider_id).update(state=Member.State.SUSPENDED)
    page = client.get(exchange.listing.get_absolute_url())
    assert "Ana is not taking part at the moment" in words(page)
    assert links(page, "Ana Souza") == []

    Member.objects.filter(pk=exchange.receiver_id).update(state=Member.State.SUSPENDED)
    assert "Your membership is suspended" in words(client.get(exchange.listing.get_absolute_url()))


def test_what_is_paused_cannot_be_asked_for_anew(client):
    exchange = make_exchange(state="declined")
    change(exchange.listing, state="paused")
    client.force_login(exchange.receiver)
    assert client.get(f"{exchange.listing.get_absolute_url()}ask/").status_code == 404
