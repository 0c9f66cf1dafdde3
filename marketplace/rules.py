"""Which state of an exchange follows which, who may bring it about, and how long it may take.

The one table every operation asks. docs/exchanges.md shows it to people; a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Member
from timebank.errors import Refusal

from .models import Exchange

State = Exchange.State


class Action(models.TextChoices):
    """What can be done to an exchange; also the name of the step in its timeline."""

    PROPOSE = "propose", gettext_lazy("ask")
    COUNTER = "counter", gettext_lazy("suggest something else")
    ACCEPT = "accept", gettext_lazy("accept")
    DECLINE = "decline", gettext_lazy("decline")
    WITHDRAW = "withdraw", gettext_lazy("withdraw")
    START = "start", gettext_lazy("start")
    DELIVER = "deliver", gettext_lazy("say it is done")
    CONFIRM = "confirm", gettext_lazy("confirm")
    CANCEL = "cancel", gettext_lazy("cancel")
    DISPUTE = "dispute", gettext_lazy("open a dispute")
    RULE = "rule", gettext_lazy("rule")
    LAPSE = "lapse", gettext_lazy("let the deadline pass")


class Role(models.TextChoices):
    """What somebody is to an exchange."""

    ASKED = "asked", gettext_lazy("who is asked")  # whose answer the proposal waits for
    PROPOSER = "proposer", gettext_lazy("who proposed")  # of the terms on the table
    PROVIDER = "provider", gettext_lazy("provider")
    RECEIVER = "receiver", gettext_lazy("receiver")
    MODERATOR = "moderator", gettext_lazy("moderator")
    WORKER = "worker", gettext_lazy("the deadline")


@dataclass(frozen=True)
class Way:
    """One way out of a state."""

    roles: frozenset[Role]
    to: Exchange.State


def _way(to: Exchange.State, *roles: Role) -> Way:
    return Way(frozenset(roles), to)


_BOTH = (Role.PROVIDER, Role.RECEIVER)

WAYS: dict[tuple[Exchange.State, Action], Way] = {
    (State.PROPOSED, Action.COUNTER): _way(State.PROPOSED, Role.ASKED),
    (State.PROPOSED, Action.ACCEPT): _way(State.ACCEPTED, Role.ASKED),
    (State.PROPOSED, Action.DECLINE): _way(State.DECLINED, Role.ASKED),
    (State.PROPOSED, Action.WITHDRAW): _way(State.WITHDRAWN, Role.PROPOSER),
    (State.PROPOSED, Action.LAPSE): _way(State.EXPIRED, Role.WORKER),
    (State.ACCEPTED, Action.START): _way(State.IN_PROGRESS, *_BOTH),
    (State.ACCEPTED, Action.DELIVER): _way(State.DELIVERED, Role.PROVIDER),
    (State.ACCEPTED, Action.CANCEL): _way(State.CANCELLED, *_BOTH),
    (State.ACCEPTED, Action.LAPSE): _way(State.EXPIRED, Role.WORKER),
    (State.IN_PROGRESS, Action.DELIVER): _way(State.DELIVERED, Role.PROVIDER),
    # Once it began the receiver cannot take her hours back alone; the provider may give them up.
    (State.IN_PROGRESS, Action.CANCEL): _way(State.CANCELLED, Role.PROVIDER),
    (State.IN_PROGRESS, Action.DISPUTE): _way(State.DISPUTED, *_BOTH),
    (State.IN_PROGRESS, Action.LAPSE): _way(State.EXPIRED, Role.WORKER),
    (State.DELIVERED, Action.CONFIRM): _way(State.COMPLETED, Role.RECEIVER),
    (State.DELIVERED, Action.DISPUTE): _way(State.DISPUTED, *_BOTH),
    (State.DELIVERED, Action.LAPSE): _way(State.COMPLETED, Role.WORKER),
    (State.COMPLETED, Action.DISPUTE): _way(State.DISPUTED, *_BOTH),
    (State.DISPUTED, Action.RULE): _way(State.RESOLVED, Role.MODERATOR),
    (State.DISPUTED, Action.LAPSE): _way(State.RESOLVED, Role.WORKER),
}


class OutOfTurn(Refusal):
    """The exchange is in another state than this is for; the sentence names it."""

    code = "out_of_turn"


class NotYours(Refusal):
    """This is for another of the people of the exchange to do."""

    code = "not_yours"
    status = 403


def roles_of(member: Member, exchange: Exchange) -> frozenset[Role]:
    """What ``member`` is to ``exchange``. Who has a part in it is never its moderator."""
    if not exchange.is_party(member):
        return frozenset({Role.MODERATOR}) if member.is_moderator else frozenset()
    side = Role.PROVIDER if member.pk == exchange.provider_id else Role.RECEIVER
    return frozenset({side, Role.PROPOSER if member.pk == exchange.offered_by_id else Role.ASKED})


def check_turn(exchange: Exchange, action: Action, by: Member | None) -> Way:
    """The way ``action`` leads, where ``by`` (None: the worker) may go it now.

    Raises OutOfTurn and NotYours, both naming the present state.
    """
    way = WAYS.get((State(exchange.state), action))
    if way is None:
        raise OutOfTurn(_out_of_turn(exchange))
    roles = roles_of(by, exchange) if by else frozenset({Role.WORKER})
    if not way.roles & roles:
        raise NotYours(_not_yours(exchange, way, by))
    return way


def may(member: Member, action: Action, exchange: Exchange) -> bool:
    """Whether the state and her part in it let ``member`` do this; an operation may still refuse for another reason."""
    way = WAYS.get((State(exchange.state), action))
    return way is not None and bool(way.roles & roles_of(member, exchange))


def is_over_for_good(exchange: Exchange) -> bool:
    """Whether it ended with nothing given: nothing more is written to each other there."""
    return not exchange.is_live and exchange.state not in (State.COMPLETED, State.RESOLVED)


def check_may_talk(exchange: Exchange) -> None:
    """Raises OutOfTurn, naming the present state."""
    if is_over_for_good(exchange):
        raise OutOfTurn(_out_of_turn(exchange))


def _not_yours(exchange: Exchange, way: Way, by: Member | None) -> str:
    """In which state it is, and whose turn that makes it."""
    whose = _(" or ").join(sorted(str(role.label) for role in way.roles))
    if by is not None and exchange.is_party(by):
        partner = exchange.partner_of(by)
        if exchange.state == State.PROPOSED and Role.PROPOSER in roles_of(by, exchange):
            return _("What you proposed is on the table: it waits for the answer of %(name)s.") % {"name": partner}
        if way.roles & roles_of(partner, exchange):
            whose = str(partner)
    said = {"state": _out_of_turn(exchange), "whose": whose}
    return _("%(state)s This is not for you to do, but for %(whose)s.") % said


_OUT_OF_TURN = {
    State.PROPOSED: gettext_lazy("This exchange is still a proposal: it waits for an answer."),
    State.ACCEPTED: gettext_lazy("This exchange is agreed and has not begun."),
    State.IN_PROGRESS: gettext_lazy("This exchange is in progress."),
    State.DELIVERED: gettext_lazy("This exchange is marked as done and waits to be confirmed."),
    State.COMPLETED: gettext_lazy("This exchange is completed."),
    State.DECLINED: gettext_lazy("This proposal was declined."),
    State.WITHDRAWN: gettext_lazy("This proposal was withdrawn."),
    State.CANCELLED: gettext_lazy("This exchange was cancelled."),
    State.EXPIRED: gettext_lazy("This exchange expired: its time ran out."),
    State.DISPUTED: gettext_lazy("This exchange is disputed: a moderator looks at it."),
    State.RESOLVED: gettext_lazy("This exchange was settled by a moderator."),
}


def _out_of_turn(exchange: Exchange) -> str:
    return str(_OUT_OF_TURN[State(exchange.state)])


# --- Deadlines -----------------------------------------------------------------------------------

TERMS_VERSION = 1
EARLY_START = timedelta(hours=12)


def present_terms() -> dict[str, Any]:
    """The rules in force now, as an exchange keeps a copy of them when its two people agree."""
    return {
        "version": TERMS_VERSION,
        "start_within_days": settings.START_WITHIN_DAYS,
        "deliver_within_days": settings.DELIVER_WITHIN_DAYS,
        "confirm_within_days": settings.CONFIRM_WITHIN_DAYS,
        "dispute_within_days": settings.DISPUTE_WITHIN_DAYS,
        "rule_within_days": settings.RULE_WITHIN_DAYS,
        "review_within_days": settings.REVIEW_WITHIN_DAYS,
        "cancel_notice_hours": settings.CANCEL_NOTICE_HOURS,
        "late_cancel_share_percent": settings.LATE_CANCEL_SHARE_PERCENT,
    }


def is_too_early(exchange: Exchange, at: datetime) -> bool:
    """Whether its day has not come at ``at``: once it began the receiver cannot cancel, so nobody says so before."""
    return exchange.starts_at is not None and at < exchange.starts_at - EARLY_START


def deadline_of(exchange: Exchange, at: datetime) -> datetime | None:
    """When the state that ``exchange`` enters at ``at`` ends by itself; None for an end."""
    match exchange.state:
        case State.PROPOSED:
            answer_by = at + timedelta(days=settings.ANSWER_WITHIN_DAYS)
            return min(answer_by, exchange.starts_at or answer_by)
        case State.ACCEPTED if exchange.starts_at:
            return exchange.starts_at + exchange.within("deliver")
        case State.ACCEPTED:
            return at + exchange.within("start")
        case State.IN_PROGRESS:
            return max(at, exchange.starts_at or at) + exchange.within("deliver")
        case State.DELIVERED:
            # Silence confirms nothing before the date the two agreed on has come.
            return max(at, exchange.starts_at or at) + exchange.within("confirm")
        case State.DISPUTED:
            return at + exchange.within("rule")
    return None


def reminder_of(at: datetime, deadline: datetime | None) -> datetime | None:
    """When to remind whom an exchange waits for: a day before its deadline, if that is well after now."""
    if deadline is None or deadline - at < timedelta(days=2):
        return None
    return deadline - timedelta(days=1)


def waits_for(exchange: Exchange) -> Member | None:
    """Whose step is next; nobody's once it has ended, or while a moderator looks at it."""
    match exchange.state:
        case State.PROPOSED:
            answering: Member = exchange.partner_of(exchange.offered_by)
            return answering
        case State.ACCEPTED | State.IN_PROGRESS:
            provider: Member = exchange.provider
            return provider
        case State.DELIVERED:
            receiver: Member = exchange.receiver
            return receiver
    return None


def late_cancel_minutes(exchange: Exchange, by: Member, at: datetime) -> int:
    """What a provider keeps of the hours when the receiver cancels too late, by the terms the two agreed on.

    Whole minutes, rounded down; 0 where there is no date, notice was given, or the provider cancels.
    """
    share: int = exchange.terms["late_cancel_share_percent"]
    if by.pk != exchange.receiver_id or exchange.starts_at is None or not share:
        return 0
    notice = timedelta(hours=exchange.terms["cancel_notice_hours"])
    return exchange.minutes * share // 100 if exchange.starts_at - at < notice else 0
