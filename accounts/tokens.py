"""How the API knows who asks: by the session of the site, or by a token in the ``Authorization`` header."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from timebank.errors import Refusal

from . import operations
from .models import Member, Token

SCHEME = "Bearer"


class MembershipSuspended(Refusal):
    """Her tokens do nothing while she is suspended; she may sign in on the site to read what is hers."""

    code = "suspended"
    status = 403


class BySession(SessionAuthentication):
    """The site's own cookie; what changes something needs its CSRF token."""

    def authenticate_header(self, request: Request) -> str:
        return SCHEME  # so that a stranger gets a 401


class ByToken(BaseAuthentication):
    """A member's own token. It never does more than she may: its member is read anew with every call."""

    def authenticate(self, request: Request) -> tuple[Member, Token] | None:
        said = get_authorization_header(request).decode("latin-1").split()
        if not said or said[0].lower() != SCHEME.lower():
            return None
        token = operations.find_token(said[1]) if len(said) == 2 else None
        if token is None or not token.member.is_active:
            raise AuthenticationFailed(_("This token is not known, or not any more."), code="unknown_token")
        member = token.member
        _speak_to(member)
        if not member.is_member:
            raise MembershipSuspended(_("Your membership is not active, so your tokens do nothing."))
        return member, token

    def authenticate_header(self, request: Request) -> str:
        return SCHEME


class SessionInTheSchema(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class, name = BySession, "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}


class TokenInTheSchema(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class, name = ByToken, "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


def _speak_to(member: Any) -> None:
    """In her language and time zone, as the middleware does for who has a session; both end with the request."""
    translation.activate(member.language)
    timezone.activate(ZoneInfo(member.time_zone))
