"""Sessions in the database, as Django keeps them, told apart from a database that is busy."""

from __future__ import annotations

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.http import HttpRequest

from .retries import is_busy, retried


class SessionStore(db.SessionStore):
    """A session that cannot be saved while the database is busy says just that.

    Django takes every error at a save for a session that was ended meanwhile, and answers 400.
    """

    def save(self, must_create: bool = False) -> None:
        try:
            super().save(must_create)
        except UpdateError as error:
            reason = error.__context__
            if reason is not None and is_busy(reason):
                raise reason from reason.__cause__
            raise


def save_now(request: HttpRequest) -> None:
    """Save the session within the view, which can still answer with what was typed. Raises Busy.

    Left to the middleware it would be saved once the answer is made, too late to change it.
    """
    try:
        retried(request.session.save)()
    except UpdateError:
        return  # she signed out meanwhile: the middleware finds that too, and says so
    request.session.modified = False
