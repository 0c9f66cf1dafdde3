"""What the site does around every page."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

Handler = Callable[[HttpRequest], HttpResponse]


def content_security_policy(get_response: Handler) -> Handler:
    return get_response


def deadline(get_response: Handler) -> Handler:
    return get_response


def personal_pages_are_not_stored(get_response: Handler) -> Handler:
    return get_response
