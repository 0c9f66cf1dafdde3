"""What a member is told, for programs: her inbox, and every event after a number."""

from __future__ import annotations

import html
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import strip_tags
from django_filters import rest_framework as filters
from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from timebank.rest.fields import PersonField, StrictSerializer, read_body, without_body, without_query
from timebank.rest.filters import YesNoFilter
from timebank.rest.keys import keyed, shown_once
from timebank.rest.pages import read_query

from . import operations, queries, webhooks
from .api_events import EventDataSerializer, EventSerializer
from .models import Answer, Event, Webhook
from .models.webhooks import LONGEST_ADDRESS
from .pace import check_pace

LAST_NUMBER = 2**63 - 1


class NotificationSerializer(serializers.ModelSerializer[Event]):
    """A line of the inbox: a sentence in the caller's language, whom it is about, and the page it leads to."""

    text = serializers.SerializerMethodField()
    about = PersonField(allow_null=True)
    title = serializers.CharField(
        help_text="What the thing it is about is called, where it has a name; of limits, why they change."
    )
    data = serializers.SerializerMethodField()  # type: ignore[assignment]
    address = serializers.SerializerMethodField()

    class Meta:
        model = Event
        fields = ["seq", "type", "text", "title", "about", "data", "address", "created_at", "read_at"]
        read_only_fields = fields

    def get_text(self, event: Event) -> str:
        said = render_to_string(event.line_template, {"event": event, "line": "notifications/_sentence.html"})
        return " ".join(html.unescape(strip_tags(said)).split())

    @extend_schema_field(EventDataSerializer)
    def get_data(self, event: Event) -> dict[str, Any]:
        return event.public_data

    def get_address(self, event: Event) -> str:
        return f"{settings.SITE_URL}{event.get_absolute_url()}"


class ReadSerializer(StrictSerializer):
    """Up to which number; null: all."""

    up_to = serializers.IntegerField(min_value=0, max_value=LAST_NUMBER, required=False, default=None, allow_null=True)


class HowManySerializer(serializers.Serializer[Any]):
    """How many lines became read."""

    read = serializers.IntegerField()


class UnreadSerializer(serializers.Serializer[Any]):
    """How many lines of the inbox are unread, and the number of the last event."""

    unread = serializers.IntegerField()
    seq = serializers.IntegerField()


class MissedSerializer(serializers.Serializer[Any]):
    """What the caller was told after a number, in order, up to ``seq``."""

    seq = serializers.IntegerField()
    whole = serializers.BooleanField(help_text="False where that was too much, or the number is none of hers.")
    events = EventSerializer(many=True)


class SinceSerializer(serializers.Serializer[Any]):
    since = serializers.IntegerField(min_value=0, max_value=LAST_NUMBER)


class NotificationFilter(filters.FilterSet):
    unread = YesNoFilter(field_name="read_at", lookup_expr="isnull", help_text="Whether she has not read it yet.")

    class Meta:
        model = Event
        fields: list[str] = []


class NotificationView(viewsets.ReadOnlyModelViewSet[Event]):
    """The caller's inbox, newest first."""

    serializer_class = NotificationSerializer
    filterset_class = NotificationFilter
    orderings = {"seq": "seq"}
    first_ordering = "-seq"
    lookup_field = lookup_url_kwarg = "seq"
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[Event]:
        return Event.objects.inbox(self.request.user.pk).select_related("about")

    def paginate_queryset(self, queryset: Any) -> Any:
        page = super().paginate_queryset(queryset)
        queries.name(page or [])
        return page

    def get_object(self) -> Event:
        event = super().get_object()
        queries.name([event])
        return event

    @extend_schema(operation_id="notifications_unread", responses=UnreadSerializer)
    @action(detail=False, filterset_class=None, orderings={}, pagination_class=None)
    @without_query
    def unread(self, request: Request) -> Response:
        """How many the caller has not read."""
        return Response(UnreadSerializer(queries.standing(request.user)).data)

    @extend_schema(request=ReadSerializer, responses=HowManySerializer)
    @action(detail=False, methods=["post"])
    @keyed
    def read(self, request: Request, *, key: str) -> Response:
        """Mark as read what the caller saw: what came after it stays unread."""
        asked = read_body(ReadSerializer, request)
        return Response({"read": operations.mark_all_read(request.user, **asked)})


ONCE: Any = forced_singular_serializer(MissedSerializer)  # type: ignore[no-untyped-call]
_SINCE = OpenApiParameter(
    "since", OpenApiTypes.INT64, required=True, description="The last number that was seen; 0: none."
)


class EventView(viewsets.ViewSet):
    """Everything the caller was told, whether it stands in her inbox or not."""

    serializer_class = MissedSerializer

    @extend_schema(operation_id="events_since", parameters=[_SINCE], responses=ONCE)
    def list(self, request: Request) -> Response:
        """What came after a number; at the socket `/ws/live/` it is told as it happens."""
        asked = read_query(SinceSerializer, request)
        missed = queries.missed(request.user.pk, asked["since"])  # type: ignore[arg-type]
        return Response(
            {"seq": missed.seq, "whole": missed.is_whole, "events": [event.told for event in missed.events]}
        )


