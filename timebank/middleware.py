"""What the site does around every page: what browsers may do and keep, and how long we try."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, cast

from csp.constants import UNSAFE_EVAL
from csp.middleware import CSPMiddleware
from django.conf import settings
from django.core.exceptions import BadRequest
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import TemplateDoesNotExist
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from .errors import Busy
from .rest.problems import plainly, speaks_to_program
from .retries import deadline as retries_deadline
from .retries import is_busy

log = logging.getLogger(__name__)

Handler = Callable[[HttpRequest], HttpResponse]

ADMIN = "/admin/"
# Unfold's Alpine builds functions from its attributes; nothing else is relaxed (its styles: static/css/admin.css).
ADMIN_MAY_ALSO = {"script-src": [UNSAFE_EVAL]}


def content_security_policy(get_response: Handler) -> Handler:
    """Send the site's policy with every page, and the admin's own with the admin's."""

    def with_the_admins_own(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.path_info.startswith(ADMIN):
            response._csp_update = ADMIN_MAY_ALSO  # type: ignore[attr-defined]  # how django-csp is told
        return response

    policy: Any = CSPMiddleware(with_the_admins_own)
    return cast(Handler, policy)


class deadline:  # noqa: N801  named like the functions beside it, and like them in settings.MIDDLEWARE
    """End every page's tries at the database together, and say so kindly when they were in vain.

    A busy database becomes the page 503 with Retry-After, wherever in a view it shows. Where it
    shows in a middleware (a session that cannot be saved), `server_error` does the same.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with retries_deadline(settings.WEB_RETRY_DEADLINE_SECONDS):
            return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return busy_page(request) if means_busy(error) else None


class bad_input:  # noqa: N801  as above
    """Answer what a view cannot read with the page 400, and one line in the log: Django would write a traceback."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, BadRequest):
            return None
        return HttpResponse(_page("400.html", request), status=HTTPStatus.BAD_REQUEST)


def means_busy(error: BaseException | None) -> bool:
    """Whether a later try may well succeed: the database is locked, or away for a moment."""
    return isinstance(error, Busy) or (isinstance(error, OperationalError) and is_busy(error))


def busy_page(request: HttpRequest) -> HttpResponse:
    """503: nothing was changed, please try again. Needs no database, though it tries to look like us."""
    if speaks_to_program(request):
        words = _("The books are busy just now. Nothing was changed. Please try again.")
        response: HttpResponse = plainly(HTTPStatus.SERVICE_UNAVAILABLE, "busy", words)
    else:
        response = HttpResponse(_page("503.html", request), status=HTTPStatus.SERVICE_UNAVAILABLE)
    response["Retry-After"] = str(Busy.retry_after_seconds)
    response["Cache-Control"] = "no-store"
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """The page for what went wrong outside of a view: 503 where a later try may succeed, else 500."""
    if means_busy(sys.exc_info()[1]):
        return busy_page(request)
    if speaks_to_program(request):
        return plainly(HTTPStatus.INTERNAL_SERVER_ERROR, "failed", _("Nothing was changed. Please try again."))
    return HttpResponse(_page("500.html", request), status=HTTPStatus.INTERNAL_SERVER_ERROR)


def _page(template: str, request: HttpRequest) -> str:
    for context in (request, None):  # with the member's own bar if it can be read, else without
        try:
            return render_to_string(template, {}, context)
        except TemplateDoesNotExist:
            break
        except Exception as error:  # an error page that fails is worse than a plain one
            log.warning("the page %s could not be made (%s)", template, type(error).__name__)
    if template == "503.html":
        title, words = _("Busy just now"), _("The books are busy just now. Nothing was changed. Please try again.")
    else:
        title, words = _("Something went wrong"), _("Nothing was changed. Please try again.")
    return f"<!doctype html><meta charset=utf-8><title>{title}</title><h1>{title}</h1><p>{words}</p>"


def personal_pages_are_not_stored(get_response: Handler) -> Handler:
    """Keep pages made for someone signed in out of every cache, the browser's own too."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if "Cache-Control" not in response and _knows_who(request):
            response["Cache-Control"] = "no-store"
        return response

    return middleware


def _knows_who(request: HttpRequest) -> bool:
    """Whether the page was made for someone signed in. A page that never asked costs no query here."""
    session: Any = getattr(request, "session", None)
    return bool(session is not None and session.accessed and request.user.is_authenticated)
