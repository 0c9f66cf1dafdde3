"""What each request learns from the member who makes it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

Handler = Callable[[HttpRequest], HttpResponse]


def member_preferences(get_response: Handler) -> Handler:
    return get_response


def staff_need_mfa(get_response: Handler) -> Handler:
    return get_response
