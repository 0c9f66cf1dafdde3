"""Exchanges for the programs of their two people: asking, every step, the timeline, and what the two write."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import LineField, WordsField, caller
from accounts.models import Member
from ledger.api import IDS
from ledger.arriving import ON_ITS_WAY, arrives
from marketplace import operations
from marketplace.exchange_page import ExchangePage
from marketplace.models import (
    LONGEST_MESSAGE,
    LONGEST_PLACE,
    LONGEST_REVIEW,
    LONGEST_STATEMENT,
    Dispute,
    Exchange,
    Listing,
    Message,
    Review,
    Step,
)
from marketplace.pace import check_pace
from marketplace.rules import Action
from timebank.errors import Refusal
from timebank.rest.fields import (
    AsKeptSerializer,
    MinutesField,
    MomentField,
    PersonField,
    StrictSerializer,
    read_body,
    without_query,
)
from timebank.rest.filters import YesNoFilter
from timebank.rest.keys import keyed, nonce_of
from timebank.rest.pages import NEWEST_FIRST, paged

from .disputes import DisputeSerializer
from .people import BESIDE_A_REVIEW, ReviewSerializer

# --- What is answered -------------------------------------------------------------------------------


class ListingInBriefSerializer(serializers.ModelSerializer[Listing]):
    """The listing an exchange is about, as it is now."""

    id = serializers.CharField(source="public_id")

    class Meta:
        model = Listing
        fields = ["id", "kind", "title"]
        read_only_fields = fields


class AgreedSerializer(AsKeptSerializer):
    """What the two agreed on, and the rules that were in force then; empty until they agree."""

    version = serializers.IntegerField(required=False, help_text="Of the rules.")
    minutes = serializers.IntegerField(required=False)
    starts_at = MomentField(required=False, allow_null=True)
    place = serializers.CharField(required=False)
    start_within_days = serializers.IntegerField(required=False)
    deliver_within_days = serializers.IntegerField(required=False)
    confirm_within_days = serializers.IntegerField(required=False)
    dispute_within_days = serializers.IntegerField(required=False)
    rule_within_days = serializers.IntegerField(required=False)
    review_within_days = serializers.IntegerField(required=False)
    cancel_notice_hours = serializers.IntegerField(required=False)
    late_cancel_share_percent = serializers.IntegerField(required=False)


class ExchangeSerializer(serializers.ModelSerializer[Exchange]):
    """One agreement about one piece of help. The provider helps and is paid ``minutes``, the terms being agreed on.

    ``title`` and ``description`` are what its listing said when it was asked for. ``version`` numbers the terms on the
    table; ``terms`` are the rules that were in force when the two agreed.
    """

    id = serializers.CharField(source="public_id")
    listing = ListingInBriefSerializer()
    provider = PersonField()
    receiver = PersonField()
    offered_by = serializers.CharField(source="offered_by.public_id")
    waits_for = serializers.CharField(source="waits_for.public_id", default=None, allow_null=True)
    hold = serializers.CharField(source="hold.public_id", default=None, allow_null=True)
    terms = AgreedSerializer()

    class Meta:
        model = Exchange
        fields = [
            "id", "listing", "title", "description", "provider", "receiver", "state", "minutes", "starts_at", "place",
            "version", "offered_by", "waits_for", "deadline_at", "terms", "hold", "delivered_minutes",
            "confirmed_minutes", "given_minutes", "reviews_until", "created_at", "changed_at", "completed_at",
        ]  # fmt: skip
        read_only_fields = fields


class OneExchangeSerializer(ExchangeSerializer):
    """The same, with what the caller can do now, as far as can be told before she tries."""

    actions = serializers.SerializerMethodField()

    class Meta(ExchangeSerializer.Meta):
        fields = [*ExchangeSerializer.Meta.fields, "actions"]
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(choices=Action.choices)))
    def get_actions(self, exchange: Exchange) -> list[str]:
        can = ExchangePage(exchange, self.context["request"].user).can
        return sorted(name for name, may in can.items() if may)


class StepDataSerializer(AsKeptSerializer):
    """The terms that were put on the table, or the minutes it is about."""

    minutes = serializers.IntegerField(required=False)
    starts_at = MomentField(required=False, allow_null=True)


class StepSerializer(serializers.ModelSerializer[Step]):
    """One thing that happened, by one of the two or a moderator; null: a deadline passed."""

    by = serializers.CharField(source="by.public_id", default=None, allow_null=True)
    data = StepDataSerializer()  # type: ignore[assignment]

    class Meta:
        model = Step
        fields = ["seq", "action", "by", "at", "data"]
        read_only_fields = fields


class MessageSerializer(serializers.ModelSerializer[Message]):
    id = serializers.CharField(source="public_id")
    author = serializers.CharField(source="author.public_id")

    class Meta:
        model = Message
        fields = ["id", "author", "text", "sent_at"]
        read_only_fields = fields


# --- What is asked ----------------------------------------------------------------------------------


class TermsSerializer(StrictSerializer):
    """The terms to propose: how long, when (null: we will agree), where, and a few words."""

    minutes = MinutesField()
    starts_at = MomentField(required=False, default=None, allow_null=True)
    place = LineField(max_length=LONGEST_PLACE, required=False, default="", allow_blank=True)
    message = WordsField(max_length=LONGEST_MESSAGE, required=False, default="", allow_blank=True)


class ProposalSerializer(TermsSerializer):
    listing = serializers.CharField(max_length=22)


class VersionSerializer(StrictSerializer):
    """Which terms are meant: those that were shown."""

    version = serializers.IntegerField(min_value=1, max_value=1_000_000)


class CounterSerializer(TermsSerializer, VersionSerializer):
    """Other terms, in answer to those of one version; what is not named stays."""

    minutes = MinutesField(required=False)
    starts_at = MomentField(required=False, allow_null=True)
    place = LineField(max_length=LONGEST_PLACE, required=False, allow_blank=True)


class TimeTakenSerializer(StrictSerializer):
    """How long it took."""

    minutes = MinutesField()


class NewMessageSerializer(StrictSerializer):
    text = WordsField(max_length=LONGEST_MESSAGE)


class NewReviewSerializer(StrictSerializer):
    """How it was, in one to five stars and words."""

    stars = serializers.IntegerField(min_value=1, max_value=5)
    text = WordsField(max_length=LONGEST_REVIEW, required=False, default="", allow_blank=True)


class NewDisputeSerializer(StrictSerializer):
    """What went wrong, for the other one and the moderators to read."""

    reason = serializers.ChoiceField(choices=Dispute.Reason.choices)
    statement = WordsField(max_length=LONGEST_STATEMENT)


# --- The calls ----------------------------------------------------------------------------------------


class ExchangeFilter(filters.FilterSet):
    live = YesNoFilter(method="be_live", help_text="Whether it is not settled yet.")
    waiting = YesNoFilter(method="wait_for_her", help_text="Whether the next step is the caller's.")
    listing = filters.CharFilter(
        field_name="listing__public_id", max_length=22, help_text="Of which listing they are: its id."
    )

    class Meta:
        model = Exchange
        fields = ["state"]

    def be_live(self, exchanges: QuerySet[Exchange], name: str, live: bool) -> QuerySet[Exchange]:
        in_those = Q(state__in=Exchange.LIVE)
        return exchanges.filter(in_those if live else ~in_those)

    def wait_for_her(self, exchanges: QuerySet[Exchange], name: str, waiting: bool) -> QuerySet[Exchange]:
        found = Exchange.objects.waiting_for(self.request.user).values("pk").order_by()
        return exchanges.filter(pk__in=found) if waiting else exchanges.exclude(pk__in=found)


Body = type[StrictSerializer]


def _a_step(body: Body | None = None, *, status: int = 200) -> Callable[[Any], Any]:
    """A keyed call on one exchange of hers: the method does it with what ``body`` read, then the exchange is shown."""

    def decorate(act: Callable[..., Any]) -> Any:
        @wraps(act)
        def call(view: ExchangeView, request: Request, id: str, *, key: str) -> Response:
            found = view.hers(id)
            said = read_body(body or StrictSerializer, request)
            act(view, found, key=key, **said)
            return view.shown(id, status=status)

        once = keyed(call)
        if status == ON_ITS_WAY:
            once = arrives(once)
        return extend_schema(request=body, responses={status: OneExchangeSerializer})(
            action(detail=True, methods=["post"])(once)
        )

    return decorate


class ExchangeView(viewsets.ReadOnlyModelViewSet[Exchange]):
    """Exchanges the caller has a part in."""

    serializer_class = ExchangeSerializer
    filterset_class = ExchangeFilter
    orderings = {"created_at": "pk", "changed_at": "changed_at"}
    first_ordering = NEWEST_FIRST
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = IDS
    paying = ("create", "counter", "accept", "decline", "withdraw", "start", "deliver", "confirm", "cancel")

    def get_queryset(self) -> QuerySet[Exchange]:
        if not self.request.user.is_authenticated:
            return Exchange.objects.none()
        return Exchange.objects.of(caller(self.request)).with_people().select_related("offered_by", "waits_for")

    @extend_schema(responses=OneExchangeSerializer)
    @without_query
    def retrieve(self, request: Request, id: str) -> Response:
        return self.shown(id)

    @extend_schema(request=ProposalSerializer, responses={201: OneExchangeSerializer})
    @keyed
    def create(self, request: Request, *, key: str) -> Response:
        """Ask for what a listing offers, or offer what it asks for. Nothing is set aside before the answer."""
        asked = read_body(ProposalSerializer, request)
        listing = get_object_or_404(Listing.objects.known_to(self.me), public_id=asked.pop("listing"))
        check_pace(request._request, "proposals")
        made = operations.propose(listing, by=self.me, nonce=nonce_of(key), **asked)
        return self.shown(made.public_id, status=201)

    @_a_step(CounterSerializer)
    def counter(self, found: Exchange, *, key: str, **terms: Any) -> None:
        """Suggest other terms instead of those on the table."""
        check_pace(self.request._request, "proposals")
        kept = {"minutes": found.minutes, "starts_at": found.starts_at, "place": found.place}
        operations.counter(found, by=self.me, nonce=nonce_of(key), **(kept | terms))

    @_a_step(VersionSerializer)
    def accept(self, found: Exchange, *, key: str, version: int) -> None:
        """Agree to the terms of that version. The receiver's minutes are set aside at once."""
        operations.accept_exchange(found, by=self.me, version=version)

    @_a_step()
    def decline(self, found: Exchange, *, key: str) -> None:
        """Say no to the terms on the table."""
        operations.decline_exchange(found, by=self.me)

    @_a_step()
    def withdraw(self, found: Exchange, *, key: str) -> None:
        """Take one's own proposal back."""
        operations.withdraw_exchange(found, by=self.me)

    @_a_step()
    def start(self, found: Exchange, *, key: str) -> None:
        """Say that the help has begun."""
        operations.start_exchange(found, by=self.me)

    @_a_step(TimeTakenSerializer)
    def deliver(self, found: Exchange, *, key: str, minutes: int) -> None:
        """Say that the help was given, and how long it really took."""
        operations.deliver_exchange(found, by=self.me, minutes=minutes)

    @_a_step(TimeTakenSerializer, status=ON_ITS_WAY)
    def confirm(self, found: Exchange, *, key: str, minutes: int) -> None:
        """Confirm what was delivered, or fewer minutes. 202: they arrive in a moment, as the hold's transfer."""
        operations.confirm_exchange(found, by=self.me, minutes=minutes)

    @_a_step()
    def cancel(self, found: Exchange, *, key: str) -> None:
        """Call it off. The hours go back, but for what the agreed terms keep for a provider told too late."""
        operations.cancel_exchange(found, by=self.me)

    @extend_schema(responses=StepSerializer(many=True))
    @action(detail=True, filterset_class=None, orderings={"seq": "seq"}, first_ordering="-seq")
    def steps(self, request: Request, id: str) -> Response:
        """What happened, the latest first."""
        return paged(self, self.hers(id).steps.select_related("by"), StepSerializer)

    @extend_schema(responses=MessageSerializer(many=True))
    @action(detail=True, filterset_class=None, orderings={"sent_at": "pk"})
    def messages(self, request: Request, id: str) -> Response:
        """What the two wrote to each other, the latest first."""
        return paged(self, self.hers(id).messages.select_related("author"), MessageSerializer)

    @extend_schema(request=NewMessageSerializer, responses={201: MessageSerializer})
    @messages.mapping.post
    @keyed
    def write(self, request: Request, id: str, *, key: str) -> Response:
        """Write to the other one."""
        said, found = read_body(NewMessageSerializer, request), self.hers(id)
        check_pace(request._request, "messages")
        sent = operations.send_message(found, by=self.me, nonce=nonce_of(key), **said)
        return Response(MessageSerializer(sent).data, status=201)

    @extend_schema(responses=ReviewSerializer(many=True))
    @action(detail=True, filterset_class=None, orderings={})
    def reviews(self, request: Request, id: str) -> Response:
        """What the two said of each other: the other one's once it is shown, the caller's own always."""
        readable = Q(published_at__isnull=False) | Q(author=self.me)
        found = self.hers(id).reviews.filter(readable).select_related(*BESIDE_A_REVIEW)
        return paged(self, found, ReviewSerializer)

    @extend_schema(request=NewReviewSerializer, responses={201: ReviewSerializer})
    @reviews.mapping.post
    @keyed
    def review(self, request: Request, id: str, *, key: str) -> Response:
        """Say how it was; hidden until the other one wrote too, or the time for it is over."""
        said = read_body(NewReviewSerializer, request)
        written = operations.review_exchange(self.hers(id), by=self.me, **said)
        shown = Review.objects.select_related(*BESIDE_A_REVIEW).get(pk=written.pk)
        return Response(ReviewSerializer(shown).data, status=201)

    @extend_schema(request=NewDisputeSerializer, responses={201: DisputeSerializer})
    @action(detail=True, methods=["post"])
    @keyed
    def dispute(self, request: Request, id: str, *, key: str) -> Response:
        """Say what went wrong, and call a moderator. The hours stay set aside."""
        said = read_body(NewDisputeSerializer, request)
        opened = operations.open_dispute(self.hers(id), by=self.me, nonce=nonce_of(key), **said)
        shown = Dispute.objects.with_people().get(pk=opened.pk)
        where = {"Location": reverse("api:dispute-detail", args=[opened.public_id])}
        return Response(DisputeSerializer(shown).data, status=201, headers=where)

    # --- What the calls share -----------------------------------------------------------------------

    @property
    def me(self) -> Member:
        return caller(self.request)

    def hers(self, public_id: str) -> Exchange:
        found: Exchange = get_object_or_404(self.get_queryset(), public_id=public_id)
        return found

    def handle_exception(self, exc: Exception) -> Response:
        """What the books say of an amount is about the minutes that were asked for here."""
        if isinstance(exc, Refusal) and exc.field == "amount_minutes":
            exc.field = "minutes"
        return super().handle_exception(exc)

    def now_that_it_arrived(self, response: Response) -> None:
        """The exchange is as it was when it was confirmed."""

    def shown(self, public_id: str, *, status: int = 200) -> Response:
        """The exchange as it is now; where hours are on their way, ``Location`` says where to look."""
        found = self.hers(public_id)
        data = OneExchangeSerializer(found, context=self.get_serializer_context()).data
        headers = {}
        if status == 201:
            headers["Location"] = reverse("api:exchange-detail", args=[public_id])
        elif status == ON_ITS_WAY and found.hold is not None:
            headers["Location"] = reverse("api:hold-detail", args=[found.hold.public_id])
        return Response(data, status=status, headers=headers)
