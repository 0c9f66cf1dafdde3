"""Where a member's minutes came from: the way back from her open lots to their mints, and what became of the rest.

A lot was born in a transfer. Its forebears are the lots of the same mint that were spent in that transfer, and so on
back to the mint's own. One question follows this way for all her lots at once, nearest first, so a page asks the same
number of questions however many lots she has and however far they came.

Lots are cut and joined on the way, so it is a net, not a line. It is told as what happened, transfer by transfer: so
many minutes from one to another, out of how many, and to how many they came.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import F, Q, Sum
from django.utils import timezone

from timebank import clock, movements
from timebank.sealed import seal_alike, unseal_alike

from .models import OTHER_HELP, Account, Entry, Kind, Lot, Mint, Transfer

MOST_LOTS = 50
MOST_STEPS = 20
MOST_FOREBEARS = 2000  # of all lots of one page together
MOST_FOREBEARS_OF_ONE = 20_000  # on the page of one lot
FEW_FOREBEARS = 100  # where nothing but their latest step is told
SOON = timedelta(days=30)  # as early as the first notice


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody hours came from or went to, by the name the reader may see."""

    is_reader: bool = False
    is_fund: bool = False
    name: str = ""  # empty for who is no member any more, or is suspended


@dataclass(frozen=True, slots=True)
class Step:
    """One transfer on the way, and how many minutes of the lot's mint it handed on.

    Everybody they came to later may know who gave them to whom, when, and whether for help or as a gift. With what kind
    of help, and the payment itself, is between its two people; how many somebody had of them is hers alone.
    """

    payer: Party
    payee: Party
    posted_at: datetime
    amount_minutes: int
    kind: str
    is_first: bool  # they began with it
    is_split: bool  # the payer had more of them
    is_joined: bool  # the payee had some of them already
    is_by_payer: bool  # as in a line
    together_minutes: int  # that the reader had of them then, where she was the payee; else 0
    public_id: str = ""  # where the reader took part in it, as the two that follow
    category: str = ""
    category_name: str = ""

    @property
    def is_start(self) -> bool:
        """Whether the payee began with them."""
        return movements.is_start(self.kind, is_by_payer=self.is_by_payer)

    @property
    def what_for(self) -> str:
        """What it was, in words; empty where that is between the community fund and somebody else."""
        if self.kind == Kind.GRANT and not self.public_id:
            return ""
        return movements.what_for(self.kind, is_by_payer=self.is_by_payer)


@dataclass(frozen=True, slots=True)
class Origin:
    """An open lot, what it came with, and the people it came through, the latest step first."""

    public_id: str
    amount_minutes: int
    expires_on: date | None
    in_days: int
    left_percent: int  # of the time from their beginning until they expire; 100 where they do not
    reason: str
    issuer: Party
    minted_at: datetime
    steps: list[Step]
    has_earlier: bool

    @property
    def expires_soon(self) -> bool:
        return self.expires_on is not None and self.in_days <= SOON.days

    @property
    def latest(self) -> Step | None:
        """The step by which they came to their owner; None where the way was not looked for so far."""
        return self.steps[0] if self.steps else None

    @property
    def steps_in_order(self) -> list[Step]:
        """As a story is told: the first step first."""
        return self.steps[::-1]


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


def origins(account: Account, *, limit: int = MOST_LOTS, category_names: Mapping[str, str] = {}) -> list[Origin]:
    """The open lots of ``account``, the first that is used first, up to ``limit``; three queries."""
    return _with_their_ways(list(_open_lots(account)[:limit]), account, MOST_FOREBEARS, 0, category_names)


def origin(account: Account, lot_id: int, *, skip: int = 0, category_names: Mapping[str, str] = {}) -> Origin | None:
    """One open lot of ``account``, its way without the latest ``skip`` steps; None for another's; three queries."""
    lots = list(_open_lots(account).filter(pk=lot_id))
    return next(iter(_with_their_ways(lots, account, MOST_FOREBEARS_OF_ONE, skip, category_names)), None)