# --- Webhooks ---------------------------------------------------------------------------------------


class AnswerSerializer(serializers.ModelSerializer[Answer]):
    """What a webhook was told once, and the status it answered; or why there was no answer. A ping has no number."""

    class Meta:
        model = Answer
        fields = ["seq", "type", "at", "status", "error"]
        read_only_fields = fields


class WebhookSerializer(serializers.ModelSerializer[Webhook]):
    """Where events are posted, up to which number they were; stopped, it waits to be let go on."""

    id = serializers.CharField(source="public_id")

    class Meta:
        model = Webhook
        fields = ["id", "address", "seq", "created_at", "failing_since", "stopped_at"]
        read_only_fields = fields


class MadeWebhookSerializer(WebhookSerializer):
    """A webhook with a new secret that it is signed with, shown this once; null where its key is sent again."""

    secret = serializers.CharField(allow_null=True)

    class Meta(WebhookSerializer.Meta):
        fields = [*WebhookSerializer.Meta.fields, "secret"]
        read_only_fields = fields


class NewWebhookSerializer(StrictSerializer):
    """Where to post: an https address that everybody can reach."""

    address = serializers.CharField(max_length=LONGEST_ADDRESS)


class WebhookView(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Webhook]):
    """The caller's own webhooks: what she is told is posted there, signed by the Standard Webhooks specification."""

    serializer_class = WebhookSerializer
    for_herself = True  # an address may be as good as a password: whoever knows it posts there
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[A-Za-z0-9]{1,40}"

    def get_queryset(self) -> QuerySet[Webhook]:
        return Webhook.objects.filter(member=self.request.user.pk)

    @extend_schema(request=NewWebhookSerializer, responses={201: MadeWebhookSerializer})
    @keyed
    def create(self, request: Request, *, key: str) -> Response:
        """Have what the caller is told from now on posted to an address."""
        asked = read_body(NewWebhookSerializer, request)
        made, secret = webhooks.make_webhook(request.user, **asked)
        shown = {**WebhookSerializer(made).data, "secret": secret}
        where = {"Location": reverse("api:webhook-detail", args=[made.public_id])}
        return shown_once(Response(shown, status=201, headers=where), "secret")

    @extend_schema(request=NewWebhookSerializer(partial=True), responses=WebhookSerializer)
    def partial_update(self, request: Request, id: str) -> Response:
        """Have the same told at another address: with the same secret, from where it was."""
        webhook = self.get_object()
        asked = read_body(NewWebhookSerializer, request, partial=True)
        if asked:
            webhooks.change_address(webhook, **asked)
        return Response(WebhookSerializer(self.get_object()).data)

    @extend_schema(responses=AnswerSerializer(many=True))
    @action(detail=True, pagination_class=None)
    def answers(self, request: Request, id: str) -> Response:
        """Its last answers, the latest first."""
        found = webhooks.last_answers(self.get_object(), most=webhooks.ANSWERS_KEPT)
        return Response(AnswerSerializer(found, many=True).data)

    @extend_schema(request=None, responses={202: WebhookSerializer})
    @action(detail=True, methods=["post"])
    @keyed
    @without_body
    def ping(self, request: Request, id: str, *, key: str) -> Response:
        """Have a test message sent to it, once, even to one that was stopped; what it answers is among its answers."""
        webhook = self.get_object()
        check_pace(request._request)
        webhooks.ping_webhook(webhook)
        return Response(WebhookSerializer(webhook).data, status=202)

    @extend_schema(request=None, responses=MadeWebhookSerializer)
    @action(detail=True, methods=["post"], url_path="new-secret")
    @keyed
    @without_body
    def new_secret(self, request: Request, id: str, *, key: str) -> Response:
        """Sign with a new secret from now on. The old one ends at once."""
        webhook = self.get_object()
        secret = webhooks.renew_secret(webhook)
        return shown_once(Response({**WebhookSerializer(webhook).data, "secret": secret}), "secret")

    @extend_schema(request=None, responses=WebhookSerializer)
    @action(detail=True, methods=["post"])
    @keyed
    @without_body
    def resume(self, request: Request, id: str, *, key: str) -> Response:
        """Let one that was stopped go on from where it was."""
        webhooks.resume_webhook(self.get_object())
        return Response(WebhookSerializer(self.get_object()).data)

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    @keyed
    @without_body
    def remove(self, request: Request, id: str, *, key: str) -> Response:
        """Tell it nothing any more."""
        webhooks.remove_webhook(self.get_object())
        return Response(status=204)


def register(router: BaseRouter) -> None:
    router.register("notifications", NotificationView, "notification")
    router.register("events", EventView, "event")
    router.register("webhooks", WebhookView, "webhook")
