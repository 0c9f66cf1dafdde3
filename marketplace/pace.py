"""How much one member may ask and write in a while."""

from __future__ import annotations

from allauth.core.internal import ratelimit
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from timebank.errors import Refusal


class TooFast(Refusal):
    """She did this very often in a short while."""

    code = "too_fast"
    status = 429
    retry_after_seconds = 300


def check_pace(request: HttpRequest, what: str) -> None:
    """Count one more of ``what``, "proposals" or "messages". Raises TooFast beyond the limits of the settings."""
    limits = {"proposals": settings.PROPOSAL_RATE_LIMIT, "messages": settings.MESSAGE_RATE_LIMIT}
    if not ratelimit.consume(request, app="marketplace", action=what, config=limits):
        raise TooFast(
            _("That is a lot in a short while. What you wrote is still here: please wait a little, then send it.")
        )
