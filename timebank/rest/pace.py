"""How much one member may ask of the API in a while, whatever door she comes by."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from timebank.pace import seconds_to_wait


class ByMember(BaseThrottle):
    def allow_request(self, request: Request, view: Any) -> bool:
        # Counted apart from what she calls herself: a token that runs wild never keeps her from ending it.
        what = "api" if getattr(request.auth, "scopes", None) is not None else "api-herself"
        self._wait = seconds_to_wait(request._request, what, settings.API_RATE_LIMIT, user=request.user)
        return not self._wait

    def wait(self) -> float:
        return self._wait
