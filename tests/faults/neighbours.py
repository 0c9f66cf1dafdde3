"""A process in which neighbours act on an exchange, through the operations the pages call: a JSON line in, one out.

    python -m tests.faults.neighbours

Over an act that is to be died over, a child of it dies, armed with a failpoint, as a web process would. It rings for
nothing by itself.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import timebank.sqlite  # noqa: F401  before Django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "timebank.settings")

import django

django.setup()

from django.db import close_old_connections, connections  # noqa: E402

from accounts.models import Member  # noqa: E402
from ledger import check  # noqa: E402
from ledger.models import Account  # noqa: E402
from marketplace import operations  # noqa: E402
from marketplace.models import Dispute, Exchange, Listing  # noqa: E402
from notifications.models import Event  # noqa: E402
from tests.factories import make_dispute, make_exchange, make_listing, make_member, make_moderator  # noqa: E402
from tests.faults.sessions import signed_in  # noqa: E402
from tests.marketplace.sound import how_is, unsound  # noqa: E402
from tests.work import drain  # noqa: E402
from timebank import clock, failpoints  # noqa: E402
from timebank.errors import Refusal  # noqa: E402
from timebank.jobs.ringer import ringer  # noqa: E402

ringer._leave = lambda bell: None  # type: ignore[method-assign]

MINUTES = 60


def scene(state: str) -> dict[str, Any]:
    """An exchange of an hour in ``state``, at rest, with everybody's ids; in state "" only the listing to ask for."""
    owner, asking = (make_member(minutes=600, email=f"x{os.urandom(6).hex()}@example.org") for _ in range(2))
    moderator = make_moderator(email=f"x{os.urandom(6).hex()}@example.org")
    nonce = os.urandom(8).hex()
    listing = make_listing(owner)
    if state:
        before = "delivered" if state == "disputed" else state
        exchange = make_exchange(state=before, provider=owner, receiver=asking, listing=listing)
        if state == "disputed":
            make_dispute(exchange)
    drain()
    return {
        "listing": listing.pk,
        "exchange": exchange.pk if state else None,
        "provider": owner.pk,
        "receiver": asking.pk,
        "moderator": moderator.pk,
        "nonce": nonce,
    }


ACTS: dict[str, Callable[[dict[str, Any], Exchange | None], Any]] = {
    "propose": lambda at, _: operations.propose(
        Listing.objects.get(pk=at["listing"]), by=_who(at, "receiver"), minutes=MINUTES, nonce=at["nonce"], message="Hi"
    ),
    "counter": lambda at, exchange: operations.counter(
        exchange, by=_who(at, "provider"), minutes=90, starts_at=None, place="", version=1, nonce=at["nonce"]
    ),
    "accept": lambda at, exchange: operations.accept_exchange(exchange, by=_who(at, "provider"), version=1),
    "decline": lambda at, exchange: operations.decline_exchange(exchange, by=_who(at, "provider")),
    "withdraw": lambda at, exchange: operations.withdraw_exchange(exchange, by=_who(at, "receiver")),
    "start": lambda at, exchange: operations.start_exchange(exchange, by=_who(at, "provider")),
    "deliver": lambda at, exchange: operations.deliver_exchange(exchange, by=_who(at, "provider"), minutes=50),
    "confirm": lambda at, exchange: operations.confirm_exchange(exchange, by=_who(at, "receiver"), minutes=45),
    "cancel": lambda at, exchange: operations.cancel_exchange(exchange, by=_who(at, "receiver")),
    "dispute": lambda at, exchange: operations.open_dispute(
        exchange, by=_who(at, "receiver"), reason="time", statement="Less.", nonce=at["nonce"]
    ),
    "rule": lambda at, exchange: operations.rule(
        Dispute.objects.get(exchange=exchange), by=_who(at, "moderator"), outcome="split", provider_minutes=20,
        because="Some of it.",
    ),
}  # fmt: skip


def act(name: str, at: dict[str, Any]) -> str:
    """Do it; "done", or the code of the refusal."""
    try:
        ACTS[name](at, Exchange.objects.get(pk=at["exchange"]) if at["exchange"] else None)
    except Refusal as refusal:
        return refusal.code
    return "done"


def die_over(failpoint: str, name: str, at: dict[str, Any]) -> int:
    """Let a process of its own do it, armed with ``failpoint``; returns its exit code."""
    connections.close_all()  # nothing of ours is used by the child
    child = os.fork()
    if child == 0:
        try:
            failpoints._armed = failpoint
            act(name, at)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def look(at: dict[str, Any]) -> dict[str, Any]:
    """What the two find: state, hold, timeline, messages and what they were told; and whether all is sound."""
    exchange = Exchange.objects.select_related("hold").filter(listing_id=at["listing"]).first()
    accounts = Account.objects.in_bulk([at["provider"], at["receiver"]], field_name="owner_id")
    provider, receiver = (accounts[at[side]] for side in ("provider", "receiver"))
    found = {
        "faults": [str(fault) for fault in check.faults()] + unsound(),
        "has": [provider.balance_minutes, receiver.balance_minutes],
        "held": [provider.held_minutes, receiver.held_minutes],
    }
    if exchange is None:
        return found | {"state": "", "hold": None, "steps": [], "told": 0, "messages": 0}
    told = [event for event in Event.objects.filter(type="exchange-changed", member_id=at["provider"])
            if event.data["exchange"] == exchange.public_id]  # fmt: skip
    return found | {
        "state": exchange.state,
        "hold": how_is(exchange.hold),
        "steps": list(exchange.steps.order_by("seq").values_list("action", flat=True)),
        "told": len(told),
        "messages": exchange.messages.count(),
    }


def pages(at: dict[str, Any]) -> dict[str, str]:
    """Where the exchange is, and the cookies with which the two come to its pages."""
    exchange = Exchange.objects.get(pk=at["exchange"])
    return {
        "path": exchange.get_absolute_url(),
        **{side: signed_in(_who(at, side)) for side in ("provider", "receiver")},
    }


def time_runs_out(exchange: int) -> None:
    """Its deadline passed a moment ago."""
    Exchange.objects.filter(pk=exchange).update(deadline_at=clock.now() - timedelta(seconds=1))


def _who(at: dict[str, Any], role: str) -> Member:
    return Member.objects.get(pk=at[role])


DOES = {function.__name__: function for function in (scene, act, die_over, look, pages, time_runs_out)}


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else prints must not look like an answer
    for line in sys.stdin:
        name, args = json.loads(line)
        close_old_connections()
        answers.write(json.dumps(DOES[name](*args)) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
