"""What the community did lately, for its members and for those who look after it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.db.models import Sum
from django.utils import timezone

from ledger.models import Kind, Transfer
from timebank import clock

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
