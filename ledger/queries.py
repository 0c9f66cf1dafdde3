"""Reading the books: statements, live holds, one payment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from django.db.models import Q, QuerySet
from django.http import Http404

from notifications.models import Event

from .models import Account, Entry, Hold, Note, Transfer


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a statement, as its owner reads it."""

    seq: int
    amount_minutes: int  # in (+) or out (−)
    balance_after_minutes: int
    transfer: Transfer
    other: Account  # the other party's account, with its owner
    note: str

    @property
    def other_owner(self) -> Any:
        """The person on the other side; None where it is the community fund."""
        return self.other.owner if self.other.kind == Account.Kind.MEMBER else None


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
    people = ("transfer__payer__owner", "transfer__payee__owner")
    found = list(entries.select_related(*people, "transfer__hold__note")[: limit + 1])
    return Page([_line(entry) for entry in found[:limit]], found[limit - 1].seq if len(found) > limit else None)


def between(owner: Any, other: Any, *, limit: int) -> list[Line]:
    """The latest lines of ``owner``'s statement that are from or to ``other``, newest first; one query."""
    from_or_to = Q(transfer__payer__owner=other) | Q(transfer__payee__owner=other)
    entries = Entry.objects.filter(from_or_to, account__owner=owner).order_by("-seq")
    people = ("transfer__payer__owner", "transfer__payee__owner")
    return [_line(entry) for entry in entries.select_related(*people, "transfer__hold__note")[:limit]]


def live_holds(account: Account, *, only: Only = "") -> QuerySet[Hold]:
    """What is on its way from or to ``account``, newest first, with both people and the note; one query."""
    to_it, from_it = Q(payee=account), Q(payer=account)
    return (
        Hold.objects.live()
        .filter({"": to_it | from_it, "in": to_it, "out": from_it}[only])
        .select_related("payer__owner", "payee__owner", "note")
        .order_by("-pk")
    )


def payment(public_id: str, *, of: Any) -> Hold:
    """The payment with this address, for one of its two people; one query. Http404 for everybody else.

    With it come both accounts and owners, the note, and, once it arrived, the transfer.
    """
    parties = Q(payer__owner=of) | Q(payee__owner=of)
    found = Hold.objects.select_related("payer__owner", "payee__owner", "note", "transfer")
    hold = found.filter(parties, public_id=public_id).first()
    if hold is None:
        raise Http404
    return hold


def words_of_event(event: Event) -> str:
    """What the payer wrote to the reader of an event about hours that arrived; "" where there is nothing."""
    notes = Note.objects.filter(hold__public_id=event.data.get("transfer"), hold__payee__owner=event.member_id)
    return notes.values_list("text", flat=True).first() or ""


def _line(entry: Entry) -> Line:
    transfer = entry.transfer
    other = transfer.payer if entry.account_id == transfer.payee_id else transfer.payee
    return Line(entry.seq, entry.amount_minutes, entry.balance_after_minutes, transfer, other, _words_on(transfer.hold))


def _words_on(hold: Hold | None) -> str:
    try:
        return hold.note.text if hold else ""
    except Note.DoesNotExist:
        return ""
