"""People for programs: oneself, neighbours, and whom one keeps apart."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import operations, queries
from accounts.models import Member
from ledger import api as ledger_api
from timebank.rest.fields import PartySerializer, PersonField, StrictSerializer, read_body, without_body, without_query
from timebank.rest.keys import keyed
from timebank.rest.pages import NEWEST_FIRST

from .codes import as_picture
from .fields import NameField, WordsField, caller

MOST_BLOCKS = 200


class MemberSerializer(serializers.ModelSerializer[Member]):
    """What neighbours see of a person."""

    id = serializers.CharField(source="public_id")

    class Meta:
        model = Member
        fields = ["id", "display_name", "about", "joined_at"]
        read_only_fields = fields


class MeSerializer(serializers.ModelSerializer[Member]):
    id = serializers.CharField(source="public_id")
    pay_me_address = serializers.SerializerMethodField()

    class Meta:
        model = Member
        fields = [
            "id", "display_name", "about", "email", "language", "time_zone", "units", "theme", "text_size",
            "state", "joined_at",
            "pay_me_address",
        ]  # fmt: skip
        read_only_fields = fields

    def get_pay_me_address(self, member: Member) -> str:
        """Where neighbours pay her, for ever: what the QR code of her poster says."""
        return queries.pay_me_address(member)


ONESELF: Any = forced_singular_serializer(MeSerializer)  # type: ignore[no-untyped-call]


class ProfileSerializer(StrictSerializer):
    """What neighbours see of the caller."""

    display_name = NameField(max_length=80)
    about = WordsField(max_length=600, allow_blank=True)


class PreferencesSerializer(StrictSerializer):
    """How the site and the API speak to the caller."""

    language = serializers.ChoiceField(choices=settings.LANGUAGES)
    time_zone = serializers.CharField(max_length=64)
    units = serializers.ChoiceField(choices=Member.Units.choices)
    theme = serializers.ChoiceField(choices=Member.Theme.choices)
    text_size = serializers.ChoiceField(choices=Member.TextSize.choices)

    def validate_time_zone(self, zone: str) -> str:
        if zone not in available_timezones():
            raise serializers.ValidationError(_("There is no such time zone."), code="no_such_zone")
        return zone


class AgreementSerializer(serializers.Serializer[Any]):
    """The versions of the terms and the privacy notice, and whether the caller agreed to them."""

    terms = serializers.CharField()
    privacy = serializers.CharField()
    agreed = serializers.BooleanField()


class MeView(viewsets.ViewSet):
    """The caller herself."""

    serializer_class = MeSerializer

    @extend_schema(operation_id="me_retrieve", responses=ONESELF)
    @without_query
    def list(self, request: Request) -> Response:
        """Who the caller is, as she set it."""
        return Response(MeSerializer(caller(request)).data)

    @extend_schema(operation_id="me_qr", responses={(200, "image/png"): OpenApiTypes.BINARY})
    @action(detail=False)
    @without_query
    def qr(self, request: Request) -> HttpResponse:
        """The QR code by which neighbours pay the caller, as a picture; it is good for ever."""
        return as_picture(queries.pay_me_address(caller(request)))

    @extend_schema(request=ProfileSerializer, responses=ONESELF)
    @action(detail=False, methods=["patch"])
    def profile(self, request: Request) -> Response:
        """Change what neighbours see; what is not named stays."""
        me = caller(request)
        said = read_body(ProfileSerializer, request, partial=True)
        kept = {"display_name": me.display_name, "about": me.about}
        return Response(MeSerializer(operations.change_profile(me, **(kept | said))).data)

    @extend_schema(request=PreferencesSerializer, responses=ONESELF)
    @action(detail=False, methods=["patch"])
    def preferences(self, request: Request) -> Response:
        """Change the language, time zone, units, colours and text size; what is not named stays."""
        changed = operations.change_preferences(
            caller(request), **read_body(PreferencesSerializer, request, partial=True)
        )
        return Response(MeSerializer(changed).data)

    @extend_schema(responses=AgreementSerializer)
    @action(detail=False)
    @without_query
    def agreement(self, request: Request) -> Response:
        """The present versions of the terms and the privacy notice; they stand at /terms/ and /privacy/."""
        versions = operations.present_versions()
        return Response(versions | {"agreed": caller(request).agreed_to(versions)})

    @extend_schema(request=None, responses={204: None})
    @agreement.mapping.post
    @keyed
    @without_body
    def agree(self, request: Request, *, key: str) -> Response:
        """Agree to them."""
        operations.agree(caller(request))
        return Response(status=204)


class MemberFilter(filters.FilterSet):
    name = filters.CharFilter(method="hold_words", max_length=80, help_text="Parts of the name, whatever the accents.")

    class Meta:
        model = Member
        fields: list[str] = []

    def hold_words(self, members: QuerySet[Member], field: str, words: str) -> QuerySet[Member]:
        return members.named_like(words)  # type: ignore[attr-defined]


class MemberView(viewsets.ReadOnlyModelViewSet[Member]):
    """Neighbours whose profile the caller may open."""

    queryset = Member.objects.none()  # for the schema, which is nobody's
    serializer_class = MemberSerializer
    filterset_class = MemberFilter
    orderings: dict[str, str] = {"joined_at": "joined_at"}
    first_ordering = NEWEST_FIRST
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = ledger_api.IDS

    def get_queryset(self) -> QuerySet[Member]:
        if not self.request.user.is_authenticated:
            return self.queryset
        return Member.objects.visible_to(caller(self.request))

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    @keyed
    @without_body
    def block(self, request: Request, id: str, *, key: str) -> Response:
        """Keep a neighbour apart: neither sends the other hours, asks for any, or for an exchange. Nobody is told."""
        operations.block(self._person(id), by=caller(request))
        return Response(status=204)

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    @keyed
    @without_body
    def unblock(self, request: Request, id: str, *, key: str) -> Response:
        """Let a neighbour turn to the caller again."""
        operations.unblock(self._person(id), by=caller(request))
        return Response(status=204)

    @extend_schema(responses=PartySerializer(many=True))
    @action(detail=False, filterset_class=None, orderings={}, pagination_class=None)
    @without_query
    def blocked(self, request: Request) -> Response:
        """Whom the caller keeps apart, the latest first; the last two hundred."""
        mine = caller(request).blocks.select_related("of").order_by("-pk")[:MOST_BLOCKS]
        return Response([PersonField().to_representation(block.of) for block in mine])

    def _person(self, public_id: str) -> Member:
        found: Member = get_object_or_404(Member.objects.people(), public_id=public_id)
        return found
