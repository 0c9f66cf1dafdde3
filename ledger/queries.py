"""Reading the books: statements, live holds, one payment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.db.models import Q
from django.http import Http404
from django.utils import timezone

from notifications.models import Event

from .models import Account, Entry, Hold, Note


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
    other_name: str | None  # the person on the other side; None where it is the community fund

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
    other_name: str | None  # as in a line


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines of a statement, newest first; ``next_before`` asks for those after them, None at the end."""

    entries: list[Line]
    next_before: int | None


Only = Literal["", "in", "out"]  # what came in, what went out, or both


def statement(account: Account, *, before: int | None = None, limit: int = 20, only: Only = "") -> Page:
    """Up to ``limit`` lines of ``account``, newest first, those below line ``before``; one query.

    ``only`` picks what came in or what went out.
    """
    entries = Entry.objects.filter(account=account).order_by("-seq")
    if only:
        entries = entries.filter(amount_minutes__gt=0) if only == "in" else entries.filter(amount_minutes__lt=0)
    if before is not None:
        entries = entries.filter(seq__lt=before)
    found = [_line(row) for row in entries.values_list(*_OF_A_LINE)[: limit + 1]]
    return Page(found[:limit], found[limit - 1].seq if len(found) > limit else None)


def between(owner: Any, other: Any, *, limit: int) -> list[Line]:
    """The latest lines of ``owner``'s statement that are from or to ``other``, newest first; one query."""
    from_or_to = Q(transfer__payer__owner=other) | Q(transfer__payee__owner=other)
    entries = Entry.objects.filter(from_or_to, account__owner=owner).order_by("-seq")
    return [_line(row) for row in entries.values_list(*_OF_A_LINE)[:limit]]


def on_its_way(account: Account, *, limit: int, only: Only = "") -> list[OnItsWay]:
    """Up to ``limit`` of what is on its way from or to ``account``, newest first; one query."""
    holds = Hold.objects.live_of(account)
    # Said so that the indexes of what is live stay the best there are: a payer's name would lead through all that she
    # ever paid, and the order of the key alone through all holds there are.
    if only:
        holds = holds.exclude(payer=account) if only == "in" else holds.exclude(payee=account)
    rows = holds.order_by("-created_at", "-pk").values_list(*_OF_A_HOLD)[:limit]
    return [_hold(row, account) for row in rows]


def payment(public_id: str, *, of: Any) -> Hold:
    """The payment with this address, for one of its two people; one query. Http404 for everybody else.

    With it come both accounts and owners, the note, what it undoes, and, once it arrived, the transfer.
    """
    parties = Q(payer__owner=of) | Q(payee__owner=of)
    found = Hold.objects.select_related("payer__owner", "payee__owner", "note", "transfer", "reverses")
    hold = found.filter(parties, public_id=public_id).first()
    if hold is None:
        raise Http404
    return hold


def words_of_event(event: Event) -> str:
    """What the payer wrote to the reader of an event about hours that arrived; "" where there is nothing."""
    notes = Note.objects.filter(hold__public_id=event.data.get("transfer"), hold__payee__owner=event.member_id)
    return notes.values_list("text", flat=True).first() or ""


# Only what is shown is asked for: whole rows of the eight tables behind a line cost five times as much to ask and read.
_PEOPLE = ("payer__kind", "payer__owner__display_name", "payee__kind", "payee__owner__display_name")
_OF_A_LINE = (
    "seq",
    "amount_minutes",
    "balance_after_minutes",
    "transfer__kind",
    "transfer__posted_at",
    "transfer__public_id",
    "transfer__hold",
    "transfer__hold__note__text",
    *(f"transfer__{column}" for column in _PEOPLE),
)
_OF_A_HOLD = ("public_id", "kind", "amount_minutes", "created_at", "due", "payer", "note__text", *_PEOPLE)


def _line(row: tuple[Any, ...]) -> Line:
    seq, amount_minutes, balance_after_minutes, kind, posted_at, public_id, hold, note, *people = row
    return Line(
        seq,
        amount_minutes,
        balance_after_minutes,
        kind,
        posted_at,
        public_id,
        has_page=hold is not None,
        note=note or "",
        other_name=_other_name(people, is_outgoing=amount_minutes < 0),
    )


def _hold(row: tuple[Any, ...], account: Account) -> OnItsWay:
    public_id, kind, amount_minutes, created_at, is_due, payer, note, *people = row
    is_outgoing = payer == account.pk
    return OnItsWay(
        public_id,
        kind,
        amount_minutes,
        created_at,
        is_due,
        is_outgoing,
        note or "",
        _other_name(people, is_outgoing=is_outgoing),
    )


def _other_name(people: list[str], *, is_outgoing: bool) -> str | None:
    kind, name = people[2:] if is_outgoing else people[:2]
    return name if kind == Account.Kind.MEMBER else None
