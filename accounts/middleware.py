"""What each request learns from the member who makes it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from timebank.durations import said_in

Handler = Callable[[HttpRequest], HttpResponse]

STAFF_PAGES = ("/admin/",)


def member_preferences(get_response: Handler) -> Handler:
    """Speak the signed-in member's language, in her time zone and units, whatever her browser asks for.

    Her language is kept in the cookie that strangers' pages go by, so that it outlasts signing out.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        member = request.user
        if not member.is_authenticated:
            timezone.deactivate()
            return get_response(request)
        language = member.language  # as she is now: signing out forgets her before the answer is here
        translation.activate(language)
        request.LANGUAGE_CODE = translation.get_language()
        with timezone.override(ZoneInfo(member.time_zone)), said_in(member.units):
            response = get_response(request)
        cookie = settings.LANGUAGE_COOKIE_NAME
        if cookie not in response.cookies and request.COOKIES.get(cookie) != language:
            _keep_language(response, language)
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


def say_that_the_session_ended(get_response: Handler) -> Handler:
    """Tell whoever is sent to sign in why, where a session of hers was ended: by a suspension, or from elsewhere."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        is_sent_to_sign_in = response.get("Location", "").startswith(reverse("account_login"))
        if is_sent_to_sign_in and "HX-Request" not in request.headers and _has_lost_its_session(request):
            words = _("You were signed out here. Sign in to go on; if your membership changed, your page tells you.")
            messages.info(request, words)
        return response

    return middleware


def _has_lost_its_session(request: HttpRequest) -> bool:
    return bool(request.COOKIES.get(settings.SESSION_COOKIE_NAME)) and request.session.session_key is None


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
