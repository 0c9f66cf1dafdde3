"""Moving hours: what was set aside arrives."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ledger.hot_path import Expiries, Posted, Side, statements
from ledger.models import Account, Hold, Kind, PaymentRequest, Transfer
from ledger.tasks import seal_records
from notifications.operations import Telling, tell_all
from timebank import clock, failpoints, movements
from timebank.errors import Busy
from timebank.jobs import ring
from timebank.retries import retried

from .holds import AlreadyVoided, accept, enqueue_then

logger = logging.getLogger("timebank.ledger")

MOST_PER_COMMIT = 200
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=10)
_TAKEN: dict[str, str] = {
    Kind.EXPIRY: "hours-expired",
    Kind.REVERSAL: "hours-reversed",
}  # what she is told whose hours went
_POST_LOCK = 7_014_200  # PostgreSQL advisory lock: workers with batches take turns


@retried
@transaction.atomic
def post(hold: Hold) -> Transfer:
    """Move the hours of ``hold`` from its payer to its payee; posting twice moves them once.

    Writes the transfer, both statements' lines and a record, and tells the two people. Keeps: the
    sum of all balances, zero. Raises AlreadyVoided.
    """
    _post([hold.pk])
    transfer = Transfer.objects.filter(hold=hold.pk).first()
    if transfer is None:
        raise AlreadyVoided(_("These hours went back to their owner."))
    return transfer


@retried
@transaction.atomic
def pay_at_once(*, payer: Account, payee: Account, **request: Any) -> Transfer:
    """Accept and post in one transaction: see `accept` for the arguments and refusals.

    Called again with the same key and values it returns the first transfer.
    """
    with statements() as books:
        books.lock_two(payer.pk, payee.pk)
    return post(accept(payer=payer, payee=payee, **request))


def post_all_due() -> int:
    """Post every due hold, up to 200 per commit; returns how many. The work of `post_due_holds`.

    A hold that cannot be posted keeps nobody waiting: its batch is halved until it stands alone,
    then it is tried again later and an alarm is raised. Raises Busy when the database cannot be reached.
    """
    total = 0
    while True:
        found, posted = _post_next_batch()
        total += posted
        if found < MOST_PER_COMMIT:
            return total


def _post_next_batch() -> tuple[int, int]:
    """How many due holds were found, and how many of them were posted."""
    try:
        return _post_due()
    except Busy:
        raise
    except Exception as error:  # whatever one hold brings up, the others are posted
        logger.warning("due holds could not be posted together (%s); halving them", type(error).__name__)
        with statements() as books:
            due = books.due(clock.now(), MOST_PER_COMMIT)
        return len(due), _post_by_halves(due)


@retried
@transaction.atomic
def _post_due() -> tuple[int, int]:
    now = clock.now()
    with statements() as books:
        books.take_turns(_POST_LOCK)
        found, posted = books.post_due(now, MOST_PER_COMMIT, minutes_expire_at(now))
    _follow(posted)
    return found, len(posted)


def _post_by_halves(hold_ids: Sequence[int]) -> int:
    """Post the holds of a batch that failed, in smaller and smaller parts."""
    if len(hold_ids) <= 1:
        return sum(map(_post_alone, hold_ids))
    middle = len(hold_ids) // 2
    return sum(_post_part(part) for part in (hold_ids[:middle], hold_ids[middle:]))


def _post_part(hold_ids: Sequence[int]) -> int:
    try:
        return _post_some(hold_ids)
    except Busy:
        raise
    except Exception:  # see _post_next_batch
        return _post_by_halves(hold_ids)


@retried
@transaction.atomic
def _post_some(hold_ids: Sequence[int]) -> int:
    return len(_post(hold_ids))


def _post_alone(hold_id: int) -> int:
    try:
        return _post_some([hold_id])
    except Busy:
        raise
    except Exception as error:  # see _post_next_batch
        pause = _put_off(hold_id)
        # No traceback's message: it may hold what people wrote.
        logger.error("ALARM: hold %d cannot be posted (%s); trying again in %s", hold_id, type(error).__name__, pause)
        return 0


@retried
@transaction.atomic
def _put_off(hold_id: int) -> timedelta:
    """Try ``hold`` again later: after 5 s, then twice as long each time, up to 10 minutes."""
    hold = Hold.objects.select_for_update().get(pk=hold_id)
    pause = min(FIRST_PAUSE * 2 ** min(hold.tries, 20), LONGEST_PAUSE)
    hold.tries += 1
    hold.try_at = clock.now() + pause
    hold.save(update_fields=["tries", "try_at"])
    return pause


def _post(hold_ids: Sequence[int]) -> list[Posted]:
    """Post those of the holds that are still held, in the present transaction."""
    now = clock.now()
    with statements() as books:
        posted = books.post(hold_ids, now, minutes_expire_at(now))
    _follow(posted)
    return posted


def minutes_expire_at(now: datetime) -> Expiries:
    """When minutes that help or a grant brings ``now`` expire, by the settings; None: never."""
    return {
        Kind.HELP: _after_days(now, settings.EARNED_HOURS_EXPIRE_DAYS),
        Kind.GRANT: _after_days(now, settings.GRANTED_HOURS_EXPIRE_DAYS),
    }


def _after_days(now: datetime, days: int) -> datetime | None:
    return now + timedelta(days=days) if days else None


def _follow(posted: list[Posted]) -> None:
    """What follows from posting, in the same transaction; telling people comes last, for it locks their counters."""
    if not posted:
        return
    ring(seal_records)
    for one in posted:
        enqueue_then(one.then)
    tell_all([*(telling for one in posted for telling in _tellings(one)), *_of_requests(posted)])
    failpoints.reached("post-before-commit")


def _tellings(one: Posted) -> list[Telling]:
    """What the two people are told; the steward of the fund is nobody, and is told nothing."""
    data = {"transfer": one.public_id, "amount_minutes": one.amount_minutes, "kind": one.kind}
    told = []
    if _is_person(one.payee):
        if one.kind == Kind.GRANT:
            is_start = movements.is_start(one.kind, is_by_payer=one.actor_id == one.payer.owner_id)
            by_staff = {} if is_start else {"by_staff": True}
            told.append(Telling(one.payee.owner_id, "hours-granted", None, data | by_staff, in_inbox=True))
        else:
            about = one.payer.owner_id if _is_person(one.payer) else None
            given = {"given_back": True} if one.kind == Kind.REVERSAL and one.actor_id == one.payer.owner_id else {}
            told.append(Telling(one.payee.owner_id, "hours-arrived", about, data | given, in_inbox=True, by_mail=True))
    if _is_person(one.payer):
        about = one.payee.owner_id if _is_person(one.payee) else None
        if one.kind in _TAKEN and one.actor_id != one.payer.owner_id:  # nothing she did herself
            told.append(Telling(one.payer.owner_id, _TAKEN[one.kind], about, data, in_inbox=True, by_mail=True))
        else:
            told.append(Telling(one.payer.owner_id, "hours-delivered", about, data))
    return told


def _of_requests(posted: list[Posted]) -> list[Telling]:
    """What is told of payment requests that were paid by these; a query where there are any."""
    paid = {one.request_id: one for one in posted if one.request_id is not None}
    requests = PaymentRequest.objects.filter(pk__in=paid).order_by("pk") if paid else ()
    return [telling for request in requests for telling in _of_request(request, paid[request.pk])]


def _of_request(request: PaymentRequest, one: Posted) -> list[Telling]:
    from .payment_requests import tell_of_payment  # which gives back by posting

    return tell_of_payment(request, payer_id=one.payer.owner_id, payee_id=one.payee.owner_id, transfer=one.public_id)


def _is_person(side: Side) -> bool:
    return side.kind == Account.Kind.MEMBER
