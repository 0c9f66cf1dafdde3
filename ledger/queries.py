"""Reading the books: statements, live holds, one payment."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from django.db.models import Max, Min, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.http import Http404
from django.utils import formats, timezone
from django.utils.translation import gettext

from notifications.models import Event
from timebank import clock

from . import statements
from .models import Account, Entry, Hold, LimitChange, Note, PaymentRequest
from .statements import ALL, Chosen, MonthTotal

LINES_AT_A_TIME = 1_000  # of a whole statement


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a statement, as its owner reads it."""

    seq: int
    amount_minutes: int  # in (+) or out (−)
    balance_after_minutes: int
    kind: str
    posted_at: datetime
    public_id: str
    has_page: bool
    note: str
    is_by_payer: bool  # whether the payer sent it herself: what an exchange or a ruling moved, nobody sent
    other_name: str | None  # the person on the other side; None where it is the community fund
    category: str = ""  # the code of the kind of help, where it has one
    category_name: str = ""

    @property
    def is_incoming(self) -> bool:
        return self.amount_minutes > 0

    @property
    def month(self) -> str:
        """The month it stands under where its reader is: "2026-11"."""
        return f"{timezone.localtime(self.posted_at):%Y-%m}"


@dataclass(frozen=True, slots=True)
class OnItsWay:
    """Minutes set aside from or for an account, as its owner reads of them: on their way, or kept until released."""

    public_id: str
    kind: str
    amount_minutes: int
    created_at: datetime
    is_due: bool
    is_outgoing: bool
    note: str
    is_by_payer: bool  # as in a line
    other_name: str | None
    frozen_until: datetime | None = None  # as `until_when` says
    goes_back_at: datetime | None = None

    @property
    def is_incoming(self) -> bool:
        return not self.is_outgoing


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines of a statement, newest first; ``next_before`` asks for those after them, None at the end."""

    entries: list[Line]
    next_before: int | None


def statement(
    account: Account,
    *,
    before: int | None = None,
    limit: int = 20,
    chosen: Chosen = ALL,
    category_names: Mapping[str, str] = {},
) -> Page:
    """Up to ``limit`` ``chosen`` lines of ``account``, newest first, those below line ``before``; one query.

    ``category_names`` are by their codes.
    """
    entries = statements.entries(account, chosen).order_by("-seq")
    if before is not None:
        entries = entries.filter(seq__lt=before)
    found = [_line(row, category_names) for row in entries.values_list(*_OF_A_LINE)[: limit + 1]]
    return Page(found[:limit], found[limit - 1].seq if len(found) > limit else None)


def whole_statement(
    account: Account, *, chosen: Chosen = ALL, category_names: Mapping[str, str] = {}, limit: int | None = None
) -> Iterator[Line]:
    """Every ``chosen`` line of ``account``, or the first ``limit``, oldest first; a query a thousand lines.

    So nothing stays open in the database while somebody downloads, and only those few are in memory. What was posted
    since ``account`` was read is not in it, so that its last balance is the account's.
    """
    read = statements.entries(account, chosen).filter(seq__lte=account.last_seq)
    entries = read.order_by("seq").values_list(*_OF_A_LINE)
    ends = entries.aggregate(first=Min("seq"), last=Max("seq"))
    left = limit
    for before in range((ends["first"] or 1) - 1, ends["last"] or 0, LINES_AT_A_TIME):
        rows = entries.filter(seq__gt=before, seq__lte=before + LINES_AT_A_TIME)[:left]
        for row in rows:
            yield _line(row, category_names)
        left = None if left is None else left - len(rows)
        if left == 0:
            return


@dataclass(frozen=True, slots=True)
class Month:
    """A month's lines on a page, and what came in and went out in the whole of it."""

    month: str
    lines: list[Line]
    total: MonthTotal


def by_month(account: Account, lines: Sequence[Line], *, chosen: Chosen = ALL) -> list[Month]:
    """``lines`` by the months they stand under, with what each came to; one query, none where there are no lines."""
    totals = statements.months(account, chosen, [line.posted_at for line in lines])
    return [Month(month, list(group), totals[month]) for month, group in groupby(lines, key=lambda line: line.month)]


