"""From asking to an agreement: propose, suggest something else, accept, decline, withdraw."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Member
from ledger import operations as ledger
from ledger.models import Kind
from marketplace.models import Exchange, Listing
from marketplace.rules import Action, check_turn, present_terms
from timebank import clock, failpoints
from timebank.retries import retried

from .messages import already_written, write_message
from .refusals import AlreadyAsked, ListingClosed, OwnListing, PartnerCannotTakePart, PartnerIsShort, TermsChanged
from .steps import (
    account_of,
    check_minutes,
    check_partner_takes_part,
    check_slot,
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
def propose(
    listing: Listing,
    *,
    by: Member,
    minutes: int,
    starts_at: datetime | None = None,
    place: str = "",
    message: str = "",
    nonce: str,
) -> Exchange:
    """Ask the owner of ``listing`` for an exchange of ``minutes``; ``starts_at`` None: we will agree.

    Nothing is held yet. Sent again with the same ``nonce`` and words it returns the first. Raises CannotTakePart,
    OwnListing, ListingClosed, PartnerCannotTakePart where one has blocked the other, AlreadyAsked, AlreadyWritten,
    SomeMinutes, SlotInThePast; NotEnoughTime where ``by`` is to pay and could not now.
    """
    listing = Listing.objects.select_for_update(no_key=True, of=("self",)).select_related("owner").get(pk=listing.pk)
    # Looked for under the lock: of two clicks at once the second finds the first.
    if earlier := Exchange.objects.filter(opened_by=by, nonce=nonce).first():
        if _asked_for(earlier, listing, minutes, starts_at, place, message):
            return earlier
        raise already_written(earlier)
    check_takes_part(by)
    _check_can_be_asked_for(listing, by)
    check_minutes(minutes)
    check_slot(starts_at)
    provider, receiver = (listing.owner, by) if listing.is_offer else (by, listing.owner)
    if by == receiver and minutes > (payer := account_of(by)).available_minutes:
        raise ledger.why_not(payer, minutes)
    at = clock.now()
    exchange = Exchange(
        listing=listing,
        title=listing.title,
        description=listing.description,
        provider=provider,
        receiver=receiver,
        opened_by=by,
        offered_by=by,
        nonce=nonce,
        minutes=minutes,
        starts_at=starts_at,
        place=place,
        created_at=at,
    )
    move(exchange, Action.PROPOSE, by, State.PROPOSED, at, **_said(exchange))
    if message:
        write_message(exchange, by, message, nonce=nonce, at=at)
    failpoints.reached("exchange-before-commit")
    tell_both(exchange, Action.PROPOSE, by, amount_minutes=minutes)
    return exchange


@retried
@transaction.atomic
def counter(
    exchange: Exchange,
    *,
    by: Member,
    minutes: int,
    starts_at: datetime | None,
    place: str,
    version: int,
    message: str = "",
    nonce: str,
) -> Exchange:
    """Suggest other terms instead of those on the table; the other one is asked now.

    Raises OutOfTurn, NotYours, TermsChanged, CannotTakePart, PartnerCannotTakePart, SomeMinutes, SlotInThePast,
    AlreadyWritten.
    """
    exchange = locked(exchange)
    way = check_turn(exchange, Action.COUNTER, by)
    _check_terms(exchange, version)
    check_takes_part(by)
    check_partner_takes_part(exchange.partner_of(by))
    check_minutes(minutes)
    check_slot(starts_at)
    at = clock.now()
    exchange.minutes, exchange.starts_at, exchange.place = minutes, starts_at, place
    exchange.offered_by = by
    exchange.version += 1
    move(exchange, Action.COUNTER, by, way.to, at, **_said(exchange))
    if message:
        write_message(exchange, by, message, nonce=nonce, at=at)
    failpoints.reached("exchange-before-commit")
    tell_both(exchange, Action.COUNTER, by, amount_minutes=minutes)
    return exchange


@retried
@transaction.atomic
def accept_exchange(exchange: Exchange, *, by: Member, version: int) -> Exchange:
    """Agree to the terms on the table, those of ``version``; the receiver's minutes are set aside at once.

    The rules in force now are copied onto the exchange. Raises OutOfTurn, NotYours, TermsChanged, SlotInThePast,
    CannotTakePart, PartnerCannotTakePart; NotEnoughTime or PartnerIsShort where the minutes are not there.
    """
    exchange = locked(exchange)
    way = check_turn(exchange, Action.ACCEPT, by)
    _check_terms(exchange, version)
    check_takes_part(by)
    check_partner_takes_part(exchange.partner_of(by))
    check_slot(exchange.starts_at)
    at = clock.now()
    exchange.terms = present_terms() | _said(exchange) | {"place": exchange.place}
    try:
        exchange.hold = ledger.accept(
            payer=account_of(exchange.receiver),
            payee=account_of(exchange.provider),
            amount_minutes=exchange.minutes,
            kind=Kind.HELP,
            key=f"exchange:{exchange.pk}:accept",
            actor=steward(),
            note=exchange.title,  # what both statements call it
            category=kind_of_help(exchange),
            due=False,
        )
    except ledger.NotEnoughTime as refusal:
        if by == exchange.receiver:
            raise
        raise PartnerIsShort(
            _("%(name)s does not have enough hours available just now. Suggest fewer, or wait.")
            % {"name": exchange.receiver}
        ) from refusal
    move(exchange, Action.ACCEPT, by, way.to, at, **_said(exchange))
    failpoints.reached("exchange-before-commit")
    tell_both(exchange, Action.ACCEPT, by, amount_minutes=exchange.minutes)
    return exchange


@retried
@transaction.atomic
def decline_exchange(exchange: Exchange, *, by: Member) -> Exchange:
    """Say no to the terms on the table. Raises OutOfTurn, NotYours, CannotTakePart."""
    return _end_proposal(exchange, Action.DECLINE, by)


@retried
@transaction.atomic
def withdraw_exchange(exchange: Exchange, *, by: Member) -> Exchange:
    """Take one's own proposal back before it is answered. Raises OutOfTurn, NotYours, CannotTakePart."""
    return _end_proposal(exchange, Action.WITHDRAW, by)


