"""From an agreement to settled hours: start, delivered, confirm, cancel."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Member
from ledger import operations as ledger
from ledger.models import Hold, Kind
from marketplace.models import Exchange
from marketplace.rules import Action, check_turn, is_too_early, late_cancel_minutes
from timebank import clock, failpoints
from timebank.dates import date_and_time
from timebank.durations import in_words
from timebank.retries import retried

from .refusals import SomeMinutes, TooEarly
from .steps import (
    account_of,
    check_minutes,
    check_partner_takes_part,
    check_takes_part,
    kind_of_help,
    locked,
    move,
    steward,
    tell_both,
)

State = Exchange.State


@retried
@transaction.atomic
def start_exchange(exchange: Exchange, *, by: Member) -> Exchange:
    """Say that the help has begun. Raises OutOfTurn, NotYours, CannotTakePart, PartnerCannotTakePart, TooEarly."""
    exchange = locked(exchange)
    way = check_turn(exchange, Action.START, by)
    check_takes_part(by)
    check_partner_takes_part(exchange.partner_of(by))
    at = clock.now()
    if exchange.starts_at and is_too_early(exchange, at):
        when = date_and_time(exchange.starts_at)
        raise TooEarly(_("You meet on %(when)s. Say that it has begun when that day has come.") % {"when": when})
    move(exchange, Action.START, by, way.to, at)
    failpoints.reached("exchange-before-commit")
    tell_both(exchange, Action.START, by)
    return exchange


@retried
@transaction.atomic
def deliver_exchange(exchange: Exchange, *, by: Member, minutes: int) -> Exchange:
    """Say that the help was given, and how long it really took. The receiver confirms, or silence does.

    More than was agreed moves only if the receiver confirms it. Raises OutOfTurn, NotYours, CannotTakePart,
    SomeMinutes.
    """
    exchange = locked(exchange)
    way = check_turn(exchange, Action.DELIVER, by)
    check_takes_part(by)
    check_minutes(minutes)
    exchange.delivered_minutes = minutes
    move(exchange, Action.DELIVER, by, way.to, clock.now(), minutes=minutes)
    failpoints.reached("exchange-before-commit")
    tell_both(exchange, Action.DELIVER, by, amount_minutes=minutes)
    return exchange


@retried
@transaction.atomic
def confirm_exchange(exchange: Exchange, *, by: Member, minutes: int | None = None) -> Exchange:
    """Confirm what was delivered, or fewer ``minutes``: so many go to the provider, the rest of the hold goes back.

    Where the provider said it took longer than agreed, confirming that is the receiver's consent: the difference is set
    aside and sent too. Arrival is the ledger's to report. Raises OutOfTurn, NotYours, CannotTakePart, SomeMinutes,
    and NotEnoughTime for a difference that is not there.
    """
    exchange = locked(exchange)
    check_turn(exchange, Action.CONFIRM, by)
    check_takes_part(by)
    delivered = exchange.delivered_minutes or exchange.minutes
    minutes = delivered if minutes is None else minutes
    check_minutes(minutes)
    if minutes > delivered:
        raise SomeMinutes(
            _("%(name)s said it took %(delivered)s: confirm that or less.")
            % {"name": exchange.provider, "delivered": in_words(delivered)}
        )
    if minutes > exchange.minutes:
        _set_the_difference_aside(exchange, minutes - exchange.minutes)
    complete(exchange, Action.CONFIRM, by, minutes, clock.now())
    tell_both(exchange, Action.CONFIRM, by, amount_minutes=minutes)
    return exchange


def complete(exchange: Exchange, action: Action, by: Member | None, minutes: int, at: datetime) -> None:
    """Let ``minutes`` go to the provider; hold released and exchange completed in one transaction."""
    exchange.hold = ledger.release(_hold_of(exchange), minutes=min(minutes, exchange.minutes), actor=steward())
    exchange.confirmed_minutes = exchange.given_minutes = minutes
    exchange.completed_at = at
    exchange.reviews_until = at + exchange.within("review")
    move(exchange, action, by, State.COMPLETED, at, minutes=minutes)
    failpoints.reached("exchange-before-commit")


@retried
@transaction.atomic
def cancel_exchange(exchange: Exchange, *, by: Member) -> Exchange:
    """Call it off: the hours go back to the receiver, but for what the agreed terms give a provider told too late.

    Raises OutOfTurn, NotYours, CannotTakePart.
    """
    exchange = locked(exchange)
    way = check_turn(exchange, Action.CANCEL, by)
    check_takes_part(by)
    at = clock.now()
    if kept := late_cancel_minutes(exchange, by, at):
        exchange.hold = ledger.release(_hold_of(exchange), minutes=kept, actor=steward())
        exchange.given_minutes = kept
    else:
        exchange.hold = ledger.void(_hold_of(exchange), actor=steward())
    move(exchange, Action.CANCEL, by, way.to, at, minutes=kept)
    failpoints.reached("exchange-before-commit")
    tell_both(exchange, Action.CANCEL, by, amount_minutes=kept)
    return exchange


def _set_the_difference_aside(exchange: Exchange, minutes: int) -> None:
    ledger.accept(
        payer=account_of(exchange.receiver),
        payee=account_of(exchange.provider),
        amount_minutes=minutes,
        kind=Kind.HELP,
        key=f"exchange:{exchange.pk}:more",
        actor=steward(),
        note=exchange.title,
        category=kind_of_help(exchange),
    )


def _hold_of(exchange: Exchange) -> Hold:
    hold: Hold | None = exchange.hold
    if hold is None:
        raise ValueError("an exchange that was agreed has a hold")
    return hold
