"""What every step of an exchange has in common: lock, look again, move on, write it down, tell both."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Member
from accounts.operations import community_fund
from ledger.models import Account
from marketplace import rules
from marketplace.models import MOST_MINUTES, Exchange, Step
from marketplace.rules import Action
from notifications.operations import Telling, tell_all
from timebank import clock
from timebank.durations import in_words

from .refusals import CannotTakePart, PartnerCannotTakePart, SlotInThePast, SlotTooFar, SomeMinutes

STANDING = "standing"  # that the other one can, or cannot, take part now
FARTHEST_SLOT = timedelta(days=366)

# What a step of these brings is told by mail too, to whoever did not take it.
_BY_MAIL = frozenset(Action.values)


def locked(exchange: Exchange) -> Exchange:
    """``exchange`` as it is now, its row locked until the transaction ends: exchange first, then accounts."""
    rows = Exchange.objects.select_for_update(no_key=True, of=("self",))
    # Only what never changes is joined: PostgreSQL, having waited for the lock, looks whether the changed row still
    # fits the rows it had joined, and finds nothing where who proposed is another one meanwhile.
    return rows.select_related("provider", "receiver", "listing").get(pk=exchange.pk)


def check_takes_part(by: Member) -> None:
    """Raises CannotTakePart for whoever is no active member at this moment."""
    state = Member.objects.values_list("state", flat=True).get(pk=by.pk)
    if state == Member.State.SUSPENDED:
        raise CannotTakePart(_("Your membership is suspended, so you cannot do this now."))
    if state != Member.State.ACTIVE:
        raise CannotTakePart(_("Only members of the community can do this."))


def check_partner_takes_part(partner: Member) -> None:
    """Raises PartnerCannotTakePart; why she cannot is nobody else's business."""
    if not Member.objects.active().filter(pk=partner.pk).exists():
        raise PartnerCannotTakePart(_("%(name)s cannot take part in exchanges just now.") % {"name": partner})


def check_minutes(minutes: int, *, at_most: int = MOST_MINUTES) -> None:
    """Raises SomeMinutes for nothing, and for more than ``at_most``; ValueError for what is no whole number."""
    if type(minutes) is not int:
        raise ValueError("minutes are whole")
    if minutes < 1:
        raise SomeMinutes(_("Say how long: at least 1 min."))
    if minutes > at_most:
        raise SomeMinutes(_("It cannot be more than %(most)s.") % {"most": in_words(at_most)})


def check_slot(starts_at: datetime | None) -> None:
    """Raises SlotInThePast and SlotTooFar."""
    if starts_at is None:
        return
    if starts_at <= clock.now():
        raise SlotInThePast(_("This date and time is over. Choose one that is still to come, or leave it open."))
    if starts_at > clock.now() + FARTHEST_SLOT:
        raise SlotTooFar(_("This is more than a year away. Choose a nearer date, or leave it open."))


def kind_of_help(exchange: Exchange) -> str:
    """The code under which the books keep what kind of help is paid for."""
    category = exchange.listing.category
    return category.slug if category else ""


def account_of(member: Member) -> Account:
    return Account.objects.get(owner=member)


def steward() -> Member:
    """Who acts on holds in the community's name."""
    owner: Member = community_fund().owner
    return owner


def move(
    exchange: Exchange, action: Action, by: Member | None, to: Exchange.State, at: datetime, **data: Any
) -> Exchange:
    """Take ``exchange`` to the state ``to``, with its new deadline and a line in its timeline. Saves all of it."""
    exchange.state = to
    exchange.changed_at = at
    exchange.deadline_at = rules.deadline_of(exchange, at)
    exchange.remind_at = rules.reminder_of(at, exchange.deadline_at)
    exchange.waits_for = rules.waits_for(exchange)
    exchange.save()
    write_step(exchange, action, by, at, **data)
    return exchange


def write_step(exchange: Exchange, action: str, by: Member | None, at: datetime, **data: Any) -> Step:
    """One more line of the timeline; its number is safe, for whoever writes one has locked the exchange."""
    last = exchange.steps.order_by("-seq").values_list("seq", flat=True).first() or 0
    return Step.objects.create(exchange=exchange, seq=last + 1, action=action, by=by, at=at, data=data)


def of_her_standing(member: Member) -> list[Telling]:
    """What lets the open pages of those who have an exchange with ``member`` show whether she takes part; never why."""
    live = Exchange.objects.of(member).filter(state__in=Exchange.LIVE).order_by("pk")
    return [
        Telling(
            exchange.partner_of(member).pk,
            "exchange-changed",
            about_id=member.pk,
            data={"exchange": exchange.public_id, "step": STANDING, "state": exchange.state, "mine": False},
        )
        for exchange in live.select_related("provider", "receiver")
    ]


def tell_both(
    exchange: Exchange,
    action: str,
    by: Member | None,
    *,
    also: Sequence[Telling] = (),
    shares: tuple[int, int] | None = None,
    **data: Any,
) -> None:
    """Tell both that something happened; whoever did it is told live only. Call it last in the transaction.

    ``shares`` is how many minutes the provider and the receiver get by it: each is told her own. ``also`` is what
    others are told of it: all in one, for their counters are locked in one order.
    """
    said = {"exchange": exchange.public_id, "step": action, "state": exchange.state, **data}
    yours = dict(zip((exchange.provider_id, exchange.receiver_id), shares, strict=True)) if shares else {}
    tell_all(
        [
            Telling(
                member.pk,
                "exchange-changed",
                about_id=exchange.partner_of(member).pk,
                data=said
                | {"mine": bool(by and member.pk == by.pk)}
                | ({"yours_minutes": yours[member.pk]} if yours else {}),
                in_inbox=member != by,
                by_mail=member != by and action in _BY_MAIL,
            )
            for member in (exchange.provider, exchange.receiver)
        ]
        + list(also)
    )
