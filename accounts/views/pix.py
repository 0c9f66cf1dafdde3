"""Payment requests for programs: the small JSON API at ``/payments/pix``, for signed-in members.

Amounts are hours: ``{"value": 0.5}`` is 30 minutes. What is refused is answered with the refusal's status and
``{"message": sentence, "code": word}``. The txid is what makes a confirmation happen once.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from functools import wraps
from http import HTTPStatus
from typing import Any, NoReturn

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import codes, operations, qr
from accounts.pace import check_pace
from ledger.models import PaymentRequest
from timebank.durations import HOUR_MINUTES, MOST_MINUTES, in_words
from timebank.errors import Refusal
from timebank.fragments import signed_in
from timebank.ids import public_id

from .asking import MemberRequest
from .paying import pay_page
from .requesting import request_page, seen_as

LONGEST_BODY = 16 * 1024
QR_CODE = "qr_code_payment_"  # then the txid: the name of its picture
_LARGEST_KEY = 2**63
_SLIP = Decimal("0.000001")  # of a minute: a third of an hour, as we write it, is 20 minutes when it comes back

View = Callable[..., HttpResponse]


class NotUnderstood(Refusal):
    """The body is no JSON object with what belongs in it."""

    code = "not_understood"
    status = 400


class WrongValue(Refusal):
    """The value is no amount of hours that we can accept."""

    code = "wrong_value"
    status = 400
    field = "value"


class SignedOut(Refusal):
    code = "signed_out"
    status = 401


def for_programs(view: View) -> View:
    """Answer strangers with 401, and every refusal with its status and sentence as JSON."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            if not request.user.is_authenticated:
                raise SignedOut(_("Please sign in first."))
            return view(request, *args, **kwargs)
        except Refusal as refusal:
            response = JsonResponse({"message": str(refusal), "code": refusal.code}, status=refusal.status)
            if refusal.retry_after_seconds is not None:
                response["Retry-After"] = str(refusal.retry_after_seconds)
            return response

    return answered


@require_POST
@for_programs
def pix_create(request: MemberRequest) -> HttpResponse:
    """Ask for ``value`` hours by a code that is good for the usual time."""
    value = read_value(_body(request))
    check_pace(request, "request")
    made = operations.ask_for_hours(asker=request.user, amount_minutes=value, nonce=public_id())
    words = {"message": _("Show the code to whoever pays."), "payment": described(made)}
    return JsonResponse(words, status=HTTPStatus.CREATED, headers={"Location": reverse("pix_status", args=[made.pk])})


@require_GET
@for_programs
def pix_qr_code(request: MemberRequest, file_name: str) -> HttpResponse:
    """The picture of a code, drawn when it is asked for and kept nowhere."""
    txid = file_name.removesuffix(".png").removeprefix(QR_CODE)
    found = codes.find_by_txid(request, txid if file_name.startswith(QR_CODE) else "")
    return HttpResponse(qr.picture(found.address), content_type="image/png", headers={"Cache-Control": "private"})


@require_POST
@for_programs
def pix_confirm(request: MemberRequest) -> HttpResponse:
    """Pay the code ``bank_payment_id``, which asks for ``value`` hours; repeated, the answer is the first one."""
    body = _body(request)
    value = read_value(body)
    txid = body.get("bank_payment_id")
    if not isinstance(txid, str):
        raise NotUnderstood(_("“bank_payment_id” is missing: the code that is paid."))
    check_pace(request, "send")
    found = codes.find_by_txid(request, txid)
    operations.pay_request(found, payer=request.user, amount_minutes=value)
    words = _("You paid %(amount)s to %(name)s.")
    return JsonResponse({"message": words % {"amount": in_words(value), "name": found.payee.owner}})


@require_GET
def pix_status(request: HttpRequest, pk: int) -> HttpResponse:
    """One code, for whoever made or paid it: its page, or JSON where that is asked for."""
    wants_json = request.get_preferred_type(["text/html", "application/json"]) == "application/json"
    return _status_for_programs(request, pk) if wants_json else _status_page(request, pk)


@for_programs
def _status_for_programs(request: MemberRequest, pk: int) -> HttpResponse:
    try:
        found = _of_hers(request, pk)
    except Http404:
        raise codes.NoSuchCode(_("We do not know this code.")) from None
    return JsonResponse({"payment": {**described(found), "state": seen_as(found).partition("-")[0]}})


@signed_in
def _status_page(request: MemberRequest, pk: int) -> HttpResponse:
    found = _of_hers(request, pk)
    return request_page(request, found) if found.payee.owner_id == request.user.pk else pay_page(request, found)


def _of_hers(request: MemberRequest, pk: int) -> PaymentRequest:
    if pk >= _LARGEST_KEY:
        raise Http404
    everything = PaymentRequest.objects.of(request.user)
    found: PaymentRequest = get_object_or_404(
        everything.select_related("payee__owner", "asked_of", "paid_hold__payer__owner", "renewal"), pk=pk
    )
    return found


def described(found: PaymentRequest) -> dict[str, Any]:
    """``found`` as programs read it."""
    return {
        "id": found.pk,
        "bank_payment_id": found.txid,
        "expiration_date": found.expires_at.isoformat(),
        "paid": found.paid_hold_id is not None,
        "qr_code": f"{QR_CODE}{found.txid}",
        "value": None if found.amount_minutes is None else in_hours(found.amount_minutes),
    }


def in_hours(minutes: int) -> int | float:
    """``minutes`` as a number for JSON, which has no other fractions; `read_value` reads it back exactly."""
    return minutes // HOUR_MINUTES if minutes % HOUR_MINUTES == 0 else minutes / HOUR_MINUTES


def read_value(body: dict[str, Any]) -> int:
    """The whole minutes that ``value``, a number of hours, means. Raises WrongValue."""
    value = body.get("value")
    if not isinstance(value, Decimal):
        raise WrongValue(_("“value” is missing: a number of hours, such as 2 or 0.5."))
    if value <= 0:
        raise WrongValue(_("The time must be more than zero."))
    if value.adjusted() > len(str(MOST_MINUTES)):  # before it is multiplied: it may have a million digits
        raise WrongValue(_("That is more time than anybody has."))
    minutes = value * HOUR_MINUTES
    whole = minutes.to_integral_value()
    if abs(minutes - whole) > _SLIP or not whole:
        raise WrongValue(_("That is not a number of whole minutes. 0.5 is 30 minutes, 0.25 is 15."))
    if whole >= MOST_MINUTES:
        raise WrongValue(_("That is more time than anybody has."))
    return int(whole)


def _body(request: HttpRequest) -> dict[str, Any]:
    """The object that was sent, its numbers as decimals. Raises NotUnderstood."""
    if len(request.body) > LONGEST_BODY:
        raise NotUnderstood(_("That is too much. Send a small JSON object."))
    try:
        body = json.loads(
            request.body, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number, object_pairs_hook=_object
        )
    except (ValueError, ArithmeticError, RecursionError):
        raise NotUnderstood(_("Send a JSON object, such as {“value”: 2}.")) from None
    if not isinstance(body, dict):
        raise NotUnderstood(_("Send a JSON object, such as {“value”: 2}."))
    return body


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name comes twice")
    return dict(pairs)
