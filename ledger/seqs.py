"""Where a moment is in a long statement: lines are numbered in the order they were posted, so one can search."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from .models import Account, Entry

FEW_LINES = 2_000  # are read whole sooner than searched
# A line's moment is taken before its account is locked, so two that wait for one another may be a little out of order:
# by less than this, for nobody waits so long.
SLACK = timedelta(hours=1)

_IS_BEFORE = """(
            SELECT transfer.posted_at < %s FROM ledger_entry AS entry
            JOIN ledger_transfer AS transfer ON transfer.id = entry.transfer_id
            WHERE entry.account_id = %s AND entry.seq = (low + high) / 2)"""
_LAST_BEFORE = f"""
    WITH RECURSIVE search (low, high) AS (
        SELECT CAST(0 AS bigint), CAST(%s AS bigint)
        UNION ALL
        SELECT CASE WHEN {_IS_BEFORE} THEN (low + high) / 2 ELSE low END,
            CASE WHEN {_IS_BEFORE} THEN high ELSE (low + high) / 2 END
        FROM search WHERE high - low > 1
    )
    SELECT max(low) FROM search
"""  # noqa: S608  # its values are parameters


def in_period(account: Account, since: datetime | None, until: datetime | None) -> Any:
    """The lines of ``account``, and of a long statement only those about this period: a few more at either end.

    One query for each end that is given, none where there are few lines. The caller still says the exact moments.
    """
    found = Entry.objects.filter(account=account)
    if account.last_seq <= FEW_LINES:
        return found
    if since is not None:
        found = found.filter(seq__gt=_last_before(account, since - SLACK))
    if until is not None:
        found = found.filter(seq__lte=_last_before(account, until + SLACK) + 1)
    return found


def _last_before(account: Account, moment: datetime) -> int:
    """The number of a line before ``moment``, with none after it that far from it; 0 before the first."""
    with connection.cursor() as cursor:
        at = connection.ops.adapt_datetimefield_value(moment)
        cursor.execute(_LAST_BEFORE, [account.last_seq + 1, *(at, account.pk) * 2])
        [[seq]] = cursor.fetchall()
    return int(seq)
