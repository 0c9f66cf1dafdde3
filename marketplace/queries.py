"""Reading the marketplace: what letters quote, what a member's own page tells, and what a moderator weighs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.db.models import Sum
from django.utils import timezone

from accounts.models import Member
from ledger.models import Account, Kind, Transfer
from notifications.models import Event
from timebank import clock

from .models import Dispute, Exchange, Listing, Message
from .operations.disputes import READ, share_of

KEPT_SECONDS = 600
FEWEST_NEIGHBOURS = 5  # with fewer, a figure would tell of single persons


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """What neighbours did for one another since the month began."""

    hours: int
    neighbours: int  # who gave or received


def moved_this_month() -> int:
    """The minutes neighbours moved since the month began; counted now, for those who look after the community."""
    moved = Transfer.objects.filter(kind__in=[Kind.HELP, Kind.GIFT], posted_at__gte=month_began_at())
    return moved.aggregate(sum=Sum("amount_minutes"))["sum"] or 0


def this_month() -> MonthFigures | None:
    """The community's present month; None while too few took part. Counted anew every ten minutes."""
    begun_at = month_began_at()
    key = f"month-figures:{begun_at:%Y-%m}"
    figures: MonthFigures | None = cache.get_or_set(key, lambda: _count(begun_at), KEPT_SECONDS)
    return figures if figures and figures.neighbours >= FEWEST_NEIGHBOURS and figures.hours else None


def month_began_at() -> datetime:
    """The first moment of this month by the community's own calendar, whoever asks."""
    now = timezone.localtime(clock.now(), timezone.get_default_timezone())
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _count(begun_at: datetime) -> MonthFigures:
    moved = Transfer.objects.filter(kind__in=[Kind.HELP, Kind.GIFT], posted_at__gte=begun_at)
    minutes = moved.aggregate(sum=Sum("amount_minutes"))["sum"] or 0
    people = moved.values("payer").union(moved.values("payee")).count()
    return MonthFigures(hours=minutes // 60, neighbours=people)


def title_of_event(event: Event) -> str:
    """What the exchange of an event is about, in its owner's words."""
    titles = Listing.objects.filter(exchanges__public_id=event.data.get("exchange"))
    return titles.values_list("title", flat=True).first() or ""


def message_of_event(event: Event) -> str:
    """What was written to the reader of an event about a message; "" where there is nothing."""
    written = Message.objects.filter(
        exchange__public_id=event.data.get("exchange"), author=event.about_id, sent_at__lte=event.created_at
    )
    return written.order_by("-pk").values_list("text", flat=True).first() or ""


# --- A case, as a moderator weighs it ---------------------------------------------------------------


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
    exchanges: int  # that came to their end with hours given, whatever the ruling
    disputes_before: int


def standings_of(dispute: Dispute) -> tuple[Standing, Standing]:
    """Provider and receiver, and what the two did before; four queries."""
    return (_standing(dispute, dispute.exchange.provider), _standing(dispute, dispute.exchange.receiver))


def _standing(dispute: Dispute, member: Member) -> Standing:
    hers = Exchange.objects.of(member).exclude(pk=dispute.exchange_id)
    ended = hers.filter(state__in=[Exchange.State.COMPLETED, Exchange.State.RESOLVED])
    return Standing(member, ended.count(), hers.filter(dispute__opened_at__lte=dispute.opened_at).count())


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
