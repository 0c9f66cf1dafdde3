"""How often a member may have test messages sent to her programs."""

from __future__ import annotations

from allauth.core.internal import ratelimit
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from timebank.errors import Refusal


class TooManyTests(Refusal):
    """She did this very often in a short while."""

    code = "too_often"
    status = 429
    retry_after_seconds = 600


def check_pace(request: HttpRequest) -> None:
    """Count one more test message of hers. Raises TooManyTests beyond the limit of the settings."""
    if not ratelimit.consume(request, app="notifications", action="ping", config={"ping": settings.PING_RATE_LIMIT}):
        raise TooManyTests(_("That is a lot in a short while. Please wait a little."))
