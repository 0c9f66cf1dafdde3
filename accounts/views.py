"""The pages of members: settings, and sending hours to a person."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlencode

from allauth.core.internal import ratelimit
from allauth.usersessions.views import list_usersessions
from django.conf import settings as site_settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from timebank import drafts
from timebank.errors import Busy, Refusal
from timebank.fragments import signed_in
from timebank.sessions import save_now

from . import operations, queries
from .forms import (
    AgreeForm,
    ConfirmDonateForm,
    ConfirmSendForm,
    DonateForm,
    PreferencesForm,
    ProfileForm,
    SendForm,
)
from .models import Member

require_form_methods = require_http_methods(["GET", "HEAD", "POST"])


class MemberRequest(HttpRequest):
    user: Member


WAIT_SECONDS = 60


def too_many_requests(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """What allauth's limits and ours answer beyond them; whoever knows how long to wait notes it on the request."""
    wait_seconds: int | None = getattr(request, "wait_seconds", None)
    context = {
        "wait_minutes": wait_seconds and -(-wait_seconds // 60),
        "is_wrong_password": wait_seconds is not None,
        "is_sign_in": request.path == reverse("account_login"),
    }
    response = render(request, "429.html", context, status=429)
    response["Retry-After"] = str(wait_seconds or WAIT_SECONDS)
    return response


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
@signed_in
def settings_profile(request: MemberRequest) -> HttpResponse:
    kept = {"display_name": request.user.display_name, "about": request.user.about}
    kept |= drafts.typed(request, request.path)
    form = ProfileForm(request.POST if request.method == "POST" else None, initial=kept)
    if form.is_bound and form.is_valid():
        member = operations.change_profile(request.user, **form.cleaned_data)
        messages.success(request, _("Saved. This is what your neighbours see."))
        return redirect(member)
    context = {"form": form, "not_sent": drafts.not_sent(request)}
    return render(request, "accounts/settings_profile.html", context, status=422 if form.errors else 200)


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


DRAFTS_KEPT = 3  # payments one may be writing at a time, in as many tabs
LONGEST_KEPT = 2_000  # characters of one field, more than any of them takes


@require_form_methods
@login_required
def send(request: MemberRequest) -> HttpResponse:
    """The form, empty or as typed so far: a POST looks for people; a ``draft`` says what is to be mended in it."""
    if not request.user.is_member:
        return _not_now(request)
    given = request.POST if request.method == "POST" else request.GET
    if request.method != "POST" and (draft := _drafts(request).get(given.get("draft", ""))):
        form = SendForm(draft)
        if _look_ahead(request, form) is not None and draft["refused"]:
            form.add_error(None, draft["refused"])
        return _send_page(request, form, draft, draft=given["draft"])
    form = SendForm(initial={name: given[name] for name in SendForm.base_fields if name in given})
    return _send_page(request, form, given, draft=given.get("draft", ""))


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
    """Check what was typed and lead on to a page that says what would happen, or back to what is to be mended."""
    if not request.user.is_member:
        return _not_now(request)
    if request.method != "POST":  # after signing in again, say
        return redirect("send")
    form = SendForm(request.POST)
    is_right = _look_ahead(request, form) is not None
    nonce = _nonce(request)
    return _lead_on(request, nonce, form, reverse("send_look_over", args=[nonce]) if is_right else _form_again(nonce))


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
    ahead = _look_ahead(request, form)
    if ahead is None:
        return redirect(_form_again(nonce))
    recipient, left_minutes = ahead
    account = request.user.account
    context = {
        "asked": form.cleaned_data,
        "recipient": recipient,
        "category_name": form.category_name(),
        "nonce": nonce,
        "left_minutes": left_minutes,
        "owes_much": account.is_below_soft_limit(less=form.cleaned_data["amount"]),
        "soft_limit_minutes": account.soft_limit_minutes,
    }
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
    if not form.is_valid():  # no page of ours sends this
        return _send_page(request, form, form.data, status=422)
    asked = form.cleaned_data
    nonce = asked["nonce"]
    try:
        hold = operations.send_hours(
            sender=request.user,
            recipient=_recipient(form),
            amount_minutes=asked["amount"],
            kind=asked["kind"],
            note=asked["note"],
            category=asked["category"],
            nonce=nonce,
            again=asked["again"],
        )
    except operations.AlreadySent as refusal:
        return _lead_on(request, nonce, form, reverse("send_look_over", args=[nonce]), again=str(refusal))
    except Busy as refusal:
        return _busy(request, form, refusal)
    except Refusal as refusal:
        # What is about a field is found again there, as things stand when she reads it.
        return _lead_on(request, nonce, form, _form_again(nonce), refused="" if refusal.field else str(refusal))
    return redirect("transfer", hold.public_id)


# --- Giving hours to the community fund --------------------------------------------------------------


@require_form_methods
@login_required
def donate(request: MemberRequest) -> HttpResponse:
    """The form; once sent, what would happen in words, or what is to be mended in it."""
    if not request.user.is_member:
        return _not_now(request)
    if request.method != "POST":
        return _donate_page(request, DonateForm())
    form = DonateForm(request.POST)
    left_minutes = _look_ahead_of_donation(request, form)
    if left_minutes is None or "change" in request.POST:
        return _donate_page(request, form, status=422 if form.errors else 200)
    amount = form.cleaned_data["amount"]
    context = {
        "asked": form.cleaned_data,
        "nonce": secrets.token_urlsafe(16),
        "left_minutes": left_minutes,
        "owes_much": request.user.account.is_below_soft_limit(less=amount),
        "soft_limit_minutes": request.user.account.soft_limit_minutes,
    }
    return render(request, "accounts/donate_review.html", context)


@require_form_methods
@login_required
def donate_confirm(request: MemberRequest) -> HttpResponse:
    if not request.user.is_member:
        return _not_now(request)
    if request.method != "POST":
        return redirect("donate")
    limit = {"send": site_settings.SEND_RATE_LIMIT}
    if not ratelimit.consume(request, app="accounts", action="send", config=limit):
        return ratelimit.respond_429(request)
    form = ConfirmDonateForm(request.POST)
    if not form.is_valid():  # no page of ours sends this
        return _donate_page(request, form, status=422)
    asked = form.cleaned_data
    try:
        hold = operations.donate(
            donor=request.user, amount_minutes=asked["amount"], note=asked["note"], nonce=asked["nonce"]
        )
    except Refusal as refusal:
        form.add_error("amount" if refusal.field else None, str(refusal))
        response = _donate_page(request, form, status=refusal.status if isinstance(refusal, Busy) else 422)
        if isinstance(refusal, Busy):
            response["Retry-After"] = str(refusal.retry_after_seconds)
        return response
    return redirect("transfer", hold.public_id)


def _look_ahead_of_donation(request: MemberRequest, form: DonateForm) -> int | None:
    """The minutes she would have left; None where the form says what is to be mended."""
    if not form.is_valid():
        return None
    try:
        return operations.look_ahead_of_donation(donor=request.user, amount_minutes=form.cleaned_data["amount"])
    except Refusal as refusal:
        form.add_error("amount" if refusal.field else None, str(refusal))
    return None


def _donate_page(request: MemberRequest, form: DonateForm, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "account": request.user.account}
    return render(request, "accounts/donate.html", context, status=status)


# --- What these pages share --------------------------------------------------------------------------


def _look_ahead(request: MemberRequest, form: SendForm) -> tuple[Member | None, int] | None:
    """To whom, and the minutes she would have left; None where the form says what is to be mended."""
    if not form.is_valid():
        return None
    recipient, asked = _recipient(form), form.cleaned_data
    try:
        left_minutes = operations.look_ahead(
            sender=request.user, recipient=recipient, amount_minutes=asked["amount"], kind=asked["kind"]
        )
        return recipient, left_minutes
    except Refusal as refusal:
        field = {"amount_minutes": "amount"}.get(refusal.field or "", refusal.field)
        form.add_error(field if field in form.fields else None, str(refusal))
    return None


def _drafts(request: MemberRequest) -> dict[str, dict[str, str]]:
    """The payments she is writing or looking over, each as typed, by its nonce."""
    kept: dict[str, dict[str, str]] = request.session.get("send_drafts", {})
    return kept


def _nonce(request: MemberRequest) -> str:
    """What a payment is known by: mended, it keeps its draft's, and takes its place; a sent one's is never taken."""
    nonce = request.POST.get("draft", "")
    if nonce in _drafts(request) and not operations.sent_before(sender=request.user, nonce=nonce):
        return nonce
    return secrets.token_urlsafe(16)


def _form_again(nonce: str) -> str:
    """Where the form of a draft is. Shown at once, as the answer to a POST, no browser could come back to it."""
    return f"{reverse('send')}?{urlencode({'draft': nonce})}"


def _lead_on(
    request: MemberRequest, nonce: str, form: SendForm, to: str, *, again: str = "", refused: str = ""
) -> HttpResponse:
    """Keep what was typed for the page that shows it: only a page that was asked for can be gone back to."""
    draft = {name: form.data.get(name, "")[:LONGEST_KEPT] for name in [*SendForm.base_fields, "q"]}
    draft |= {"again": again, "refused": refused}
    others = [(name, kept) for name, kept in _drafts(request).items() if name != nonce]
    request.session["send_drafts"] = dict([*others, (nonce, draft)][-DRAFTS_KEPT:])
    try:
        save_now(request)
    except Busy as refusal:
        return _busy(request, form, refusal)
    return redirect(to)


def _busy(request: MemberRequest, form: SendForm, refusal: Busy) -> HttpResponse:
    """The form with everything in it, now: nothing could be kept for another page."""
    form.add_error(None, str(refusal))
    response = _send_page(request, form, form.data, status=refusal.status)
    response["Retry-After"] = str(refusal.retry_after_seconds)
    return response


def _recipient(form: SendForm) -> Member | None:
    found: Member | None = Member.objects.people().filter(public_id=form.cleaned_data["to"]).first()
    return found


def _send_page(
    request: MemberRequest, form: SendForm, typed: Any, *, draft: str = "", status: int = 200
) -> HttpResponse:
    """The first step with everything as it was typed."""
    context = {
        "form": form,
        "draft": draft,
        "account": request.user.account,
        **_people(request, typed),
    }
    return render(request, "accounts/send.html", context, status=status)


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


def _not_now(request: MemberRequest) -> HttpResponse:
    """What somebody who is no active member gets instead of the pages for sending."""
    return render(request, "accounts/send_not_now.html", status=403)
