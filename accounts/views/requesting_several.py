"""Asking several neighbours for their share at once, and seeing who has paid."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts import operations, queries
from accounts.forms import WEEK_MINUTES, AskSeveralForm
from accounts.pace import is_within
from ledger.models import PaymentRequest
from timebank import clock, drafts
from timebank.errors import Refusal
from timebank.fragments import fragment, signed_in

from .asking import MemberRequest, busy_too, not_now, refuse, require_form_methods
from .pace import respond_429
from .requesting import seen_as


@require_form_methods
@signed_in
def request_several(request: MemberRequest) -> HttpResponse:
    """Ask several neighbours for hours; ``find`` looks for one more of them and keeps what was typed."""
    if not request.user.is_member:
        return not_now(request)
    given = request.POST if request.method == "POST" else request.GET
    if request.method != "POST" or "find" in request.POST:
        typed = given.dict() | drafts.typed(request, request.path)
        people = drafts.typed_all(request, request.path, "to") or given.getlist("to")
        first = {"life": WEEK_MINUTES, "nonce": secrets.token_urlsafe(16)}
        first |= {name: typed[name] for name in AskSeveralForm.base_fields if name in typed}
        return _page(request, AskSeveralForm(initial=first | {"to": people}), words=given.get("q", ""))
    form = AskSeveralForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    if not is_within(request, "request"):
        return respond_429(request)
    asked = form.cleaned_data
    try:
        operations.ask_several(
            asker=request.user,
            people=queries.people_of(asked["to"]),
            amount_minutes=asked["amount"],
            each=asked["split"] == "each",
            note=asked["note"],
            category=asked["category"],
            life=timedelta(minutes=asked["life"]),
            nonce=asked["nonce"],
        )
    except Refusal as refusal:
        status = refuse(form, refusal)
        return busy_too(_page(request, form, status=status), refusal)
    return redirect("requests_of_set", asked["nonce"])


@require_safe
@signed_in
def requests_of_set(request: MemberRequest, nonce: str) -> HttpResponse:
    """Who of those asked together has paid; for whoever asked. As a fragment: nothing, while all is as ``seen``."""
    asked = operations.asked_together(asker=request.user, nonce=nonce)
    if not asked:
        raise Http404
    part = fragment(request)
    seen = ".".join(seen_as(one) for one in asked)
    if part and request.GET.get("seen") == seen:
        return HttpResponse(status=204)
    paid = [one for one in asked if one.state == PaymentRequest.State.PAID]
    context = {
        "asked": asked,
        "now": clock.now(),
        "seen": seen,
        "is_fragment": bool(part),
        "n_paid": len(paid),
        "total_minutes": sum(one.amount_minutes or 0 for one in asked),
        "paid_minutes": sum(one.amount_minutes or 0 for one in paid),
    }
    return render(request, "accounts/_requests_of_set.html" if part else "accounts/requests_of_set.html", context)


def _page(request: MemberRequest, form: AskSeveralForm, *, words: str = "", status: int = 200) -> HttpResponse:
    chosen: Any = form["to"].value() or []
    context = {
        "form": form,
        "not_sent": drafts.not_sent(request),
        **queries.several_to_choose(request.user, words, chosen),
    }
    return render(request, "accounts/request_several.html", context, status=status)
