"""Offers and requests for programs: finding them, writing one's own, and taking them off the list."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import LineField, WordsField, caller
from ledger.api import IDS
from marketplace import operations
from marketplace.filters import ListingFilter
from marketplace.models import (
    LONGEST_DESCRIPTION,
    LONGEST_PLACE,
    LONGEST_TITLE,
    MOST_MINUTES,
    Category,
    Listing,
)
from timebank.rest.fields import MinutesField, PersonField, StrictSerializer, read_body, without_body, without_query
from timebank.rest.filters import YesNoFilter
from timebank.rest.keys import keyed, nonce_of
from timebank.rest.pages import NEWEST_FIRST

# --- Categories -----------------------------------------------------------------------------------


class CategorySerializer(serializers.ModelSerializer[Category]):
    """A kind of help below its heading; a heading has none. Listings stand in kinds of help."""

    heading = serializers.CharField(source="parent.slug", default=None, allow_null=True)

    class Meta:
        model = Category
        fields = ["slug", "name", "heading", "icon"]
        read_only_fields = fields


class CategoryView(viewsets.ViewSet):
    """The kinds of help of this community."""

    serializer_class = CategorySerializer

    @extend_schema(operation_id="categories_list", responses=CategorySerializer(many=True))
    @without_query
    def list(self, request: Request) -> Response:
        """All of them, in their order, named in the caller's language; there are few, so they come on one page."""
        found = Category.objects.select_related("parent").order_by("parent__position", "position", "pk")
        return Response(CategorySerializer(found, many=True).data)


# --- Listings -------------------------------------------------------------------------------------


class ListingSerializer(serializers.ModelSerializer[Listing]):
    """An offer or a request. ``minutes`` is how long it usually takes; null: to be agreed."""

    id = serializers.CharField(source="public_id")
    owner = PersonField()
    category = serializers.CharField(source="category.slug", default=None, allow_null=True)

    class Meta:
        model = Listing
        fields = [
            "id", "kind", "state", "title", "description", "category", "minutes", "place", "language", "owner",
            "hidden_because", "created_at", "changed_at", "published_at",
        ]  # fmt: skip
        read_only_fields = fields

    def to_representation(self, listing: Listing) -> dict[str, Any]:
        """What the staff took off the list is read by nobody but its owner, and she only reads why."""
        shown = super().to_representation(listing)
        if listing.owner_id != self.context["request"].user.pk:
            shown["hidden_because"] = ""
            if listing.is_hidden:
                shown["description"] = shown["place"] = ""
        return shown


class ListingWordsSerializer(StrictSerializer):
    """The words and terms of a listing."""

    title = LineField(max_length=LONGEST_TITLE)
    description = WordsField(max_length=LONGEST_DESCRIPTION, required=False, default="", allow_blank=True)
    category = serializers.SlugRelatedField(
        slug_field="slug",
        queryset=Category.objects.kinds(),
        required=False,
        default=None,
        allow_null=True,
        error_messages=dict.fromkeys(("does_not_exist", "invalid"), _("There is no such kind of help.")),
    )
    minutes = MinutesField(required=False, default=None, allow_null=True)
    place = LineField(max_length=LONGEST_PLACE, required=False, default="", allow_blank=True)

    def validate_title(self, title: str) -> str:
        if not any(character.isalnum() for character in title):
            raise serializers.ValidationError(_("Please write a title with letters."), code="no_letters")
        return title

    def validate_minutes(self, minutes: int | None) -> int | None:
        if minutes is not None and minutes > MOST_MINUTES:
            raise serializers.ValidationError(_("That is longer than one exchange can be."), code="too_much")
        return minutes


class NewListingSerializer(ListingWordsSerializer):
    """A new listing, published at once or kept as a draft."""

    kind = serializers.ChoiceField(choices=Listing.Kind.choices)
    publish = serializers.BooleanField(default=True)


