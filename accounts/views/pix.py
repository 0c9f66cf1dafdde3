"""Payment requests for programs: the small JSON API at ``/payments/pix``, for a session or a token.

Amounts are hours: ``{"value": 0.5}`` is 30 minutes. What is refused is answered with the refusal's status and
``{"message": sentence, "code": word}``. The txid is what makes a confirmation happen once.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, NoReturn

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers, status, viewsets
from rest_framework.exceptions import NotAuthenticated, UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import codes, operations, qr
from accounts.api.fields import caller
from accounts.models import Member
from accounts.pace import check_pace
from ledger.models import PaymentRequest
from timebank.durations import HOUR_MINUTES, MOST_MINUTES, in_words
from timebank.errors import Refusal
from timebank.fragments import signed_in
from timebank.ids import public_id
from timebank.rest.parsing import MAY_BE_JSON
from timebank.rest.problems import is_problem
from timebank.rest.schema import Schema

from .asking import MemberRequest
from .paying import pay_page
from .requesting import request_page, seen_as

LONGEST_BODY = 16 * 1024
QR_CODE = "qr_code_payment_"  # then the txid: the name of its picture
_LARGEST_KEY = 2**63
_SLIP = Decimal("0.000001")  # of a minute: a third of an hour, as we write it, is 20 minutes when it comes back


class NotUnderstood(Refusal):
    """The body is no JSON object with what belongs in it."""

    code = "not_understood"
    status = 400


class UnknownField(Refusal):
    """Who writes a field means something by it that would not happen."""

    code = "unknown_field"
    status = 400


class WrongValue(Refusal):
    """The value is no amount of hours that we can accept."""

    code = "wrong_value"
    status = 400
    field = "value"


class SignedOut(Refusal):
    code = "signed_out"
    status = 401


@extend_schema_field({"type": "number", "exclusiveMinimum": 0, "description": "Hours; 0.5 is 30 minutes."})
class _HoursField(serializers.Field[Any, Any, Any, Any]):
    """Read by `read_value`; here for the schema."""


class PixAskSerializer(serializers.Serializer[Any]):
    value = _HoursField()


class PixConfirmSerializer(serializers.Serializer[Any]):
    bank_payment_id = serializers.CharField(help_text="The code that is paid.")
    value = _HoursField()


class PixPaymentSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    bank_payment_id = serializers.CharField()
    expiration_date = serializers.DateTimeField()
    paid = serializers.BooleanField()
    qr_code = serializers.CharField(help_text="The name of its picture at `/payments/pix/qr_code/…`.")
    value = _HoursField(allow_null=True, help_text="null: the payer says how much.")


class PixStatusSerializer(PixPaymentSerializer):
    state = serializers.ChoiceField(choices=["active", "paid", "expired", "cancelled"])


class PixAskedSerializer(serializers.Serializer[Any]):
    message = serializers.CharField()
    payment = PixPaymentSerializer()


class PixConfirmedSerializer(serializers.Serializer[Any]):
    message = serializers.CharField()


class PixFoundSerializer(serializers.Serializer[Any]):
    payment = PixStatusSerializer()


class PixRefusedSerializer(serializers.Serializer[Any]):
    """Why it was refused: a sentence in the caller's language, and a word for programs."""

    message = serializers.CharField()
    code = serializers.CharField()


class PixSchema(Schema):
    """These answer refusals in a shape of their own, and nothing is kept by who reads."""

    problem = OpenApiResponse(PixRefusedSerializer, description="Refused, with the reason.")
    problem_type = "application/json"
    marks_reads = False

    def get_tags(self) -> list[str]:
        return ["payments/pix"]


class StatusSchema(PixSchema):
    """A code also has a page, at the same address."""

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        for status_ in ("200", "404"):
            bodies[status_]["content"]["text/html"] = {"schema": {"type": "string"}}
        words = "To sign in, where its page is asked for."
        return bodies | {"302": {"description": words, "headers": {"Location": {"schema": {"type": "string"}}}}}


