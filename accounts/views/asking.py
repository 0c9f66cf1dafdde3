"""Who asks: a signed-in member, whether she may move hours now, and what she has left then."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.models import Member
from ledger.models import Account

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
