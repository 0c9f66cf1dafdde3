"""``Prefer: wait`` (RFC 7240): an answer that hours are on their way may wait a moment until they have arrived."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from threading import BoundedSemaphore
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from timebank.jobs.ringer import ringer

from .models import Hold

LONGEST_MILLISECONDS = 2000
MOST_WAITERS = 4  # of the threads of a process: the others serve pages
ON_ITS_WAY, ARRIVED = 202, 200
_FIRST_LOOK_MILLISECONDS, _LAST_LOOK_MILLISECONDS = 15, 100
_PREFERENCE = re.compile(r"(?:^|[,;\s])wait(?:\s*=\s*\"?(?P<seconds>[0-9]{1,6})\"?)?\s*(?:$|[,;])", re.IGNORECASE)

_places = BoundedSemaphore(MOST_WAITERS)


def arrives(act: Callable[..., Response]) -> Callable[..., Response]:
    """Let a call that answers 202, and where its hold is, wait for the hold to be posted, where its caller prefers so.

    Then it answers 200, with ``Preference-Applied``. Nobody waits longer than two seconds, beyond the fourth in a
    process, or while the broker is not told of new work; and what was done is done and kept before the waiting begins.
    """

    @wraps(act)
    def call(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = act(view, request, *args, **kwargs)
        longest = preferred_milliseconds(request.headers.get("Prefer", ""))
        if response.status_code == ON_ITS_WAY and longest and _arrived(_hold_of(response), longest):
            response.status_code = ARRIVED
            response["Preference-Applied"] = "wait"
            view.now_that_it_arrived(response)
        return response

    call.may_wait = True  # type: ignore[attr-defined]  # for the schema
    return call


def preferred_milliseconds(preferences: str) -> int:
    """How long the caller would wait at most, by her ``Prefer`` header; 0 where she does not say."""
    found = _PREFERENCE.search(preferences)
    if found is None:
        return 0
    return min(int(found["seconds"]) * 1000, LONGEST_MILLISECONDS) if found["seconds"] else LONGEST_MILLISECONDS


def _hold_of(response: Response) -> str:
    return response["Location"].rstrip("/").rpartition("/")[2]


def _arrived(hold: str, milliseconds: int) -> bool:
    """Whether it is posted by then; looked at more and more seldom."""
    if not ringer.answers or not _places.acquire(blocking=False):
        return False
    try:
        until, pause = _now() + milliseconds, _FIRST_LOOK_MILLISECONDS
        while not Hold.objects.filter(public_id=hold, state=Hold.State.POSTED).exists():
            if _now() + pause > until or not ringer.answers:
                return False
            time.sleep(timedelta(milliseconds=pause).total_seconds())
            pause = min(pause * 2, _LAST_LOOK_MILLISECONDS)
        return True
    finally:
        _places.release()


def _now() -> int:
    """Milliseconds, of a clock that nobody sets."""
    return time.monotonic_ns() // 1_000_000
