"""Who asks: a signed-in member, whether she may move hours now, what she has left then, and how she is told no."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.models import Member
from ledger.models import Account
from timebank.errors import Busy, Refusal

require_form_methods = require_http_methods(["GET", "HEAD", "POST"])


class MemberRequest(HttpRequest):
    user: Member


def what_is_left(account: Account, amount_minutes: int, left_minutes: int | None) -> dict[str, Any]:
    """What a page of looking over says of ``account`` after ``amount_minutes``, in the words of the receipt.

    ``left_minutes`` is what can be sent then; None where nobody said how much.
    """
    return {
        "account": account,
        "left_minutes": left_minutes,
        "balance_after_minutes": account.balance_minutes - amount_minutes,
        "owes_much": account.is_below_soft_limit(less=amount_minutes),
        "soft_limit_minutes": account.soft_limit_minutes,
    }


def not_now(request: MemberRequest) -> HttpResponse:
    """What somebody who is no active member gets instead of the pages for giving and asking for hours."""
    return render(request, "accounts/send_not_now.html", status=403)


def refuse(form: forms.Form, refusal: Refusal) -> int:
    """Put the refusal where it belongs on the form; returns the status to answer with."""
    field = {"amount_minutes": "amount"}.get(refusal.field or "", refusal.field)
    form.add_error(field if field in form.fields else None, str(refusal))
    return refusal.status if isinstance(refusal, Busy) else 422


def busy_too(response: HttpResponse, refusal: Refusal | None) -> HttpResponse:
    """``response``, saying when to try again where that is what was refused."""
    if isinstance(refusal, Busy):
        response["Retry-After"] = str(refusal.retry_after_seconds)
    return response
