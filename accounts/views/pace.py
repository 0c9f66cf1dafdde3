"""What somebody gets who asks too often."""

from __future__ import annotations

from allauth.core.internal import ratelimit
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from timebank.pace import seconds_to_come_in


def too_many_requests(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """What allauth's limits and ours answer beyond them; ours note on the request how long to wait."""
    wait_seconds: int = getattr(request, "wait_seconds", None) or seconds_to_come_in(request)
    context = {
        "wait_minutes": -(-wait_seconds // 60),
        "wait_hours": -(-wait_seconds // 3600),
        "is_wrong_password": getattr(request, "is_wrong_password", False),
        "is_sign_in": request.path == reverse("account_login"),
    }
    response = render(request, "429.html", context, status=429)
    response["Retry-After"] = str(wait_seconds)
    return response


def respond_429(request: HttpRequest) -> HttpResponse:
    """The page for whoever asked too often."""
    response: HttpResponse = ratelimit.respond_429(request)
    return response
