"""Where a moment is in a long statement: lines are numbered in the order they were posted, so one can search."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from django.db import connection
from django.db.models.expressions import RawSQL

from .models import Account, Entry

FEW_LINES = 2_000  # are read whole sooner than searched
# A line's moment is taken before its account is locked, so two that wait for one another may be a little out of order:
# by less than this, for nobody waits so long.
SLACK = timedelta(hours=1)

# All moments are sought at once, each by strides that halve. The question stands where it has to be asked line by line:
# in a join PostgreSQL would rather read the whole statement.
_SEARCH = """
    WITH RECURSIVE sought (number, moment) AS (VALUES {moments}),
    search (number, moment, low, stride) AS (
        SELECT number, moment, CAST(0 AS bigint), CAST(%s AS bigint) FROM sought
        UNION ALL
        SELECT number, moment, low + stride * COALESCE((
            SELECT CASE WHEN transfer.posted_at < search.moment THEN 1 ELSE 0 END
            FROM ledger_entry AS entry
            JOIN ledger_transfer AS transfer ON transfer.id = entry.transfer_id
            WHERE entry.account_id = %s AND entry.seq = low + stride
        ), 0), stride / 2
        FROM search WHERE stride > 0
    )
    SELECT number, low FROM search WHERE stride = 0 ORDER BY number
"""
# From the last line that may be before a moment down to the first that is.
_LAST_LINES = """
    WITH sought (moment, top) AS (VALUES {moments})
    SELECT (
        SELECT line.seq FROM ledger_entry AS line
        JOIN ledger_transfer AS moved ON moved.id = line.transfer_id
        WHERE line.account_id = %s AND line.seq <= sought.top AND moved.posted_at < sought.moment
        ORDER BY line.seq DESC LIMIT 1
    ) FROM sought
"""


def is_long(account: Account) -> bool:
    """Whether its statement is rather searched than read whole."""
    return account.last_seq > FEW_LINES


def in_period(account: Account, since: datetime | None, until: datetime | None) -> Any:
    """The lines of ``account``, and of a long statement only those about this period: a few more at either end.

    One query where there are many lines and an end is given, else none. The caller still says the exact moments.
    """
    found = Entry.objects.filter(account=account)
    sought = [] if since is None else [since - SLACK]
    sought += [] if until is None else [until + SLACK]
    if not is_long(account) or not sought:
        return found
    lines = last_before(account, sought)
    if since is not None:
        found = found.filter(seq__gt=lines[0])
    if until is not None:
        found = found.filter(seq__lte=lines[-1] + 1)
    return found


def last_lines(account: Account, moments: Sequence[datetime]) -> list[tuple[datetime, int]]:
    """The last line before each of ``moments``, the earliest first: when it was posted, and the balance after it.

    No line twice, and none where there is none before. One query; of a long statement two, which read but few lines.
    """
    lines = Entry.objects.filter(account=account).order_by("-seq")
    if is_long(account):
        lines = lines.filter(seq__in=_last_lines(account, moments))
    left, found = sorted(moments), []
    for posted_at, balance_minutes in lines.values_list("transfer__posted_at", "balance_after_minutes"):
        if left and posted_at < left[-1]:
            found.append((posted_at, balance_minutes))
        while left and posted_at < left[-1]:
            left.pop()
    return found[::-1]


def _last_lines(account: Account, moments: Sequence[datetime]) -> RawSQL:
    """The numbers of the last lines before ``moments``."""
    tops = last_before(account, [moment + SLACK for moment in moments])
    adapted = connection.ops.adapt_datetimefield_value
    values = [(adapted(moment), top + 1) for moment, top in zip(moments, tops, strict=True)]
    places = ", ".join(["(%s, %s)"] * len(values))
    return RawSQL(_LAST_LINES.format(moments=places), [*chain.from_iterable(values), account.pk])  # noqa: S611


def last_before(account: Account, moments: Sequence[datetime]) -> list[int]:
    """For each moment the number of a line before it, with none after that line far from it; 0 before the first."""
    values = [(number, connection.ops.adapt_datetimefield_value(moment)) for number, moment in enumerate(moments)]
    places = ", ".join(["(%s, %s)"] * len(values))
    with connection.cursor() as cursor:
        longest = 1 << account.last_seq.bit_length()
        parameters = [*chain.from_iterable(values), longest, account.pk]
        cursor.execute(_SEARCH.format(moments=places), parameters)
        return [int(seq) for _number, seq in cursor.fetchall()]
