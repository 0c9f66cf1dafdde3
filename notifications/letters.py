"""Letters: how mail is written down, sent and forgotten.

Whoever sends mail through Django (allauth, the admin) writes a `Letter`, in the same transaction
as its cause where there is one; a job sends it through ``MAIL_BACKEND``. While the mail server is
away the job is tried again, so nothing is lost and no page waits for mail.
"""

from __future__ import annotations

import logging
import re
import secrets
import sys
from collections.abc import Callable, Sequence
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string

from timebank import clock
from timebank.durations import NO_BREAK
from timebank.reader import spoken_to
from timebank.retries import retried

from . import operations, queries
from .models import Event, Letter
from .operations import Words

logger = logging.getLogger(__name__)

# What a person wrote lives in one place, where it can be erased, and never in an event. Whoever keeps
# such words says here how to find them, by the type of the events they belong to.
_words_beside: dict[str, Callable[[Event], str]] = {}


def add_words(type_: str, find: Callable[[Event], str]) -> None:
    """Letters about events of ``type_`` quote what ``find`` returns for the event; nothing for ""."""
    _words_beside[type_] = find


Facts = Sequence[tuple[str, str]]  # each with its label, in the reader's language and time zone
_facts_beside: dict[str, Callable[[Event], Facts]] = {}


def add_facts(type_: str, find: Callable[[Event], Facts]) -> None:
    """Letters about events of ``type_`` list what ``find`` returns for the event, so that nobody has to look it up."""
    _facts_beside[type_] = find


class QueuedBackend(BaseEmailBackend):
    """Django's door to the letters: each recipient of each message gets a letter of her own."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            if message.attachments:
                raise ValueError("letters carry no attachments")
            headers = dict(message.extra_headers)
            if message.reply_to:
                headers["Reply-To"] = ", ".join(message.reply_to)
            operations.write_letters(
                message.recipients(),
                Words(str(message.subject), str(message.body), _html_of(message)),
                sender="" if message.from_email == settings.DEFAULT_FROM_EMAIL else message.from_email,
                headers=headers,
            )
        return len(email_messages)


def _html_of(message: EmailMessage) -> str:
    for content, mimetype in getattr(message, "alternatives", ()):
        if mimetype == "text/html":
            return str(content)
    return ""


def send(letter_id: int) -> None:
    """Send one letter, then empty its words. Raises what the mail server said when it refused."""
    letter = Letter.objects.unsent().filter(pk=letter_id).first()
    if letter is None:
        return
    with get_connection(settings.MAIL_BACKEND) as post_office:
        _message_of(letter, post_office).send()
    _forget_words(letter)


def _message_of(letter: Letter, post_office: Any) -> EmailMultiAlternatives:
    # Sent again after a crash it has the same id, by which mail programs know it for the same mail.
    message_id = f"<letter-{letter.pk}-{letter.created_at:%Y%m%d%H%M%S}@{urlsplit(settings.SITE_URL).hostname}>"
    message = EmailMultiAlternatives(
        letter.subject,
        letter.text,
        letter.sender or settings.DEFAULT_FROM_EMAIL,
        [letter.recipient],
        connection=post_office,
        headers={"Message-ID": message_id, "Auto-Submitted": "auto-generated", **letter.headers},
    )
    if letter.html:
        message.attach_alternative(letter.html, "text/html")
    return message


@retried
def _forget_words(letter: Letter) -> None:
    Letter.objects.unsent().filter(pk=letter.pk).update(sent_at=clock.now(), subject="", text="", html="", headers={})


def write_for_event(event_id: int) -> None:
    """Write the letter that tells of an event, once, in its reader's language and time zone."""
    event = Event.objects.select_related("member", "about").filter(pk=event_id, letter=None).first()
    if event is None or not event.member.is_active or not event.member.email:
        return
    queries.name([event])
    if event.type == Event.Type.HOURS_ARRIVED and event.title:
        return  # what brought them about tells of them by a letter of its own
    # Rendered before the transaction begins: nothing slow happens while a write lock is held.
    operations.write_letter(event.member.email, words_for(event), event=event)


def words_for(event: Event) -> Words:
    """What the letter about ``event`` says; its links begin with SITE_URL, whoever asked for the page."""
    reader = event.member
    with spoken_to(reader):
        return _written(event, reader)


def _written(event: Event, reader: Any) -> Words:
    context = {
        "event": event,
        "reader": reader,
        "words": _words_beside[event.type](event) if event.type in _words_beside else "",
        "facts": _facts_beside[event.type](event) if event.type in _facts_beside else (),
        "link": settings.SITE_URL + event.get_absolute_url(),
        "site_url": settings.SITE_URL,
        "community_name": settings.COMMUNITY_NAME,
    }
    subject, text, html = (
        render_to_string(f"notifications/mail/{event.type}.{ending}", context)
        for ending in ("subject.txt", "txt", "html")
    )
    plain = text.strip().replace(NO_BREAK, " ")  # who reads mail breaks its lines
    return Words(" ".join(subject.split()), re.sub(r"\n{3,}", "\n\n", plain) + "\n", html)


class FileAndConsoleBackend(BaseEmailBackend):
    """Writes each mail to a file in MAIL_DIR and shows it on the console: for a clone, a demo, a test."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            mail = message.message()
            path = self._write(mail)
            self._show(message, path)
        return len(email_messages)

    def _write(self, mail: Message) -> Path:
        folder: Path = settings.MAIL_DIR
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{clock.now():%Y%m%d-%H%M%S-%f}-{secrets.token_hex(2)}.eml"
        # Whole or not at all: whoever looks into the folder never reads half a mail.
        half = folder.parent / f".{name}"
        half.write_bytes(mail.as_bytes())
        return half.replace(folder / name)

    def _show(self, message: EmailMessage, path: Path) -> None:
        try:
            sys.stderr.write(
                f"--- Mail to {', '.join(message.to)}: {message.subject} ({path})\n{str(message.body).strip()}\n---\n"
            )
            sys.stderr.flush()
        except OSError:
            logger.debug("nobody reads the console")
