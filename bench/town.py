"""Towns of any size with any past, made fast and by the rules: many holds at once, posted by the worker's work."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ledger.models import Account, Hold

ROWS_AT_ONCE = 2_000
PAST_DAYS = 300  # less than granted hours last
BUSY_MINUTES = 1_000_000  # for what is paid of `ROWS_AT_ONCE` before any comes in


def make_members(count: int, *, minutes: int) -> list[Account]:
    """So many neighbours with ``minutes`` each from the fund; their accounts, which know their owners."""
    from accounts.models import Member
    from accounts.operations import community_fund
    from ledger.models import Account
    from timebank import clock

    fund, now, town = community_fund(), clock.now(), uuid.uuid4().hex[:8]
    made = Member.objects.bulk_create(
        (
            Member(email=f"n{n}@{town}.example", display_name=f"Neighbour {n}", state="active", joined_at=now)
            for n in range(count)
        ),
        batch_size=ROWS_AT_ONCE,
    )
    accounts = Account.objects.bulk_create(
        (Account(owner=member, opened_at=now) for member in made), batch_size=ROWS_AT_ONCE
    )
    _post([(fund, account, minutes) for account in accounts], kind="grant")
    return list(accounts)


def make_history(accounts: Sequence[Account], count: int, *, busy: Account) -> None:
    """So many payments over `PAST_DAYS`, each to or from ``busy``, of 5 to 60 minutes."""
    from django.db import connection

    from accounts.operations import community_fund
    from timebank import clock

    with clock.ahead_by(-timedelta(days=PAST_DAYS)):
        _post([(community_fund(), busy, BUSY_MINUTES)], kind="grant")
    steps = max(1, count // (10 * ROWS_AT_ONCE))
    others = [account for account in accounts if account.pk != busy.pk]
    for step in range(steps):
        here = count * (step + 1) // steps - count * step // steps
        payments: list[tuple[Account, Account, int]] = []
        while len(payments) < here:
            other, minutes = random.choice(others), random.randint(5, 60)
            payments += [(busy, other, minutes), (other, busy, minutes)]
        with clock.ahead_by(-timedelta(days=PAST_DAYS * (steps - step) // steps)):
            _post(payments[:here], kind="help")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # what a server's autovacuum would have done meanwhile


class Trade:
    """Payments of 5 minutes between two neighbours at random, through the public operations."""

    def __init__(self, accounts: Sequence[Account]) -> None:
        self._accounts = accounts

    def accept(self, count: int) -> None:
        """So many accepted, none posted."""
        from ledger import operations

        for _ in range(count):
            payer, payee = random.sample(self._accounts, 2)
            operations.accept(
                payer=payer, payee=payee, amount_minutes=5, kind="help", key=f"send:{uuid.uuid4()}", actor=payer.owner
            )

    def post(self) -> None:
        """All that was accepted, as the worker does."""
        from ledger import operations

        operations.post_all_due()

    def pay(self, count: int) -> None:
        """So many, each posted before the next is accepted."""
        for _ in range(count):
            self.accept(1)
            self.post()


def _post(payments: Sequence[tuple[Account, Account, int]], *, kind: str) -> None:
    """Set aside as `accept` does, but many at once, and let the worker's own work post them."""
    from django.db import connection, transaction

    from ledger import operations
    from ledger.models import Hold, Record
    from timebank import clock

    for start in range(0, len(payments), ROWS_AT_ONCE):
        now = clock.now()
        holds = [
            Hold(
                kind=kind,
                payer=payer,
                payee=payee,
                amount_minutes=minutes,
                actor=payer.owner,
                key=f"past:{uuid.uuid4().hex}",
                request_hash="0" * 64,
                due=True,
                try_at=now,
                created_at=now,
            )
            for payer, payee, minutes in payments[start : start + ROWS_AT_ONCE]
        ]
        with transaction.atomic():
            Hold.objects.bulk_create(holds)
            Record.objects.bulk_create(Record(kind="hold", body=_body(hold), created_at=now) for hold in holds)
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE ledger_account SET held_minutes = now.minutes FROM (SELECT payer_id, sum(amount_minutes) AS"
                    " minutes FROM ledger_hold WHERE due AND state = 'held' GROUP BY payer_id) AS now"
                    " WHERE ledger_account.id = now.payer_id"
                )
        operations.post_all_due()


def _body(hold: Hold) -> str:
    from ledger import log

    payer, payee, at = hold.payer.public_id, hold.payee.public_id, log.moment(hold.created_at)
    return log.hold_body(at, hold.public_id, payer, payee, hold.amount_minutes, hold.kind, hold.due, payer, None)
