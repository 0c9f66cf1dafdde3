"""What somebody gets who asks too often."""

from __future__ import annotations

from allauth.core.internal import ratelimit
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.pace import WAIT_SECONDS


def too_many_requests(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """What allauth's limits and ours answer beyond them; whoever knows how long to wait notes it on the request."""
    wait_seconds: int | None = getattr(request, "wait_seconds", None)
    context = {
        "wait_minutes": wait_seconds and -(-wait_seconds // 60),
        "is_wrong_password": wait_seconds is not None,
        "is_sign_in": request.path == reverse("account_login"),
    }
    response = render(request, "429.html", context, status=429)
    response["Retry-After"] = str(wait_seconds or WAIT_SECONDS)
    return response


def respond_429(request: HttpRequest) -> HttpResponse:
    """The page for whoever asked too often."""
    response: HttpResponse = ratelimit.respond_429(request)
    return response
