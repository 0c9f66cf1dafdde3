"""The staff's doors to the marketplace: categories, listings, exchanges to look at, and the cases of moderators."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse


def case(request: HttpRequest, public_id: str) -> HttpResponse:
    """One dispute with all a moderator needs to rule."""
    return HttpResponse(public_id)
