"""Paying by a code: finding it, scanning it, looking it over, and yes."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts import codes, operations, queries
from accounts.forms import CodeForm, PayForm
from accounts.models import Member
from accounts.pace import is_within
from ledger.models import Account, PaymentRequest
from ledger.operations import NotEnoughTime
from ledger.queries import payment
from ledger.statements import category_name
from ledger.views import payment_context
from notifications.middleware import has_seen
from timebank import clock, drafts
from timebank.errors import Busy, Refusal
from timebank.fragments import fragment, signed_in

from .asking import MemberRequest, not_now, require_form_methods, what_is_left
from .pace import respond_429
from .requesting import seen_as


@require_form_methods
@signed_in
def pay(request: MemberRequest) -> HttpResponse:
    """All ways to pay and to be paid; a code that is pasted or typed here leads to what it asks for."""
    if not request.user.is_member:
        return not_now(request)
    form = CodeForm(request.POST if request.method == "POST" else None)
    status, wait = 422 if form.errors else 200, None
    if form.is_bound and form.is_valid():
        try:
            return redirect(_page_of(codes.find_by_text(request, form.cleaned_data["code"])))
        except codes.TooManyGuesses as refusal:
            form.add_error("code", str(refusal))
            status, wait = refusal.status, refusal.retry_after_seconds
        except codes.NoSuchCode as refusal:
            form.add_error("code", str(refusal))
            status = 422
    account = Account.objects.get(owner=request.user)
    context = {"form": form, "account": account, "asked_of_me": list(queries.asked_of(request.user)[:3])}
    response = render(request, "accounts/pay.html", context, status=status)
    if wait:
        response["Retry-After"] = str(wait)
    return response


def _page_of(found: PaymentRequest | str) -> str:
    return reverse("pay_me", args=[found]) if isinstance(found, str) else found.get_absolute_url()


@require_safe
@signed_in
def scan(request: MemberRequest) -> HttpResponse:
    """The camera looks for a code; a field to paste one stands beside it."""
    if not request.user.is_member:
        return not_now(request)
    return render(request, "accounts/scan.html", {"form": CodeForm()})


@require_safe
@signed_in
def pay_me(request: MemberRequest, public_id: str) -> HttpResponse:
    """Where a printed poster leads: to sending hours to the one whose it is."""
    if not request.user.is_member:
        return not_now(request)
    if public_id == request.user.public_id:
        return redirect("poster")
    recipient = get_object_or_404(Member.objects.reachable_by(request.user), public_id=public_id)
    return redirect(f"{reverse('send')}?to={recipient.public_id}")


@require_form_methods
@signed_in
def payment_request(request: MemberRequest, txid: str) -> HttpResponse:
    """What the QR code leads to: look it over and pay. Whoever made it gets her own page of it."""
    try:
        found = codes.find_by_txid(request, txid)
    except codes.NoSuchCode as refusal:
        raise Http404(str(refusal)) from refusal
    except codes.TooManyGuesses:
        return respond_429(request)
    if found.payee.owner_id == request.user.pk:
        return redirect("my_request", txid)
    try:
        operations.check_may_see(found, request.user)
    except operations.AskedOfAnother as refusal:
        return render(request, "accounts/for_another.html", {"why": str(refusal)}, status=refusal.status)
    if request.method == "POST":
        return _pay(request, found)
    return pay_page(request, found)


def _pay(request: MemberRequest, found: PaymentRequest) -> HttpResponse:
    if not request.user.is_member:
        return not_now(request)
    if not is_within(request, "send"):
        return respond_429(request)
    form = PayForm(request.POST)
    if not form.is_valid():
        return pay_page(request, found, form, status=422)
    try:
        hold = operations.pay_request(found, payer=request.user, amount_minutes=form.cleaned_data["amount"])
    except Refusal as refusal:
        field = "amount" if refusal.field == "amount_minutes" else None
        form.add_error(field, str(refusal))
        found.refresh_from_db()
        response = pay_page(request, found, form, status=refusal.status if isinstance(refusal, Busy) else 422)
        if isinstance(refusal, Busy):
            response["Retry-After"] = str(refusal.retry_after_seconds)
        return response
    return redirect("transfer", hold.public_id)


def pay_page(
    request: MemberRequest, found: PaymentRequest, form: PayForm | None = None, *, status: int = 200
) -> HttpResponse:
    """The page of ``found`` for whoever may pay it, or paid it. As a fragment: nothing, while she has ``seen`` so."""
    part = fragment(request)
    is_payer = found.paid_hold is not None and found.paid_hold.actor_id == request.user.pk
    if not is_payer and not request.user.is_member:
        return not_now(request)
    if request.method == "GET":
        has_seen(request, "txid", found.txid)
    context: dict[str, Any] = {"asked": found, "is_fragment": bool(part), "now": clock.now(), "seen": seen_as(found)}
    if part and request.GET.get("seen") == context["seen"]:
        return HttpResponse(status=204)
    if is_payer and found.paid_hold is not None:
        context |= payment_context(request, payment(found.paid_hold.public_id, of=request.user))
    elif found.is_payable(clock.now()):
        context |= _look_over(request, found, form)
    template = "accounts/_request.html" if part else "accounts/pay_request.html"
    return render(request, template, context, status=status)


def _look_over(request: MemberRequest, found: PaymentRequest, form: PayForm | None) -> dict[str, Any]:
    """What she would pay and have left, or why she cannot."""
    account = Account.objects.get(owner=request.user)
    typed = drafts.typed(request, request.path).get("amount", "")
    amount = found.amount_minutes or typed or None
    context: dict[str, Any] = {
        "account": account,
        "form": form or PayForm(initial={"amount": amount}),
        "fixed_amount": f"{found.amount_minutes} min" if found.amount_minutes else "",
        "not_sent": drafts.not_sent(request),
        "left_seconds": max(int((found.expires_at - clock.now()).total_seconds()), 0),
        "life_seconds": int((found.expires_at - found.created_at).total_seconds()),
        "category_name": category_name(found.category),
    }
    try:
        left_minutes = operations.look_ahead_of_request(found, payer=request.user, amount_minutes=found.amount_minutes)
    except Refusal as refusal:
        return context | {"cannot": str(refusal), "has_too_few": isinstance(refusal, NotEnoughTime)}
    return context | what_is_left(account, found.amount_minutes or 0, left_minutes)
