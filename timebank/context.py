"""What every page knows about the community."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:
    return {
        "community_name": settings.COMMUNITY_NAME,
        "site_url": settings.SITE_URL,
        "joining": settings.JOINING,
        "starting_minutes": settings.STARTING_GRANT_MINUTES,
    }