def between(owner: Any, other: Any, *, limit: int) -> list[Line]:
    """The latest lines of ``owner``'s statement that are from or to ``other``, newest first; one query."""
    from_or_to = Q(transfer__payer__owner=other) | Q(transfer__payee__owner=other)
    entries = Entry.objects.filter(from_or_to, account__owner=owner).order_by("-seq")
    return [_line(row, {}) for row in entries.values_list(*_OF_A_LINE)[:limit]]


def on_its_way(account: Account, *, limit: int, chosen: Chosen = ALL, after: str = "") -> list[OnItsWay]:
    """Up to ``limit`` of what is on its way from or to ``account``, of what is ``chosen``, newest first; one query.

    Of those ``after`` the hold with this address, which may have arrived meanwhile, in two; Http404 for another's.
    """
    found = statements.holds(account, chosen)
    if after:
        last = payment(after, of=account.owner_id)
        # Of no column's moments: by the index of these all that she ever paid would be looked through.
        found = found.alias(began_at=Coalesce("created_at", Value(last.created_at)))
        found = found.filter(Q(began_at__lt=last.created_at) | Q(began_at=last.created_at, pk__lt=last.pk))
    rows = found.order_by("-created_at", "-pk").values_list(*_OF_A_HOLD)[:limit]
    return [_hold(row, account) for row in rows]


def until_when(
    is_due: bool, frozen_until: datetime | None, expires_at: datetime | None
) -> tuple[datetime | None, datetime | None]:
    """Until when what is set aside is frozen, and when it goes back by itself; None where it is not or does not."""
    if is_due:
        return None, None
    frozen = frozen_until if frozen_until and frozen_until > clock.now() else None
    return frozen, max(expires_at, frozen) if expires_at and frozen else expires_at


def payment(public_id: str, *, of: Any) -> Hold:
    """The payment with this address, for one of its two people; one query. Http404 for everybody else.

    With it come both accounts and owners, the note, what it undoes, the request it pays, and, once it arrived, the
    transfer.
    """
    parties = Q(payer__owner=of) | Q(payee__owner=of)
    found = Hold.objects.select_related(
        "payer__owner", "payee__owner", "note", "transfer", "reverses", "payment_request"
    )
    hold = found.filter(parties, public_id=public_id).first()
    if hold is None:
        raise Http404
    return hold


def words_of_event(event: Event) -> str:
    """What the payer wrote to the reader of an event about hours that arrived; "" where there is nothing."""
    notes = Note.objects.filter(hold__public_id=event.data.get("transfer"), hold__payee__owner=event.member_id)
    return notes.values_list("text", flat=True).first() or ""


def words_of_request(event: Event) -> str:
    """What was written to the reader of an event about hours that somebody asks for; "" where there is nothing."""
    requests = PaymentRequest.objects.filter(pk=event.data.get("payment"), asked_of=event.member_id)
    return requests.values_list("note", flat=True).first() or ""


def facts_of_request(event: Event) -> list[tuple[str, str]]:
    """Until when the hours an event tells of can be paid."""
    expires_at = PaymentRequest.objects.filter(pk=event.data.get("payment")).values_list("expires_at", flat=True)
    return [
        (gettext("Can be paid until"), formats.date_format(timezone.localtime(at), "DATETIME_FORMAT"))
        for at in expires_at
    ]


def why_limits_change(keys: Collection[Any]) -> dict[Any, str]:
    """The reasons that coordinators gave for these changes of limits, by their keys."""
    return dict(LimitChange.objects.filter(pk__in=keys).values_list("pk", "reason"))


def why_called_off(keys: Collection[Any]) -> dict[Any, str]:
    """Why these changes of limits were called off, by their keys."""
    return dict(LimitChange.objects.filter(pk__in=keys).values_list("pk", "called_off_because"))


MOST_PLANNED = 5


@dataclass(frozen=True, slots=True)
class LimitsOf:
    """How an owner came by the limits that her account has, and what will become of them."""

    account: Account
    in_force: LimitChange | None  # None where they are as they were when it was opened
    since: date  # where the community is
    planned: list[LimitChange]


