"""How much one member may ask of the API in a while, whatever door she comes by; counted for all processes together."""

from __future__ import annotations

from typing import Any

from allauth.core.internal import ratelimit
from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

WAIT_SECONDS = 60


class ByMember(BaseThrottle):
    def allow_request(self, request: Request, view: Any) -> bool:
        limit = {"api": settings.API_RATE_LIMIT}
        return bool(
            ratelimit.consume(
                request._request, app="timebank.rest", action="api", config=limit, user=request.user, limit_get=True
            )
        )

    def wait(self) -> float:
        return WAIT_SECONDS