def _with_their_ways(
    lots: Sequence[Lot],
    account: Account,
    most: int,
    skip: int,
    category_names: Mapping[str, str],
    steps: int | None = None,
) -> list[Origin]:
    parents = _forebears(lots, most)
    ways = {lot.pk: _way(_node(lot), lot.mint, parents, skip, steps or MOST_STEPS) for lot in lots}
    passed = {step.transfer_id for way in ways.values() for step in way.steps}
    found = Transfer.objects.select_related("payer__owner", "payee__owner", "hold").only(*_OF_A_STEP)
    transfers = found.in_bulk(passed)
    return [_origin(lot, account, ways[lot.pk], transfers, category_names) for lot in lots]


def public_id_of(lot_id: int, owner: Account) -> str:
    """What stands for a lot of ``owner`` in an address: always the same, and no number of a row."""
    return seal_alike(str(lot_id), _purpose(owner))


def lot_id_of(public_id: str, owner: Account) -> int | None:
    """The lot of ``owner`` that ``public_id`` stands for; None for another's, and for what stands for none."""
    try:
        return int(unseal_alike(public_id, _purpose(owner)))
    except ValueError:
        return None


def _purpose(owner: Account) -> str:
    return f"lots of {owner.public_id}"


def first_lots(account: Account, *, limit: int) -> list[Origin]:
    """The ``limit`` open lots that are used first, with the latest step by which they came; three queries."""
    return _with_their_ways(list(_open_lots(account)[:limit]), account, FEW_FOREBEARS, 0, {}, steps=1)


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
    amount_minutes: int


@dataclass(slots=True)
class _Handed:
    """What one transfer handed on of a lot's mint."""

    transfer_id: int
    is_first: bool
    amount_minutes: int = 0
    out_of_minutes: int = 0
    joined_minutes: int = 0


@dataclass(frozen=True, slots=True)
class _Way:
    """The transfers that handed a lot on, the latest first, and whether there are earlier ones."""

    steps: Sequence[_Handed]
    has_earlier: bool


@dataclass(slots=True)
class _Parents:
    """For each lot on the way those it was made of, as far as they were looked for."""

    of: dict[int, list[_Node]]
    cut_at: int | None = None  # the lot among whose parents the looking ended

    def __getitem__(self, lot_id: int) -> list[_Node]:
        return self.of.get(lot_id, [])

    def are_known_of(self, lot_id: int) -> bool:
        """Whether all of them are there."""
        return lot_id != self.cut_at and (self.cut_at is None or lot_id in self.of)


# From a lot to those it was made of: the payer's that were passed on, or her own smaller one it was merged with.
# Help and grants change the expiry, all else keeps it. Rows come nearest first, so a cut takes the farthest.
_BACK = """
    WITH RECURSIVE way (child_id, lot_id, owner_id, mint_id, born_in_id, expires_at, amount_minutes) AS (
        SELECT CAST(0 AS bigint), id, owner_id, mint_id, born_in_id, expires_at, amount_minutes
        FROM ledger_lot WHERE id IN ({roots})
        UNION
        SELECT way.lot_id, older.id, older.owner_id, older.mint_id, older.born_in_id, older.expires_at,
            older.amount_minutes
        FROM way
        JOIN ledger_transfer AS moved ON moved.id = way.born_in_id
        JOIN ledger_lot AS older ON older.spent_in_id = way.born_in_id AND older.mint_id = way.mint_id
        WHERE older.how IN ('passed_on', 'merged')
            AND (older.how = 'passed_on' OR older.owner_id = way.owner_id)
            AND (older.expires_at IS NOT DISTINCT FROM way.expires_at
                OR (moved.kind IN ('help', 'grant') AND older.owner_id <> way.owner_id))
    )
    SELECT child_id, lot_id, owner_id, born_in_id, amount_minutes FROM way WHERE child_id <> 0 LIMIT {most}"""


def _forebears(lots: Iterable[Lot], most: int) -> _Parents:
    """For each lot on the way back from ``lots`` those it was made of, up to ``most``; one query."""
    roots = [lot.pk for lot in lots]
    parents: dict[int, list[_Node]] = defaultdict(list)
    if not roots:
        return _Parents(parents)
    with connection.cursor() as cursor:
        places = ", ".join(["%s"] * len(roots))
        cursor.execute(_BACK.format(roots=places, most=most), roots)
        rows = cursor.fetchall()
    for child_id, *columns in rows:
        parents[child_id].append(_Node(*columns))
    return _Parents(parents, cut_at=rows[-1][0] if len(rows) == most else None)


