"""Sending hours to a person."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts import operations, queries
from accounts.forms import ConfirmSendForm, SendForm
from accounts.models import Member
from accounts.pace import is_within
from timebank.errors import Busy, Refusal

from .asking import MemberRequest, busy_too, not_now, refuse, require_form_methods, what_is_left
from .pace import respond_429
from .sending_drafts import Drafts


@require_form_methods
@login_required
def send(request: MemberRequest) -> HttpResponse:
    """The form, empty or as typed so far: a POST looks for people; a ``draft`` says what is to be mended in it."""
    if not request.user.is_member:
        return not_now(request)
    given = request.POST if request.method == "POST" else request.GET
    if request.method != "POST" and (draft := Drafts(request, "send").get(given.get("draft", ""))):
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
        return not_now(request)
    return render(
        request,
        "accounts/_people.html",
        queries.people_to_choose(request.user, request.GET.get("q", ""), request.GET.get("to", "")),
    )


@require_form_methods
@login_required
def send_review(request: MemberRequest) -> HttpResponse:
    """Check what was typed and lead on to a page that says what would happen, or back to what is to be mended."""
    if not request.user.is_member:
        return not_now(request)
    if request.method != "POST":  # after signing in again, say
        return redirect("send")
    form = SendForm(request.POST)
    is_right = _look_ahead(request, form) is not None
    drafts = Drafts(request, "send")
    nonce = drafts.nonce(
        request.POST.get("draft", ""), is_sent=lambda nonce: operations.sent_before(sender=request.user, nonce=nonce)
    )
    to = reverse("send_look_over", args=[nonce]) if is_right else drafts.form_again(nonce)
    return _lead_on(request, nonce, form, to)


@require_safe
@login_required
def send_look_over(request: MemberRequest, nonce: str) -> HttpResponse:
    """Say in words what would happen, before it does. Whoever comes back after sending gets the receipt."""
    if sent := operations.sent_before(sender=request.user, nonce=nonce):
        return redirect("transfer", sent.public_id)
    if not request.user.is_member:
        return not_now(request)
    drafts = Drafts(request, "send")
    draft = drafts.get(nonce)
    if draft is None:
        return redirect("send")
    form = SendForm(draft)
    ahead = _look_ahead(request, form)
    if ahead is None:
        return redirect(drafts.form_again(nonce))
    recipient, left_minutes = ahead
    account = request.user.account
    context = {
        "asked": form.cleaned_data,
        "recipient": recipient,
        "category_name": form.category_name(),
        "nonce": nonce,
        "again": draft.get("again", ""),
        **what_is_left(account, form.cleaned_data["amount"], left_minutes),
    }
    return render(request, "accounts/send_review.html", context)


@require_form_methods
@login_required
def send_confirm(request: MemberRequest) -> HttpResponse:
    if not request.user.is_member:
        return not_now(request)
    if request.method != "POST":
        return redirect("send")
    if not is_within(request, "send"):
        return respond_429(request)
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
        to = Drafts(request, "send").form_again(nonce)
        return _lead_on(request, nonce, form, to, refused="" if refusal.field else str(refusal))
    return redirect("transfer", hold.public_id)


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
        refuse(form, refusal)
    return None


def _lead_on(
    request: MemberRequest, nonce: str, form: SendForm, to: str, *, again: str = "", refused: str = ""
) -> HttpResponse:
    """Keep what was typed for the page that shows it: only a page that was asked for can be gone back to."""
    typed = {name: form.data.get(name, "") for name in [*SendForm.base_fields, "q"]}
    try:
        Drafts(request, "send").keep(nonce, typed | {"again": again, "refused": refused})
    except Busy as refusal:
        return _busy(request, form, refusal)
    return redirect(to)


def _busy(request: MemberRequest, form: SendForm, refusal: Busy) -> HttpResponse:
    """The form with everything in it, now: nothing could be kept for another page."""
    return busy_too(_send_page(request, form, form.data, status=refuse(form, refusal)), refusal)


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
        **queries.people_to_choose(request.user, typed.get("q", ""), typed.get("to", "")),
    }
    return render(request, "accounts/send.html", context, status=status)
