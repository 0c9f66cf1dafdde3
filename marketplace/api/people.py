"""What neighbours know of each other from their exchanges."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import MemberView
from accounts.models import Member
from marketplace.models import Review
from marketplace.queries import track_record
from timebank.rest.fields import PersonField, without_query
from timebank.rest.pages import paged


class ReviewSerializer(serializers.ModelSerializer[Review]):
    """What one of two said of the other, once for each exchange; without a moment while only she can read it."""

    author = PersonField()
    about = PersonField(source="subject")
    exchange = serializers.CharField(source="exchange.public_id")
    exchange_about = serializers.CharField(source="exchange.title")

    class Meta:
        model = Review
        fields = ["author", "about", "exchange", "exchange_about", "stars", "text", "published_at"]
        read_only_fields = fields


class ReputationSerializer(serializers.Serializer[Any]):
    """How many exchanges of hers came about, how many reviews there are, and their stars on average."""

    exchanges = serializers.IntegerField()
    reviews = serializers.IntegerField()
    stars = serializers.DecimalField(max_digits=3, decimal_places=2, allow_null=True, coerce_to_string=True)


class NeighbourView(MemberView):
    __doc__ = MemberView.__doc__

    @extend_schema(responses=ReviewSerializer(many=True))
    @action(detail=True, filterset_class=None, orderings={}, first_ordering="-pk")
    def reviews(self, request: Request, id: str) -> Response:
        """What others said of a neighbour, for everybody to read, newest first."""
        found = Review.objects.published().filter(subject=self._neighbour(id)).select_related(*BESIDE_A_REVIEW)
        return paged(self, found, ReviewSerializer)

    @extend_schema(responses=ReputationSerializer)
    @action(detail=True, filterset_class=None)
    @without_query
    def reputation(self, request: Request, id: str) -> Response:
        """What is known of a neighbour from her exchanges, in figures."""
        return Response(ReputationSerializer(track_record(self._neighbour(id))).data)

    def _neighbour(self, public_id: str) -> Member:
        visible: QuerySet[Member] = self.get_queryset()
        return get_object_or_404(visible, public_id=public_id)


BESIDE_A_REVIEW = ("author", "subject", "exchange__listing")
