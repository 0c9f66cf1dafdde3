"""Which events a page has seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from django.http import HttpRequest, HttpResponse

from . import queries


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


def count_as_read(request: HttpRequest, lines: int) -> None:
    """Count ``lines`` of the reader's inbox no more as unread: this very request marked them as read."""
    standing = standing_of(request)
    request._feed_standing = replace(standing, unread=max(standing.unread - lines, 0))  # type: ignore[attr-defined]


def _has_session(request: HttpRequest) -> bool:
    return request.user.is_authenticated and not request.path.startswith("/admin/")
