"""Trying again when the database is busy, within a deadline, instead of failing a person."""

from __future__ import annotations

import contextvars
import functools
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import IntegrityError, OperationalError, connection
from django.utils.translation import gettext_lazy as _

from .errors import Busy

P = ParamSpec("P")
R = TypeVar("R")

# PostgreSQL: serialization failure, deadlock, lock not available within lock_timeout.
_PASSING_STATES = {"40001", "40P01", "55P03"}
_KEY_TRIES = 3

_deadline: contextvars.ContextVar[float | None] = contextvars.ContextVar("deadline", default=None)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Within the block, retries end ``seconds`` from now: a web request sets it once."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def is_busy(error: BaseException) -> bool:
    """Whether this is a busy, deadlock or serialization error: a later try may well succeed."""
    if not isinstance(error, OperationalError):
        return False
    cause = error.__cause__
    if getattr(cause, "sqlstate", None) in _PASSING_STATES:
        return True
    return "database is locked" in str(error) or "database table is locked" in str(error)


def retried(function: Callable[P, R]) -> Callable[P, R]:
    """Run the whole function again while the database is busy, with jitter, until the deadline.

    Inside an open transaction it runs once: only the outermost function can begin again. A broken
    unique key (two requests at once) is tried again too, a few times: the second run finds what
    the first wrote. Raises `Busy` at the deadline, with nothing done.
    """

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        if connection.in_atomic_block:
            return function(*args, **kwargs)
        ends = _deadline.get() or time.monotonic() + settings.WORKER_RETRY_DEADLINE_SECONDS
        key_tries = 0
        pause = 0.01
        with _lock_waits_end_at(ends):
            while True:
                try:
                    return function(*args, **kwargs)
                except IntegrityError:
                    key_tries += 1
                    if key_tries == _KEY_TRIES:
                        raise
                except OperationalError as error:
                    if not is_busy(error):
                        raise
                    if time.monotonic() + pause >= ends:
                        raise Busy(_("The books are busy just now. Nothing was changed. Please try again.")) from error
                    time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311
                    pause = min(pause * 2, 0.5)

    return wrapper


@contextmanager
def _lock_waits_end_at(ends: float) -> Iterator[None]:
    """On SQLite, wait for the write lock no longer than until ``ends``.

    The connection's usual timeout is shorter than a deadline but may begin just before it.
    """
    if connection.vendor != "sqlite":
        yield
        return
    usual = settings.SQLITE_BUSY_TIMEOUT_SECONDS
    remaining = max(0.05, ends - time.monotonic())
    # One wait may last the whole deadline: the library's own waiting is fairer than our retries.
    connection.ensure_connection()
    connection.connection.execute(f"PRAGMA busy_timeout = {int(remaining * 1000)}")
    try:
        yield
    finally:
        if connection.connection is not None:
            connection.connection.execute(f"PRAGMA busy_timeout = {usual * 1000}")
