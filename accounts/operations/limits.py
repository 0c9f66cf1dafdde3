"""How far accounts may go, as coordinators decide it."""

from __future__ import annotations

from datetime import date, datetime, time

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Member
from ledger import operations as ledger
from ledger.models import Account, LimitChange
from ledger.operations import Limits
from timebank import clock
from timebank.retries import retried

from .refusals import DayIsPast, NotAllowed


@retried
@transaction.atomic
def change_limits(
    limits: Limits, *, account: Account | None, reason: str, by: Member, from_day: date | None = None
) -> LimitChange:
    """Give ``account``, or every account without limits of its own, new ``limits``: now, or when ``from_day`` begins.

    The day is the community's. Raises NotAllowed, also for one's own account and for the fund's; DayIsPast,
    LimitsDisagree.
    """
    _check_may_change(account, by)
    if account is not None and account.kind != Account.Kind.MEMBER:
        raise NotAllowed(_("How much the fund may give out is a setting of the installation."))
    return ledger.change_limits(limits, account=account, reason=reason, by=by, takes_effect_at=_beginning(from_day))


@retried
@transaction.atomic
def call_off_limits(change: LimitChange, *, reason: str, by: Member) -> LimitChange:
    """Let a planned ``change`` of limits never take effect. Raises NotAllowed, LimitsInForce, CalledOffAlready."""
    _check_may_change(change.account, by)
    return ledger.call_off_limits(change, reason=reason, by=by)


@retried
@transaction.atomic
def follow_common_limits(account: Account, *, reason: str, by: Member) -> LimitChange:
    """Take from ``account`` the limits of its own, so that it has the common ones.

    Raises NotAllowed, NoLimitsOfItsOwn.
    """
    _check_may_change(account, by)
    default = settings.MEMBER_CREDIT_LIMIT_MINUTES
    return ledger.follow_common_limits(account, default_credit_minutes=default, reason=reason, by=by)


def may_change_limits(account: Account | None, by: Member) -> bool:
    """Whether ``by`` may change the limits of ``account``, or those for all where there is none."""
    return by.is_coordinator and (account is None or account.owner_id != by.pk)


def _check_may_change(account: Account | None, by: Member) -> None:
    if not may_change_limits(account, by):
        raise NotAllowed(_("Only a coordinator can do this, and nobody in their own case."))


def _beginning(day: date | None) -> datetime | None:
    """When ``day`` begins; None, which is now, where it has begun."""
    today = timezone.localtime(clock.now(), timezone.get_default_timezone()).date()
    if day is not None and day < today:
        raise DayIsPast(_("Choose today or a later day."))
    if day is None or day == today:
        return None
    return timezone.make_aware(datetime.combine(day, time()), timezone.get_default_timezone())
