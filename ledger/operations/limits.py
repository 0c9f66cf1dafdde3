"""How far below zero accounts may go, and how high: now, or from a day on, always with a reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Least
from django.utils.translation import gettext_lazy as _

from ledger.log import write_record
from ledger.models import Account, LimitChange
from notifications.operations import Telling, tell_all
from timebank import clock
from timebank.errors import Refusal
from timebank.retries import retried

from .accounts import account_id_of


class LimitsDisagree(Refusal):
    """A soft limit warns before the hard one refuses, or it warns of nothing."""

    code = "limits_disagree"
    field = "soft_limit_minutes"


class LimitsInForce(Refusal):
    """What took effect is changed by another change, and not called off."""

    code = "limits_in_force"


class CalledOffAlready(Refusal):
    code = "called_off_already"


class NoLimitsOfItsOwn(Refusal):
    """An account that has the common limits cannot return to them."""

    code = "no_limits_of_its_own"


@dataclass(frozen=True, slots=True)
class Limits:
    """Minutes: how far below zero, where the warning begins, and the largest balance; None: no such limit."""

    credit_minutes: int
    soft_minutes: int | None = None
    max_balance_minutes: int | None = None


@retried
@transaction.atomic
def change_limits(
    limits: Limits, *, account: Account | None = None, reason: str, by: Any, takes_effect_at: datetime | None = None
) -> LimitChange:
    """Give ``account``, or every member's account that has none of its own, new ``limits``, from a moment on or now.

    A limit may be cut below a present debt: see `set_credit_limit`. Writes a record for each account when it
    takes effect, and tells its owner; of what is planned for her alone it tells her at once. Raises LimitsDisagree;
    the database refuses negative limits and an empty reason.
    """
    if limits.soft_minutes is not None and limits.soft_minutes >= limits.credit_minutes:
        raise LimitsDisagree(_("The soft limit must be smaller than the limit, for it warns before that is reached."))
    now = clock.now()
    change = LimitChange.objects.create(
        account=account,
        kind=Account.Kind.MEMBER if account is None else account.kind,
        credit_limit_minutes=limits.credit_minutes,
        soft_limit_minutes=limits.soft_minutes,
        max_balance_minutes=limits.max_balance_minutes,
        reason=reason,
        by=by,
        created_at=now,
        takes_effect_at=takes_effect_at or now,
    )
    if change.takes_effect_at <= now:
        return _apply(change.pk)
    _tell_owner_of(change)
    return change


@retried
@transaction.atomic
def call_off_limits(change: LimitChange, *, reason: str, by: Any) -> LimitChange:
    """Let ``change``, which is planned, never take effect; it stays, with who called it off and why.

    Tells the owner of the account it was for, if it was for one. Raises LimitsInForce, CalledOffAlready.
    """
    change = _locked(change.pk)  # of this and its taking effect at once, the second sees what the first did
    if change.state == LimitChange.State.MADE:
        raise LimitsInForce(_("This has taken effect already. Change the limits again instead."))
    if change.state == LimitChange.State.CALLED_OFF:
        raise CalledOffAlready(_("This was called off already."))
    change.called_off_at, change.called_off_by, change.called_off_because = clock.now(), by, reason
    change.save(update_fields=["called_off_at", "called_off_by", "called_off_because"])
    _tell_owner_of(change)
    return change


@retried
@transaction.atomic
def follow_common_limits(account: Account, *, default_credit_minutes: int, reason: str, by: Any) -> LimitChange:
    """Take from ``account`` the limits of its own: from now on it has the common ones, and follows when they change.

    What is planned for it alone stays planned. ``default_credit_minutes`` is as for `usual_limits`. Raises
    NoLimitsOfItsOwn.
    """
    # Before the common limits are read: a change for all that is under way is waited for, or waits and finds it.
    account = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    if not account.has_own_limits:
        raise NoLimitsOfItsOwn(_("This account follows the common limits already."))
    common, now = usual_limits(default_credit_minutes), clock.now()
    change = LimitChange.objects.create(
        account=account,
        kind=account.kind,
        credit_limit_minutes=common.credit_minutes,
        soft_limit_minutes=common.soft_minutes,
        max_balance_minutes=common.max_balance_minutes,
        returns_to_common=True,
        reason=reason,
        by=by,
        created_at=now,
        takes_effect_at=now,
    )
    return _apply(change.pk)


def apply_due_limits() -> int:
    """Let changes whose day has come take effect, oldest first; returns how many. The work of `apply_limits`."""
    keys = list(LimitChange.objects.due(clock.now()).values_list("pk", flat=True))
    return sum(_apply(pk).state == LimitChange.State.MADE for pk in keys)


@retried
@transaction.atomic
def _apply(pk: int) -> LimitChange:
    change = _locked(pk)
    if change.state != LimitChange.State.PLANNED:
        return change
    changed = [account for account in _accounts_of(change) if _set(account, change)]
    change.applied_at = clock.now()
    change.save(update_fields=["applied_at"])
    tell_all([_telling(change, account.owner_id) for account in changed if account.kind == Account.Kind.MEMBER])
    return change


def _locked(pk: int) -> LimitChange:
    return LimitChange.objects.select_for_update(of=("self",)).get(pk=pk)


def _accounts_of(change: LimitChange) -> Iterable[Account]:
    """Those that ``change`` is for, locked before we look which of them have limits of their own."""
    accounts = Account.objects.filter(kind=change.kind, state=Account.State.OPEN)
    if change.account_id is not None:
        return accounts.filter(pk=change.account_id).select_for_update(no_key=True)
    locked = list(accounts.select_for_update(no_key=True).order_by("pk"))
    return [account for account in locked if not account.has_own_limits]


def _set(account: Account, change: LimitChange) -> bool:
    """Give ``account`` what ``change`` says; whether that is something else than it had."""
    limits = ("credit_limit_minutes", "soft_limit_minutes", "max_balance_minutes")
    is_other = any(getattr(account, name) != getattr(change, name) for name in limits)
    Account.objects.filter(pk=account.pk).update(
        soft_limit_minutes=change.soft_limit_minutes,
        max_balance_minutes=change.max_balance_minutes,
        has_own_limits=change.account_id is not None and not change.returns_to_common,
    )
    set_credit_limit(account, change.credit_limit_minutes, actor=change.by)
    return is_other


def _tell_owner_of(change: LimitChange) -> None:
    """Tell of what is planned, or called off, for one member alone: what is for all everybody sees in her wallet."""
    if change.account is not None and change.account.kind == Account.Kind.MEMBER:
        tell_all([_telling(change, change.account.owner_id)])


def _telling(change: LimitChange, owner_id: int) -> Telling:
    why = "limits_called_off" if change.state == LimitChange.State.CALLED_OFF else "limits_changed"
    return Telling(owner_id, "limits-changed", None, {**change.told, why: change.pk}, in_inbox=True)


@retried
@transaction.atomic
def set_credit_limit(account: Account, minutes: int, *, actor: Any) -> Account:
    """Let ``account`` go ``minutes`` below zero from now on; returns it as it is then.

    A limit may be cut below a present debt: then nothing new can be spent, and the floor rises with
    every minute earned until it stands at the limit. A raised limit lowers the floor. Keeps:
    balance − held never below the floor. Writes a record. Raises ValueError for a negative limit.
    """
    if minutes < 0:
        raise ValueError("a credit limit is not negative")
    # With `_lower_floor` of reversals the only statement that may lower a floor; what moves minutes only raises it.
    Account.objects.filter(pk=account.pk).update(
        credit_limit_minutes=minutes, floor_minutes=Least(-minutes, F("balance_minutes") - F("held_minutes"))
    )
    account = Account.objects.get(pk=account.pk)
    write_record(
        "limit",
        account=account.public_id,
        by=account_id_of(actor, account),
        limit_minutes=account.credit_limit_minutes,
        floor_minutes=account.floor_minutes,
    )
    return account


def usual_limits(default_credit_minutes: int) -> Limits:
    """What a new member's account begins with: the latest change for all, or the setting where there was none."""
    latest = (
        LimitChange.objects.filter(account=None, applied_at__isnull=False).order_by("-takes_effect_at", "-pk").first()
    )
    if latest is None:
        return Limits(default_credit_minutes)
    return Limits(latest.credit_limit_minutes, latest.soft_limit_minutes, latest.max_balance_minutes)
