"""Undoing a transfer: never by changing it, always by one that goes the other way."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F, Sum
from django.utils.translation import gettext_lazy as _

from ledger.hot_path import statements
from ledger.log import write_record
from ledger.models import Account, Hold, Kind, Transfer
from timebank.durations import in_words
from timebank.errors import Refusal
from timebank.retries import retried

from .accounts import account_id_of
from .posting import pay_at_once


class NothingToReverse(Refusal):
    """All of it went back already, or it is itself a reversal."""

    code = "nothing_to_reverse"


class MoreThanMoved(Refusal):
    code = "more_than_moved"
    field = "amount_minutes"


def reversible_minutes(transfer: Transfer) -> int:
    """How much of ``transfer`` can still go back: what it moved, less its reversals; one query."""
    if transfer.reverses_id is not None:
        return 0
    back = transfer.reversals.aggregate(minutes=Sum("amount_minutes"))["minutes"] or 0
    return int(transfer.amount_minutes - back)


@retried
@transaction.atomic
def reverse(
    transfer: Transfer, *, minutes: int | None = None, actor: Any, key: str, note: str = "", override: bool = False
) -> Transfer:
    """Let ``minutes`` of ``transfer``, or all that is left of it, go back from its payee to its payer, at once.

    The new transfer names the first, and the reversals of one never add up to more than it moved.
    With ``override`` the payee's account goes below its floor where it must: the floor is lowered first, in
    a statement of its own and with a record. Called again with the same key and values it returns the
    first reversal. Raises NothingToReverse, MoreThanMoved, NotEnoughTime, AccountClosed, KeyReused.
    """
    with statements() as books:
        books.lock_two(transfer.payer_id, transfer.payee_id)  # so that of two at once the second counts the first
    payer, payee = (Account.objects.get(pk=pk) for pk in (transfer.payee_id, transfer.payer_id))
    earlier = Hold.objects.filter(actor=actor, key=key).first()
    amount_minutes = earlier.amount_minutes if earlier and minutes is None else _allowed(transfer, minutes, earlier)
    if override and not earlier and amount_minutes > payer.available_minutes:
        _lower_floor(payer, amount_minutes, actor)
    return pay_at_once(
        payer=payer,
        payee=payee,
        amount_minutes=amount_minutes,
        kind=Kind.REVERSAL,
        category=transfer.category,
        key=key,
        actor=actor,
        note=note,
        reverses=transfer,
    )


def _allowed(transfer: Transfer, minutes: int | None, earlier: Hold | None) -> int:
    """The minutes to move back, if they may. A repeat is answered by the books."""
    if earlier is not None:
        assert minutes is not None
        return minutes
    left = reversible_minutes(transfer)
    if not left:
        raise NothingToReverse(_("All of this went back already, or it is itself a reversal."))
    if minutes is not None and minutes > left:
        raise MoreThanMoved(_("Up to %(left)s can still go back.") % {"left": in_words(left)})
    return left if minutes is None else minutes


def _lower_floor(account: Account, minutes: int, actor: Any) -> None:
    """Let ``account`` spend ``minutes`` although it would pass its limit; it earns its way back up."""
    Account.objects.filter(pk=account.pk).update(floor_minutes=F("balance_minutes") - F("held_minutes") - minutes)
    account.refresh_from_db()
    write_record(
        "limit",
        account=account.public_id,
        by=account_id_of(actor, account),
        limit_minutes=account.credit_limit_minutes,
        floor_minutes=account.floor_minutes,
    )
