"""Disputes for the programs of the two whose exchange it is about; moderators rule in the admin."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import WordsField, caller
from ledger.api import IDS
from marketplace import operations
from marketplace.files import served
from marketplace.models import LONGEST_STATEMENT, Dispute, Evidence, Statement
from marketplace.pace import check_pace
from timebank.rest.fields import PersonField, StrictSerializer, read_body, without_query
from timebank.rest.filters import YesNoFilter
from timebank.rest.keys import keyed, nonce_of


class StatementSerializer(serializers.ModelSerializer[Statement]):
    author = PersonField()

    class Meta:
        model = Statement
        fields = ["author", "text", "at"]
        read_only_fields = fields


class EvidenceSerializer(serializers.ModelSerializer[Evidence]):
    """A picture or PDF one of the two shows."""

    id = serializers.CharField(source="public_id")
    author = PersonField()
    name = serializers.CharField(source="file_name")

    class Meta:
        model = Evidence
        fields = ["id", "author", "name", "kind", "size_bytes", "at"]
        read_only_fields = fields


class DisputeSerializer(serializers.ModelSerializer[Dispute]):
    """What both say, what they show, and how it was ruled: so many of the minutes at stake to the provider."""

    id = serializers.CharField(source="public_id")
    exchange = serializers.CharField(source="exchange.public_id")
    opened_by = PersonField()
    outcome = serializers.SerializerMethodField(help_text="Null while it is open.")
    because = serializers.SerializerMethodField()
    statements = StatementSerializer(many=True)
    evidence = EvidenceSerializer(many=True)

    class Meta:
        model = Dispute
        fields = [
            "id", "exchange", "opened_by", "reason", "was_completed", "at_stake_minutes", "opened_at", "outcome",
            "provider_minutes", "because", "decided_at", "statements", "evidence",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=Dispute.Outcome.choices, allow_null=True))
    def get_outcome(self, dispute: Dispute) -> str | None:
        return dispute.outcome or None

    def get_because(self, dispute: Dispute) -> str:
        """In the moderator's words; in the caller's language where nobody ruled in time."""
        by_itself = dispute.decided_by_id is None and dispute.because
        return gettext(dispute.because) if by_itself else dispute.because


class NewStatementSerializer(StrictSerializer):
    """How the caller sees it."""

    text = WordsField(max_length=LONGEST_STATEMENT)


class EvidenceFileSerializer(serializers.Serializer[Any]):
    """A picture (kept as a new JPEG, with nothing of where it was taken) or a PDF, up to 5 MB."""

    file = serializers.FileField(allow_empty_file=True, max_length=None)  # the operation says what is wrong with it


class DisputeFilter(filters.FilterSet):
    open = YesNoFilter(field_name="decided_at", lookup_expr="isnull", help_text="Whether nobody ruled yet.")
    exchange = filters.CharFilter(
        field_name="exchange__public_id", max_length=22, help_text="About which exchange: its id."
    )

    class Meta:
        model = Dispute
        fields: list[str] = []


class DisputeView(viewsets.ReadOnlyModelViewSet[Dispute]):
    """Disputes about the caller's own exchanges. They are opened at the exchange."""

    serializer_class = DisputeSerializer
    filterset_class = DisputeFilter
    orderings = {"opened_at": "pk"}
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = IDS

    def get_queryset(self) -> QuerySet[Dispute]:
        me = self.request.user.pk
        hers = Dispute.objects.filter(Q(exchange__provider=me) | Q(exchange__receiver=me)).with_people()
        return hers.prefetch_related("statements__author", "evidence__author")

    @extend_schema(request=NewStatementSerializer, responses={201: StatementSerializer})
    @action(detail=True, methods=["post"])
    @keyed
    def statements(self, request: Request, id: str, *, key: str) -> Response:
        """Say how the caller sees it; who is suspended may, too."""
        asked = read_body(NewStatementSerializer, request)
        found = self.get_object()
        check_pace(request._request, "messages")
        written = operations.add_statement(found, by=caller(request), nonce=nonce_of(key), **asked)
        return Response(StatementSerializer(written).data, status=201)

    @extend_schema(request={"multipart/form-data": EvidenceFileSerializer}, responses={201: EvidenceSerializer})
    @action(detail=True, methods=["post"], parser_classes=[MultiPartParser])
    def evidence(self, request: Request, id: str) -> Response:
        """Show a picture or a PDF. The same file again is the first one, so this needs no key."""
        found = self.get_object()
        asked = read_body(EvidenceFileSerializer, request)
        shown = operations.add_evidence(found, by=caller(request), upload=asked["file"])
        return Response(EvidenceSerializer(shown).data, status=201)


class EvidenceView(viewsets.GenericViewSet[Evidence]):
    """The files of a dispute, for the two whose exchange it is about."""

    serializer_class = EvidenceSerializer
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = IDS

    def get_queryset(self) -> QuerySet[Evidence]:
        me = self.request.user.pk
        return Evidence.objects.filter(Q(dispute__exchange__provider=me) | Q(dispute__exchange__receiver=me))

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @without_query
    def retrieve(self, request: Request, id: str) -> HttpResponseBase:
        """The file itself, to be kept and not shown."""
        return served(get_object_or_404(self.get_queryset(), public_id=id))
