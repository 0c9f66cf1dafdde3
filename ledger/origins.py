"""Where a member's minutes came from: the way back from her open lots to their mints, and what became of the rest.

A lot was born in a transfer. Its forebears are the lots of the same mint that were spent in that transfer, and so on
back to the mint's own. One question follows this way for all her lots at once, nearest first, so a page asks the same
number of questions however many lots she has and however far they came.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import F, Q, Sum
from django.utils import timezone

from timebank import clock

from .models import Account, Entry, Lot, Mint, Transfer

MOST_LOTS = 50
MOST_STEPS = 20
MOST_FOREBEARS = 2000  # of all lots of one page together
SOON = timedelta(days=30)  # as early as the first notice


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody hours came from or went to, by the name the reader may see."""

    is_reader: bool = False
    is_fund: bool = False
    name: str = ""  # empty for who is no member any more, or is suspended


@dataclass(frozen=True, slots=True)
class Step:
    """One transfer on the way."""

    payer: Party
    payee: Party
    posted_at: datetime
    public_id: str  # where the reader took part in it; else empty


@dataclass(frozen=True, slots=True)
class Origin:
    """An open lot, what it came with, and the people it came through, the latest step first."""

    amount_minutes: int
    expires_on: date | None
    in_days: int
    reason: str
    issuer: Party
    minted_at: datetime
    steps: list[Step]
    has_earlier: bool


@dataclass(frozen=True, slots=True)
class Soon:
    """Minutes that expire on one day, the nearest there is."""

    amount_minutes: int
    expires_on: date
    in_days: int


@dataclass(frozen=True, slots=True)
class Issued:
    """Minutes she drew on her credit line in one transfer, and how many of them still go round."""

    amount_minutes: int
    at: datetime
    open_minutes: int

    @property
    def used_up_minutes(self) -> int:
        return self.amount_minutes - self.open_minutes


@dataclass(frozen=True, slots=True)
class Burnt:
    """Minutes of hers that are no more: they repaid what she owed, or came back to the fund."""

    amount_minutes: int
    at: datetime
    how: str
    public_id: str


def origins(account: Account, *, limit: int = MOST_LOTS) -> list[Origin]:
    """The open lots of ``account``, the first that is used first, up to ``limit``; three queries."""
    lots = list(_open_lots(account)[:limit])
    parents = _forebears(lots)
    ways = {lot.pk: _way(_Node(lot.pk, lot.owner_id, lot.born_in_id), lot.mint, parents) for lot in lots}
    passed = {key for way in ways.values() for key in way.transfer_ids}
    transfers = Transfer.objects.select_related("payer__owner", "payee__owner").only(*_OF_A_STEP).in_bulk(passed)
    return [_origin(lot, account, ways[lot.pk], transfers) for lot in lots]


def first_lots(account: Account, *, limit: int) -> list[Origin]:
    """The ``limit`` open lots that are used first, without the way they came; one query."""
    return [_origin(lot, account, _Way((), False), {}) for lot in _open_lots(account)[:limit]]


def expiring_soon(account: Account) -> Soon | None:
    """What expires on the nearest day within the next 30; one query."""
    now = clock.now()
    soon: Any = Lot.objects.open().filter(owner=account, expires_at__gt=now, expires_at__lte=now + SOON)
    days: dict[date, int] = defaultdict(int)
    for expires_at, minutes in soon.values_list("expires_at", "amount_minutes"):
        days[_community_day(expires_at)] += minutes
    if not days:
        return None
    nearest = min(days)
    return Soon(days[nearest], nearest, _days_until(nearest))


def issued(account: Account, *, limit: int) -> list[Issued]:
    """What ``account`` drew on its credit line, the latest first, up to ``limit``; two queries."""
    overdrawn = Entry.objects.filter(account=account, amount_minutes__lt=0, balance_after_minutes__lt=0)
    mints = list(
        Mint.objects.filter(transfer__in=overdrawn.values("transfer"))
        .exclude(reason=Mint.Reason.GRANT)
        .select_related("transfer")
        .order_by("-transfer")[:limit]
    )
    burnt = Lot.objects.burnt().filter(mint__in=[mint.pk for mint in mints]).values("mint")
    gone = dict(burnt.annotate(minutes=Sum("amount_minutes")).values_list("mint", "minutes"))
    return [
        Issued(mint.amount_minutes, mint.transfer.posted_at, mint.amount_minutes - gone.get(mint.pk, 0))
        for mint in mints
    ]


def burnt(account: Account, *, limit: int) -> list[Burnt]:
    """What ``account`` had that repaid its debt or was retired by the fund, the latest first; one query."""
    repaid = Q(amount_minutes__gt=0, balance_after_minutes__lt=F("amount_minutes"))
    to_fund = Q(amount_minutes__lt=0, transfer__payee__kind=Account.Kind.FUND)
    lines = Entry.objects.filter(repaid | to_fund, account=account)
    rows = (
        Lot.objects.burnt()
        .filter(spent_in__in=lines.values("transfer"))
        .values("spent_in", "how", "spent_in__posted_at", "spent_in__public_id")
        .annotate(minutes=Sum("amount_minutes"))
        .order_by("-spent_in")[:limit]
    )
    return [Burnt(row["minutes"], row["spent_in__posted_at"], row["how"], row["spent_in__public_id"]) for row in rows]


