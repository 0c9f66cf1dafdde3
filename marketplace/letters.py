"""What letters about exchanges list beside their sentence, so that a reader can decide before she opens the page."""

from __future__ import annotations

from django.utils.translation import gettext as _

from notifications.letters import Facts
from notifications.models import Event
from timebank.dates import date_and_time
from timebank.durations import in_words

from .models import Dispute, Exchange, Message
from .rules import Action

_OF_TERMS = (Action.PROPOSE, Action.COUNTER, Action.ACCEPT)


def facts_of_event(event: Event) -> Facts:
    """The terms where there is something to answer or to keep in mind, what becomes of the hours, and why."""
    exchange = Exchange.objects.filter(public_id=event.data.get("exchange")).first()
    step = event.data.get("step")
    if exchange is None:
        return []
    if step in _OF_TERMS:
        return _terms(exchange, event)
    match step:
        case Action.DELIVER:
            return _delivered(exchange, event)
        case Action.CANCEL:
            return _given_back(exchange, event)
        case Action.RULE:
            return _ruling(exchange, event)
    return []


def _terms(exchange: Exchange, event: Event) -> Facts:
    starts_at = exchange.starts_at
    facts = [
        (_("When"), date_and_time(starts_at) if starts_at else _("Date to be agreed")),
        (_("How long"), in_words(exchange.minutes)),
        (_("Where"), exchange.place),
        (_("Message"), _message_with_it(exchange, event)),
    ]
    if exchange.waits_for_id == event.member_id and exchange.state == Exchange.State.PROPOSED and exchange.deadline_at:
        facts.append((_("Please answer by"), date_and_time(exchange.deadline_at)))
    return [(label, said) for label, said in facts if said]


def _message_with_it(exchange: Exchange, event: Event) -> str:
    """What was written in the same moment as the step; "" where nothing was."""
    steps = exchange.steps.filter(action=event.data["step"], by=event.about_id, at__lte=event.created_at)
    at = steps.order_by("-seq").values_list("at", flat=True).first()
    if at is None:
        return ""
    written = Message.objects.filter(exchange=exchange, author=event.about_id, sent_at=at)
    return written.values_list("text", flat=True).first() or ""


def _delivered(exchange: Exchange, event: Event) -> Facts:
    """What there is to confirm, until when, and what silence does."""
    if exchange.state != Exchange.State.DELIVERED or event.member_id != exchange.receiver_id:
        return []
    delivered = exchange.delivered_minutes or exchange.minutes
    silently = {"name": exchange.provider.get_short_name(), "amount": in_words(min(delivered, exchange.minutes))}
    facts = [(_("Agreed"), in_words(exchange.minutes)), (_("It took"), in_words(delivered))]
    if exchange.deadline_at:
        facts.append((_("Please answer by"), date_and_time(exchange.deadline_at)))
    return [*facts, (_("If you say nothing"), _("%(name)s gets %(amount)s.") % silently)]


def _given_back(exchange: Exchange, event: Event) -> Facts:
    """Where the hours went that were set aside."""
    if exchange.state != Exchange.State.CANCELLED or exchange.hold_id is None:
        return []
    kept, name = exchange.given_minutes or 0, exchange.provider.get_short_name()
    if event.member_id == exchange.provider_id:
        return [(_("You keep, for it was late"), in_words(kept))] if kept else []
    facts = [(_("Back to you"), in_words(exchange.minutes - kept))]
    if kept:
        facts.append((_("%(name)s keeps, for it was late") % {"name": name}, in_words(kept)))
    return facts


def _ruling(exchange: Exchange, event: Event) -> Facts:
    dispute = Dispute.objects.filter(exchange=exchange).first()
    if dispute is None or dispute.is_open:
        return []
    shares = (dispute.provider_minutes or 0, dispute.receiver_minutes or 0)
    mine, theirs = shares if event.member_id == exchange.provider_id else shares[::-1]
    name = event.about.get_short_name() if event.about else "—"
    return [
        (_("You get"), in_words(mine)),
        (_("%(name)s gets") % {"name": name}, in_words(theirs)),
        (_("Why"), dispute.because),
    ]
