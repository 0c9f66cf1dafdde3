"""Saying no to programs: problem JSON (RFC 9457), with a code and a sentence in the caller's language."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from timebank.errors import Refusal
from timebank.retries import is_busy

FOR_PROGRAMS = ("/api/", "/payments/pix")  # addresses where a program is told no as a program
_BUSY_AGAIN_SECONDS = 5
_IN_OUR_WORDS = {
    exceptions.NotAuthenticated: gettext_lazy("Sign in first."),
    exceptions.Throttled: gettext_lazy("That is a lot in a short while. Please wait a little."),
    exceptions.MethodNotAllowed: gettext_lazy("This address does not answer to that method."),
}


class ProblemRenderer(JSONRenderer):
    """JSON, whose media type says so where it is a problem."""

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        response = (renderer_context or {}).get("response")
        if response is not None and response.status_code >= HTTPStatus.BAD_REQUEST and is_problem(data):
            response["Content-Type"] = "application/problem+json"
        rendered: bytes = super().render(data, accepted_media_type, renderer_context)
        return rendered


def is_problem(data: Any) -> bool:
    return isinstance(data, dict) and {"status", "code", "detail"} <= set(data)


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """What an API call answers that raised ``error``; None for a mistake of ours, which becomes a 500."""
    if isinstance(error, Refusal):
        return _of_refusal(error)
    if isinstance(error, Http404 | exceptions.NotFound):
        return problem(404, "not_found", _("There is nothing here, or nothing that is yours to see."))
    if isinstance(error, PermissionDenied):
        return problem(403, "not_allowed", _("You may not do this."))
    if isinstance(error, OperationalError) and is_busy(error):
        response = problem(503, "busy", _("The books are busy just now. Nothing was changed. Please try again."))
        response["Retry-After"] = str(_BUSY_AGAIN_SECONDS)
        return response
    if isinstance(error, exceptions.ValidationError):
        return _of_fields(error)
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    return None


def _of_refusal(refusal: Refusal) -> Response:
    response = problem(refusal.status, refusal.code, str(refusal), field=refusal.field)
    if refusal.field:
        response.data["errors"] = [{"field": refusal.field, "code": refusal.code, "detail": str(refusal)}]
    if refusal.retry_after_seconds is not None:
        response["Retry-After"] = str(refusal.retry_after_seconds)
    return response


def _of_framework(error: exceptions.APIException) -> Response:
    code = error.get_codes()
    detail = next((str(words) for kind, words in _IN_OUR_WORDS.items() if isinstance(error, kind)), str(error.detail))
    response = problem(error.status_code, code if isinstance(code, str) else "refused", detail)
    if getattr(error, "auth_header", None):
        # (RFC 6750, 3.1: a token that is none is told apart from none.)
        is_wrong = isinstance(error, exceptions.AuthenticationFailed)
        response["WWW-Authenticate"] = error.auth_header + (' error="invalid_token"' if is_wrong else "")  # type: ignore[attr-defined]
    if getattr(error, "wait", None) is not None:
        response["Retry-After"] = str(error.wait)  # type: ignore[attr-defined]
    return response


def _of_fields(error: exceptions.ValidationError) -> Response:
    """Each field with its sentences; the first of them is the problem's own."""
    errors = _flattened(error.detail)
    first = errors[0]
    response = problem(400, first["code"], first["detail"], field=first["field"])
    response.data["errors"] = errors
    return response


def _flattened(detail: Any, field: str = "") -> list[dict[str, str]]:
    if isinstance(detail, dict):
        return [
            one for name, inside in detail.items()
            for one in _flattened(inside, field if name == "non_field_errors" else f"{field}.{name}".strip("."))
        ]  # fmt: skip
    if isinstance(detail, list):
        return [one for inside in detail for one in _flattened(inside, field)]
    return [{"field": field, "code": str(getattr(detail, "code", "invalid")), "detail": str(detail)}]


@csrf_exempt  # nothing is done here
def nowhere(request: HttpRequest, rest: str) -> HttpResponse:
    """What every address of the API answers that is none."""
    nothing = _("There is nothing here, or nothing that is yours to see.")
    detail = nothing if rest.endswith("/") else _("There is nothing here. The addresses of resources end with a slash.")
    said = problem(404, "not_found", detail).data
    return JsonResponse(said, status=404, content_type="application/problem+json")


def problem(status: int, code: str, detail: str, *, field: str | None = None) -> Response:
    """The answer: ``title`` is the status in words, ``code`` for programs, ``detail`` a sentence for a person."""
    said: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
    }
    if field:
        said["field"] = field
    return Response(said, status=status)


def speaks_to_program(request: HttpRequest) -> bool:
    """Whether whoever asked is a program, by the address; what else is answered there is JSON as well."""
    return request.path_info.startswith(FOR_PROGRAMS) and "text/html" not in request.headers.get("Accept", "")


def plainly(status: int, code: str, sentence: str) -> JsonResponse:
    """A problem, where nothing of the framework is at hand; also in the shape that /payments/pix promises."""
    said = problem(status, code, sentence).data | {"message": sentence}
    return JsonResponse(said, status=status, content_type="application/problem+json")
