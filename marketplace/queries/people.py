"""What neighbours know of each other from their exchanges."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Sum

from accounts.models import Member
from marketplace.models import Exchange, Review


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """What is known of a member from her exchanges."""

    exchanges: int  # that came about, on either side
    reviews: int  # published
    stars: Decimal | None  # on average, where there are any


def track_record(member: Member) -> TrackRecord:
    """How many exchanges ``member`` had and what neighbours say on average; two queries over her own rows.

    Whatever can be reviewed is counted, so that there are never more reviews than exchanges.
    """
    exchanges = Exchange.objects.of(member).came_about().count()
    said = Review.objects.published().filter(subject=member).aggregate(count=Count("pk"), sum=Sum("stars"))
    stars = Decimal(said["sum"]) / said["count"] if said["count"] else None
    return TrackRecord(exchanges=exchanges, reviews=said["count"], stars=stars)


def reviews_of(member: Member, *, limit: int) -> list[Review]:
    """The latest published reviews about ``member``, with who wrote them and what it was about; one query."""
    return list(Review.objects.about(member).select_related("author", "exchange__listing")[:limit])
