"""How often a member may send hours and ask for them, by whichever door."""

from __future__ import annotations

from typing import Literal

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from timebank.pace import TooOften, seconds_to_wait

What = Literal["send", "request"]


def is_within(request: HttpRequest, what: What) -> bool:
    """Count one more payment or code of hers; whether it is within the limits of the settings."""
    return not _wait(request, what)


def check_pace(request: HttpRequest, what: What) -> None:
    """As `is_within`, for doors that answer refusals. Raises TooOften."""
    if wait := _wait(request, what):
        raise TooOften(_("That is a lot in a short while. Please wait a little."), wait)


def _wait(request: HttpRequest, what: What) -> int:
    limits = {"send": settings.SEND_RATE_LIMIT, "request": settings.REQUEST_RATE_LIMIT}
    return seconds_to_wait(request, what, limits[what])
