"""One to many, and many to one: whole minutes cut so that the sum is exact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from ledger.hot_path import statements
from ledger.models import Account, Hold
from timebank.retries import retried

from .holds import KeyReused, accept, why_not


class Part(NamedTuple):
    """One payment of several that are made together."""

    payer: Account
    payee: Account
    amount_minutes: int


def shares(total_minutes: int, weights: Sequence[int]) -> list[int]:
    """``total_minutes`` cut by ``weights`` into whole minutes that add up to it.

    The odd minutes go to the largest remainders (Hamilton's method); of equal ones to the earlier.
    Raises ValueError where there is nothing to cut or nothing to cut by.
    """
    weight = sum(weights)
    if total_minutes < 0 or weight <= 0 or min(weights) < 0:
        raise ValueError("whole minutes are cut by weights that are not negative, and not all nothing")
    parts = [total_minutes * each // weight for each in weights]
    remainders = [total_minutes * each % weight for each in weights]
    by_remainder = sorted(range(len(weights)), key=lambda number: (-remainders[number], number))
    for number in by_remainder[: total_minutes - sum(parts)]:
        parts[number] += 1
    return parts


@retried
@transaction.atomic
def pay_together(
    parts: Sequence[Part], *, kind: str, key: str, actor: Any, note: str = "", category: str = "", due: bool = True
) -> list[Hold]:
    """Accept every part, or none: a class that many pay for, a work party that one pays. Returns their holds, in order.

    Parts of no minutes are left out. The same ``key`` and parts give the same holds again. Raises KeyReused for other
    parts, NotEnoughTime of all that a payer would pay, and what `accept` raises, of the first part that is refused;
    ValueError where nothing is to be paid.
    """
    paid = [part for part in parts if part.amount_minutes]
    if not paid:
        raise ValueError("nothing is to be paid")
    with statements() as books:
        books.lock_all({account.pk for part in paid for account in part[:2]})
    if not is_repeat(Hold.objects.filter(actor=actor), key, len(paid)):  # then `accept` looks whether each is the same
        _check_payers(paid)
    return [
        accept(
            payer=part.payer,
            payee=part.payee,
            amount_minutes=part.amount_minutes,
            kind=kind,
            key=key_of_part(key, number),
            actor=actor,
            note=note,
            category=category,
            due=due,
        )
        for number, part in enumerate(paid)
    ]


def key_of_part(key: str, number: int) -> str:
    """What part ``number`` of those paid together under ``key`` is known by."""
    return f"{key}:{number}"


def is_repeat(rows: QuerySet[Any], key: str, n_parts: int) -> bool:
    """Whether just so many parts were written under ``key`` before, among ``rows``. Raises KeyReused for others."""
    keys = [key_of_part(key, number) for number in range(n_parts + 1)]  # one more than there may be
    earlier = set(rows.filter(key__in=keys).values_list("key", flat=True))
    if earlier and earlier != set(keys[:-1]):
        raise KeyReused(_("This form was already sent with other values."))
    return bool(earlier)


def _check_payers(paid: Sequence[Part]) -> None:
    """Raise why one of the payers cannot pay all of her parts: told of the whole, not of the part that would fail."""
    for payer in dict.fromkeys(part.payer for part in paid):
        total = sum(part.amount_minutes for part in paid if part.payer == payer)
        now = Account.objects.get(pk=payer.pk)
        if total > now.available_minutes:
            raise why_not(now, total)
