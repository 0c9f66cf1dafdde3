"""What members are told, the mail sent, and where programs of theirs are told of it."""

from .events import Event, EventQuerySet, Feed, Letter, LetterQuerySet
from .webhooks import Answer, Webhook

__all__ = ["Answer", "Event", "EventQuerySet", "Feed", "Letter", "LetterQuerySet", "Webhook"]
