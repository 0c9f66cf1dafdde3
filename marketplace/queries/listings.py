"""Reading offers and requests: pages of them, and the categories they stand in."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from django.core.exceptions import BadRequest
from django.db.models import Q, QuerySet, Subquery

from accounts.models import Member
from marketplace.models import Category, Listing
from notifications.models import Event
from timebank.plain import plain


@dataclass(frozen=True, slots=True)
class ListingPage:
    """Some listings, newest first; ``next_before`` asks for those after them, "" at the end."""

    listings: list[Listing]
    next_before: str


MOST_COUNTED = 200  # so much is counted in a moment, however many there are


def how_many(listings: QuerySet[Listing], page: ListingPage) -> int:
    """How many ``listings`` there are of which ``page`` is the first; counted no further than one beyond the most.

    No query where the page has them all.
    """
    return listings.order_by()[: MOST_COUNTED + 1].count() if page.next_before else len(page.listings)


def listing_page(
    listings: QuerySet[Listing],
    *,
    by: Literal["published_at", "changed_at"] = "published_at",
    before: str = "",
    limit: int,
) -> ListingPage:
    """Up to ``limit`` of ``listings``, the newest ``by`` that moment first, those below ``before``; one query.

    With each come its owner, category and heading. Raises BadRequest where ``before`` is none of ours.
    """
    if before:
        at, last = _read_place(before)
        tie = Q(**{by: at}, pk__lt=Subquery(Listing.objects.filter(public_id=last).values("pk")[:1]))
        listings = listings.filter(Q(**{f"{by}__lt": at}) | tie, **{f"{by}__lte": at})
    found = list(listings.select_related("owner", "category__parent").order_by(f"-{by}", "-pk")[: limit + 1])
    return ListingPage(found[:limit], _write_place(found[limit - 1], by) if len(found) > limit else "")


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLACE = re.compile(r"([0-9]{1,16})-([0-9a-z]{1,22})", re.ASCII)


def _write_place(listing: Listing, by: str) -> str:
    """Where in a list ``listing`` stands, for an address: microseconds and its public id."""
    return f"{(getattr(listing, by) - _EPOCH) // timedelta(microseconds=1)}-{listing.public_id}"


def _read_place(text: str) -> tuple[datetime, str]:
    if not (found := _PLACE.fullmatch(text)):
        raise BadRequest("no place in a list")
    return _EPOCH + timedelta(microseconds=int(found[1])), found[2]


def titles_of_listings(public_ids: Collection[str]) -> dict[str, str]:
    """What each of these listings is called; one query."""
    return dict(Listing.objects.filter(public_id__in=public_ids).values_list("public_id", "title"))


def why_hidden(event: Event) -> str:
    """Why the listing of an event is off the list, to its owner; "" where it is not."""
    hers = Listing.objects.filter(public_id=event.data.get("listing"), owner=event.member_id)
    return hers.values_list("hidden_because", flat=True).first() or ""


def category_tree() -> list[tuple[Category, list[Category]]]:
    """Each heading with the kinds of help below it, in their order; one query."""
    categories = list(Category.objects.order_by("position", "pk"))
    return [
        (heading, [kind for kind in categories if kind.parent_id == heading.pk])
        for heading in categories
        if heading.parent_id is None
    ]


def named_categories() -> list[tuple[str, list[tuple[str, str]]]]:
    """The kinds of help by heading, each as slug and name in the reader's language; one query."""
    return [(heading.name, [(kind.slug, kind.name) for kind in kinds]) for heading, kinds in category_tree()]


def open_namesake(owner: Member, *, kind: str, title: str, besides: Listing | None = None) -> Listing | None:
    """An open listing of ``owner``'s that has this title already, whatever the accents and case; one query."""
    hers = Listing.objects.of(owner).filter(kind=kind, state=Listing.State.OPEN).newest()
    return next((one for one in hers if one != besides and plain(one.title) == plain(title)), None)
