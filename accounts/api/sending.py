"""Sending hours by programs."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import operations
from accounts.models import Member
from accounts.pace import check_pace
from accounts.queries import people_of
from ledger import api as ledger_api
from ledger.arriving import arrives
from ledger.models import Hold, Kind
from timebank.rest.fields import MinutesField, StrictSerializer, read_body
from timebank.rest.keys import keyed

from .fields import LONGEST_NOTE, PeopleField, WordsField, caller, check_category, name_of_several


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "An hour of help",
            {"to": "k3v9m2xq7dhp4rtw8c", "amount_minutes": 60, "note": "The garden gate", "category": "carpentry"},
            request_only=True,
        )
    ]
)
class SendSerializer(StrictSerializer):
    """To whom (the id of her profile), how much, what for."""

    to = serializers.CharField(max_length=22)
    amount_minutes = MinutesField()
    kind = serializers.ChoiceField(choices=[Kind.HELP.value, Kind.GIFT.value], default=Kind.HELP.value)
    category = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)
    note = WordsField(max_length=LONGEST_NOTE, required=False, default="", allow_blank=True)
    again = serializers.BooleanField(
        default=False, help_text="That a second payment like one of a moment ago is meant."
    )

    def validate_category(self, code: str) -> str:
        return check_category(code)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Three hours for a work party",
            {"to": ["k3v9m2xq7dhp4rtw8c", "p7dhc2xq8r4k3v9mtw"], "amount_minutes": 180, "note": "The wall"},
            request_only=True,
        )
    ]
)
class SendTogetherSerializer(SendSerializer):
    """To whom all (the ids of their profiles), how much in all, split evenly, or for ``each`` of them; what for."""

    to = PeopleField()  # type: ignore[assignment]
    each = serializers.BooleanField(default=False, help_text="That the minutes are for each of them, and not in all.")


class SentTogetherSerializer(serializers.Serializer[Any]):
    """What was set aside for each of several, in the order in which they were named."""

    holds = ledger_api.HoldSerializer(many=True)


class Sends:
    """What a view of calls that send hours says once these have arrived."""

    def now_that_it_arrived(self, response: Response) -> None:
        found = ledger_api.HoldView.of(caller(self.request)).get(public_id=response.data["id"])  # type: ignore[attr-defined]
        response.data = ledger_api.HoldSerializer(found).data


class SendingView(Sends, ledger_api.TransferView):
    __doc__ = ledger_api.TransferView.__doc__
    paying = ("create", "together")

    @extend_schema(request=SendSerializer, responses={202: ledger_api.HoldSerializer})
    @arrives
    @keyed
    def create(self, request: Request, *, key: str) -> Response:
        """Send hours to a neighbour. 202: they are set aside and arrive in a moment, as the transfer of the same id."""
        asked = read_body(SendSerializer, request)
        check_pace(request._request, "send")
        hold = operations.send_hours(
            sender=caller(request),
            recipient=Member.objects.people().filter(public_id=asked["to"]).first(),
            amount_minutes=asked["amount_minutes"],
            kind=asked["kind"],
            note=asked["note"],
            category=asked["category"],
            nonce=f"api-{key}",
            again=asked["again"],
        )
        return on_its_way(hold, caller(request))

    @extend_schema(request=SendTogetherSerializer, responses={202: SentTogetherSerializer})
    @action(detail=False, methods=["post"], filterset_class=None, orderings={}, pagination_class=None)
    @keyed
    def together(self, request: Request, *, key: str) -> Response:
        """Send hours to several neighbours at once. All of them get theirs, or nobody does.

        202: they are set aside and arrive in a moment, as the transfers of the same ids. The odd minutes of what is
        split go to those who are named first.
        """
        asked = read_body(SendTogetherSerializer, request)
        check_pace(request._request, "send")
        try:
            holds = operations.send_together(
                sender=caller(request),
                recipients=people_of(asked["to"]),
                amount_minutes=asked["amount_minutes"],
                each=asked["each"],
                kind=asked["kind"],
                note=asked["note"],
                category=asked["category"],
                nonce=f"api-{key}",
                again=asked["again"],
            )
        except (operations.CannotReceive, operations.ToOneself) as refusal:
            name_of_several(refusal, "to")
            raise
        found = ledger_api.HoldView.of(caller(request)).filter(pk__in=[hold.pk for hold in holds]).order_by("pk")
        return Response(SentTogetherSerializer({"holds": found}).data, status=status.HTTP_202_ACCEPTED)


def on_its_way(hold: Hold, member: Member) -> Response:
    """202 with the hold, and where its progress can be read; 200 where it arrived before."""
    found = ledger_api.HoldView.of(member).get(pk=hold.pk)
    where = {"Location": reverse("api:hold-detail", args=[hold.public_id])}
    code = status.HTTP_200_OK if found.state == Hold.State.POSTED else status.HTTP_202_ACCEPTED
    return Response(ledger_api.HoldSerializer(found).data, status=code, headers=where)


class DonateSerializer(StrictSerializer):
    """How much, and perhaps a word."""

    amount_minutes = MinutesField()
    note = WordsField(max_length=LONGEST_NOTE, required=False, default="", allow_blank=True)


class DonationView(Sends, viewsets.GenericViewSet[Hold]):
    """Giving hours to the community fund."""

    serializer_class = ledger_api.HoldSerializer
    queryset = Hold.objects.none()
    paying = ("create",)

    @extend_schema(request=DonateSerializer, responses={202: ledger_api.HoldSerializer})
    @arrives
    @keyed
    def create(self, request: Request, *, key: str) -> Response:
        """Give hours to the fund, for whoever needs them. 202: they are set aside and arrive in a moment."""
        asked = read_body(DonateSerializer, request)
        check_pace(request._request, "send")
        hold = operations.donate(donor=caller(request), nonce=f"api-{key}", **asked)
        return on_its_way(hold, caller(request))
