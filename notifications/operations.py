"""Telling members what happened, and writing them letters.

The database is the truth here too: an event is a row with the member's own number, written in the
transaction that tells of it. Sockets, mail and the inbox only read it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from timebank import clock
from timebank.jobs import enqueue, ring
from timebank.retries import retried

from . import tasks
from .models import Event, EventQuerySet, Letter

# Rows in one INSERT: the smallest limit on parameters among our engines, with room to spare.
_ROWS_AT_ONCE = 500
_SUBJECT_LETTERS = 250

_TAKE_NUMBERS = """
    INSERT INTO notifications_feed (member_id, last_seq) VALUES {rows}
    ON CONFLICT (member_id) DO UPDATE SET last_seq = notifications_feed.last_seq + excluded.last_seq
    RETURNING member_id, last_seq
"""
_WRITE_EVENTS = """
    INSERT INTO notifications_event
        (member_id, seq, type, about_id, data, in_inbox, by_mail, created_at) VALUES {rows}
"""


@dataclass(frozen=True, slots=True)
class Telling:
    """One thing to tell one member: ids and minutes in ``data``, never names or words."""

    member_id: int
    type: str
    about_id: int | None = None
    data: dict[str, Any] = field(default_factory=dict)
    in_inbox: bool = False
    by_mail: bool = False


@retried
@transaction.atomic
def tell(
    member: Any,
    type: str,
    *,
    about: Any = None,
    data: dict[str, Any] | None = None,
    in_inbox: bool = False,
    by_mail: bool = False,
) -> None:
    """Tell ``member`` one thing; ``about`` is the other person. See `tell_all`."""
    tell_all([Telling(member.pk, type, about.pk if about else None, data or {}, in_inbox, by_mail)])


def tell_all(tellings: Sequence[Telling]) -> None:
    """Write an event for each telling, in their order; delivery is rung for after the commit.

    Call it last in a transaction: it locks the counters of those told, in the order of their ids,
    until the commit. So a member's numbers have no gaps and appear in their order, and "what came
    after 812" never misses one. Two statements per 500 tellings. Raises ValueError for an
    unknown type and outside of a transaction.
    """
    if not connection.in_atomic_block:
        raise ValueError("members are told in the transaction that changes something for them")
    if unknown := {telling.type for telling in tellings} - Event.TYPES:
        raise ValueError(f"unknown types of events: {sorted(unknown)}")
    if not tellings:
        return
    with connection.cursor() as cursor:
        next_seq = _take_numbers(cursor, Counter(telling.member_id for telling in tellings))
        now = connection.ops.adapt_datetimefield_value(clock.now())
        for some in _in_portions(tellings):
            values: list[Any] = []
            for telling in some:
                values += (
                    telling.member_id,
                    next_seq[telling.member_id],
                    telling.type,
                    telling.about_id,
                    json.dumps(telling.data),
                    telling.in_inbox,
                    telling.by_mail,
                    now,
                )
                next_seq[telling.member_id] += 1
            cursor.execute(_WRITE_EVENTS.format(rows=_rows(len(some), width=8)), values)
    ring(tasks.deliver_events)


def _take_numbers(cursor: Any, wanted: Counter[int]) -> dict[int, int]:
    """Each member's first new number, after taking as many as ``wanted`` from her counter."""
    first: dict[int, int] = {}
    # One ordered statement is lock, first row and count in one, so nobody can slip in between.
    for some in _in_portions(sorted(wanted.items())):
        cursor.execute(_TAKE_NUMBERS.format(rows=_rows(len(some), width=2)), [value for row in some for value in row])
        first |= {member_id: last_seq - wanted[member_id] + 1 for member_id, last_seq in cursor.fetchall()}
    return first


def _in_portions(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (rows[start : start + _ROWS_AT_ONCE] for start in range(0, len(rows), _ROWS_AT_ONCE))


def _rows(count: int, *, width: int) -> str:
    row = "(" + ", ".join(["%s"] * width) + ")"
    return ", ".join([row] * count)


@retried
def mark_read(member: Any, seq: int) -> bool:
    """Mark one line of ``member``'s inbox as read; whether it was unread."""
    return bool(Event.objects.unread(member).filter(seq=seq).update(read_at=clock.now()))


def mark_read_about(member: Any, what: str, public_id: str) -> int:
    """Mark as read every line of ``member``'s inbox about one thing (``"exchange"``); returns how many there were."""
    unread = Event.objects.unread(member).filter(**{f"data__{what}": public_id})
    # Asked first: most pages have nothing to write, and should not wait for the one who writes.
    return _now_read(unread) if unread.exists() else 0


@retried
def _now_read(unread: EventQuerySet) -> int:
    return unread.update(read_at=clock.now())


@retried
def mark_all_read(member: Any, *, up_to: int | None = None) -> int:
    """Mark ``member``'s inbox as read, or what she had seen of it: up to number ``up_to``."""
    unread = Event.objects.unread(member)
    if up_to is not None:
        unread = unread.filter(seq__lte=up_to)
    return unread.update(read_at=clock.now())


@retried
def count_as_told() -> int:
    """Take what nobody was told of yet as told, without frames or mail: it is old news. Returns how many."""
    return Event.objects.untold().order_by().update(told_at=clock.now())


@dataclass(frozen=True, slots=True)
class Words:
    """What a letter says: its subject, its text, and the same as HTML."""

    subject: str
    text: str
    html: str = ""


@retried
@transaction.atomic
def write_letter(
    recipient: str,
    words: Words,
    *,
    event: Event | None = None,
    sender: str = "",
    headers: dict[str, str] | None = None,
) -> Letter:
    """Write a letter, which a job sends; in an open transaction it shares its fate.

    A letter about an ``event`` is written once: asked again, the first one is returned.
    """
    if event and (earlier := Letter.objects.filter(event=event).first()):
        return earlier
    letter = Letter.objects.create(
        event=event,
        recipient=recipient,
        sender=sender,
        subject=words.subject[:_SUBJECT_LETTERS],
        text=words.text,
        html=words.html,
        headers=headers or {},
        created_at=clock.now(),
    )
    enqueue(tasks.send_letter, letter.pk)
    return letter


@retried
@transaction.atomic
def write_letters(
    recipients: Iterable[str], words: Words, *, sender: str = "", headers: dict[str, str] | None = None
) -> list[Letter]:
    """Write the same letter to each of ``recipients``: to all or, when something is wrong, to none."""
    return [write_letter(recipient, words, sender=sender, headers=headers) for recipient in recipients]


@retried
def clear_sent_letters(*, before: datetime) -> int:
    """Delete letters sent ``before``: an address is kept no longer than it is of use. Returns how many."""
    old = Letter.objects.filter(sent_at__lt=before).values_list("pk", flat=True)[:_ROWS_AT_ONCE]
    cleared = 0
    while keys := list(old.all()):
        cleared += Letter.objects.filter(pk__in=keys).delete()[0]
    return cleared
