"""Asking for hours by a code: making it, showing it, the list of one's own, taking back, renewing, giving back."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings as site_settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import operations, qr, queries
from accounts.forms import WEEK_MINUTES, AskForm, GiveBackForm
from accounts.models import Member
from accounts.pace import is_within
from accounts.request_filters import STATES, RequestFilter
from ledger import operations as ledger
from ledger.models import PaymentRequest, Transfer
from ledger.queries import payment
from ledger.views import payment_context
from notifications.middleware import has_seen
from timebank import clock, drafts
from timebank.durations import in_words
from timebank.errors import Busy, Refusal
from timebank.fragments import fragment, number, signed_in

from .asking import MemberRequest, busy_too, not_now, refuse, require_form_methods
from .pace import respond_429

REQUESTS_ON_A_PAGE = 20
MOST_ASKED = 20


@require_form_methods
@signed_in
def request_new(request: MemberRequest) -> HttpResponse:
    """Ask whoever has the code, or one neighbour (``who=one``, or ``to`` in the address), for hours."""
    if not request.user.is_member:
        return not_now(request)
    opened = request.GET.dict() | drafts.typed(request, request.path)
    given = request.POST.dict() if request.method == "POST" else opened
    of_one = given.get("who") == "one" or bool(given.get("to"))
    if request.method != "POST" or "find" in request.POST:
        life = WEEK_MINUTES if of_one else site_settings.REQUEST_LIFE_MINUTES
        first = {"life": life, "nonce": secrets.token_urlsafe(16)}
        form = AskForm(initial=first | {name: given[name] for name in AskForm.base_fields if name in given})
        return _new_page(request, form, given, of_one=of_one)
    form = AskForm(request.POST, of_one=of_one)
    if not form.is_valid():
        return _new_page(request, form, given, of_one=of_one, status=422)
    if not is_within(request, "request"):
        return respond_429(request)
    asked = form.cleaned_data
    try:
        made = operations.ask_for_hours(
            asker=request.user,
            amount_minutes=asked["amount"],
            note=asked["note"],
            category=asked["category"],
            life=timedelta(minutes=asked["life"]),
            asked_of=_asked_of(form) if of_one else None,
            nonce=asked["nonce"],
        )
    except Refusal as refusal:
        status = refuse(form, refusal)
        return busy_too(_new_page(request, form, given, of_one=of_one, status=status), refusal)
    return redirect("my_request", made.txid)


@require_safe
@signed_in
def requests(request: MemberRequest) -> HttpResponse:
    """What she asked for, newest first, as filtered; above it what neighbours ask of her now."""
    form = RequestFilter(request.GET, queryset=PaymentRequest.objects.made_by(request.user))
    is_sound = form.is_valid()
    found = form.qs if is_sound else PaymentRequest.objects.none()
    before = number(request, "before")
    if before is not None:
        found = found.filter(pk__lt=before)
    found = found.select_related("paid_hold__payer__owner", "asked_of").with_what_went_back()
    rows = list(found.order_by("-pk")[: REQUESTS_ON_A_PAGE + 1])
    context = {
        "form": form.form,
        "states": STATES,
        "asked_state": request.GET.get("state", ""),
        "is_filtered": bool(request.GET.get("state") or request.GET.get("q")),
        "rows": rows[:REQUESTS_ON_A_PAGE],
        "now": clock.now(),
        "is_first_page": before is None,
        "next_before": rows[REQUESTS_ON_A_PAGE - 1].pk if len(rows) > REQUESTS_ON_A_PAGE else None,
        "asked_of_me": list(queries.asked_of(request.user)[:MOST_ASKED]) if before is None else [],
    }
    template = "accounts/_requests.html" if fragment(request) == "requests" else "accounts/requests.html"
    return render(request, template, context, status=200 if is_sound else 422)


@require_safe
@signed_in
def my_request(request: MemberRequest, txid: str) -> HttpResponse:
    """One code of hers: to be shown while it is good, then what became of it."""
    return request_page(request, _own(request, txid))


def request_page(request: MemberRequest, found: PaymentRequest) -> HttpResponse:
    """The page of ``found`` for whoever made it. As a fragment: nothing, while all is as she has ``seen`` it."""
    part = fragment(request)
    if request.method == "GET":
        has_seen(request, "txid", found.txid)
    context: dict[str, Any] = {"asked": found, "is_mine": True, "is_fragment": bool(part), "now": clock.now()}
    context["asked_with_others"] = operations.nonce_of_set(found)
    if found.paid_hold is not None:
        context |= payment_context(request, payment(found.paid_hold.public_id, of=request.user))
        context["can_give_back"] = _can_give_back(found)
    elif found.is_payable(clock.now()):
        label = _("QR code of this request") if found.amount_minutes is None else _("QR code to pay %(amount)s")
        context["drawing"] = qr.drawing(found.address, label=label % {"amount": in_words(found.amount_minutes or 0)})
        context["left_seconds"] = max(int((found.expires_at - clock.now()).total_seconds()), 0)
        context["life_seconds"] = int((found.expires_at - found.created_at).total_seconds())
    context["seen"] = seen_as(found)
    if part and request.GET.get("seen") == context["seen"]:
        return HttpResponse(status=204)
    return render(request, "accounts/_request.html" if part else "accounts/request.html", context)


def seen_as(found: PaymentRequest) -> str:
    """What of ``found`` a page shows: as long as this is the same, there is nothing to put in its place."""
    if found.paid_hold is not None:
        return f"paid-{found.paid_hold.state}"
    return "expired" if found.is_over(clock.now()) else found.state


@require_POST
@signed_in
def request_cancel(request: MemberRequest, txid: str) -> HttpResponse:
    try:
        ledger.cancel_request(_own(request, txid))
    except Busy:
        raise
    except Refusal as refusal:
        messages.warning(request, str(refusal))
    return redirect("my_request", txid)


@require_POST
@signed_in
def request_renew(request: MemberRequest, txid: str) -> HttpResponse:
    """Ask for the same once more; pressed twice, the page of the one new code is shown."""
    if not is_within(request, "request"):
        return respond_429(request)
    try:
        renewed = operations.renew_request(_own(request, txid))
    except Busy:
        raise
    except Refusal as refusal:
        messages.warning(request, str(refusal))
        return redirect("my_request", txid)
    return redirect("my_request", renewed.txid)


@require_form_methods
@signed_in
def request_give_back(request: MemberRequest, txid: str) -> HttpResponse:
    """Give what was paid, or a part of it, back to whoever paid."""
    found = _own(request, txid)
    transfer = Transfer.objects.filter(hold__payment_request=found).first()
    if transfer is None or found.paid_hold is None:
        return redirect("my_request", txid)
    left_minutes = ledger.reversible_minutes(transfer)
    first = {"amount": left_minutes or transfer.amount_minutes, "nonce": secrets.token_urlsafe(16)}
    form = GiveBackForm(request.POST if request.method == "POST" else None, initial=first)
    response_status = 422 if form.errors else 200
    refused: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            back = operations.give_back_request(
                found, by=request.user, minutes=form.cleaned_data["amount"], nonce=form.cleaned_data["nonce"]
            )
        except Refusal as refusal:
            refused, response_status = refusal, refuse(form, refusal)
        else:
            return redirect("transfer", back.public_id)
    context = {
        "form": form,
        "asked": found,
        "payer": found.paid_hold.payer.owner,
        "left_minutes": left_minutes,
        "account": found.payee,
        "can_give_back": _can_give_back(found),
    }
    return busy_too(render(request, "accounts/give_back.html", context, status=response_status), refused)


@require_safe
@signed_in
def poster(request: MemberRequest) -> HttpResponse:
    """A page to print: her name and a code that never expires, by which whoever scans it can send her hours."""
    if not request.user.is_member:
        return not_now(request)
    label = _("QR code to send hours to %(name)s") % {"name": request.user.display_name}
    context = {"drawing": qr.drawing(queries.pay_me_address(request.user), label=label)}
    return render(request, "accounts/poster.html", context | {"address": queries.pay_me_address(request.user)})


def _own(request: MemberRequest, txid: str) -> PaymentRequest:
    made = PaymentRequest.objects.made_by(request.user)
    found: PaymentRequest = get_object_or_404(
        made.select_related("payee__owner", "asked_of", "paid_hold__payer__owner", "renewal"), txid=txid
    )
    return found


def _can_give_back(found: PaymentRequest) -> bool:
    transfer = Transfer.objects.filter(hold__payment_request=found).first()
    return bool(transfer and ledger.can_refund(transfer) and ledger.reversible_minutes(transfer))


def _asked_of(form: AskForm) -> Member | None:
    found: Member | None = Member.objects.people().filter(public_id=form.cleaned_data["to"]).first()
    return found


def _new_page(request: MemberRequest, form: AskForm, typed: Any, *, of_one: bool, status: int = 200) -> HttpResponse:
    context = {"form": form, "of_one": of_one, "not_sent": drafts.not_sent(request)}
    if of_one:
        context |= queries.people_to_choose(request.user, typed.get("q", ""), typed.get("to", ""))
    return render(request, "accounts/request_new.html", context, status=status)
