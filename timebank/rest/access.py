"""Who may call what: reading, and moving value."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.request import Request

READ, PAY = "read", "pay"


class Scoped(IsAuthenticated):
    """Signed in; a token of limited scope reads with ``read``, and does what the view says is ``pay`` with ``pay``.

    What is neither is for who is signed in herself. A view names its paying acts in ``paying``.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        scopes = getattr(request.auth, "scopes", None)
        if scopes is None:  # a session: all that she may herself
            return True
        if request.method in SAFE_METHODS:
            return READ in scopes
        return PAY in scopes and getattr(view, "action", None) in getattr(view, "paying", ())
