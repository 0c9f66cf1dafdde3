"""The notifications queue: events are delivered, letters are sent."""

from __future__ import annotations

from django.db import connection, transaction

from timebank import clock
from timebank.jobs import enqueue_all, job, standing
from timebank.retries import retried

from . import live, webhooks
from .models import Event

_EVENTS_AT_ONCE = 500
_TRIES_IN_A_DAY = 150  # ten minutes apart: a letter waits a day for the mail server


@standing("notifications", is_due=lambda: Event.objects.untold().exists())
def deliver_events() -> None:
    """Tell everybody what is not told yet: live frames at once, mail by jobs of its own.

    Frames are hints, pushed after the commit; one that is lost is read from the events when the
    socket notices the gap. Mail is a job written in the same transaction, so none is lost.
    """
    while frames := _take_untold():
        live.push(frames)
        if len(frames) < _EVENTS_AT_ONCE:
            break


@retried
@transaction.atomic
def _take_untold() -> list[live.Addressed]:
    # Where rows are locked one by one, another worker's events are passed over, not waited for.
    skip = connection.features.has_select_for_update_skip_locked
    events = list(Event.objects.untold().select_for_update(skip_locked=skip)[:_EVENTS_AT_ONCE])
    enqueue_all(mail_event, [[event.pk] for event in events if event.by_mail])
    webhooks.note_events({event.member_id for event in events})
    Event.objects.filter(pk__in=[event.pk for event in events]).update(told_at=clock.now())
    return [(event.member_id, event.frame) for event in events]


@job("notifications", slow=True)
def mail_event(event_id: int) -> None:
    """Write the letter that tells of one event, in its reader's language and time zone."""
    from . import letters  # letters write operations' letters, which are sent by the job below

    letters.write_for_event(event_id)


@job("notifications", slow=True, tries=2 * _TRIES_IN_A_DAY)  # it is stopped after a day, before it is dead
def call_webhook(webhook_id: int, ping: str = "") -> None:
    """Tell a program of a member's what it was not told yet, tried again while it does not take it; or send a test."""
    webhooks.call(webhook_id, ping=ping)


@job("notifications", slow=True, tries=_TRIES_IN_A_DAY)
def send_letter(letter_id: int) -> None:
    """Send one letter and empty its words. While the mail server is away the job is tried again."""
    from . import letters

    letters.send(letter_id)
