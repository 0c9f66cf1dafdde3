"""What the two say of each other afterwards."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Member
from marketplace.models import Exchange, Review
from marketplace.rules import NotYours, OutOfTurn
from timebank import clock
from timebank.retries import retried

from .refusals import AlreadyReviewed, TooLate
from .steps import check_takes_part, locked, tell_both

REVIEWED, PUBLISHED = "review", "reviews"


def may_review(exchange: Exchange, member: Member) -> bool:
    """Whether ``member`` may still review the other one; whether she did already is asked elsewhere."""
    is_open = exchange.reviews_until is not None and clock.now() < exchange.reviews_until
    return is_open and exchange.is_party(member) and exchange.state in _AFTERWARDS


_AFTERWARDS = (Exchange.State.COMPLETED, Exchange.State.RESOLVED)


@retried
@transaction.atomic
def review_exchange(exchange: Exchange, *, by: Member, stars: int, text: str = "") -> Review:
    """Say how it was, in one to five stars and words; hidden until the other one wrote too, or time is over.

    Raises OutOfTurn, NotYours, TooLate, AlreadyReviewed, CannotTakePart.
    """
    exchange = locked(exchange)
    if not exchange.is_party(by):
        raise NotYours(_("Only the two of this exchange review each other."))
    if exchange.state not in _AFTERWARDS:
        raise OutOfTurn(_("You can review each other once the exchange is completed."))
    if exchange.reviews.filter(author=by).exists():
        raise AlreadyReviewed(_("You reviewed this exchange already."))
    at = clock.now()
    if exchange.reviews_until is None or at >= exchange.reviews_until:
        raise TooLate(_("The time to review this exchange is over."))
    check_takes_part(by)
    review = Review.objects.create(
        exchange=exchange, author=by, subject=exchange.partner_of(by), stars=stars, text=text, written_at=at
    )
    if exchange.reviews.count() == 2:
        publish_reviews(exchange, at)
        tell_both(exchange, PUBLISHED, by)
    else:
        tell_both(exchange, REVIEWED, by)
    return review


def publish_reviews(exchange: Exchange, at: datetime) -> int:
    """Show what was written, in the present transaction; returns how many reviews that are."""
    exchange.reviews_until = None
    exchange.save(update_fields=["reviews_until"])
    return exchange.reviews.filter(published_at=None).update(published_at=at)
