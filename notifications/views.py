"""The inbox, and what open pages ask for when their socket is gone."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby

from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from timebank import clock

from . import operations, queries
from .models import Event


@require_safe
@login_required
def notifications(request: HttpRequest) -> HttpResponse:
    """What the reader was told, newest first. As a fragment it refreshes the first page's list."""
    page = queries.inbox(request.user, before=_number(request.GET.get("before")))
    template = "notifications/_inbox.html" if request.htmx else "notifications/inbox.html"  # type: ignore[attr-defined]
    today = timezone.localdate(clock.now())
    context = {
        "days": [(day, list(events)) for day, events in groupby(page.events, _day_of)],
        "today": today,
        "yesterday": today - timedelta(days=1),
        "newest": page.events[0].seq if page.events else 0,
        "next_before": page.next_before,
        "is_first_page": "before" not in request.GET,
    }
    return render(request, template, context)


@require_safe
@login_required
def open_notification(request: HttpRequest, seq: int) -> HttpResponse:
    """Go to the page a line of the inbox is about; having gone there she has read it."""
    event = get_object_or_404(Event.objects.inbox(request.user).select_related("about"), seq=seq)
    if event.read_at is None and request.method == "GET":
        operations.mark_read(request.user, seq)
    return redirect(event)


@require_POST
@login_required
def mark_all_read(request: HttpRequest) -> HttpResponse:
    """Mark as read what she saw: a line that came after her page was made stays unread."""
    operations.mark_all_read(request.user, up_to=_number(request.POST.get("up_to")))
    return redirect("notifications")


@require_safe
def unread_badge(request: HttpRequest) -> HttpResponse:
    """What stands in the bell: how many lines are unread."""
    if not request.user.is_authenticated:
        return HttpResponse(status=401)
    return render(request, "notifications/_unread.html")


@require_safe
def events_since(request: HttpRequest) -> HttpResponse:
    """The frames after ``?since=812``, for a page that cannot have a socket."""
    if not request.user.is_authenticated:
        return JsonResponse({}, status=401)
    missed = queries.missed(request.user.pk, _number(request.GET.get("since", "")) or 0)
    return JsonResponse({"seq": missed.seq, "whole": missed.is_whole, "frames": missed.frames})


def _day_of(event: Event) -> date:
    return timezone.localdate(event.created_at)


def _number(text: str | None) -> int | None:
    """A number from a form or an address; None for none. Raises BadRequest for anything else."""
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadRequest("not a number")
    return int(text)
