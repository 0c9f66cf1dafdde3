"""How far below zero accounts may go, and how high: now, or from a day on, always with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Least
from django.utils.translation import gettext_lazy as _

from ledger.log import write_record
from ledger.models import Account, LimitChange
from timebank import clock
from timebank.errors import Refusal
from timebank.retries import retried

from .accounts import account_id_of


class LimitsDisagree(Refusal):
    """A soft limit warns before the hard one refuses, or it warns of nothing."""

    code = "limits_disagree"
    field = "soft_limit_minutes"


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
    takes effect. Raises LimitsDisagree; ValueError for negative limits and an empty reason.
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
    return change


def apply_due_limits() -> int:
    """Let changes whose day has come take effect, oldest first; returns how many. The work of `apply_limits`."""
    keys = list(LimitChange.objects.due(clock.now()).values_list("pk", flat=True))
    return sum(_apply(pk).applied_at is not None for pk in keys)


@retried
@transaction.atomic
def _apply(pk: int) -> LimitChange:
    change = LimitChange.objects.select_for_update().get(pk=pk)
    if change.applied_at is not None:
        return change
    accounts = Account.objects.filter(kind=change.kind, state=Account.State.OPEN)
    if change.account_id is not None:
        accounts = accounts.filter(pk=change.account_id)
    else:
        accounts = accounts.filter(has_own_limits=False)
    for account in accounts.order_by("pk"):
        _set(account, change, is_its_own=change.account_id is not None)
    change.applied_at = clock.now()
    change.save(update_fields=["applied_at"])
    return change


def _set(account: Account, change: LimitChange, *, is_its_own: bool) -> None:
    Account.objects.filter(pk=account.pk).update(
        soft_limit_minutes=change.soft_limit_minutes,
        max_balance_minutes=change.max_balance_minutes,
        has_own_limits=is_its_own,
    )
    set_credit_limit(account, change.credit_limit_minutes, actor=change.by)


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
