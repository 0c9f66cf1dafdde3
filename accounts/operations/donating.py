"""Giving hours to the community fund."""

from __future__ import annotations

from django.db import transaction

from accounts.models import Member
from ledger import operations as ledger
from ledger.models import Account, Hold, Kind
from timebank.retries import retried

from .fund import community_fund
from .sending import may_send


@retried
@transaction.atomic
def donate(*, donor: Member, amount_minutes: int, note: str = "", nonce: str) -> Hold:
    """Set ``amount_minutes`` of ``donor`` aside for the community fund; the worker posts them at once.

    With the same ``nonce`` and values it returns the first result and gives nothing more; other values
    raise KeyReused. Keeps: what she may owe. Raises CannotSend, NotEnoughTime.
    """
    key = _key(nonce)
    payer = Account.objects.filter(owner=donor).first()
    # The books answer a repeat, whatever has become of her since.
    if payer is None or not Hold.objects.filter(actor=donor, key=key).exists():
        payer = may_send(donor, payer)
    return ledger.accept(
        payer=payer,
        payee=community_fund(),
        amount_minutes=amount_minutes,
        kind=Kind.DONATION,
        key=key,
        actor=donor,
        note=note,
    )


def look_ahead_of_donation(*, donor: Member, amount_minutes: int) -> int:
    """The minutes ``donor`` would have left to send after this; changes nothing. Raises what `donate` would."""
    payer = may_send(donor, Account.objects.filter(owner=donor).first())
    if amount_minutes > payer.available_minutes:
        raise ledger.why_not(payer, amount_minutes)
    return payer.available_minutes - amount_minutes


def _key(nonce: str) -> str:
    return f"donate:{nonce}"
