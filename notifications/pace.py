"""How often a member may have test messages sent to her programs."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from timebank.pace import TooOften, seconds_to_wait


def check_pace(request: HttpRequest) -> None:
    """Count one more test message of hers. Raises TooOften beyond the limit of the settings."""
    if wait := seconds_to_wait(request, "ping", settings.PING_RATE_LIMIT):
        raise TooOften(_("That is a lot in a short while. Please wait a little."), wait)
