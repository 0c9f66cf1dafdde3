"""The pages of members: profile, settings, and sending hours to a person."""

from __future__ import annotations

import secrets
from typing import Any

from allauth.core.internal import ratelimit
from allauth.usersessions.views import list_usersessions
from django.conf import settings as site_settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from ledger.queries import between
from timebank.errors import Busy, Refusal
from timebank.sessions import save_now

from . import operations, queries
from .forms import AgreeForm, ConfirmSendForm, PreferencesForm, ProfileForm, SendForm
from .models import Member

require_form_methods = require_http_methods(["GET", "HEAD", "POST"])


class MemberRequest(HttpRequest):
    user: Member


WAIT_SECONDS = 60
LINES_ON_A_PROFILE = 5


def too_many_requests(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """What allauth's limits and ours answer beyond them; whoever knows how long to wait notes it on the request."""
    wait_seconds: int | None = getattr(request, "wait_seconds", None)
    context = {
        "wait_minutes": wait_seconds and -(-wait_seconds // 60),
        "is_sign_in": request.path == reverse("account_login"),
    }
    response = render(request, "429.html", context, status=429)
    response["Retry-After"] = str(wait_seconds or WAIT_SECONDS)
    return response


# --- People ---------------------------------------------------------------------------------------


@require_safe
@login_required
def profile(request: MemberRequest, public_id: str) -> HttpResponse:
    """What neighbours see of a person, and what passed between the two; whoever is no member any more is not found."""
    person = get_object_or_404(Member.objects.visible_to(request.user), public_id=public_id)
    is_other = person.pk != request.user.pk
    lines = between(request.user, person, limit=LINES_ON_A_PROFILE) if is_other else []
    return render(request, "accounts/profile.html", {"person": person, "lines": lines})


# --- Settings -------------------------------------------------------------------------------------


@require_form_methods
@login_required
def settings(request: MemberRequest) -> HttpResponse:
    member = request.user
    kept = {name: getattr(member, name) for name in PreferencesForm.base_fields}
    form = PreferencesForm(request.POST if request.method == "POST" else None, initial=kept)
    if form.is_bound and form.is_valid():
        member = operations.change_preferences(member, **form.cleaned_data)
        with translation.override(member.language):
            messages.success(request, _("Saved."))
        return redirect("settings")
    return render(request, "accounts/settings.html", {"form": form}, status=422 if form.errors else 200)


@require_form_methods
@login_required
def settings_profile(request: MemberRequest) -> HttpResponse:
    kept = {"display_name": request.user.display_name, "about": request.user.about}
    form = ProfileForm(request.POST if request.method == "POST" else None, initial=kept)
    if form.is_bound and form.is_valid():
        member = operations.change_profile(request.user, **form.cleaned_data)
        messages.success(request, _("Saved. This is what your neighbours see."))
        return redirect(member)
    return render(request, "accounts/settings_profile.html", {"form": form}, status=422 if form.errors else 200)


@require_form_methods
@login_required
def agree(request: MemberRequest) -> HttpResponse:
    """Ask a member who agreed to earlier terms for her yes to the present ones."""
    next_url = request.POST.get("next") or request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(next_url, allowed_hosts=None):
        next_url = ""
    form = AgreeForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        operations.agree(request.user)
        return redirect(next_url or "dashboard")
    context = {"form": form, "next": next_url}
    return render(request, "accounts/agree.html", context, status=422 if form.errors else 200)


@require_form_methods
@login_required
def devices(request: MemberRequest) -> HttpResponse:
    """Where she is signed in; a POST signs her out everywhere else. allauth's own list asks thrice for each device."""
    if request.method == "POST":
        return list_usersessions(request)
    sessions = queries.devices(request.user)
    return render(request, "usersessions/usersession_list.html", {"sessions": sessions})


# --- Sending hours ----------------------------------------------------------------------------------


DRAFTS_KEPT = 3  # payments one may be looking over at a time, in as many tabs


@require_form_methods
@login_required
def send(request: MemberRequest) -> HttpResponse:
    """The form, empty or as typed so far: a POST looks for people, ``draft`` comes back from the review."""
    if not request.user.is_member:
        return _not_now(request)
    given = request.POST if request.method == "POST" else request.GET
    typed: Any = _drafts(request).get(given.get("draft", ""), given)
    form = SendForm(initial={name: typed[name] for name in SendForm.base_fields if name in typed})
    return _send_page(request, form, typed)


@require_safe
@login_required
def send_people(request: MemberRequest) -> HttpResponse:
    """The people to choose from, as a fragment that follows what is typed."""
    if not request.user.is_member:
        return _not_now(request)
    return render(request, "accounts/_people.html", _people(request, request.GET))


@require_form_methods
@login_required
def send_review(request: MemberRequest) -> HttpResponse:
    """Check what was typed and lead on to a page that says what would happen."""
    if not request.user.is_member:
        return _not_now(request)
    if request.method != "POST":  # after signing in again, say
        return redirect("send")
    form = SendForm(request.POST)
    if not form.is_valid():
        return _send_page(request, form, form.data)
    try:
        operations.look_ahead(
            sender=request.user, recipient=_recipient(form), amount_minutes=form.cleaned_data["amount"]
        )
    except Refusal as refusal:
        return _refused(request, form, refusal)
    return _on_to_look_over(request, secrets.token_urlsafe(16), form)


@require_safe
@login_required
def send_look_over(request: MemberRequest, nonce: str) -> HttpResponse:
    """Say in words what would happen, before it does. Whoever comes back after sending gets the receipt."""
    if sent := operations.sent_before(sender=request.user, nonce=nonce):
        return redirect("transfer", sent.public_id)
    if not request.user.is_member:
        return _not_now(request)
    draft = _drafts(request).get(nonce)
    if draft is None:
        return redirect("send")
    form = SendForm(draft)
    if not form.is_valid():
        return _send_page(request, form, draft)
    recipient, asked = _recipient(form), form.cleaned_data
    try:
        left_minutes = operations.look_ahead(sender=request.user, recipient=recipient, amount_minutes=asked["amount"])
    except Refusal as refusal:
        return _refused(request, form, refusal)
    context = {"asked": asked, "recipient": recipient, "nonce": nonce, "left_minutes": left_minutes}
    return render(request, "accounts/send_review.html", context | {"again": draft.get("again", "")})


@require_form_methods
@login_required
def send_confirm(request: MemberRequest) -> HttpResponse:
    if not request.user.is_member:
        return _not_now(request)
    if request.method != "POST":
        return redirect("send")
    limit = {"send": site_settings.SEND_RATE_LIMIT}
    if not ratelimit.consume(request, app="accounts", action="send", config=limit):
        return ratelimit.respond_429(request)
    form = ConfirmSendForm(request.POST)
    if not form.is_valid():
        return _send_page(request, form, form.data)
    asked = form.cleaned_data
    try:
        hold = operations.send_hours(
            sender=request.user,
            recipient=_recipient(form),
            amount_minutes=asked["amount"],
            kind=asked["kind"],
            note=asked["note"],
            nonce=asked["nonce"],
            again=asked["again"],
        )
    except operations.AlreadySent as refusal:
        return _on_to_look_over(request, asked["nonce"], form, again=str(refusal))
    except Refusal as refusal:
        return _refused(request, form, refusal)
    return redirect("transfer", hold.public_id)


def _drafts(request: MemberRequest) -> dict[str, dict[str, str]]:
    """The payments she is looking over, each as typed, by its nonce."""
    kept: dict[str, dict[str, str]] = request.session.get("send_drafts", {})
    return kept


def _on_to_look_over(request: MemberRequest, nonce: str, form: SendForm, again: str = "") -> HttpResponse:
    """Keep what was typed for the page that shows it: only a page that was asked for can be gone back to."""
    draft = {name: form.data.get(name, "") for name in SendForm.base_fields} | {"again": again}
    others = [(name, kept) for name, kept in _drafts(request).items() if name != nonce]
    request.session["send_drafts"] = dict([*others, (nonce, draft)][-DRAFTS_KEPT:])
    try:
        save_now(request)
    except Busy as refusal:
        return _refused(request, form, refusal)
    return redirect("send_look_over", nonce)


def _recipient(form: SendForm) -> Member | None:
    found: Member | None = Member.objects.people().filter(public_id=form.cleaned_data["to"]).first()
    return found


def _send_page(request: MemberRequest, form: SendForm, typed: Any, status: int = 422) -> HttpResponse:
    """The first step with everything as it was typed."""
    context = {
        "form": form,
        "account": request.user.account,
        "day_minutes": site_settings.DAY_MINUTES,
        **_people(request, typed),
    }
    return render(request, "accounts/send.html", context, status=status if form.errors else 200)


def _people(request: MemberRequest, typed: Any) -> dict[str, object]:
    """Whom to choose from; whoever is chosen already stays in sight."""
    words = typed.get("q", "")[:80]
    found = queries.find_people(request.user, words, at_most=queries.FOUND_AT_MOST + 1)
    people = found[: queries.FOUND_AT_MOST]
    others = Member.objects.active().exclude(pk=request.user.pk)
    chosen = others.filter(public_id=typed["to"]).first() if typed.get("to") else None
    if chosen and chosen not in people:
        people = [chosen, *people]
    return {"people": people, "are_more": len(found) > queries.FOUND_AT_MOST, "words": words, "chosen": chosen}


def _refused(request: MemberRequest, form: SendForm, refusal: Refusal) -> HttpResponse:
    """The form again, with the sentence at the field it is about."""
    field = {"amount_minutes": "amount"}.get(refusal.field or "", refusal.field)
    form.add_error(field if field in form.fields else None, str(refusal))
    if not isinstance(refusal, Busy):
        return _send_page(request, form, form.data)
    response = _send_page(request, form, form.data, status=refusal.status)
    response["Retry-After"] = str(refusal.retry_after_seconds)
    return response


def _not_now(request: MemberRequest) -> HttpResponse:
    """What somebody who is no active member gets instead of the pages for sending."""
    return render(request, "accounts/send_not_now.html", status=403)
