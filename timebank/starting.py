"""What the web server, a worker and the relay ask before they start: each refuses in one sentence."""

from __future__ import annotations

import sys

from django.core.checks import ERROR, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError


def refuse_settings_that_do_not_fit() -> None:
    """Raise ImproperlyConfigured with the first fault the checks find; our warnings are printed."""
    for message in run_checks():
        if message.is_silenced():
            continue
        sentence = f"{message.msg} {message.hint or ''}".strip()
        if message.level >= ERROR:
            raise ImproperlyConfigured(sentence)
        if message.id and message.id.startswith("timebank."):
            print(sentence, file=sys.stderr)  # noqa: T201


def refuse_unguarded_books() -> None:
    """Raise ImproperlyConfigured, naming them, where triggers are missing, or where the database does not answer."""
    from ledger import triggers

    try:
        triggers.verify()
    except DatabaseError as error:
        raise no_answer(error) from None


def no_answer(error: DatabaseError) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"The database does not answer: {str(error).splitlines()[0]}")
