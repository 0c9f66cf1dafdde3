"""Speaking to somebody who is not the one asking: in a letter, or in a file that is written after the answer began."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone, translation

from .durations import said_in


@contextmanager
def spoken_to(reader: Any) -> Iterator[None]:
    """Within the block: in the language, time zone and units of ``reader``, a member."""
    with translation.override(reader.language), timezone.override(ZoneInfo(reader.time_zone)), said_in(reader.units):
        yield
