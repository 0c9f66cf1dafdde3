"""What keeps the web server, a worker, the relay or a command from starting: each is said in one sentence."""

from __future__ import annotations

import sys
from typing import Any

from django.core.checks import ERROR, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import ManagementUtility
from django.core.management.base import BaseCommand
from django.db import DatabaseError, OperationalError, ProgrammingError

NOT_UP_TO_DATE = "The database is not up to date: run manage.py migrate first."


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


def run_command(argv: list[str]) -> None:
    """Run a command of manage.py. What keeps it from starting ends it with a sentence, unless ``--traceback`` is asked.

    Any other failure is a programmer's mistake, and keeps its trace.
    """
    try:
        _Commands(argv).execute()
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    except (OperationalError, ProgrammingError) as error:
        if "--traceback" in argv or not (sentence := _why_the_database_cannot_be_used(error)):
            raise
        sys.exit(sentence)


def _why_the_database_cannot_be_used(error: DatabaseError) -> str:
    """Nothing, where a statement of ours was wrong."""
    if "no such table" in str(error) or getattr(error.__cause__, "sqlstate", "") == "42P01":  # undefined_table
        return NOT_UP_TO_DATE
    return str(no_answer(error)) if isinstance(error, OperationalError) else ""


class _Commands(ManagementUtility):
    """Django's, but that settings which do not fit together are said as ``serve`` says them."""

    def fetch_command(self, subcommand: str) -> BaseCommand:
        command = super().fetch_command(subcommand)
        if subcommand != "check":  # which lists all of them
            command.check = _in_one_sentence  # type: ignore[assignment, method-assign]
        return command


def _in_one_sentence(**_asked: Any) -> None:
    refuse_settings_that_do_not_fit()
