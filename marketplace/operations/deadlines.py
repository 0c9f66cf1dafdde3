"""What time does to an exchange: deadlines pass, people are reminded, reviews are shown."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_noop

from ledger import operations as ledger
from marketplace.models import Dispute, Exchange
from marketplace.rules import Action, check_turn
from notifications.operations import Telling, tell_all
from timebank import clock, failpoints
from timebank.errors import Busy
from timebank.retries import retried

from .disputes import settle
from .progress import complete
from .reviews import PUBLISHED, publish_reviews
from .steps import locked, move, steward, tell_both

State = Exchange.State
AT_ONCE = 100
UNDECIDED = gettext_noop("No moderator ruled in time, so the hours stay with the person who had them.")


def keep_deadlines() -> int:
    """Do to every exchange what its time asks for; returns how many. Each in a transaction of its own.

    Running twice, or two at once, does each once. What fails keeps nobody else's waiting: it is raised at the end.
    The work of `keep_deadlines` in marketplace/tasks.py.
    """
    done = 0
    failed: dict[int, Exception] = {}
    for find, act in (
        (Exchange.objects.past_deadline, let_lapse),
        (Exchange.objects.to_be_reminded, remind),
        (_past_reviews, show_reviews),
    ):
        while keys := list(find(clock.now()).exclude(pk__in=failed).values_list("pk", flat=True)[:AT_ONCE]):
            for pk in keys:
                try:
                    done += act(pk)
                except Busy:
                    raise
                except Exception as error:
                    failed[pk] = error
    if failed:
        raise next(iter(failed.values()))
    return done


def is_due() -> bool:
    """Whether any exchange has something for `keep_deadlines` to do."""
    now = clock.now()
    finds = (Exchange.objects.past_deadline, Exchange.objects.to_be_reminded, _past_reviews)
    return any(find(now).exists() for find in finds)


def _past_reviews(at: datetime) -> QuerySet[Exchange]:
    return Exchange.objects.filter(reviews_until__lte=at).exclude(state=State.DISPUTED).order_by("reviews_until", "pk")


@retried
@transaction.atomic
def let_lapse(exchange_id: int) -> bool:
    """End the state whose deadline passed: a proposal and what was never delivered expire, silence after delivery
    confirms, a dispute nobody ruled on leaves the minutes where they came from. Whether there was anything to do."""
    exchange = locked(Exchange(pk=exchange_id))
    at = clock.now()
    if exchange.deadline_at is None or exchange.deadline_at > at:
        return False
    way = check_turn(exchange, Action.LAPSE, None)
    before = exchange.state
    match way.to:
        case State.COMPLETED:
            # Never more than was agreed: nobody consented to that.
            minutes = min(exchange.delivered_minutes or exchange.minutes, exchange.minutes)
            complete(exchange, Action.LAPSE, None, minutes, at)
            tell_both(exchange, Action.LAPSE, None, before=before, amount_minutes=minutes)
        case State.RESOLVED:
            _decide_nothing(exchange)
        case _:
            if exchange.hold is not None:
                exchange.hold = ledger.void(exchange.hold, actor=steward())
            move(exchange, Action.LAPSE, None, way.to, at)
            failpoints.reached("exchange-before-commit")
            tell_both(exchange, Action.LAPSE, None, before=before)
    return True


def _decide_nothing(exchange: Exchange) -> None:
    """Nobody ruled: what is at stake goes back to whom it was taken from."""
    dispute = Dispute.objects.select_related("hold").get(exchange=exchange)
    dispute.exchange = exchange
    outcome, minutes = (
        (Dispute.Outcome.RELEASE, dispute.at_stake_minutes) if dispute.was_completed else (Dispute.Outcome.REFUND, 0)
    )
    settle(dispute, Action.LAPSE, None, outcome, minutes, UNDECIDED)


@retried
@transaction.atomic
def remind(exchange_id: int) -> bool:
    """Tell whom an exchange waits for that its deadline is near, once; who takes no part now could do nothing."""
    exchange = locked(Exchange(pk=exchange_id))
    if exchange.remind_at is None or exchange.remind_at > clock.now():
        return False
    exchange.remind_at = None
    exchange.save(update_fields=["remind_at"])
    if (member := exchange.waits_for) is not None and member.is_member:
        data = {"exchange": exchange.public_id, "state": exchange.state}
        about = exchange.partner_of(member).pk
        tell_all([Telling(member.pk, "exchange-reminder", about, data, in_inbox=True, by_mail=True)])
    return True


@retried
@transaction.atomic
def show_reviews(exchange_id: int) -> bool:
    """Show what the two wrote of each other when the time to write is over."""
    exchange = locked(Exchange(pk=exchange_id))
    at = clock.now()
    if exchange.reviews_until is None or exchange.reviews_until > at or exchange.state == State.DISPUTED:
        return False
    if publish_reviews(exchange, at):
        tell_both(exchange, PUBLISHED, None)
    return True
