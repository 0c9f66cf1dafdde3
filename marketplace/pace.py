"""How much one member may ask and write in a while."""

from __future__ import annotations

from typing import Literal

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from timebank.pace import TooOften, seconds_to_wait


def check_pace(request: HttpRequest, what: Literal["proposals", "messages"]) -> None:
    """Count one more of ``what``. Raises TooOften beyond the limits of the settings."""
    limits = {"proposals": settings.PROPOSAL_RATE_LIMIT, "messages": settings.MESSAGE_RATE_LIMIT}
    if wait := seconds_to_wait(request, what, limits[what]):
        words = _("That is a lot in a short while. What you wrote is still here: please wait a little, then send it.")
        raise TooOften(words, wait)
