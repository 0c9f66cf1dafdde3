"""Reading what members were told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models.functions import Coalesce

from timebank import clock

from .models import Event, Feed

INBOX_ROWS = 20
MOST_MISSED = 1000
_IDS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class InboxPage:
    """Some lines of an inbox, newest first, and the number to go on before; None at the end."""

    events: list[Event]
    next_before: int | None


def inbox(member: Any, *, before: int | None = None, rows: int = INBOX_ROWS) -> InboxPage:
    """A page of ``member``'s inbox: the lines numbered below ``before``, or the newest."""
    lines = Event.objects.inbox(member).select_related("about")
    if before is not None:
        lines = lines.filter(seq__lt=before)
    events = list(lines[: rows + 1])
    name(events[:rows])
    return InboxPage(events[:rows], events[rows - 1].seq if len(events) > rows else None)


# What people call a thing lives in one place, where it can be changed and erased, and never in an event. Whoever keeps
# such names says here how to find them, by what an event's data calls the thing's public id.
_names: dict[str, Callable[[Collection[str]], dict[str, str]]] = {}


def add_names(what: str, find: Callable[[Collection[str]], dict[str, str]]) -> None:
    """Events whose data has ``what``, a public id, are told with the name ``find`` knows for it, if it knows one."""
    _names[what] = find


def name(events: Sequence[Event]) -> None:
    """Give each of ``events`` the ``title`` of what it is about; a query or two for each kind of thing there is."""
    for what, find in _names.items():
        about = [event for event in events if what in event.data]
        found = find({event.data[what] for event in about}) if about else {}
        for event in about:
            event.title = found.get(event.data[what], "")


_STANDING = """
    SELECT feed.last_seq, (
        SELECT count(*) FROM notifications_event AS event
        WHERE event.member_id = feed.member_id AND event.in_inbox AND event.read_at IS NULL
    ) FROM notifications_feed AS feed WHERE feed.member_id = %s"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a member's feed stands: her last number, and how many lines of her inbox are unread."""

    seq: int
    unread: int


def standing(member: Any) -> Standing:
    """One query: the number is never newer than anything read after it.

    Plain SQL, for every page asks it: building it with the ORM costs thirty times what answering it does.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, [member.pk])
        row = cursor.fetchone()
    return Standing(*row) if row else Standing(0, 0)


@dataclass(frozen=True, slots=True)
class Missed:
    """The events after a number, in order, up to ``seq``.

    ``is_whole`` is False where too many were missed, or the number is not of this feed: then the
    page had better ask for everything anew.
    """

    seq: int
    events: list[Event]
    is_whole: bool = True

    @property
    def frames(self) -> list[dict[str, Any]]:
        """What sockets carry of them."""
        return [event.frame for event in self.events]


def missed(member_id: int, since: int) -> Missed:
    """What a page that has seen number ``since`` has not seen yet. One or two queries."""
    last = Feed.objects.filter(member=member_id).values_list("last_seq", flat=True).first() or 0
    if since == last:
        return Missed(last, [])
    if since > last or last - since > MOST_MISSED:
        return Missed(last, [], is_whole=False)
    return Missed(last, list(Event.objects.since(member_id, since).filter(seq__lte=last)))


@dataclass(frozen=True, slots=True)
class Person:
    """What decides whether a member's sockets stay open, and the last number of her feed."""

    state: str
    is_active: bool
    session_auth_hash: str
    seq: int


def people(member_ids: Iterable[int]) -> dict[int, Person]:
    """The present standing of these members; who is gone is left out."""
    found: dict[int, Person] = {}
    for ids in _in_portions(member_ids):
        members = get_user_model()._default_manager.filter(pk__in=ids).annotate(feed_seq=Coalesce("feed__last_seq", 0))
        for member in members:
            found[member.pk] = Person(member.state, member.is_active, member.get_session_auth_hash(), member.feed_seq)
    return found


def living_sessions(session_keys: Iterable[str]) -> set[str]:
    """Those of these sessions that were neither ended nor have expired."""
    alive: set[str] = set()
    for keys in _in_portions(session_keys):
        living = Session.objects.filter(session_key__in=keys, expire_date__gt=clock.now())
        alive |= set(living.values_list("session_key", flat=True))
    return alive


def _in_portions(ids: Iterable[Any]) -> Iterable[list[Any]]:
    every = list(ids)
    return (every[start : start + _IDS_AT_ONCE] for start in range(0, len(every), _IDS_AT_ONCE))