class ListingsFilter(ListingFilter):
    """As on the page, without having to choose a kind; ``mine``: all of the caller's own, drafts and closed ones."""

    kind = filters.ChoiceFilter(choices=Listing.Kind.choices)
    owner = filters.CharFilter(
        field_name="owner__public_id", max_length=22, help_text="Whose they are: the id of a profile."
    )
    mine = YesNoFilter(method="leave_as_they_are", help_text="All of the caller's own, drafts and closed ones too.")

    @extend_schema_field({"type": "string", "description": "Words they all hold, whatever the accents."})
    def hold_words(self, listings: QuerySet[Listing], name: str, words: str) -> QuerySet[Listing]:
        return super().hold_words(listings, name, words)

    @extend_schema_field({"type": "string", "description": "The slug of a kind of help, or of a heading."})
    def stand_in(self, listings: QuerySet[Listing], name: str, category: Category) -> QuerySet[Listing]:
        return super().stand_in(listings, name, category)

    def leave_as_they_are(self, listings: QuerySet[Listing], name: str, mine: bool) -> QuerySet[Listing]:
        return listings  # chosen by the view, before the filters


class ListingView(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Listing]):
    """What neighbours offer and ask for now; with ``mine``, all of one's own, which are written and changed here."""

    queryset = Listing.objects.none()  # for the schema, which is nobody's
    serializer_class = ListingSerializer
    filterset_class = ListingsFilter
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = IDS

    @property
    def is_about_mine(self) -> bool:
        return self.request is not None and self.request.query_params.get("mine") == "true"

    @property
    def orderings(self) -> dict[str, str]:
        # A draft was never published, so among one's own there is no such order.
        return {"created_at": "pk"} | ({} if self.is_about_mine else {"published_at": "published_at"})

    @property
    def first_ordering(self) -> str:
        return NEWEST_FIRST if self.is_about_mine else "-published_at"

    def get_queryset(self) -> QuerySet[Listing]:
        if not self.request.user.is_authenticated:
            return self.queryset
        member, beside = caller(self.request), ("owner", "category")
        if self.action != "list":
            return Listing.objects.known_to(member).select_related(*beside)
        if self.is_about_mine:
            return Listing.objects.of(member).select_related(*beside)
        found = Listing.objects.open() if member.is_member else Listing.objects.none()
        return found.select_related(*beside)

    @extend_schema(request=NewListingSerializer, responses={201: ListingSerializer})
    @keyed
    def create(self, request: Request, *, key: str) -> Response:
        """Write an offer or a request."""
        asked = read_body(NewListingSerializer, request)
        written = operations.write_listing(caller(request), **asked, nonce=nonce_of(key))
        where = {"Location": reverse("api:listing-detail", args=[written.public_id])}
        return Response(self._shown(written), status=201, headers=where)

    @extend_schema(request=ListingWordsSerializer, responses=ListingSerializer)
    def partial_update(self, request: Request, id: str) -> Response:
        """Say it differently; what is not named stays. It stays on the list or off it."""
        listing = self._own(request, id)
        asked = read_body(ListingWordsSerializer, request, partial=True)
        kept = {name: getattr(listing, name) for name in ("title", "description", "category", "minutes", "place")}
        changed = operations.change_listing(
            listing, by=caller(request), **(kept | asked), publish=False
        )  # fmt: skip
        return Response(self._shown(changed))

    @extend_schema(request=None, responses=ListingSerializer)
    @action(detail=True, methods=["post"])
    @keyed
    @without_body
    def publish(self, request: Request, id: str, *, key: str) -> Response:
        """Put it on the list."""
        return Response(self._shown(operations.publish_listing(self._own(request, id), by=caller(request))))

    @extend_schema(request=None, responses=ListingSerializer)
    @action(detail=True, methods=["post"])
    @keyed
    @without_body
    def pause(self, request: Request, id: str, *, key: str) -> Response:
        """Take it off the list for a while; what was asked for goes on."""
        return Response(self._shown(operations.pause_listing(self._own(request, id), by=caller(request))))

    @extend_schema(request=None, responses={200: ListingSerializer, 204: None})
    @action(detail=True, methods=["post"])
    @keyed
    @without_body
    def close(self, request: Request, id: str, *, key: str) -> Response:
        """Take it off the list for good; its words stay. A draft is gone then: 204."""
        closed = operations.close_listing(self._own(request, id), by=caller(request))
        return Response(status=204) if closed.pk is None else Response(self._shown(closed))

    def _own(self, request: Request, public_id: str) -> Listing:
        hers = Listing.objects.of(caller(request)).select_related("owner", "category")
        found: Listing = get_object_or_404(hers, public_id=public_id)
        return found

    def _shown(self, listing: Listing) -> dict[str, Any]:
        return self.get_serializer(listing).data
