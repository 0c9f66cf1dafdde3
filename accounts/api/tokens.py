"""A member's own tokens. A token itself never makes or ends one."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import operations
from accounts.models import Token
from accounts.operations.tokens import LONGEST_LIFE_DAYS
from ledger.api import IDS
from timebank.rest.access import PAY, READ
from timebank.rest.fields import StrictSerializer, read_body, without_body
from timebank.rest.keys import keyed, shown_once

from .fields import NameField, caller


class TokenSerializer(serializers.ModelSerializer[Token]):
    """A token, by its first letters; what it may do, until when, and when it was last used."""

    id = serializers.CharField(source="public_id")
    scopes = serializers.SerializerMethodField()

    class Meta:
        model = Token
        fields = ["id", "name", "start", "scopes", "created_at", "expires_at", "last_used_at", "ended_at"]
        read_only_fields = fields

    def get_scopes(self, token: Token) -> list[str]:
        return sorted(token.scopes)


class MadeTokenSerializer(TokenSerializer):
    """A new token with its words, which are shown this once; null where its key is sent again."""

    token = serializers.CharField(allow_null=True)

    class Meta(TokenSerializer.Meta):
        fields = [*TokenSerializer.Meta.fields, "token"]
        read_only_fields = fields


class NewTokenSerializer(StrictSerializer):
    """For which program, what it may do besides reading, and for how many days."""

    name = NameField(max_length=60)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=[READ, PAY]), min_length=1, max_length=2, default=[READ]
    )
    days = serializers.IntegerField(min_value=1, max_value=LONGEST_LIFE_DAYS, default=30)

    def validate_scopes(self, scopes: list[str]) -> list[str]:
        if READ not in scopes:
            raise serializers.ValidationError(_("Every token reads: name “read” as well."), code="no_read")
        return scopes


class TokenView(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Token]):
    """The caller's own tokens, newest first."""

    serializer_class = TokenSerializer
    orderings = {"created_at": "pk"}
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = IDS

    def get_queryset(self) -> QuerySet[Token]:
        return Token.objects.filter(member=self.request.user.pk)

    @extend_schema(request=NewTokenSerializer, responses={201: MadeTokenSerializer})
    @keyed
    def create(self, request: Request, *, key: str) -> Response:
        """Make a token. Its words are shown this once."""
        asked = read_body(NewTokenSerializer, request)
        made, words = operations.make_token(
            caller(request), name=asked["name"], days=asked["days"], may_pay=PAY in asked["scopes"]
        )
        shown: dict[str, Any] = {**TokenSerializer(made).data, "token": words}
        where = {"Location": reverse("api:token-detail", args=[made.public_id])}
        return shown_once(Response(shown, status=201, headers=where), "token")

    @extend_schema(request=None, responses=TokenSerializer)
    @action(detail=True, methods=["post"])
    @keyed
    @without_body
    def end(self, request: Request, id: str, *, key: str) -> Response:
        """Let nobody in by it any more."""
        token = get_object_or_404(self.get_queryset(), public_id=id)
        operations.end_token(token)
        token.refresh_from_db()
        return Response(TokenSerializer(token).data)
