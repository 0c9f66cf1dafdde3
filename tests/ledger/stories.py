"""What stories of the ledger have in common: three neighbours, and moving minutes among them."""

from __future__ import annotations

import itertools
from typing import Any

from accounts.models import Member
from accounts.operations import community_fund
from ledger import operations
from ledger.models import Account, Hold, Transfer
from tests.factories import make_member

_number = itertools.count(1)


def neighbours(*minutes: int) -> list[Account]:
    """The accounts of so many members, with these balances."""
    return [make_member(minutes=amount).account for amount in minutes]


def asked(payer: Account, payee: Account, amount_minutes: int, **other: Any) -> dict[str, Any]:
    """The arguments of `accept`, with a key of its own unless ``other`` says which."""
    usual = {"kind": "help", "key": f"story:{next(_number)}", "actor": payer.owner}
    return {"payer": payer, "payee": payee, "amount_minutes": amount_minutes, **usual, **other}


def accept(payer: Account, payee: Account, amount_minutes: int, **other: Any) -> Hold:
    return operations.accept(**asked(payer, payee, amount_minutes, **other))


def pay(payer: Account, payee: Account, amount_minutes: int, **other: Any) -> Transfer:
    return operations.pay_at_once(**asked(payer, payee, amount_minutes, **other))


def now(account: Account) -> Account:
    """The account as the database has it now."""
    return Account.objects.get(pk=account.pk)


def balance(account: Account) -> int:
    return now(account).balance_minutes


def available(account: Account) -> int:
    return now(account).available_minutes


def steward() -> Member:
    return community_fund().owner
