"""What programs are told of an event, by the API and by webhooks alike."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiWebhook
from rest_framework import serializers

from .models import Event


def _id(words: str) -> Any:
    return serializers.CharField(required=False, help_text=words)


_word = _id


def _minutes(words: str) -> Any:
    return serializers.IntegerField(required=False, help_text=words)


def _minutes_or_none(words: str) -> Any:
    return serializers.IntegerField(required=False, allow_null=True, help_text=words)


def _is(words: str) -> Any:
    return serializers.BooleanField(required=False, help_text=words)


class EventDataSerializer(serializers.Serializer[Any]):
    """Ids and minutes of what happened, never names or words. Which of them there are depends on the type."""

    transfer = _id("The payment; of the types `hours-…`.")
    kind = _word("What a payment was for, as in `transfers/`.")
    txid = _id("The code; of the types `payment-…`. Its id in `payment-requests/`.")
    exchange = _id("Of the types `exchange-…`.")
    listing = _id("Of `listing-changed`.")
    case = _id("The dispute; of `dispute-opened`, for those who may rule.")
    webhook = _id("Of `webhook-stopped`.")
    amount_minutes = _minutes("How much it is about.")
    yours_minutes = _minutes("What of it the reader gets, where an exchange was settled.")
    at_stake_minutes = _minutes("What there was to share, where a dispute was ruled.")
    expires_on = serializers.DateField(required=False, help_text="Of `hours-expiring`: the day.")
    from_day = serializers.DateField(
        required=False, help_text="Of `limits-changed`: the day from which they hold, or were to hold."
    )
    credit_limit_minutes = _minutes("Of `limits-changed`: how far below zero the reader may go.")
    soft_limit_minutes = _minutes_or_none("Of `limits-changed`: beyond how much owed the reader is warned.")
    max_balance_minutes = _minutes_or_none("Of `limits-changed`: the reader's largest balance.")
    returns_to_common = _is("Of `limits-changed`: whether the reader has the limits of everyone again.")
    step = _word("What was done; of `exchange-changed`. `standing`: the other one takes part again, or no more.")
    state = _word("In which state the exchange, the member, or the change of limits is now.")
    before = _word("In which state the exchange was, where its time ran out.")
    was = _word("In which state the member was.")
    outcome = _word("Of a dispute that was ruled.")
    mine = _is("Whether the reader did it herself.")
    was_completed = _is("Whether an exchange had been completed when it was disputed.")
    given_back = _is("Whether whoever had got these hours gave them back.")
    by_staff = _is("Whether a coordinator granted these hours.")
    hidden = _is("Whether the listing is hidden now.")
    gone = _is("Whether the program of a webhook that was stopped says itself that it is gone.")
    nobody_may_rule = _is("No moderator is free to rule this dispute.")


class EventSerializer(serializers.Serializer[Any]):
    """What a member was told. Her events are numbered by ``seq``, without gaps. Webhooks are posted the same."""

    seq = serializers.IntegerField()
    type = serializers.ChoiceField(choices=Event.Type.choices)
    timestamp = serializers.DateTimeField()
    in_inbox = serializers.BooleanField(help_text="Whether it stands in `notifications/` too.")
    data = EventDataSerializer()  # type: ignore[assignment]


_HEADERS = [
    {"name": name, "in": "header", "required": True, "schema": {"type": "string"}, "description": words}
    for name, words in (
        ("webhook-id", "The same for the same event."),
        ("webhook-timestamp", "When it was posted, in seconds since 1970."),
        ("webhook-signature", "`v1,` and the base64 of HMAC-SHA256 over id, timestamp and body."),
    )
]
_PING = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "enum": ["ping"]},
        "timestamp": {"type": "string", "format": "date-time"},
        "data": {"type": "object"},
    },
    "required": ["data", "timestamp", "type"],
}


def _posted(summary: str, words: str, body: dict[str, Any], answers: dict[str, str]) -> dict[str, Any]:
    return {
        "post": {
            "summary": summary,
            "description": words,
            "parameters": _HEADERS,
            "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
            "responses": {status: {"description": what} for status, what in answers.items()},
        }
    }


EVENT = OpenApiWebhook(
    "event",
    _posted(
        "What happened",
        "Posted to each webhook, in order, until it is taken; signed as the Standard Webhooks specification says. "
        "The same event may come twice, with the same `webhook-id`.",
        {"$ref": "#/components/schemas/Event"},
        {
            "2XX": "Taken, within five seconds.",
            "410": "Nobody is told here any more: the webhook is stopped at once.",
            "default": "Not taken: it is tried again for a day.",
        },
    ),
)
PING = OpenApiWebhook(
    "ping",
    _posted(
        "A test message",
        "Sent once, when its member asks for it; signed as events are. It is none, and has no number.",
        _PING,
        {"default": "Shown among the last answers; nothing changes by it."},
    ),
)
