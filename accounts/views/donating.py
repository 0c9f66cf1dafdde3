"""Giving hours to the community fund."""

from __future__ import annotations

import secrets

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts import operations
from accounts.forms import ConfirmDonateForm, DonateForm
from accounts.pace import is_within
from timebank.errors import Busy, Refusal

from .asking import MemberRequest, not_now, require_form_methods, what_is_left
from .pace import respond_429


@require_form_methods
@login_required
def donate(request: MemberRequest) -> HttpResponse:
    """The form; once sent, what would happen in words, or what is to be mended in it."""
    if not request.user.is_member:
        return not_now(request)
    if request.method != "POST":
        return _donate_page(request, DonateForm())
    form = DonateForm(request.POST)
    left_minutes = _look_ahead_of_donation(request, form)
    if left_minutes is None or "change" in request.POST:
        return _donate_page(request, form, status=422 if form.errors else 200)
    context = {
        "asked": form.cleaned_data,
        "nonce": secrets.token_urlsafe(16),
        **what_is_left(request.user.account, form.cleaned_data["amount"], left_minutes),
    }
    return render(request, "accounts/donate_review.html", context)


@require_form_methods
@login_required
def donate_confirm(request: MemberRequest) -> HttpResponse:
    if not request.user.is_member:
        return not_now(request)
    if request.method != "POST":
        return redirect("donate")
    if not is_within(request, "send"):
        return respond_429(request)
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
