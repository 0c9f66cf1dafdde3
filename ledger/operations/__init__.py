"""Every write to the books."""

from ..tasks import post_due_holds
from .accounts import AccountInUse, close_account, fund, open_account, set_credit_limit
from .holds import (
    AccountClosed,
    AlreadyPosted,
    AlreadyVoided,
    KeyReused,
    NotEnoughTime,
    accept,
    release,
    void,
    why_not,
)
from .posting import pay_at_once, post, post_all_due

__all__ = [
    "AccountClosed",
    "AccountInUse",
    "AlreadyPosted",
    "AlreadyVoided",
    "KeyReused",
    "NotEnoughTime",
    "accept",
    "close_account",
    "fund",
    "open_account",
    "pay_at_once",
    "post",
    "post_all_due",
    "post_due_holds",
    "release",
    "set_credit_limit",
    "void",
    "why_not",
]
