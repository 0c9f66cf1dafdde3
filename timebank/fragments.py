"""Pages that also answer for a part of themselves: the same address, asked by htmx."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

View = Callable[..., HttpResponse]


def fragment(request: HttpRequest) -> str:
    """The id of the part of the page that is asked for; empty where the whole is, as by the browser's back button."""
    htmx: Any = request.htmx  # type: ignore[attr-defined]  # django_htmx
    return (htmx.target or "") if htmx and not htmx.history_restore_request else ""


def signed_in(view: View) -> View:
    """Ask strangers to sign in; but a fragment's request gets a 401, for no card should hold a sign-in page."""
    page = login_required(view)

    @wraps(view)
    def page_or_fragment(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if fragment(request) and not request.user.is_authenticated:
            return HttpResponse(status=HTTPStatus.UNAUTHORIZED)
        response = page(request, *args, **kwargs)
        patch_vary_headers(response, ["HX-Request", "HX-Target"])
        return response

    return page_or_fragment
