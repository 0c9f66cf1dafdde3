"""What the two of an exchange write to each other."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Member
from marketplace.models import Exchange, Message
from marketplace.rules import NotYours, check_may_talk
from notifications.models import Event
from notifications.operations import Telling, tell_all
from timebank import clock
from timebank.retries import retried

from .refusals import AlreadyWritten
from .steps import check_partner_takes_part, check_takes_part, locked

TALK = timedelta(hours=1)  # so long after one message the next is part of the same conversation


@retried
@transaction.atomic
def send_message(exchange: Exchange, *, by: Member, text: str, nonce: str) -> Message:
    """Write ``text`` to the other one of the two. Sent again with the same ``nonce`` and words it returns the first.

    The other one finds one line in her inbox however many messages she has not read yet, and gets one mail for what is
    written within an hour, so that two who write to each other on open pages get no mail for every line.
    Raises NotYours, CannotTakePart, PartnerCannotTakePart, AlreadyWritten, and OutOfTurn once it ended with nothing
    given.
    """
    exchange = locked(exchange)  # so that of two messages at once one is the first, and one line tells of both
    if not exchange.is_party(by):
        raise NotYours(_("Only the two of this exchange write here."))
    if earlier := _sent_before(exchange, by, nonce):
        if earlier.text == text:
            return earlier
        raise already_written(earlier)
    check_takes_part(by)
    check_may_talk(exchange)
    partner = exchange.partner_of(by)
    check_partner_takes_part(partner)
    at = clock.now()
    is_talk = Message.objects.filter(exchange=exchange, author=by, sent_at__gt=at - TALK).exists()
    message = write_message(exchange, by, text, nonce=nonce, at=at)
    said = {"exchange": exchange.public_id}
    unread = Event.objects.unread(partner).filter(type="exchange-message", data__exchange=exchange.public_id)
    is_news = not unread.exists()
    tell_all(
        [
            Telling(partner.pk, "exchange-message", by.pk, said, in_inbox=is_news, by_mail=is_news and not is_talk),
            Telling(by.pk, "exchange-message", partner.pk, said),
        ]
    )
    return message


def write_message(exchange: Exchange, by: Member, text: str, *, nonce: str, at: datetime) -> Message:
    """Keep the words, in the present transaction. Raises AlreadyWritten where others came with the same ``nonce``."""
    if earlier := _sent_before(exchange, by, nonce):
        raise already_written(earlier)
    return Message.objects.create(exchange=exchange, author=by, text=text, nonce=nonce, sent_at=at)


def already_written(first: object) -> AlreadyWritten:
    """What to say of a form that comes again with other words: ``first`` is what it made."""
    return AlreadyWritten(
        _("You sent this form before, with other words in it. These were not sent: to send them too, press once more."),
        first,
    )


def _sent_before(exchange: Exchange, by: Member, nonce: str) -> Message | None:
    return Message.objects.filter(exchange=exchange, author=by, nonce=nonce).first()
