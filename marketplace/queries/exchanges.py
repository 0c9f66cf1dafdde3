"""Reading exchanges: what letters about them quote, and whether their hours are settled."""

from __future__ import annotations

from django.db.models import Q

from ledger.models import Hold
from marketplace.models import Exchange, Listing, Message
from notifications.models import Event


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
