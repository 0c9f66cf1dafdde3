"""What ends by itself: holds whose time is over, and minutes that were not used in time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from ledger.models import Account, ExpiryNotice, Hold, Kind, Lot
from notifications.operations import Telling, tell_all
from timebank import clock
from timebank.errors import Busy
from timebank.retries import retried

from .accounts import fund
from .holds import give_back
from .posting import pay_at_once

AT_ONCE = 200
NOTICE_DAYS = (30, 7)  # before minutes expire


# --- Holds ---------------------------------------------------------------------------------------


def expire_holds() -> int:
    """Give back the hours of every hold whose time is over; returns how many. Each in a transaction of its own."""
    return _each(Hold.objects.to_expire, _expire_hold)


@retried
@transaction.atomic
def _expire_hold(pk: int) -> int:
    # Looked at again under its account's lock and its own: it may have been released, posted or frozen since.
    Account.objects.select_for_update(no_key=True).get(pk=_payer_of(pk))
    hold = Hold.objects.to_expire(clock.now()).filter(pk=pk).select_for_update().first()
    if hold is None:
        return 0
    give_back(hold, Hold.State.EXPIRED)
    return 1


def _payer_of(pk: int) -> int:
    return Hold.objects.values_list("payer_id", flat=True).get(pk=pk)


# --- Minutes -------------------------------------------------------------------------------------


def with_expired_minutes(at: datetime) -> Any:
    """Accounts of which some minutes expired by ``at`` and can be taken."""
    expired = Lot.objects.open().filter(expires_at__lte=at)
    return Account.objects.filter(
        kind=Account.Kind.MEMBER, pk__in=expired.values("owner"), balance_minutes__gt=F("held_minutes")
    ).order_by("pk")


def expire_minutes() -> int:
    """Move expired minutes to the community fund; returns of how many accounts. Each in a transaction of its own.

    Of an account min(what expired, max(balance − held, 0)) moves: what is held is never swept.
    """
    return _each(with_expired_minutes, _expire_minutes_of)


@retried
@transaction.atomic
def _expire_minutes_of(pk: int) -> int:
    # Locked before we look, so that what is taken is still there.
    account = Account.objects.select_for_update(no_key=True).get(pk=pk)
    expired = Lot.objects.open().filter(owner=account, expires_at__lte=clock.now())
    expired_minutes = expired.aggregate(minutes=Sum("amount_minutes"))["minutes"] or 0
    minutes = min(expired_minutes, max(account.balance_minutes - account.held_minutes, 0))
    if not minutes:
        return 0
    to = fund()
    # The number of her lines makes the key: it never comes again.
    key = f"expire:{account.public_id}:{account.last_seq}"
    pay_at_once(payer=account, payee=to, amount_minutes=minutes, kind=Kind.EXPIRY, key=key, actor=to.owner)
    return 1


def unwarned(at: datetime) -> Iterable[tuple[int, int, date, int]]:
    """Whom to tell that minutes expire soon: account, owner, the day where the community is, and the minutes."""
    soon = Lot.objects.open().filter(
        owner__kind=Account.Kind.MEMBER, expires_at__gt=at, expires_at__lte=at + timedelta(days=max(NOTICE_DAYS))
    )
    days: dict[tuple[int, int, date], int] = {}
    for account, owner, expires_at, minutes in soon.values_list(
        "owner", "owner__owner", "expires_at", "amount_minutes"
    ).iterator():
        day = (account, owner, timezone.localtime(expires_at, timezone.get_default_timezone()).date())
        days[day] = days.get(day, 0) + minutes
    return [(*day, minutes) for day, minutes in sorted(days.items())]


def warn_of_expiry() -> int:
    """Tell members 30 and 7 days before that some of their minutes expire, each once; returns how many notices."""
    today = timezone.localtime(clock.now(), timezone.get_default_timezone()).date()
    return sum(
        _warn(account_id, owner_id, day, minutes, today) for account_id, owner_id, day, minutes in unwarned(clock.now())
    )


@retried
@transaction.atomic
def _warn(account_id: int, owner_id: int, day: date, minutes: int, today: date) -> int:
    days_before = min((days for days in NOTICE_DAYS if (day - today).days <= days), default=None)
    if days_before is None:
        return 0
    # The notice at seven days is also the one at thirty, for whoever got none then.
    if ExpiryNotice.objects.filter(account_id=account_id, expires_on=day, days_before__lte=days_before).exists():
        return 0
    ExpiryNotice.objects.create(account_id=account_id, expires_on=day, days_before=days_before, told_at=clock.now())
    data = {"amount_minutes": minutes, "expires_on": day.isoformat()}
    tell_all([Telling(owner_id, "hours-expiring", None, data, in_inbox=True, by_mail=True)])
    return 1


def _each(find: Callable[[datetime], Any], act: Callable[[int], int]) -> int:
    """Do to each row that is found, once; what fails keeps nobody else's waiting and is raised at the end."""
    done = 0
    seen: set[int] = set()
    failed: Exception | None = None
    while keys := [
        pk for pk in find(clock.now()).values_list("pk", flat=True)[: AT_ONCE + len(seen)] if pk not in seen
    ]:
        for pk in keys:
            seen.add(pk)
            try:
                done += act(pk)
            except Busy:
                raise
            except Exception as error:  # whatever one of them brings up
                failed = failed or error
    if failed:
        raise failed
    return done
