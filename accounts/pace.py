"""How often a member may send hours and ask for them, by whichever door."""

from __future__ import annotations

from typing import Literal

from allauth.core.internal import ratelimit
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from timebank.errors import Refusal

WAIT_SECONDS = 60


class TooOften(Refusal):
    """She did this very often in a short while."""

    code = "too_often"
    status = 429
    retry_after_seconds = WAIT_SECONDS


def is_within(request: HttpRequest, what: Literal["send", "request"]) -> bool:
    """Count one more payment or code of hers; whether it is within the limits of the settings."""
    limits = {"send": settings.SEND_RATE_LIMIT, "request": settings.REQUEST_RATE_LIMIT}
    return bool(ratelimit.consume(request, app="accounts", action=what, config=limits))


def check_pace(request: HttpRequest, what: Literal["send", "request"]) -> None:
    """As `is_within`, for doors that answer refusals. Raises TooOften."""
    if not is_within(request, what):
        raise TooOften(_("That is a lot in a short while. Please wait a little."))
