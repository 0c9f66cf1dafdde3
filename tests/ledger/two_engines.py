"""Tells many stories to the books of one engine, and prints what each left: the same stories on each engine.

    python -m tests.ledger.two_engines COUNT

It works on the database of its environment (VAR_DIR or DATABASE_URL).
"""

from __future__ import annotations

import json
import sys
from typing import Any

from hypothesis import HealthCheck, given, settings

from .racer import migrate, prepare

Left = dict[str, list[Any]]


def left() -> Left:
    """What stands in the books, without what no two databases have alike: ids, nonces and moments."""
    from ledger.models import Account, Entry, Hold, Lot, Mint, Transfer

    accounts = {pk: number for number, pk in enumerate(Account.objects.order_by("pk").values_list("pk", flat=True))}
    transfers = {pk: number for number, pk in enumerate(Transfer.objects.order_by("pk").values_list("pk", flat=True))}
    mints = {pk: number for number, pk in enumerate(Mint.objects.order_by("transfer").values_list("pk", flat=True))}
    return {
        "accounts": list(
            Account.objects.order_by("pk").values_list(
                "kind", "state", "balance_minutes", "held_minutes", "credit_limit_minutes", "floor_minutes", "last_seq"
            )
        ),
        "holds": [
            (*said, accounts[payer], accounts[payee])
            for *said, payer, payee in Hold.objects.order_by("pk").values_list(
                "kind", "amount_minutes", "state", "due", "post_minutes", "tries", "payer", "payee"
            )
        ],
        "transfers": [
            (*said, accounts[payer], accounts[payee], transfers.get(reverses))
            for *said, payer, payee, reverses in Transfer.objects.order_by("pk").values_list(
                "kind", "amount_minutes", "category", "payer", "payee", "reverses"
            )
        ],
        "mints": [
            (transfers[transfer], accounts[issuer], minutes, reason)
            for transfer, issuer, minutes, reason in Mint.objects.order_by("transfer").values_list(
                "transfer", "issuer", "amount_minutes", "reason"
            )
        ],
        "lots": sorted(
            (mints[mint], accounts[owner], minutes, expires is None, transfers[born], transfers.get(spent, -1), how)
            for mint, owner, minutes, expires, born, spent, how in Lot.objects.values_list(
                "mint", "owner", "amount_minutes", "expires_at", "born_in", "spent_in", "how"
            )
        ),
        "entries": [
            (accounts[account], seq, transfers[transfer], minutes, after)
            for account, seq, transfer, minutes, after in Entry.objects.order_by("account", "seq").values_list(
                "account", "seq", "transfer", "amount_minutes", "balance_after_minutes"
            )
        ],
    }


def tell(count: int) -> list[Left]:
    """The first ``count`` stories there are, in an order of their own, each on the same books."""
    from ledger import operations

    from .test_properties import Told, more_stories, undone

    told: list[Left] = []

    @settings(
        max_examples=count, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(more_stories)
    def one(story: list[Any]) -> None:
        with undone():
            teller = Told(operations.accept, operations.post, operations.post_due_holds)
            for step in story:
                teller.step(*step)
            told.append(left())

    one()
    return told


if __name__ == "__main__":
    migrate()
    prepare([60, 120, 0])
    print(json.dumps(tell(int(sys.argv[1]))))  # noqa: T201
