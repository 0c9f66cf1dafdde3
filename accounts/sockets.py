"""Which tokens open a socket: a member's own, and the access token of an app's session."""

from __future__ import annotations

from collections.abc import Collection

from allauth.headless.tokens.strategies.jwt.internal import get_token_session, validate_access_token
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from notifications import doors
from timebank import clock

from .models import Token
from .operations.tokens import PREFIX, find_token
from .tokens import count_wrong_token


def who_listens(words: str, address: str) -> doors.Listener | None:
    """Who has this token. One that is none is counted with those of its ``address`` by HTTP: raises TooOften."""
    listener = _whose(words)
    if listener is None:
        request = HttpRequest()
        request.META["REMOTE_ADDR"] = address
        request.user = AnonymousUser()
        count_wrong_token(request)
    return listener


def _whose(words: str) -> doors.Listener | None:
    """The socket of an app goes on as long as its session, whenever its access token ends."""
    if words.startswith(PREFIX):
        token = find_token(words)
        return doors.by_token(token.member, token.pk) if token else None
    found = validate_access_token(words) if words.isascii() else None  # what is not cannot even be read as one
    session = get_token_session(found[1]) if found else None
    return doors.by_session(found[0], session.session_key) if found and session else None


def living_tokens(keys: Collection[int]) -> set[int]:
    return set(Token.objects.living(clock.now()).filter(pk__in=keys).values_list("pk", flat=True))