# --- The way back ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Node:
    """A lot on the way, as much of it as the way needs."""

    lot_id: int
    owner_id: int
    born_in_id: int


@dataclass(frozen=True, slots=True)
class _Way:
    """The transfers that handed a lot on, the latest first, and whether the beginning was not reached."""

    transfer_ids: tuple[int, ...]
    is_open_ended: bool


_Parents = dict[int, list[_Node]]

# From a lot to those it was made of: the payer's that were passed on, or her own smaller one it was merged with.
# Help and grants change the expiry, all else keeps it. Rows come nearest first, so a cut takes the farthest.
_BACK = """
    WITH RECURSIVE way (child_id, lot_id, owner_id, mint_id, born_in_id, expires_at) AS (
        SELECT CAST(0 AS bigint), id, owner_id, mint_id, born_in_id, expires_at FROM ledger_lot WHERE id IN ({roots})
        UNION
        SELECT way.lot_id, older.id, older.owner_id, older.mint_id, older.born_in_id, older.expires_at
        FROM way
        JOIN ledger_transfer AS moved ON moved.id = way.born_in_id
        JOIN ledger_lot AS older ON older.spent_in_id = way.born_in_id AND older.mint_id = way.mint_id
        WHERE older.how IN ('passed_on', 'merged')
            AND (older.how = 'passed_on' OR older.owner_id = way.owner_id)
            AND (older.expires_at IS NOT DISTINCT FROM way.expires_at
                OR (moved.kind IN ('help', 'grant') AND older.owner_id <> way.owner_id))
    )
    SELECT child_id, lot_id, owner_id, born_in_id FROM way WHERE child_id <> 0 LIMIT {most}"""


def _forebears(lots: Iterable[Lot]) -> _Parents:
    """For each lot on the way back from ``lots`` those it was made of; one query."""
    roots = [lot.pk for lot in lots]
    parents: _Parents = defaultdict(list)
    if not roots:
        return parents
    with connection.cursor() as cursor:
        places = ", ".join(["%s"] * len(roots))
        cursor.execute(_BACK.format(roots=places, most=MOST_FOREBEARS), roots)
        for child_id, lot_id, owner_id, born_in_id in cursor.fetchall():
            parents[child_id].append(_Node(lot_id, owner_id, born_in_id))
    return parents


def _way(lot: _Node, mint: Mint, parents: _Parents) -> _Way:
    """The transfers by which ``lot`` and its forebears came to another owner."""
    met, waiting = {lot.lot_id: lot}, [lot]
    is_open_ended = False
    while waiting:
        node = waiting.pop()
        older = parents.get(node.lot_id, [])
        is_open_ended |= not older and node.born_in_id != mint.transfer_id
        for one in older:
            if one.lot_id not in met:
                met[one.lot_id] = one
                waiting.append(one)
    # Change stays with its owner: what was handed on had another owner before, or was minted then.
    handed_on = {
        node.born_in_id
        for node in met.values()
        if node.born_in_id == mint.transfer_id
        or any(older.owner_id != node.owner_id for older in parents.get(node.lot_id, []))
    }
    latest = sorted(handed_on, reverse=True)
    return _Way(tuple(latest[:MOST_STEPS]), is_open_ended or len(latest) > MOST_STEPS)


# --- The pieces ------------------------------------------------------------------------------------

_OF_A_PARTY = ("kind", "owner__display_name", "owner__state")
_OF_A_STEP = (
    "posted_at",
    "public_id",
    "hold_id",
    *(f"{side}__{column}" for side in ("payer", "payee") for column in _OF_A_PARTY),
)
_OF_A_LOT = (
    "owner",
    "amount_minutes",
    "expires_at",
    "born_in",
    "mint__reason",
    "mint__transfer__posted_at",
    *(f"mint__issuer__{column}" for column in _OF_A_PARTY),
)


def _open_lots(account: Account) -> Any:
    hers = Lot.objects.open().filter(owner=account).in_order_of_use()
    return hers.select_related("mint__transfer", "mint__issuer__owner").only(*_OF_A_LOT)


def _origin(lot: Lot, account: Account, way: _Way, transfers: dict[int, Transfer]) -> Origin:
    expires_on = None if lot.expires_at is None else _community_day(lot.expires_at)
    return Origin(
        lot.amount_minutes,
        expires_on,
        0 if expires_on is None else _days_until(expires_on),
        lot.mint.reason,
        _party(lot.mint.issuer, account),
        lot.mint.transfer.posted_at,
        [_step(transfers[key], account) for key in way.transfer_ids],
        way.is_open_ended,
    )


def _step(transfer: Transfer, account: Account) -> Step:
    is_hers = account.pk in {transfer.payer_id, transfer.payee_id} and transfer.hold_id is not None
    payer, payee = _party(transfer.payer, account), _party(transfer.payee, account)
    return Step(payer, payee, transfer.posted_at, transfer.public_id if is_hers else "")


def _party(account: Account, reader: Account) -> Party:
    if account.pk == reader.pk:
        return Party(is_reader=True)
    if account.kind == Account.Kind.FUND:
        return Party(is_fund=True)
    owner: Any = account.owner
    return Party(name=owner.display_name if owner.is_member else "")


def _community_day(moment: datetime) -> date:
    """The day it is where the community is, as its notices say."""
    return timezone.localtime(moment, timezone.get_default_timezone()).date()


def _days_until(day: date) -> int:
    return (day - _community_day(clock.now())).days