class PixView(viewsets.ViewSet):
    schema = PixSchema()
    paying = ("create", "confirm")

    @extend_schema(operation_id="pix_create", request=PixAskSerializer, responses={201: PixAskedSerializer})
    def create(self, request: Request) -> Response:
        """Ask for ``value`` hours by a code that is good for the usual time."""
        value = read_value(_body(request._request, "value"))
        check_pace(request._request, "request")
        made = operations.ask_for_hours(asker=caller(request), amount_minutes=value, nonce=public_id())
        words = {"message": _("Show the code to whoever pays."), "payment": described(made)}
        where = {"Location": reverse("pix_status", args=[made.pk])}
        return Response(words, status=status.HTTP_201_CREATED, headers=where)

    @extend_schema(operation_id="pix_qr_code", responses={(200, "image/png"): OpenApiTypes.BINARY})
    def picture(self, request: Request, file_name: str) -> HttpResponse:
        """The picture of a code, drawn when it is asked for and kept nowhere."""
        txid = file_name.removesuffix(".png").removeprefix(QR_CODE)
        found = codes.find_by_txid(request._request, txid if file_name.startswith(QR_CODE) else "")
        return HttpResponse(qr.picture(found.address), content_type="image/png", headers={"Cache-Control": "private"})

    @extend_schema(operation_id="pix_confirm", request=PixConfirmSerializer, responses=PixConfirmedSerializer)
    def confirm(self, request: Request) -> Response:
        """Pay the code ``bank_payment_id``, which asks for ``value`` hours; repeated, the answer is the first one."""
        body = _body(request._request, "bank_payment_id", "value")
        value = read_value(body)
        txid = body.get("bank_payment_id")
        if not isinstance(txid, str):
            raise NotUnderstood(_("“bank_payment_id” is missing: the code that is paid."))
        check_pace(request._request, "send")
        found = codes.find_by_txid(request._request, txid)
        operations.pay_request(found, payer=caller(request), amount_minutes=value)
        words = _("You paid %(amount)s to %(name)s.")
        return Response({"message": words % {"amount": in_words(value), "name": found.payee.owner}})

    def handle_exception(self, exc: Exception) -> Response:
        """Say no in the shape that is promised here."""
        if isinstance(exc, NotAuthenticated):
            exc = SignedOut(_("Please sign in first."))
        response = super().handle_exception(exc)
        if isinstance(exc, SignedOut):
            response["WWW-Authenticate"] = "Bearer"
        if is_problem(response.data):
            response.data = {"message": response.data["detail"], "code": response.data["code"]}
        return response


class PixStatusView(PixView):
    schema = StatusSchema()

    @extend_schema(operation_id="pix_status", responses=PixFoundSerializer)
    def status(self, request: Request, pk: int) -> Response:
        """One code, for whoever made or paid it: as JSON where that is asked for or a token asks, else as its page."""
        try:
            found = _of_hers(caller(request), pk)
        except Http404:
            raise codes.NoSuchCode(_("We do not know this code.")) from None
        return Response({"payment": {**described(found), "state": seen_as(found).partition("-")[0]}})

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "GET" and _wants_page(request):
            return _status_page(request, *args, **kwargs)
        return super().dispatch(request, *args, **kwargs)


def _wants_page(request: HttpRequest) -> bool:
    if "Authorization" in request.headers:
        return False
    return request.get_preferred_type(["text/html", "application/json"]) != "application/json"


@csrf_exempt  # nothing is done here
def nowhere(request: HttpRequest, rest: str) -> HttpResponse:
    """What every address below /payments/pix answers that is none: to a program as a program."""
    if _wants_page(request):
        raise Http404
    words = _("There is nothing here, or nothing that is yours to see.")
    return JsonResponse({"message": words, "code": "not_found"}, status=404)


@signed_in
def _status_page(request: MemberRequest, pk: int) -> HttpResponse:
    found = _of_hers(request.user, pk)
    return request_page(request, found) if found.payee.owner_id == request.user.pk else pay_page(request, found)


def _of_hers(member: Member, pk: int) -> PaymentRequest:
    if pk >= _LARGEST_KEY:
        raise Http404
    everything = PaymentRequest.objects.of(member)
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
    if value is None:
        raise WrongValue(_("“value” is missing: a number of hours, such as 2 or 0.5."))
    if not isinstance(value, Decimal):
        raise WrongValue(_("“value” must be a number of hours, such as 2 or 0.5."))
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


def _body(request: HttpRequest, *known: str) -> dict[str, Any]:
    """The object that was sent, with no names but the ``known``, its numbers as decimals.

    What does not say what it is may be JSON. Raises UnsupportedMediaType, NotUnderstood, UnknownField.
    """
    if request.content_type not in MAY_BE_JSON:
        raise UnsupportedMediaType(str(request.content_type))
    raw = request.body
    if len(raw) > LONGEST_BODY:
        raise NotUnderstood(_("That is too much. Send a small JSON object."))
    try:
        body = json.loads(
            raw, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number, object_pairs_hook=_object
        )
    except (ValueError, ArithmeticError, RecursionError):
        raise NotUnderstood(_('Send a JSON object, such as {"value": 2}.')) from None
    if not isinstance(body, dict):
        raise NotUnderstood(_('Send a JSON object, such as {"value": 2}.'))
    for name in sorted(body.keys() - set(known)):
        shown = name[:60].encode(errors="replace").decode()  # it may hold half a character
        raise UnknownField(_("There is no such field: “%(name)s”.") % {"name": shown})
    return body


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name comes twice")
    return dict(pairs)
