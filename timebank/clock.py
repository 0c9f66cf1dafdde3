"""The one clock. Everything that asks what time it is asks here, so that a test can move it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.utils import timezone

_ahead = timedelta()


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return timezone.now() + _ahead


@contextmanager
def ahead_by(delta: timedelta) -> Iterator[None]:
    """Within the block, this process's clock is ahead by ``delta``."""
    global _ahead
    before = _ahead
    _ahead = before + delta
    try:
        yield
    finally:
        _ahead = before
