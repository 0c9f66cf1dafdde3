"""What must be true of every exchange after every commit, asked of the rows themselves."""

from __future__ import annotations

from collections.abc import Iterator

from ledger.models import Hold
from marketplace.models import Dispute, Exchange
from marketplace.queries import ended_with_hours_held

State = Exchange.State
HELD, DUE, POSTED, VOIDED = "held", "due", "posted", "voided"
# The hold of the exchange itself, by state. What is due is on its way to whom it was promised.
HOLD_BY_STATE: dict[str, set[str | None]] = {
    State.PROPOSED: {None},
    State.DECLINED: {None},
    State.WITHDRAWN: {None},
    State.EXPIRED: {None, VOIDED},
    State.ACCEPTED: {HELD},
    State.IN_PROGRESS: {HELD},
    State.DELIVERED: {HELD},
    State.COMPLETED: {DUE, POSTED},
    State.CANCELLED: {VOIDED, DUE, POSTED},
    State.DISPUTED: {HELD, DUE, POSTED},
    State.RESOLVED: {VOIDED, DUE, POSTED},
}
HOLDING = (State.ACCEPTED, State.IN_PROGRESS, State.DELIVERED)


def unsound() -> list[str]:
    """A line for each exchange whose row, hold, dispute and timeline do not agree; empty while all do."""
    found = list(ended_with_hours_held())
    kept = set(Hold.objects.live().filter(due=False).values_list("pk", flat=True))
    promised: set[int] = set()
    for exchange in Exchange.objects.select_related("hold", "dispute", "dispute__hold").order_by("pk"):
        found += [f"exchange {exchange.pk}, {exchange.state}: {what}" for what in _unlike(exchange)]
        if exchange.state in HOLDING:
            promised.add(exchange.hold_id)
        elif exchange.state == State.DISPUTED and exchange.dispute.hold_id:
            promised.add(exchange.dispute.hold_id)
    if kept != promised:
        found.append(f"holds {kept ^ promised} are kept for no exchange, or not kept for one")
    return found


def _unlike(exchange: Exchange) -> Iterator[str]:
    if (hold := how_is(exchange.hold)) not in HOLD_BY_STATE[exchange.state]:
        yield f"its hold is {hold}"
    if exchange.hold and exchange.hold.amount_minutes != exchange.minutes:
        yield f"{exchange.hold.amount_minutes} min are held of {exchange.minutes}"
    seqs = list(exchange.steps.order_by("seq").values_list("seq", flat=True))
    if seqs != list(range(1, len(seqs) + 1)):
        yield f"its steps are numbered {seqs}"
    if exchange.is_live is (exchange.deadline_at is None):
        yield f"its deadline is {exchange.deadline_at}"
    if not exchange.is_live and (exchange.waits_for_id or exchange.remind_at):
        yield "it waits for somebody"
    dispute = Dispute.objects.filter(exchange=exchange).first()
    if (dispute is not None) is not (exchange.state in {State.DISPUTED, State.RESOLVED}):
        yield f"its dispute is {dispute}"
    if dispute is not None:
        yield from _unlike_its_dispute(exchange, dispute)


def _unlike_its_dispute(exchange: Exchange, dispute: Dispute) -> Iterator[str]:
    if dispute.is_open is not (exchange.state == State.DISPUTED):
        yield "its dispute is decided, or not"
    hold = how_is(dispute.hold)
    if hold not in ({HELD, None} if dispute.is_open else {VOIDED, DUE, POSTED, None}):
        yield f"the minutes at stake are {hold}"
    if dispute.at_stake_minutes != (dispute.hold.amount_minutes if dispute.hold else 0):
        yield f"{dispute.at_stake_minutes} min are at stake"
    if dispute.was_completed is (dispute.hold_id == exchange.hold_id):
        yield "its dispute is about another hold"


def how_is(hold: Hold | None) -> str | None:
    """The state of a hold in a word."""
    if hold is None:
        return None
    return DUE if hold.state == Hold.State.HELD and hold.due else str(hold.state)
