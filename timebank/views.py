"""The community's own pages: what this is, how it works, and what holds here."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Member
from accounts.operations import change_preferences
from ledger.models import Kind, Transfer
from marketplace.queries import month_began_at

FIGURES_ARE_KEPT_SECONDS = 600
FEWEST_WORTH_TELLING = 5
CLOSED_TO_ROBOTS = (
    "/account/",
    "/admin/",
    "/agree/",
    "/donate/",
    "/explore/",
    "/home/",
    "/listings/",
    "/notifications/",
    "/p/",
    "/pay-me/",
    "/pay/",
    "/payments/",
    "/people/",
    "/requests/",
    "/send/",
    "/settings/",
    "/transfers/",
    "/wallet/",
)


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """What this is, in ten seconds; who is signed in goes on to her own page."""
    if request.user.is_authenticated:
        return redirect("dashboard")
    return render(
        request,
        "timebank/landing.html",
        {"figures": community_figures(), "starting_minutes": settings.STARTING_GRANT_MINUTES},
    )


@require_safe
def api_docs(request: HttpRequest) -> HttpResponse:
    """What programs can do, drawn from the schema."""
    return render(request, "timebank/api_docs.html")


@require_safe
def how_it_works(request: HttpRequest) -> HttpResponse:
    return render(request, "timebank/how_it_works.html", {"starting_minutes": settings.STARTING_GRANT_MINUTES})


@require_safe
def terms(request: HttpRequest) -> HttpResponse:
    return render(request, "timebank/terms.html", {"version": settings.TERMS_VERSION})


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    return render(
        request, "timebank/privacy.html", {"version": settings.PRIVACY_VERSION, "contact": settings.DEFAULT_FROM_EMAIL}
    )


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Speak the other language from now on: to this browser, and to the member who is signed in."""
    language, back = request.POST.get("language", ""), request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    response = redirect(back if is_ours else "landing")
    if language in dict(settings.LANGUAGES) and check_for_language(language):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            secure=settings.PRODUCTION,
            httponly=True,
            samesite="Lax",
        )
        if isinstance(request.user, Member):
            change_preferences(request.user, language=language)
    return response


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Search engines may read what strangers may, and no more."""
    closed = "".join(f"Disallow: {path}\n" for path in CLOSED_TO_ROBOTS)
    return HttpResponse(f"User-agent: *\n{closed}", content_type="text/plain")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page for a request we cannot read; unlike Django's own it knows who asks and her language."""
    return render(request, "400.html", status=HTTPStatus.BAD_REQUEST)


def community_figures() -> dict[str, Any] | None:
    """How many members there are and what they exchanged; None while too few to tell."""
    return cache.get_or_set("community-figures", _count, FIGURES_ARE_KEPT_SECONDS) or None


def _count() -> dict[str, int]:
    moved = Transfer.objects.filter(kind__in=[Kind.HELP, Kind.GIFT])
    minutes = moved.aggregate(sum=Sum("amount_minutes"))["sum"] or 0
    figures = {"members": Member.objects.active().count(), "hours": minutes // 60}
    if min(figures.values()) < FEWEST_WORTH_TELLING:
        return {}
    payments = moved.filter(posted_at__gte=month_began_at()).count()
    return {**figures, "payments_this_month": payments} if payments >= FEWEST_WORTH_TELLING else figures
