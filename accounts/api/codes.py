"""Codes to be paid by, for programs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django_filters import rest_framework as filters
from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
    extend_schema_field,
    extend_schema_serializer,
)
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import codes, operations, qr
from accounts.models import Member
from accounts.pace import check_pace
from accounts.queries import people_of
from ledger import api as ledger_api
from ledger import operations as ledger
from ledger.arriving import arrives
from ledger.models import PaymentRequest
from timebank import clock
from timebank.rest.fields import MinutesField, PartySerializer, StrictSerializer, read_body, without_body, without_query
from timebank.rest.keys import keyed
from timebank.rest.pages import read_query

from .fields import LONGEST_NOTE, PeopleField, WordsField, caller, check_category, name_of_several
from .sending import Sends, on_its_way


class PaymentRequestSerializer(serializers.ModelSerializer[PaymentRequest]):
    """A code to be paid by; ``id`` is its txid, ``address`` what its QR code says."""

    id = serializers.CharField(source="txid")
    payee = serializers.SerializerMethodField()
    asked_of = serializers.CharField(source="asked_of.public_id", default=None, allow_null=True)
    payment = serializers.CharField(source="paid_hold.public_id", default=None, allow_null=True)
    address = serializers.CharField()
    spoken_code = serializers.SerializerMethodField()

    class Meta:
        model = PaymentRequest
        fields = [
            "id", "payee", "amount_minutes", "note", "category", "asked_of", "state", "payment", "address",
            "spoken_code", "created_at", "expires_at", "ended_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(PartySerializer)
    def get_payee(self, request: PaymentRequest) -> dict[str, str] | None:
        return ledger_api.party(request.payee)

    def get_spoken_code(self, request: PaymentRequest) -> str:
        """Empty once it does not answer any more."""
        return request.spoken_code if request.is_payable(clock.now()) else ""


@extend_schema_serializer(
    examples=[OpenApiExample("Half an hour, of anybody", {"amount_minutes": 30, "note": "Hems", "life_minutes": 60})]
)
class AskSerializer(StrictSerializer):
    """What is asked for, of whom (null: whoever has the code), and for how long the code is good."""

    amount_minutes = MinutesField(required=False, default=None, allow_null=True)
    note = WordsField(max_length=LONGEST_NOTE, required=False, default="", allow_blank=True)
    category = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)
    asked_of = serializers.CharField(max_length=22, required=False, default=None, allow_null=True)
    life_minutes = serializers.IntegerField(
        required=False,
        default=None,
        allow_null=True,
        min_value=int(ledger.SHORTEST_LIFE.total_seconds()) // 60,
        max_value=int(ledger.LONGEST_LIFE.total_seconds()) // 60,
    )

    def validate_category(self, code: str) -> str:
        return check_category(code)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A class of three hours",
            {"asked_of": ["k3v9m2xq7dhp4rtw8c", "p7dhc2xq8r4k3v9mtw"], "amount_minutes": 180, "note": "English"},
            request_only=True,
        )
    ]
)
class AskTogetherSerializer(AskSerializer):
    """Of whom all (the ids of their profiles), and how much in all, split evenly, or of ``each`` of them."""

    asked_of = PeopleField()  # type: ignore[assignment]
    amount_minutes = MinutesField()
    each = serializers.BooleanField(default=False, help_text="That each is asked for so much, and not all together.")


class AskedTogetherSerializer(serializers.Serializer[Any]):
    """What each of several is asked for, in the order in which they were named."""

    requests = PaymentRequestSerializer(many=True)


class PaySerializer(StrictSerializer):
    """What is paid: what the code asks for, or what the payer says where it leaves that to her."""

    amount_minutes = MinutesField()


class GiveBackSerializer(StrictSerializer):
    """How much goes back; null: all that is left."""

    amount_minutes = MinutesField(required=False, default=None, allow_null=True)


class PaymentRequestFilter(filters.FilterSet):
    class Meta:
        model = PaymentRequest
        fields = ["state"]


class CodeSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=500)


ONE_REQUEST: Any = forced_singular_serializer(PaymentRequestSerializer)  # type: ignore[no-untyped-call]
_CODE = OpenApiParameter("code", OpenApiTypes.STR, required=True, description="As it was said, or its address.")


class PaymentRequestView(Sends, viewsets.ReadOnlyModelViewSet[PaymentRequest]):
    """Codes that the caller made, was asked to pay, or paid; a single one also by its id, for whoever was shown it."""

    serializer_class = PaymentRequestSerializer
    filterset_class = PaymentRequestFilter
    orderings = {"created_at": "pk"}
    lookup_field = "txid"
    lookup_url_kwarg = "id"
    lookup_value_regex = ledger_api.IDS
    paying = ("create", "together", "pay", "cancel", "renew", "give_back")

    def get_queryset(self) -> QuerySet[PaymentRequest]:
        member = self.request.user.pk
        hers = Q(payee__owner=member) | Q(asked_of=member) | Q(paid_hold__payer__owner=member)
        return _beside(PaymentRequest.objects.filter(hers))

    @extend_schema(responses=PaymentRequestSerializer)
    @without_query
    def retrieve(self, request: Request, id: str) -> Response:
        found = codes.find_by_txid(request._request, id)
        operations.check_may_see(found, caller(request))
        return Response(PaymentRequestSerializer(found).data)

    @extend_schema(responses={(200, "image/png"): OpenApiTypes.BINARY})
    @action(detail=True)
    @without_query
    def qr(self, request: Request, id: str) -> HttpResponse:
        """Its QR code, as a picture."""
        found = codes.find_by_txid(request._request, id)
        operations.check_may_see(found, caller(request))
        return as_picture(found.address)

    @extend_schema(operation_id="payment_requests_find", parameters=[_CODE], responses=ONE_REQUEST)
    @action(detail=False, filterset_class=None, orderings={}, pagination_class=None)
    def find(self, request: Request) -> Response:
        """The one that a spoken or pasted code means, while it can be paid. Ten that are none are too many."""
        asked = read_query(CodeSerializer, request)
        found = codes.find_by_text(request._request, asked["code"])
        if isinstance(found, str):  # the poster of a neighbour is no request
            raise codes.NoSuchCode(str(codes.UNKNOWN))
        operations.check_may_see(found, caller(request))
        return Response(PaymentRequestSerializer(found).data)

    @extend_schema(request=AskSerializer, responses={201: PaymentRequestSerializer})
    @keyed
    def create(self, request: Request, *, key: str) -> Response:
        """Make a code."""
        asked = read_body(AskSerializer, request)
        check_pace(request._request, "request")
        who, minutes = asked["asked_of"], asked["life_minutes"]
        try:
            made = operations.ask_for_hours(
                asker=caller(request),
                amount_minutes=asked["amount_minutes"],
                note=asked["note"],
                category=asked["category"],
                life=None if minutes is None else timedelta(minutes=minutes),
                asked_of=None if who is None else _neighbour(who),
                nonce=f"api-{key}",
            )
        except operations.CannotReceive as refusal:
            refusal.field = "asked_of"  # as it is called here
            raise
        return _made(made)

    @extend_schema(request=AskTogetherSerializer, responses={201: AskedTogetherSerializer})
    @action(detail=False, methods=["post"], filterset_class=None, orderings={}, pagination_class=None)
    @keyed
    def together(self, request: Request, *, key: str) -> Response:
        """Ask several neighbours for their share. Each of them is asked, and told, or nobody."""
        asked = read_body(AskTogetherSerializer, request)
        check_pace(request._request, "request")
        minutes = asked["life_minutes"]
        try:
            made = operations.ask_several(
                asker=caller(request),
                people=people_of(asked["asked_of"]),
                amount_minutes=asked["amount_minutes"],
                each=asked["each"],
                note=asked["note"],
                category=asked["category"],
                life=None if minutes is None else timedelta(minutes=minutes),
                nonce=f"api-{key}",
            )
        except (operations.CannotReceive, operations.ToOneself) as refusal:
            name_of_several(refusal, "asked_of")  # as it is called here
            raise
        found = _beside(PaymentRequest.objects.filter(pk__in=[one.pk for one in made])).order_by("pk")
        return Response(AskedTogetherSerializer({"requests": found}).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=PaySerializer, responses={202: ledger_api.HoldSerializer})
    @action(detail=True, methods=["post"])
    @arrives
    @keyed
    def pay(self, request: Request, id: str, *, key: str) -> Response:
        """Pay it. 202: the hours are set aside and arrive in a moment, as the transfer of the same id."""
        asked = read_body(PaySerializer, request)
        check_pace(request._request, "send")
        found = codes.find_by_txid(request._request, id)
        hold = operations.pay_request(found, payer=caller(request), **asked)
        return on_its_way(hold, caller(request))

    @extend_schema(request=None, responses=PaymentRequestSerializer)
    @action(detail=True, methods=["post"])
    @keyed
    @without_body
    def cancel(self, request: Request, id: str, *, key: str) -> Response:
        """Take it back, so that nobody can pay it."""
        ledger.cancel_request(self._own(request, id))
        return Response(PaymentRequestSerializer(self._own(request, id)).data)

    @extend_schema(request=None, responses={201: PaymentRequestSerializer})
    @action(detail=True, methods=["post"])
    @keyed
    @without_body
    def renew(self, request: Request, id: str, *, key: str) -> Response:
        """Ask once more for the same, where it is over or was taken back."""
        check_pace(request._request, "request")
        return _made(operations.renew_request(self._own(request, id)))

    @extend_schema(request=GiveBackSerializer, responses={201: ledger_api.TransferSerializer})
    @action(detail=True, methods=["post"], url_path="give-back")
    @keyed
    def give_back(self, request: Request, id: str, *, key: str) -> Response:
        """Give what was paid, or a part of it, back to who paid."""
        asked = read_body(GiveBackSerializer, request)
        back = operations.give_back_request(
            self._own(request, id),
            by=caller(request),
            minutes=asked["amount_minutes"],
            nonce=f"api-{key}",
        )
        found = ledger_api.TransferView.of(caller(request)).get(pk=back.pk)
        where = {"Location": reverse("api:transfer-detail", args=[back.public_id])}
        return Response(ledger_api.TransferSerializer(found).data, status=status.HTTP_201_CREATED, headers=where)

    def handle_exception(self, exc: Exception) -> Response:
        """What was asked of somebody else is not there."""
        return super().handle_exception(
            codes.NoSuchCode(str(codes.UNKNOWN)) if isinstance(exc, operations.AskedOfAnother) else exc
        )

    def _own(self, request: Request, txid: str) -> PaymentRequest:
        found: PaymentRequest = get_object_or_404(_beside(PaymentRequest.objects.made_by(caller(request))), txid=txid)
        return found


def as_picture(address: str) -> HttpResponse:
    """The QR code that says ``address``."""
    return HttpResponse(qr.picture(address), content_type="image/png")


def _beside(requests: QuerySet[PaymentRequest]) -> QuerySet[PaymentRequest]:
    return requests.select_related("payee__owner", "asked_of", "paid_hold")


def _made(request: PaymentRequest) -> Response:
    found = _beside(PaymentRequest.objects.all()).get(pk=request.pk)
    where = {"Location": reverse("api:payment-request-detail", args=[found.txid])}
    return Response(PaymentRequestSerializer(found).data, status=status.HTTP_201_CREATED, headers=where)


def _neighbour(public_id: str) -> Member:
    """The one who is asked. Raises CannotReceive as for anybody who cannot be reached."""
    found = Member.objects.people().filter(public_id=public_id).first()
    if found is None:
        raise operations.CannotReceive(str(operations.NOBODY))
    return found
