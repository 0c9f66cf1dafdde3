"""Pages that also answer for a part of themselves: the same address, asked by htmx."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from . import drafts

View = Callable[..., HttpResponse]
_MORE_DIGITS_THAN_A_KEY = 19


def fragment(request: HttpRequest) -> str:
    """The id of the part of the page that is asked for; empty where the whole is, as by the browser's back button."""
    htmx: Any = request.htmx  # type: ignore[attr-defined]  # django_htmx
    return (htmx.target or "") if htmx and not htmx.history_restore_request else ""


def number(request: HttpRequest, name: str) -> int | None:
    """A number from the address; None for none. Raises BadRequest for anything else."""
    text = request.GET.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < _MORE_DIGITS_THAN_A_KEY):
        raise BadRequest("not a number")
    return int(text)


def signed_in(view: View) -> View:
    """Ask strangers to sign in; but a fragment's request gets a 401, for no card should hold a sign-in page.

    What somebody typed who was signed out meanwhile is kept (`drafts`): the address after signing in has it again.
    """
    page = login_required(view)

    @wraps(view)
    def page_or_fragment(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            response = page(request, *args, **kwargs)
        elif fragment(request):
            response = HttpResponse(status=HTTPStatus.UNAUTHORIZED)
            if request.method == "POST":
                response["X-Sign-In"] = redirect_to_login(drafts.keep(request)).url
            return response
        elif request.method == "POST":
            response = redirect_to_login(drafts.keep(request))
        else:
            response = page(request, *args, **kwargs)
        patch_vary_headers(response, ["HX-Request", "HX-Target"])
        return response

    return page_or_fragment
