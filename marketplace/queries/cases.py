"""A case, as a moderator weighs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Member
from ledger.models import Account
from marketplace.models import Dispute, Exchange, Message
from marketplace.operations.disputes import READ, share_of


@dataclass(frozen=True, slots=True)
class Side:
    """What a ruling would do to the account of one of the two, in minutes."""

    member: Member
    gets: int  # of what is at stake
    balance: int
    balance_after: int
    available: int
    available_after: int


def preview_of(dispute: Dispute, *, outcome: str, provider_minutes: int | None) -> tuple[Side, Side]:
    """What the ruling would do now, to the provider and to the receiver; nothing is done. Raises SomeMinutes."""
    exchange = dispute.exchange
    to_provider = share_of(dispute, outcome, provider_minutes)
    to_receiver = dispute.at_stake_minutes - to_provider
    accounts = {a.owner_id: a for a in Account.objects.filter(owner__in=[exchange.provider_id, exchange.receiver_id])}
    # The minutes are on the account of whoever would lose them, set aside: only the other one's share leaves it.
    if dispute.was_completed:
        moves, freed = (-to_receiver, to_receiver), (dispute.at_stake_minutes, 0)
    else:
        moves, freed = (to_provider, -to_provider), (0, dispute.at_stake_minutes)
    return (
        _side(exchange.provider, accounts[exchange.provider_id], to_provider, moves[0], freed[0]),
        _side(exchange.receiver, accounts[exchange.receiver_id], to_receiver, moves[1], freed[1]),
    )


def _side(member: Member, account: Account, gets: int, moved: int, freed: int) -> Side:
    balance = account.balance_minutes + moved
    unheld = balance - account.held_minutes + freed
    floor = max(account.floor_minutes, min(-account.credit_limit_minutes, unheld))  # it follows a cut limit upwards
    return Side(member, gets, account.balance_minutes, balance, account.available_minutes, unheld - floor)


@dataclass(frozen=True, slots=True)
class Standing:
    """How one of the two stands in the community, as far as a moderator needs it."""

    member: Member
    exchanges: int  # that came about
    disputes_before: int


def standings_of(dispute: Dispute) -> tuple[Standing, Standing]:
    """Provider and receiver, and what the two did before; four queries."""
    return (_standing(dispute, dispute.exchange.provider), _standing(dispute, dispute.exchange.receiver))


def _standing(dispute: Dispute, member: Member) -> Standing:
    hers = Exchange.objects.of(member).exclude(pk=dispute.exchange_id)
    return Standing(member, hers.came_about().count(), hers.filter(dispute__opened_at__lte=dispute.opened_at).count())


@dataclass(frozen=True, slots=True)
class Reading:
    """The messages a moderator may see: those written before she last had it recorded that she reads them."""

    messages: Sequence[Message]
    read_at: datetime | None  # None: she did not ask yet
    are_more: bool  # whether there is anything she has not read


def reading_of(dispute: Dispute, reader: Member) -> Reading:
    """What ``reader`` read of the messages of a disputed exchange, by what the timeline says of her."""
    written = dispute.exchange.messages.select_related("author").order_by("pk")
    read = dispute.exchange.steps.filter(action=READ, by=reader).order_by("-seq").first()
    if read is None:
        return Reading((), None, written.exists())
    return Reading(list(written.filter(sent_at__lte=read.at)), read.at, written.filter(sent_at__gt=read.at).exists())
