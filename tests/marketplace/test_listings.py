"""Writing a listing, putting it on the list and taking it off again."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction

from accounts.models import Member
from ledger.models import Record
from marketplace import operations
from marketplace.models import MOST_MINUTES, Category, Listing
from tests.factories import make_coordinator, make_exchange, make_listing, make_member, make_moderator
from tests.work import drain

pytestmark = pytest.mark.django_db

State = Listing.State


def write(owner: Member, **how: Any) -> Listing:
    usual = {"kind": "offer", "title": "English lessons", "category": category(), "nonce": "1"}
    return operations.write_listing(owner, **(usual | how))


def change(listing: Listing, **how: Any) -> Listing:
    usual = {"by": listing.owner, "title": "Lessons", "description": "", "category": category(), "minutes": None}
    return operations.change_listing(listing, **(usual | {"place": ""} | how))


def category() -> Category:
    return Category.objects.get(slug="repairs")


def test_written_twice_with_one_form_it_is_one() -> None:
    owner = make_member()
    assert write(owner) == write(owner)
    assert Listing.objects.count() == 1


def test_who_is_no_member_now_lists_nothing() -> None:
    owner = make_member()
    listing = write(owner)
    Member.objects.filter(pk=owner.pk).update(state=Member.State.SUSPENDED)
    for act in (
        lambda: write(owner, nonce="2"),
        lambda: change(listing),
        lambda: operations.publish_listing(listing, by=owner),
    ):
        with pytest.raises(operations.CannotTakePart):
            act()
    assert operations.close_listing(listing, by=owner).state == State.CLOSED  # taking back is always allowed


def test_a_draft_may_lack_its_category_and_a_published_listing_may_not() -> None:
    draft = write(make_member(), category=None, publish=False)
    assert (draft.state, draft.published_at) == (State.DRAFT, None)
    with pytest.raises(operations.ListingIncomplete) as refused:
        operations.publish_listing(draft, by=draft.owner)
    assert refused.value.field == "category"
    with pytest.raises(operations.ListingIncomplete):
        write(make_member(), category=None)
    with pytest.raises(operations.ListingIncomplete):
        change(make_listing(), category=None, publish=False)


def test_paused_closed_and_published_again() -> None:
    listing = make_listing()
    assert operations.pause_listing(listing, by=listing.owner).state == State.PAUSED
    assert not Listing.objects.open().exists()
    assert operations.publish_listing(listing, by=listing.owner).state == State.OPEN
    assert operations.close_listing(listing, by=listing.owner).state == State.CLOSED
    again = operations.publish_listing(listing, by=listing.owner)
    assert (again.state, again.title) == (State.OPEN, listing.title)


def test_a_draft_is_not_paused_and_closed_it_is_gone() -> None:
    draft = write(make_member(), publish=False)
    with pytest.raises(operations.ListingClosed, match="still a draft"):
        operations.pause_listing(draft, by=draft.owner)
    operations.close_listing(draft, by=draft.owner)
    assert not Listing.objects.exists()


def test_nobody_changes_what_is_anothers() -> None:
    listing, other = make_listing(), make_coordinator()
    for act in (operations.publish_listing, operations.pause_listing, operations.close_listing):
        with pytest.raises(Listing.DoesNotExist):
            act(listing, by=other)
    with pytest.raises(Listing.DoesNotExist):
        change(listing, by=other)


def test_hidden_it_is_off_the_list_until_it_is_shown_again() -> None:
    listing = make_listing()
    operations.hide_listing(listing, by=make_coordinator(), because="This is an advertisement.")

    with pytest.raises(operations.ListingClosed, match="This is an advertisement"):
        operations.publish_listing(listing, by=listing.owner)
    with pytest.raises(operations.ListingClosed):
        change(listing)
    operations.show_listing(listing, by=make_moderator())
    assert operations.publish_listing(listing, by=listing.owner).is_open

    bodies = [body for body in Record.objects.values_list("body", flat=True) if listing.public_id in body]
    assert len(bodies) == 2
    assert not any("advertisement" in body for body in bodies)


def test_only_staff_hide_and_not_their_own() -> None:
    listing, own = make_listing(), make_listing(make_coordinator())
    for by, which in ((make_member(), listing), (listing.owner, listing), (own.owner, own)):
        with pytest.raises(operations.CannotTakePart):
            operations.hide_listing(which, by=by, because="So.")
        with pytest.raises(operations.CannotTakePart):
            operations.show_listing(which, by=by)


def test_what_neighbours_agreed_on_stays_as_agreed() -> None:
    exchange = make_exchange(state="accepted")
    change(exchange.listing, minutes=5)
    operations.close_listing(exchange.listing, by=exchange.listing.owner)
    exchange.refresh_from_db()
    assert (exchange.minutes, exchange.hold.amount_minutes, exchange.state) == (60, 60, "accepted")
    assert operations.start_exchange(exchange, by=exchange.provider).state == "in_progress"


def test_words_are_found_without_accents_and_by_the_names_of_categories() -> None:
    listing = make_listing(title="Conversação em inglês", description="Às terças")
    for words in ("conversacao", "INGLES", "tercas ingles", "repairs"):
        assert listing in Listing.objects.with_words(words), words
    assert listing not in Listing.objects.with_words("ingles alemao")


@pytest.mark.parametrize("minutes", [0, MOST_MINUTES + 1])
def test_the_database_keeps_minutes_in_range(minutes: int) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_listing(minutes=minutes)


@pytest.mark.django_db(transaction=True)
def test_the_owner_is_told_that_it_was_hidden_and_why_and_that_it_may_be_shown(client: Any, settings: Any) -> None:
    listing = make_listing(title="Baking bread")
    settings.MAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    operations.hide_listing(listing, by=make_coordinator(), because="This is an advertisement.")
    drain()
    operations.show_listing(listing, by=make_moderator())
    drain()

    hidden, shown = mail.outbox
    assert hidden.to == shown.to == [listing.owner.email]
    assert hidden.subject == "A coordinator took something of yours off the list. · Baking bread"
    assert "The reason: This is an advertisement." in hidden.body
    assert shown.subject == "What was off the list is yours to publish again. · Baking bread"
    assert "reason" not in shown.body
    for letter in (hidden, shown):
        assert settings.SITE_URL + listing.get_absolute_url() in letter.body
    client.force_login(listing.owner)
    inbox = client.get("/notifications/").content.decode()
    assert hidden.subject.split(" · ")[0] in inbox
    assert "advertisement" not in inbox