def _end_proposal(exchange: Exchange, action: Action, by: Member) -> Exchange:
    exchange = locked(exchange)
    way = check_turn(exchange, action, by)
    check_takes_part(by)
    move(exchange, action, by, way.to, clock.now())
    failpoints.reached("exchange-before-commit")
    tell_both(exchange, action, by)
    return exchange


def _check_can_be_asked_for(listing: Listing, by: Member) -> None:
    if listing.owner_id == by.pk:
        raise OwnListing(_("This is your own: neighbours ask you for it."))
    if not listing.is_open or not listing.owner.is_member:
        raise ListingClosed(_("This is not on the list any more, so nobody can ask for it now."))
    if not Member.objects.reachable_by(by).filter(pk=listing.owner_id).exists():
        raise PartnerCannotTakePart(_("%(name)s cannot take part in exchanges just now.") % {"name": listing.owner})
    live = Exchange.objects.filter(listing=listing, opened_by=by, state__in=Exchange.LIVE).first()
    if live is not None:
        raise AlreadyAsked(_("You asked for this already, and it is not settled yet."), live)


def _asked_for(
    exchange: Exchange, listing: Listing, minutes: int, starts_at: datetime | None, place: str, message: str
) -> bool:
    """Whether these are the words that ``exchange`` was proposed with, whatever became of it since."""
    first = exchange.steps.get(seq=1)
    said = exchange.messages.filter(author=exchange.opened_by, nonce=exchange.nonce).values_list("text", flat=True)
    was_countered = exchange.version > 1  # the first place is not kept then
    return (
        (exchange.listing_id, first.data["minutes"], first.starts_at) == (listing.pk, minutes, starts_at)
        and (was_countered or exchange.place == place)
        and (said.first() or "") == message
    )


def _check_terms(exchange: Exchange, version: int) -> None:
    if exchange.version != version:
        raise TermsChanged(_("The proposal changed meanwhile. Look at it again before you answer."))


def _said(exchange: Exchange) -> dict[str, object]:
    """The terms on the table, for the timeline."""
    return {
        "minutes": exchange.minutes,
        "starts_at": exchange.starts_at.isoformat() if exchange.starts_at else None,
    }
