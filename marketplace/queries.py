"""Reading the marketplace: what letters quote, and what a member's own page tells of her community."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal

from django.core.cache import cache
from django.core.exceptions import BadRequest
from django.db.models import Count, Q, QuerySet, Subquery, Sum
from django.utils import timezone

from accounts.models import Member, plain
from ledger.models import Hold, Kind, Transfer
from notifications.models import Event
from timebank import clock

from .models import Category, Exchange, Listing, Message, Review

KEPT_SECONDS = 600
FEWEST_NEIGHBOURS = 5  # with fewer, a figure would tell of single persons


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """What neighbours did for one another since the month began."""

    hours: int
    neighbours: int  # who gave or received


def moved_this_month() -> int:
    """The minutes neighbours moved since the month began; counted now, for those who look after the community."""
    moved = Transfer.objects.filter(kind__in=[Kind.HELP, Kind.GIFT], posted_at__gte=month_began_at())
    return moved.aggregate(sum=Sum("amount_minutes"))["sum"] or 0


def this_month() -> MonthFigures | None:
    """The community's present month; None while too few took part. Counted anew every ten minutes."""
    begun_at = month_began_at()
    key = f"month-figures:{begun_at:%Y-%m}"
    figures: MonthFigures | None = cache.get_or_set(key, lambda: _count(begun_at), KEPT_SECONDS)
    return figures if figures and figures.neighbours >= FEWEST_NEIGHBOURS and figures.hours else None


def month_began_at() -> datetime:
    """The first moment of this month by the community's own calendar, whoever asks."""
    now = timezone.localtime(clock.now(), timezone.get_default_timezone())
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _count(begun_at: datetime) -> MonthFigures:
    moved = Transfer.objects.filter(kind__in=[Kind.HELP, Kind.GIFT], posted_at__gte=begun_at)
    minutes = moved.aggregate(sum=Sum("amount_minutes"))["sum"] or 0
    people = moved.values("payer").union(moved.values("payee")).count()
    return MonthFigures(hours=minutes // 60, neighbours=people)


def ended_with_hours_held() -> list[str]:
    """What should never be: exchanges that ended while hours are kept aside for them, a line for each.

    Hours on their way to their owner, due, are not kept. Part of the nightly check of the books.
    """
    kept = {"state": Hold.State.HELD, "due": False}
    of_exchange = Q(**{f"hold__{name}": value for name, value in kept.items()})
    of_dispute = Q(**{f"dispute__hold__{name}": value for name, value in kept.items()})
    ended = Exchange.objects.exclude(state__in=Exchange.LIVE).filter(of_exchange | of_dispute).order_by("pk")
    return [f"marketplace_exchange {exchange.pk}: {exchange.state}, and its hours are still held" for exchange in ended]


def title_of_event(event: Event) -> str:
    """What the exchange of an event is about, in its owner's words."""
    titles = Listing.objects.filter(exchanges__public_id=event.data.get("exchange"))
    return titles.values_list("title", flat=True).first() or ""


def message_of_event(event: Event) -> str:
    """What was written to the reader of an event about a message; "" where there is nothing."""
    written = Message.objects.filter(
        exchange__public_id=event.data.get("exchange"), author=event.about_id, sent_at__lte=event.created_at
    )
    return written.order_by("-pk").values_list("text", flat=True).first() or ""


# --- Listings -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ListingPage:
    """Some listings, newest first; ``next_before`` asks for those after them, "" at the end."""

    listings: list[Listing]
    next_before: str


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


def category_tree() -> list[tuple[Category, list[Category]]]:
    """Each heading with the kinds of help below it, in their order; one query."""
    categories = list(Category.objects.order_by("position", "pk"))
    return [
        (heading, [kind for kind in categories if kind.parent_id == heading.pk])
        for heading in categories
        if heading.parent_id is None
    ]


def open_namesake(owner: Member, *, kind: str, title: str, besides: Listing | None = None) -> Listing | None:
    """An open listing of ``owner``'s that has this title already, whatever the accents and case; one query."""
    hers = Listing.objects.of(owner).filter(kind=kind, state=Listing.State.OPEN).newest()
    return next((one for one in hers if one != besides and plain(one.title) == plain(title)), None)


# --- What neighbours know of each other -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """What is known of a member from her exchanges."""

    exchanges: int  # completed, on either side
    reviews: int  # published
    stars: Decimal | None  # on average, where there are any


def track_record(member: Member) -> TrackRecord:
    """How many exchanges ``member`` completed and what neighbours say on average; two queries over her own rows."""
    part = Q(provider=member) | Q(receiver=member)
    completed = Exchange.objects.filter(part, state=Exchange.State.COMPLETED).count()
    said = Review.objects.published().filter(subject=member).aggregate(count=Count("pk"), sum=Sum("stars"))
    stars = Decimal(said["sum"]) / said["count"] if said["count"] else None
    return TrackRecord(exchanges=completed, reviews=said["count"], stars=stars)


def reviews_of(member: Member, *, limit: int) -> list[Review]:
    """The latest published reviews about ``member``, with who wrote them and what it was about; one query."""
    return list(Review.objects.about(member).select_related("author", "exchange__listing")[:limit])
