"""Which events a page has seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from django.http import HttpRequest, HttpResponse

from . import operations, queries


def note_what_is_seen(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Read the number of the reader's last event before the page reads anything else.

    The page's socket asks for what came after it. Read with the template, after the view, it could
    name an event that the page's own figures do not show yet, and nothing would refresh them.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.method == "GET" and request.headers.get("Sec-Fetch-Dest") == "document" and _has_session(request):
            standing_of(request)
        return get_response(request)

    return middleware


def standing_of(request: HttpRequest) -> queries.Standing:
    """Where the reader's feed stands, as it was when this request first asked."""
    kept: queries.Standing | None = getattr(request, "_feed_standing", None)
    if kept is None:
        user = getattr(request, "user", None)
        kept = queries.standing(user) if user and user.is_authenticated else queries.Standing(0, 0)
        request._feed_standing = kept  # type: ignore[attr-defined]
    return kept


def has_seen(request: HttpRequest, what: str, public_id: str) -> bool:
    """Whoever opens the page of one thing (``"transfer"``, ``"exchange"``) has read what she was told of it.

    Wherever she came from; the page itself counts these lines no more. Returns whether there were any.
    """
    now = standing_of(request)
    read = operations.mark_read_about(request.user, what, public_id) if now.unread else 0
    if read:
        request._feed_standing = replace(now, unread=max(now.unread - read, 0))  # type: ignore[attr-defined]
    return bool(read)


def _has_session(request: HttpRequest) -> bool:
    return request.user.is_authenticated and not request.path.startswith("/admin/")
