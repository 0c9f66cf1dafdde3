"""What pages say of the steps of an exchange, to one of its two people."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Member
from timebank.dates import date_and_time
from timebank.durations import shown

from .models import Exchange, Step
from .operations.disputes import READ, SHOWN, STATED
from .rules import Action

# A state as members read it, once it asks nobody for anything; the staff read the same. As on the exchange's tag:
# templates/marketplace/exchange/_state.html.
STATES = {
    Exchange.State.PROPOSED: gettext_lazy("Waiting for an answer"),
    Exchange.State.ACCEPTED: gettext_lazy("Agreed"),
    Exchange.State.IN_PROGRESS: gettext_lazy("In progress"),
    Exchange.State.DELIVERED: gettext_lazy("Waiting to be confirmed"),
    Exchange.State.COMPLETED: gettext_lazy("Completed"),
    Exchange.State.DECLINED: gettext_lazy("Declined"),
    Exchange.State.WITHDRAWN: gettext_lazy("Taken back"),
    Exchange.State.CANCELLED: gettext_lazy("Cancelled"),
    Exchange.State.EXPIRED: gettext_lazy("Expired"),
    Exchange.State.DISPUTED: gettext_lazy("Disputed"),
    Exchange.State.RESOLVED: gettext_lazy("Settled"),
}


def story(steps: Sequence[Step], exchange: Exchange, reader: Member) -> list[str]:
    """Each of ``steps``, in order, in a sentence for ``reader``."""
    return [_sentence(step, steps[:number], exchange, reader) for number, step in enumerate(steps)]


def _sentence(step: Step, before: Sequence[Step], exchange: Exchange, reader: Member) -> str:
    amount = shown(step.data.get("minutes") or 0)
    if step.by_id is None:
        return _by_itself(step, before, exchange, amount)
    if step.by_id not in (exchange.provider_id, exchange.receiver_id):
        return _of_the_moderator(step.action, exchange, reader, amount)
    if step.action == Action.CANCEL and step.data.get("minutes"):
        return _cancelled_late(step, exchange, reader, amount)
    if step.action == Action.DISPUTE and _was_completed(before):
        return _disputed_afterwards(step, exchange, reader)
    known = {"amount": amount, "terms": _terms(step)}
    if step.by_id == reader.pk:
        return _by_you(step.action) % known
    doer = exchange.provider if step.by_id == exchange.provider_id else exchange.receiver
    return _by_name(step.action) % {**known, "name": doer.get_short_name()}


def _was_completed(before: Sequence[Step]) -> bool:
    """Whether the hours had gone over by then: confirmed, or by silence."""
    by_silence = any(step.action == Action.LAPSE and "minutes" in step.data for step in before)
    return by_silence or any(step.action == Action.CONFIRM for step in before)


def _disputed_afterwards(step: Step, exchange: Exchange, reader: Member) -> str:
    """What a dispute after completion did: it took hours back that had gone over, or found none left."""
    minutes = step.data.get("minutes")
    known = {"amount": shown(minutes or 0)}
    if step.by_id == reader.pk:
        text = (
            _("You opened a dispute. Set aside until it is settled: %(amount)s.")
            if minutes
            else _("You opened a dispute. No hours are left to set aside.")
        )
        return text % known
    known["name"] = exchange.partner_of(reader).get_short_name()
    text = (
        _("%(name)s opened a dispute. Set aside until it is settled: %(amount)s.")
        if minutes
        else _("%(name)s opened a dispute. No hours are left to set aside.")
    )
    return text % known


def _terms(step: Step) -> str:
    amount = shown(step.data.get("minutes") or 0)
    when = date_and_time(step.starts_at, short=True) if step.starts_at else _("date to be agreed")
    return f"{amount} · {when}"


def _by_you(action: str) -> str:
    return {
        Action.PROPOSE: _("You proposed: %(terms)s"),
        Action.COUNTER: _("You suggested something else: %(terms)s"),
        Action.ACCEPT: _("You accepted. Set aside: %(amount)s."),
        Action.DECLINE: _("You declined."),
        Action.WITHDRAW: _("You took the proposal back."),
        Action.START: _("You said that it has begun."),
        Action.DELIVER: _("You said that it is done: %(amount)s."),
        Action.CONFIRM: _("You confirmed %(amount)s."),
        Action.CANCEL: _("You cancelled. The hours went back."),
        Action.DISPUTE: _("You opened a dispute. The hours stay held."),
        STATED: _("You added something to the dispute."),
        SHOWN: _("You added a file to the dispute."),
    }[action]


def _by_name(action: str) -> str:
    return {
        Action.PROPOSE: _("%(name)s proposed: %(terms)s"),
        Action.COUNTER: _("%(name)s suggested something else: %(terms)s"),
        Action.ACCEPT: _("%(name)s accepted. Set aside: %(amount)s."),
        Action.DECLINE: _("%(name)s declined."),
        Action.WITHDRAW: _("%(name)s took the proposal back."),
        Action.START: _("%(name)s said that it has begun."),
        Action.DELIVER: _("%(name)s said that it is done: %(amount)s."),
        Action.CONFIRM: _("%(name)s confirmed %(amount)s."),
        Action.CANCEL: _("%(name)s cancelled. The hours went back."),
        Action.DISPUTE: _("%(name)s opened a dispute. The hours stay held."),
        STATED: _("%(name)s added something to the dispute."),
        SHOWN: _("%(name)s added a file to the dispute."),
    }[action]


def _of_the_moderator(action: str, exchange: Exchange, reader: Member, amount: str) -> str:
    if action == READ:
        return _("A moderator read your messages, to understand the dispute.")
    if reader.pk == exchange.provider_id:
        return _("A moderator settled the dispute: you get %(amount)s.") % {"amount": amount}
    name = exchange.provider.get_short_name()
    return _("A moderator settled the dispute: %(name)s gets %(amount)s.") % {"name": name, "amount": amount}


def _cancelled_late(step: Step, exchange: Exchange, reader: Member, amount: str) -> str:
    if step.by_id == reader.pk:
        return _("You cancelled late: as agreed, %(amount)s of the hours were kept for %(name)s.") % {
            "amount": amount,
            "name": exchange.provider.get_short_name(),
        }
    return _("%(name)s cancelled late: as agreed, you get %(amount)s of the hours.") % {
        "amount": amount,
        "name": exchange.receiver.get_short_name(),
    }


def _by_itself(step: Step, before: Sequence[Step], exchange: Exchange, amount: str) -> str:
    """What the passing of a deadline did."""
    actions = {earlier.action for earlier in before}
    if Action.DISPUTE in actions:
        return _("No moderator ruled in time: the hours stayed with the one who had them.")
    if "minutes" in step.data:
        return _("Nobody objected in time, so it is confirmed: %(amount)s.") % {"amount": amount}
    if Action.ACCEPT in actions:
        return _("Nobody said in time that it is done, so it expired and the hours went back.")
    return _("Nobody answered in time, so the proposal expired.")
