"""One process that races others for an exchange; takes orders as tests/ledger/racer.py does.

python -m tests.marketplace.racer
"""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta
from typing import Any

import timebank.sqlite  # noqa: F401  before Django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "timebank.settings")

import django

django.setup()

from accounts.models import Member  # noqa: E402
from ledger import check  # noqa: E402
from ledger.operations import post_due_holds  # noqa: E402
from marketplace import operations  # noqa: E402
from marketplace.models import Dispute, Exchange, Listing  # noqa: E402
from marketplace.operations import deadlines  # noqa: E402
from notifications.models import Event  # noqa: E402
from tests.factories import available, balance, make_dispute, make_exchange, make_member, make_moderator  # noqa: E402
from tests.ledger import racer  # noqa: E402
from timebank import clock  # noqa: E402

from .sound import unsound  # noqa: E402


def scene(state: str, kind: str = "offer", minutes: int = 180) -> dict[str, Any]:
    """An exchange of 60 min in ``state`` and everybody around it, by their ids."""
    exchange = make_exchange(state=state if state != "disputed" else "delivered", kind=kind,
                             receiver=make_member(minutes=minutes))  # fmt: skip
    dispute = make_dispute(exchange) if state == "disputed" else None
    return {
        "exchange": exchange.pk,
        "listing": exchange.listing_id,
        "provider": exchange.provider_id,
        "receiver": exchange.receiver_id,
        "dispute": dispute.pk if dispute else None,
    }


def moderators(count: int) -> list[int]:
    return [make_moderator().pk for _ in range(count)]


def listing_and_asker() -> list[int]:
    """A listing, and a member who may ask for it."""
    exchange = make_exchange()
    return [exchange.listing_id, make_member(minutes=600).pk]


def another_exchange(receiver: int) -> dict[str, int]:
    """Somebody else's offer, which the same receiver asked for too."""
    exchange = make_exchange(receiver=Member.objects.get(pk=receiver))
    return {"exchange": exchange.pk, "provider": exchange.provider_id}


def do(what: str, exchange: int, by: int, **how: Any) -> str:
    """One of the operations of an exchange; its name when it was done."""
    getattr(operations, what)(Exchange.objects.get(pk=exchange), by=Member.objects.get(pk=by), **how)
    return what


def ask(listing: int, by: int, nonce: str) -> int:
    return operations.propose(
        Listing.objects.get(pk=listing), by=Member.objects.get(pk=by), minutes=60, nonce=nonce, message="Hello"
    ).pk


def decide(dispute: int, by: int, outcome: str, provider_minutes: int | None = None) -> str:
    case = Dispute.objects.get(pk=dispute)
    operations.rule(
        case, by=Member.objects.get(pk=by), outcome=outcome, because="So.", provider_minutes=provider_minutes
    )
    return outcome


def time_runs_out(exchange: int) -> None:
    """Its deadline passed a moment ago, and the worker is late."""
    Exchange.objects.filter(pk=exchange).update(deadline_at=clock.now() - timedelta(seconds=1))


def lapse(exchange: int) -> str:
    return "lapsed" if deadlines.let_lapse(exchange) else "nothing_to_do"


def look(exchange: int) -> dict[str, Any]:
    """How an exchange stands once everything due is posted."""
    post_due_holds()
    found = Exchange.objects.get(pk=exchange)
    return {
        "state": found.state,
        "steps": list(found.steps.order_by("seq").values_list("action", flat=True)),
        "provider": balance(found.provider),
        "receiver": available(found.receiver),
        "messages": found.messages.count(),
        "lines": Event.objects.inbox(found.provider).filter(type="exchange-message").count(),
    }


def faults() -> list[str]:
    return [str(fault) for fault in check.faults()] + unsound()


racer.ORDERS |= {
    function.__name__: function
    for function in (
        scene,
        moderators,
        listing_and_asker,
        another_exchange,
        do,
        ask,
        decide,
        time_runs_out,
        lapse,
        look,
        faults,
    )
}

if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(racer.obey(json.loads(line))), flush=True)  # noqa: T201
