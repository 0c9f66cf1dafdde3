"""The staff's categories, listings and exchanges."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ledger.models import Record
from marketplace import operations
from marketplace.models import Category, Exchange, Listing
from tests.factories import (
    make_coordinator,
    make_dispute,
    make_exchange,
    make_listing,
    make_member,
    make_moderator,
    make_superuser,
)

pytestmark = pytest.mark.django_db

CATEGORIES, LISTINGS, EXCHANGES = (f"/admin/marketplace/{name}/" for name in ("category", "listing", "exchange"))
SECRET = "My mother is ill, so be late if you must."


def said(answer) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def listed(browser, page: str, **query: str) -> list:
    return list(browser.get(page, query).context["cl"].result_list)


# --- Categories ------------------------------------------------------------------------------------------


def typed(**fields: object) -> dict[str, object]:
    garden = Category.objects.get(slug="garden")
    return {"parent": garden.pk, "name_en": "Bees", "name_pt_br": "Abelhas", "icon": "garden", "hue": "ipe",
            "position": 7, **fields}  # fmt: skip


def test_a_coordinator_adds_a_category_with_both_its_names(signed_in):
    browser = signed_in(make_coordinator())

    assert browser.post(f"{CATEGORIES}add/", typed()).status_code == 302
    browser.post(f"{CATEGORIES}add/", typed(name_pt_br="Outras abelhas"))

    made = Category.objects.filter(name_en="Bees").order_by("pk")
    assert [(bees.slug, bees.parent.slug, bees.name_pt_br) for bees in made] == [
        ("bees", "garden", "Abelhas"),
        ("bees-2", "garden", "Outras abelhas"),
    ]


@pytest.mark.parametrize("missing", ["name_en", "name_pt_br"])
def test_a_category_needs_both_names(signed_in, missing):
    answer = signed_in(make_coordinator()).post(f"{CATEGORIES}add/", typed(**{missing: " "}))
    assert "This field is required." in answer.content.decode()
    assert not Category.objects.filter(name_pt_br="Abelhas").exists()


def test_there_are_two_levels_and_no_more(signed_in):
    browser = signed_in(make_coordinator())
    below, heading = Category.objects.get(slug="pets"), Category.objects.get(slug="garden")
    make_listing(category="repairs")
    repairs = Category.objects.get(slug="repairs")

    assert "Select a valid choice" in browser.post(f"{CATEGORIES}add/", typed(parent=below.pk)).content.decode()
    under = Category.objects.get(slug="home").pk
    moved = browser.post(f"{CATEGORIES}{heading.pk}/change/", typed(parent=under))
    assert "so it stays a heading" in moved.content.decode()
    raised = browser.post(f"{CATEGORIES}{repairs.pk}/change/", typed(parent=""))
    assert "so it needs a heading" in raised.content.decode()


def test_under_a_new_name_listings_are_found_at_once(signed_in):
    listing = make_listing(category="repairs")
    repairs = listing.category
    browser = signed_in(make_coordinator())

    browser.post(f"{CATEGORIES}{repairs.pk}/change/", typed(parent=repairs.parent_id, name_en="Mending"))

    repairs.refresh_from_db()
    assert (repairs.slug, repairs.name_en) == ("repairs", "Mending")
    assert list(Listing.objects.with_words("mending")) == [listing]
    assert not Listing.objects.with_words("small repairs").exists()


def test_categories_are_put_in_another_order_from_the_list(signed_in):
    browser = signed_in(make_coordinator())
    rows = listed(browser, CATEGORIES)
    assert [row.slug for row in rows[:3]] == ["home", "repairs", "plumbing"]
    values = {"form-TOTAL_FORMS": len(rows), "form-INITIAL_FORMS": len(rows), "_save": "Save"}
    for number, row in enumerate(rows):
        values |= {f"form-{number}-id": row.pk, f"form-{number}-position": row.position}
    values |= {"form-1-position": 1, "form-2-position": 0}

    browser.post(CATEGORIES, values)

    assert [row.slug for row in listed(browser, CATEGORIES)[:3]] == ["home", "plumbing", "repairs"]


def test_only_what_nothing_stands_in_is_deleted(signed_in):
    listing = make_listing(category="repairs")
    browser = signed_in(make_coordinator())

    def delete(slug: str) -> list[str]:
        category = Category.objects.get(slug=slug)
        return said(browser.post(f"{CATEGORIES}{category.pk}/delete/", {"post": "yes"}, follow=True))

    assert "1 listing stands in “Small repairs”, so it stays." in delete("repairs")[0]
    assert "6 categories stand below “Home and repairs”." in delete("home")[0]
    assert "was deleted" in delete("plumbing")[0]
    assert Category.objects.filter(slug__in=["repairs", "home", "plumbing"]).count() == 2
    assert Listing.objects.get(pk=listing.pk).category.slug == "repairs"


def test_a_moderator_changes_no_category(signed_in):
    browser, pets = signed_in(make_moderator()), Category.objects.get(slug="pets")
    answers = [
        browser.post(f"{CATEGORIES}add/", typed()),
        browser.post(f"{CATEGORIES}{pets.pk}/change/", typed()),
        browser.post(f"{CATEGORIES}{pets.pk}/delete/", {"post": "yes"}),
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    with pytest.raises(operations.NotACoordinator):
        operations.save_category(pets, by=make_moderator())


# --- Listings --------------------------------------------------------------------------------------------


def test_listings_are_found_by_their_words_and_by_their_owner(signed_in):
    jose = make_member(name="José Luís")
    tap, cake = make_listing(jose, title="Torneira pingando"), make_listing(title="Bolo", category="baking")
    browser = signed_in(make_moderator())
    assert listed(browser, LISTINGS, q="torneira") == [tap]
    assert listed(browser, LISTINGS, q="jose luis") == [tap]
    assert listed(browser, LISTINGS, q="pães") == [cake]
    assert listed(browser, LISTINGS, q="nothing of it") == []


def test_listings_by_kind_state_and_heading_and_drafts_are_nobodys_business(signed_in):
    offer, request = make_listing(), make_listing(kind="request", category="baking")
    paused = make_listing()
    operations.pause_listing(paused, by=paused.owner)
    make_listing(publish=False)
    browser = signed_in(make_coordinator())
    assert listed(browser, LISTINGS) == [paused, request, offer]
    assert listed(browser, LISTINGS, kind__exact="request") == [request]
    assert listed(browser, LISTINGS, state="paused") == [paused]
    assert listed(browser, LISTINGS, heading=str(Category.objects.get(slug="cooking").pk)) == [request]
    assert listed(browser, LISTINGS, state="hidden") == []


@pytest.mark.parametrize("make", [make_coordinator, make_moderator])
def test_hiding_a_listing_asks_why_and_its_owner_reads_it(signed_in, make):
    listing, staff = make_listing(title="Cheap loans"), make()
    page = f"{LISTINGS}{listing.pk}/"
    browser = signed_in(staff)
    shown = browser.get(f"{page}change/").content.decode()
    assert f"{page}hide/" in shown and f"{page}show/" not in shown
    assert "View on site" in shown and "(&#x27;open" not in shown

    assert browser.post(f"{page}hide/", {"because": " "}).status_code == 422
    assert Listing.objects.get(pk=listing.pk).is_open
    answer = browser.post(f"{page}hide/", {"because": "Hours are not lent."}, follow=True)

    assert said(answer) == ["“Cheap loans” is hidden now."]
    assert f"{page}show/" in answer.content.decode()
    assert "View on site" not in answer.content.decode()  # nobody finds it there
    listing.refresh_from_db()
    assert (listing.state, listing.hidden_because) == (Listing.State.PAUSED, "Hours are not lent.")
    with pytest.raises(operations.ListingClosed, match="Hours are not lent."):
        operations.publish_listing(listing, by=listing.owner)

    browser.post(f"{page}show/")
    assert operations.publish_listing(listing, by=listing.owner).is_open
    assert Record.objects.filter(kind="listing").count() == 2
    assert LogEntry.objects.filter(user=staff).count() == 2


def test_nobody_hides_or_shows_a_listing_of_her_own(signed_in):
    moderator = make_moderator()
    listing = make_listing(moderator)
    page = f"{LISTINGS}{listing.pk}/"
    browser = signed_in(moderator)
    assert f"{page}hide/" not in browser.get(f"{page}change/").content.decode()
    answer = browser.post(f"{page}hide/", {"because": "Tired."})
    assert answer.status_code == 422
    assert "not with a listing of their own" in answer.content.decode()
    assert Listing.objects.get(pk=listing.pk).is_open


@pytest.mark.parametrize("page", [LISTINGS, EXCHANGES, "/admin/marketplace/dispute/"])
def test_nobody_adds_changes_or_deletes_listings_exchanges_and_disputes(signed_in, page):
    exchange = make_dispute().exchange
    pk = {LISTINGS: exchange.listing_id, EXCHANGES: exchange.pk}.get(page, exchange.dispute.pk)
    browser = signed_in(make_superuser())
    answers = [
        browser.post(f"{page}add/", {"title": "Mine"}),
        browser.post(f"{page}{pk}/delete/", {"post": "yes"}),
        browser.post(page, {"action": "delete_selected", "_selected_action": [pk], "post": "yes"}),
    ]
    assert [answer.status_code for answer in answers[:2]] == [403, 403]
    browser.post(f"{page}{pk}/change/", {"title": "Mine", "state": "closed", "minutes": 5})
    assert Exchange.objects.get(pk=exchange.pk).minutes == 60
    assert Listing.objects.get(pk=exchange.listing_id).is_open


# --- Exchanges -------------------------------------------------------------------------------------------


def test_an_exchange_is_found_by_its_people_and_by_its_id(signed_in):
    jose, ana = make_member(name="José Luís"), make_member(name="Iara Prates", minutes=180)
    theirs, other = make_exchange(provider=jose, receiver=ana), make_exchange(state="accepted")
    browser = signed_in(make_moderator())
    assert listed(browser, EXCHANGES) == [other, theirs]
    for words in ("jose", "prates", "Jose IARA", theirs.public_id):
        assert listed(browser, EXCHANGES, q=words) == [theirs]
    assert listed(browser, EXCHANGES, state="accepted") == [other]
    assert listed(browser, EXCHANGES, state="live") == [other, theirs]
    assert listed(browser, EXCHANGES, state="declined") == []


def test_the_page_of_an_exchange_tells_what_happened_and_no_message(signed_in):
    exchange = make_exchange(state="completed", provider=make_member(name="Ana Souza"))
    operations.send_message(exchange, by=exchange.receiver, text=SECRET, nonce="m-1")
    page = f"{EXCHANGES}{exchange.pk}/change/"
    hold = reverse("admin:ledger_hold_change", args=[exchange.hold.pk])

    seen = signed_in(make_coordinator()).get(page).content.decode()
    assert "Ana Souza said that it is done · 1 h" in seen
    assert hold in seen
    assert "(&#x27;" not in seen and "View on site" not in seen
    for_a_moderator = signed_in(make_moderator()).get(page).content.decode()
    assert "Ana Souza" in for_a_moderator and hold not in for_a_moderator
    for make in (make_coordinator, make_moderator, make_superuser):
        assert SECRET not in signed_in(make()).get(page).content.decode()


def test_from_an_exchange_one_comes_to_its_case_but_not_to_ones_own(signed_in):
    moderator = make_moderator()
    dispute = make_dispute(make_exchange(state="delivered", provider=moderator))
    page = f"{EXCHANGES}{dispute.exchange.pk}/change/"
    case = reverse("admin:case", args=[dispute.public_id])
    assert case not in signed_in(moderator).get(page).content.decode()
    assert case in signed_in(make_moderator()).get(page).content.decode()


@pytest.mark.parametrize("name", ["listing", "exchange", "dispute"])
def test_lists_and_overview_take_the_same_number_of_queries_at_1_3_and_50_rows(signed_in, name):
    browser = signed_in(make_superuser())
    make = {"listing": make_listing, "exchange": make_exchange, "dispute": make_dispute}[name]
    pages = [f"/admin/marketplace/{name}/", "/admin/"]
    made, counts = 0, []
    for rows in (1, 3, 50):
        while made < rows:
            make()
            made += 1
        [browser.get(page) for page in pages]
        asked = []
        for page in pages:
            with CaptureQueriesContext(connection) as queries:
                assert browser.get(page).status_code == 200
            asked.append(len(queries))
        counts.append(asked)
    assert counts[0] == counts[1] == counts[2]


def test_the_list_of_categories_takes_the_same_number_of_queries_with_one_heading_more(signed_in):
    browser = signed_in(make_superuser())
    browser.get(CATEGORIES)
    counts = []
    for number in range(2):
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(CATEGORIES).status_code == 200
        counts.append(len(queries))
        for more in range(20):
            parent = Category.objects.get(slug="garden")
            Category.objects.create(parent=parent, slug=f"c-{number}-{more}", name_en="C", name_pt_br="C")
    assert counts[0] == counts[1]
