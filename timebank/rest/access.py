"""Who may call what: reading, and moving value."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.request import Request

READ, PAY = "read", "pay"


class InsufficientScope(PermissionDenied):
    """The token may not do this; its answer names the scope that would, where one does (RFC 6750, 3.1)."""

    default_code = "insufficient_scope"

    def __init__(self, scope: str | None) -> None:
        needs = _("This token may only read. For this a token is needed that also pays: with the scope “pay”.")
        hers = _("No token does this: it is for the member, on the site or in an app they signed in to.")
        super().__init__(needs if scope else hers)
        self.auth_header = 'Bearer error="insufficient_scope"' + (f', scope="{scope}"' if scope else "")


class Scoped(IsAuthenticated):
    """Signed in; a token of limited scope reads with ``read``, and does what the view says is ``pay`` with ``pay``.

    What is neither is for who is signed in herself. A view names its paying acts in ``paying``, and says with
    ``for_herself`` that what it shows is for no token either.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Raises InsufficientScope."""
        if not super().has_permission(request, view):
            return False
        scopes = getattr(request.auth, "scopes", None)
        if scopes is None or getattr(view, "action", None) is None:  # a session: all that she may herself; or no call
            return True
        needed = scope_of(view, str(request.method))
        if needed not in scopes:
            raise InsufficientScope(needed)
        return True


def scope_of(view: Any, method: str) -> str | None:
    """The scope that a token needs for the call of ``view``; None for what no token does."""
    if method in SAFE_METHODS:
        return None if getattr(view, "for_herself", False) else READ
    return PAY if getattr(view, "action", None) in getattr(view, "paying", ()) else None
