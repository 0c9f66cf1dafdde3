"""Trying again when the database is busy, within a deadline, instead of failing a person."""

from __future__ import annotations

import contextvars
import functools
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

from django.conf import settings
from django.db import IntegrityError, OperationalError, connection
from django.utils.translation import gettext_lazy as _

from .errors import Busy

P = ParamSpec("P")
R = TypeVar("R")

# PostgreSQL: serialization failure, deadlock, lock not available within lock_timeout.
_PASSING_STATES = {"40001", "40P01", "55P03"}
_KEY_TRIES = 3
_WAIT_STEP_MS = 50  # no more than the shortest wait
_NOTABLY_SECONDS = 0.25
_SHORTEST_WAIT_SECONDS = 0.05
_FIRST_WAIT_SECONDS = 0.3  # for SQLite's write lock; see `_be_patient`

_deadline: contextvars.ContextVar[float | None] = contextvars.ContextVar("deadline", default=None)
_is_patient: contextvars.ContextVar[bool] = contextvars.ContextVar("is_patient", default=False)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Within the block, retries and waits for a lock end ``seconds`` from now: a web request sets it once."""
    ends = time.monotonic() + seconds
    token = _deadline.set(ends)
    waits = _WaitsEnd(ends)
    try:
        with connection.execute_wrapper(waits):
            yield
    finally:
        _deadline.reset(token)
        waits.as_usual_again()


class _WaitsEnd:
    """Sees to it that no statement waits for SQLite's write lock past the deadline.

    The library's timeout is for one wait; a request may meet several (session, view, session
    again). So it is set to what is left, and again whenever that has become notably less.
    """

    def __init__(self, ends: float) -> None:
        self.ends = ends
        self.set_at = float("-inf")

    def __call__(self, execute: Callable[..., R], sql: str, params: Any, many: bool, context: dict[str, Any]) -> R:
        now = time.monotonic()
        if connection.vendor == "sqlite" and now - self.set_at > _NOTABLY_SECONDS:
            self.set_at = now
            _wait_for_locks(min(self.ends - now, _FIRST_WAIT_SECONDS) if _is_patient.get() else self.ends - now)
        return execute(sql, params, many, context)

    def as_usual_again(self) -> None:
        if self.set_at > 0:
            _wait_for_locks(settings.SQLITE_BUSY_TIMEOUT_SECONDS)


def _wait_for_locks(seconds: float) -> None:
    """Let this connection wait so long, and not longer, for SQLite's write lock."""
    driver = connection.connection
    if driver is None:
        return
    # In steps, for each value is a statement of its own, and one that is set already is not set again: on the way of
    # a payment the two statements cost as much as writing a record.
    milliseconds = int(max(_SHORTEST_WAIT_SECONDS, seconds) * 1000) // _WAIT_STEP_MS * _WAIT_STEP_MS
    if getattr(connection, "waits_for_locks", None) != (driver, milliseconds):
        driver.execute(f"PRAGMA busy_timeout = {milliseconds}")
        connection.waits_for_locks = (driver, milliseconds)  # type: ignore[attr-defined]


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
        pause, longest_pause = (0.002, 0.002) if connection.vendor == "sqlite" else (0.01, 0.5)
        while True:
            try:
                with _be_patient(ends):
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
                pause = min(pause * 2, longest_pause)

    return wrapper


@contextmanager
def _be_patient(ends: float) -> Iterator[None]:
    """On SQLite, wait for the write lock three tenths of a second, and not past ``ends``; whoever called tries again.

    The library looks for the lock less and less often, in the end ten times a second, while others come and have it at
    once. Begun again it looks often again, so that nobody waits much longer than the others.
    """
    if connection.vendor != "sqlite":
        yield
        return
    connection.ensure_connection()
    _wait_for_locks(min(_FIRST_WAIT_SECONDS, ends - time.monotonic()))
    token = _is_patient.set(True)
    try:
        yield
    finally:
        _is_patient.reset(token)
        # In a request, what is not tried again has all the time there is. A worker tries everything again.
        if _deadline.get() is not None:
            _wait_for_locks(ends - time.monotonic())
