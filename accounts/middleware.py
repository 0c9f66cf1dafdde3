"""What each request learns from the member who makes it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation

Handler = Callable[[HttpRequest], HttpResponse]

STAFF_PAGES = ("/admin/",)


def member_preferences(get_response: Handler) -> Handler:
    """Speak the signed-in member's language in her time zone, whatever her browser asks for.

    Her language is kept in the cookie that strangers' pages go by, so that it outlasts signing out.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        member = request.user  # as she is now: signing out forgets her before the answer is here
        if not member.is_authenticated:
            timezone.deactivate()
            return get_response(request)
        translation.activate(member.language)
        request.LANGUAGE_CODE = translation.get_language()
        with timezone.override(ZoneInfo(member.time_zone)):
            response = get_response(request)
        cookie = settings.LANGUAGE_COOKIE_NAME
        if cookie not in response.cookies and request.COOKIES.get(cookie) != member.language:
            _keep_language(response, member.language)
        return response

    return middleware


def _keep_language(response: HttpResponse, language: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=365 * 24 * 60 * 60,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def staff_need_mfa(get_response: Handler) -> Handler:
    """Send staff without an authenticator app to set one up before any page of theirs."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if (
            settings.STAFF_NEED_MFA
            and request.path.startswith(STAFF_PAGES)
            and request.user.is_authenticated
            and request.user.is_staff
            and request.user.email not in settings.DEMO_STAFF_EMAILS
            and not Authenticator.objects.filter(user=request.user, type=Authenticator.Type.TOTP).exists()
        ):
            return redirect(f"{reverse('mfa_activate_totp')}?{urlencode({'next': request.get_full_path()})}")
        return get_response(request)

    return middleware
