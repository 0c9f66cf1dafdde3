"""Reads of the API may be kept by whoever made them, and asked for again only where they changed.

And what it says of methods.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.http import ConditionalGetMiddleware
from django.utils.cache import patch_vary_headers

from .problems import FOR_PROGRAMS

Handler = Callable[[HttpRequest], HttpResponseBase]
RESOURCES = "/api/v1/"


def conditional_reads(get_response: Handler) -> Handler:
    """Give each read an ``ETag``, and answer 304 to who has it already; nobody else's cache keeps it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if not request.path_info.startswith(RESOURCES) or "Cache-Control" in response:
            return response
        response["Cache-Control"] = "private, no-cache"
        patch_vary_headers(response, ["Authorization", "Cookie", "Accept-Language"])
        return cast(HttpResponseBase, ConditionalGetMiddleware(lambda _request: response)(request))

    return middleware


def allowed_methods(get_response: Handler) -> Handler:
    """Keep ``OPTIONS`` out of ``Allow``: the framework names it of its own accord, and it is refused everywhere."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if "Allow" in response and request.path_info.startswith(FOR_PROGRAMS):
            response["Allow"] = ", ".join(name for name in response["Allow"].split(", ") if name != "OPTIONS")
        return response

    return middleware
