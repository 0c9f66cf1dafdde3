"""Saying no in plain words: the one base of everything a rule refuses."""

from __future__ import annotations


class Refusal(Exception):
    """A rule said no. ``str(refusal)`` is a sentence for a person, ``code`` a word for programs.

    Operations raise it; each kind of door translates it once: a page puts the sentence on the
    form, the admin warns with it. ``status`` is the HTTP status that goes with it, and ``field``
    names the input it is about, where there is one. ``retry_after_seconds`` says when to try again.
    """

    code = "refused"
    status = 409
    field: str | None = None
    retry_after_seconds: int | None = None


class Busy(Refusal):
    """The database could not be reached for writing within the deadline. Nothing was done."""

    code = "busy"
    status = 503
    retry_after_seconds = 5
