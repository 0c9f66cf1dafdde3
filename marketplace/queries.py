"""Reading the marketplace: what letters quote, and what a member's own page tells of her community."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.db.models import Q, Sum
from django.utils import timezone

from ledger.models import Hold, Kind, Transfer
from notifications.models import Event
from timebank import clock

from .models import Exchange, Listing, Message

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