def _way(lot: _Node, mint: Mint, parents: _Parents, skip: int, steps: int) -> _Way:
    """The latest ``steps`` transfers by which ``lot`` and its forebears came to another owner, after ``skip``.

    Where not all forebears were looked for, no transfer is told before which others may be missing.
    """
    met, waiting, horizon, is_open_ended = {lot.lot_id: lot}, [lot], 0, False
    while waiting:
        node = waiting.pop()
        if node.born_in_id == mint.transfer_id:
            continue
        if not parents.are_known_of(node.lot_id):
            horizon = max(horizon, node.born_in_id)
        is_open_ended |= not parents[node.lot_id]
        for one in parents[node.lot_id]:
            if one.lot_id not in met:
                met[one.lot_id] = one
                waiting.append(one)
    handed_on = {step.transfer_id: step for step in _handed_on(met.values(), mint, parents)}
    known = sorted((key for key in handed_on if key > horizon), reverse=True)
    told = [handed_on[key] for key in known[skip : skip + steps]]
    return _Way(told, len(known) > skip + steps or horizon > 0 or is_open_ended)


def _handed_on(lots: Iterable[_Node], mint: Mint, parents: _Parents) -> Iterable[_Handed]:
    """What each transfer handed on of what became these lots."""
    steps: dict[int, _Handed] = {}
    for lot in lots:
        is_first = lot.born_in_id == mint.transfer_id
        payers = sum(older.amount_minutes for older in parents[lot.lot_id] if older.owner_id != lot.owner_id)
        if not payers and not is_first:
            continue  # change: it stayed with its owner
        had = sum(older.amount_minutes for older in parents[lot.lot_id] if older.owner_id == lot.owner_id)
        step = steps.setdefault(lot.born_in_id, _Handed(lot.born_in_id, is_first))
        step.amount_minutes += lot.amount_minutes - had
        step.out_of_minutes += payers
        step.joined_minutes += had
    return steps.values()


# --- The pieces ------------------------------------------------------------------------------------

_OF_A_PARTY = ("kind", "owner__display_name", "owner__state")
_OF_A_STEP = (
    "kind",
    "category",
    "posted_at",
    "public_id",
    "hold__actor_id",
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


def _node(lot: Lot) -> _Node:
    return _Node(lot.pk, lot.owner_id, lot.born_in_id, lot.amount_minutes)


def _origin(
    lot: Lot, account: Account, way: _Way, transfers: Mapping[int, Transfer], category_names: Mapping[str, str]
) -> Origin:
    expires_on = None if lot.expires_at is None else _community_day(lot.expires_at)
    return Origin(
        public_id_of(lot.pk, account),
        lot.amount_minutes,
        expires_on,
        0 if expires_on is None else _days_until(expires_on),
        _left_percent(lot),
        lot.mint.reason,
        _party(lot.mint.issuer, account),
        lot.mint.transfer.posted_at,
        [_step(transfers[step.transfer_id], step, account, category_names) for step in way.steps],
        way.has_earlier,
    )


def _left_percent(lot: Lot) -> int:
    """How much is left of a lot's time, from when its minutes began until they expire."""
    if lot.expires_at is None:
        return 100
    began_at, ends_at = lot.mint.transfer.posted_at, lot.expires_at
    left, whole = max(ends_at - clock.now(), timedelta()), max(ends_at - began_at, timedelta.resolution)
    return min(100, -(-100 * left // whole))  # a little that is left is seen


def _step(transfer: Transfer, handed: _Handed, account: Account, category_names: Mapping[str, str]) -> Step:
    is_hers = account.pk in {transfer.payer_id, transfer.payee_id}
    category = transfer.category if is_hers and transfer.category != OTHER_HELP else ""
    return Step(
        _party(transfer.payer, account),
        _party(transfer.payee, account),
        transfer.posted_at,
        handed.amount_minutes,
        transfer.kind,
        handed.is_first,
        is_split=handed.out_of_minutes > handed.amount_minutes,
        is_joined=handed.joined_minutes > 0,
        is_by_payer=transfer.hold is not None and transfer.hold.actor_id == transfer.payer.owner_id,
        together_minutes=handed.amount_minutes + handed.joined_minutes if transfer.payee_id == account.pk else 0,
        public_id=transfer.public_id if is_hers and transfer.hold_id is not None else "",
        category=category,
        category_name=category_names.get(category, category),
    )


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
