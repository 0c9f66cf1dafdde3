"""Reading exchanges: what letters about them quote, and whether their hours are settled."""

from __future__ import annotations

import re
from collections.abc import Collection

from django.db.models import Q

from ledger.models import Account, Hold
from ledger.queries import Cause
from marketplace.models import Exchange, Message
from notifications.models import Event

# How the community's steward names what it sets aside for an exchange: "exchange:12:accept".
_KEY = re.compile(r"exchange:([0-9]+):")


def ended_with_hours_held() -> list[str]:
    """What should never be: exchanges that ended while hours are kept aside for them, a line for each.

    Hours on their way to their owner, due, are not kept. Part of the nightly check of the books.
    """
    kept = {"state": Hold.State.HELD, "due": False}
    of_exchange = Q(**{f"hold__{name}": value for name, value in kept.items()})
    of_dispute = Q(**{f"dispute__hold__{name}": value for name, value in kept.items()})
    ended = Exchange.objects.exclude(state__in=Exchange.LIVE).filter(of_exchange | of_dispute).order_by("pk")
    return [f"marketplace_exchange {exchange.pk}: {exchange.state}, and its hours are still held" for exchange in ended]


def exchange_of_hold(hold: Hold) -> Cause | None:
    """The exchange hours were set aside for, as the page of the payment names it; None for any other hold."""
    if not (named := _KEY.match(hold.key)):
        return None
    exchange = Exchange.objects.filter(pk=named[1]).first()
    return Cause(exchange.title, exchange.get_absolute_url()) if exchange else None


def titles_of_exchanges(public_ids: Collection[str]) -> dict[str, str]:
    """What each of these exchanges is about, in its owner's words; one query."""
    rows = Exchange.objects.filter(public_id__in=public_ids)
    return dict(rows.values_list("public_id", "title"))


def titles_of_transfers(public_ids: Collection[str]) -> dict[str, str]:
    """What those of these payments that an exchange brought about are called on both statements; one query."""
    of_exchanges = Hold.objects.filter(
        public_id__in=public_ids, key__startswith="exchange:", actor__account__kind=Account.Kind.FUND
    )
    return {public_id: title or "" for public_id, title in of_exchanges.values_list("public_id", "note__text")}


def message_of_event(event: Event) -> str:
    """What was written to the reader of an event about a message; "" where there is nothing."""
    written = Message.objects.filter(
        exchange__public_id=event.data.get("exchange"), author=event.about_id, sent_at__lte=event.created_at
    )
    return written.order_by("-pk").values_list("text", flat=True).first() or ""
