"""Opening and closing accounts, and how far below zero they may go."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ledger.log import write_record
from ledger.models import Account, Hold
from timebank import clock
from timebank.errors import Refusal
from timebank.retries import retried


class AccountInUse(Refusal):
    """There are still hours on the account, owed by it, or on their way from or to it."""

    code = "account_in_use"


def fund() -> Account:
    """The account of the community fund. Raises Account.DoesNotExist where there is none yet."""
    return Account.objects.get(kind=Account.Kind.FUND)


@retried
@transaction.atomic
def open_account(
    owner: Any,
    *,
    kind: str = Account.Kind.MEMBER,
    credit_limit_minutes: int = 0,
    soft_limit_minutes: int | None = None,
    max_balance_minutes: int | None = None,
) -> Account:
    """Open an account for ``owner`` that may go ``credit_limit_minutes`` below zero; see `Limits` for the others.

    An owner has one account: called again it returns that one as it is. Writes a record.
    """
    if earlier := Account.objects.filter(owner=owner).first():
        return earlier
    account = Account.objects.create(
        owner=owner,
        kind=kind,
        credit_limit_minutes=credit_limit_minutes,
        floor_minutes=-credit_limit_minutes,
        soft_limit_minutes=soft_limit_minutes,
        max_balance_minutes=max_balance_minutes,
        opened_at=clock.now(),
    )
    write_record("account", account=account.public_id, change="opened", by=None, limit_minutes=credit_limit_minutes)
    return account


@retried
@transaction.atomic
def close_account(account: Account, *, actor: Any) -> Account:
    """Close ``account``, so that it neither gives nor receives; twice closes it once. Writes a record.

    Raises AccountInUse while hours are on it, owed by it, or set aside from or for it. The fund is
    never closed: ValueError.
    """
    # Locked harder than for a change of balance, so that a payment to it waits and then sees it closed.
    account = Account.objects.select_for_update().get(pk=account.pk)
    if account.kind == Account.Kind.FUND:
        raise ValueError("the community fund is never closed")
    if not account.is_open:
        return account
    if account.balance_minutes or Hold.objects.live_of(account).exists():
        raise AccountInUse(_("An account can be closed when its balance is zero and nothing is on its way."))
    account.state = Account.State.CLOSED
    account.save(update_fields=["state"])
    write_record(
        "account",
        account=account.public_id,
        change="closed",
        by=account_id_of(actor, account),
        limit_minutes=account.credit_limit_minutes,
    )
    return account


def account_id_of(actor: Any, *likely: Account) -> str | None:
    """The pseudonym of ``actor`` in the log: the public id of her account, if she has one."""
    for account in likely:
        if account.owner_id == actor.pk:
            return account.public_id
    return Account.objects.filter(owner=actor).values_list("public_id", flat=True).first()