def limits_of(account: Account) -> LimitsOf | None:
    """Its limits, for its owner; None where there are none and none are planned. Two queries."""
    changes = LimitChange.objects.meant_for(account)
    in_force = changes.exclude(applied_at=None).order_by("-applied_at", "-pk").first()
    planned = list(changes.planned()[:MOST_PLANNED])
    has_some = account.credit_limit_minutes or account.max_balance_minutes
    if not (has_some or planned):
        return None
    since = timezone.localtime(account.opened_at, timezone.get_default_timezone()).date()
    if in_force is not None:
        since = max(since, in_force.from_day)
    return LimitsOf(account, in_force, since, planned)


@dataclass(frozen=True, slots=True)
class Cause:
    """What hours were moved for, where that has a page of its own."""

    title: str
    url: str


_finders: list[Callable[[Hold], Cause | None]] = []


def add_cause(find: Callable[[Hold], Cause | None]) -> None:
    """Whoever has hours set aside for something says here how to find that from the hold; None for another's."""
    _finders.append(find)


def cause_of(hold: Hold) -> Cause | None:
    """What ``hold`` was made for; None, and no query, where its payer sent it herself."""
    if hold.is_by_payer:
        return None
    return next((cause for find in _finders if (cause := find(hold))), None)


# Only what is shown is asked for: whole rows of the eight tables behind a line cost five times as much to ask and read.
_PEOPLE = ("payer__kind", "payer__owner__display_name", "payee__kind", "payee__owner__display_name")
_OF_A_LINE = (
    "seq",
    "amount_minutes",
    "balance_after_minutes",
    "transfer__kind",
    "transfer__category",
    "transfer__posted_at",
    "transfer__public_id",
    "transfer__hold",
    "transfer__hold__note__text",
    "transfer__hold__actor",
    "transfer__payer__owner",
    *(f"transfer__{column}" for column in _PEOPLE),
)
_OF_A_HOLD = (
    "public_id", "kind", "amount_minutes", "created_at", "due", "frozen_until", "expires_at",
    "payer", "note__text", "actor", "payer__owner", *_PEOPLE,
)  # fmt: skip


def with_what_is_read(entries: QuerySet[Entry]) -> QuerySet[Entry]:
    """``entries`` with what `line_of` reads of them, and whose profiles they lead to."""
    two = ("transfer__payer__owner", "transfer__payee__owner")
    ids = (f"{owner}__public_id" for owner in two)
    return entries.select_related(*two, "transfer__hold__note").only(*_OF_A_LINE, *ids)


def line_of(entry: Entry) -> Line:
    """The line that ``entry`` is to its owner; no query where it came `with_what_is_read`."""
    moved, hold = entry.transfer, entry.transfer.hold
    note = getattr(hold, "note", None)
    other = moved.payer if entry.amount_minutes > 0 else moved.payee
    return Line(
        entry.seq,
        entry.amount_minutes,
        entry.balance_after_minutes,
        moved.kind,
        moved.posted_at,
        moved.public_id,
        has_page=hold is not None,
        note=note.text if note else "",
        is_by_payer=hold is not None and hold.actor_id == moved.payer.owner_id,
        other_name=other.owner.display_name if other.kind == Account.Kind.MEMBER else None,
        category=moved.category,
    )


def _line(row: tuple[Any, ...], category_names: Mapping[str, str]) -> Line:
    (
        seq,
        amount_minutes,
        balance_after_minutes,
        kind,
        category,
        posted_at,
        public_id,
        hold,
        note,
        actor,
        owner,
        *people,
    ) = row
    return Line(
        seq,
        amount_minutes,
        balance_after_minutes,
        kind,
        posted_at,
        public_id,
        has_page=hold is not None,
        note=note or "",
        is_by_payer=actor == owner,
        other_name=_other_name(people, is_outgoing=amount_minutes < 0),
        category=category,
        category_name=category_names.get(category, category),
    )


def _hold(row: tuple[Any, ...], account: Account) -> OnItsWay:
    public_id, kind, amount_minutes, created_at, is_due, frozen, expires_at, payer, note, actor, owner, *people = row
    is_outgoing = payer == account.pk
    return OnItsWay(
        public_id,
        kind,
        amount_minutes,
        created_at,
        is_due,
        is_outgoing,
        note or "",
        actor == owner,
        _other_name(people, is_outgoing=is_outgoing),
        *until_when(is_due, frozen, expires_at),
    )


def _other_name(people: list[str], *, is_outgoing: bool) -> str | None:
    kind, name = people[2:] if is_outgoing else people[:2]
    return name if kind == Account.Kind.MEMBER else None
