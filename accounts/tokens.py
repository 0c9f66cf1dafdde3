"""How the API knows who asks: by the session of the site, or by a token in the ``Authorization`` header."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from allauth.headless.tokens.strategies.jwt.internal import validate_access_token
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import (
    BaseAuthentication,
    CSRFCheck,
    SessionAuthentication,
    get_authorization_header,
)
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from timebank.errors import Refusal
from timebank.pace import TooOften, seconds_to_wait

from . import operations
from .models import Member, Token

SCHEME = "Bearer"


class MembershipSuspended(Refusal):
    """Her tokens do nothing while she is suspended; she may sign in on the site to read what is hers."""

    code = "suspended"
    status = 403


class BySession(SessionAuthentication):
    """The site's own cookie; what changes something needs its CSRF token."""

    def enforce_csrf(self, request: Request) -> None:
        """Ask Django of its own request: asked of the framework's, it would read the body before whoever it is for."""
        plain = request._request
        check = CSRFCheck(lambda _request: HttpResponse())
        check.process_request(plain)
        if check.process_view(plain, None, (), {}):  # type: ignore[arg-type]
            raise PermissionDenied(_("This did not come from a page of ours. Please load the page anew."), "csrf")

    def authenticate_header(self, request: Request) -> str:
        return SCHEME  # so that a stranger gets a 401


class ByToken(BaseAuthentication):
    """A member's own token, or the access token of a session an app began. Neither does more than she may.

    Whose it is, and whether it still is one, is read anew with every call.
    """

    def authenticate(self, request: Request) -> tuple[Member, Token | dict[str, Any]] | None:
        said = get_authorization_header(request).decode("latin-1").split()
        if not said or said[0].lower() != SCHEME.lower():
            return None
        found = who_has(said[1]) if len(said) == 2 else None
        if found is None:
            count_wrong_token(request._request)
            raise AuthenticationFailed(_("This token is not known, or not any more."), code="unknown_token")
        _speak_to(found[0])
        return found

    def authenticate_header(self, request: Request) -> str:
        return SCHEME


def count_wrong_token(request: HttpRequest) -> None:
    """Count one token that is none, of the address it came from, by whichever door. Raises TooOften.

    A right one is let in all the same: a neighbour's program may share the address.
    """
    if wait := seconds_to_wait(request, "wrong-token", settings.TOKEN_RATE_LIMIT):
        words = gettext("These were many tokens that we do not know. Please wait a minute, then try again.")
        raise TooOften(words, wait)


def who_has(words: str) -> tuple[Member, Token | dict[str, Any]] | None:
    """The member whose token these ``words`` are, and the token, or what the access token says; None for nobody.

    Raises MembershipSuspended where it is her own and she is no member now.
    """
    if not words.startswith(operations.PREFIX):
        of_session: tuple[Member, dict[str, Any]] | None = validate_access_token(words)
        return of_session
    token = operations.find_token(words)
    if token is None or not token.member.is_active:
        return None
    if not token.member.is_member:
        raise MembershipSuspended(_("Your membership is not active, so your tokens do nothing."))
    return token.member, token


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
