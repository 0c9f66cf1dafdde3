"""Every write to the books."""

from ..tasks import post_due_holds
from .accounts import AccountInUse, close_account, fund, open_account
from .checking import note_check
from .expiry import expire_holds, expire_minutes, warn_of_expiry
from .freezing import freeze, unfreeze
from .holds import (
    AccountClosed,
    AccountFull,
    AlreadyPosted,
    AlreadyVoided,
    Frozen,
    KeyReused,
    NotEnoughTime,
    accept,
    check_room,
    release,
    void,
    why_not,
)
from .limits import Limits, LimitsDisagree, apply_due_limits, change_limits, set_credit_limit, usual_limits
from .posting import pay_at_once, post, post_all_due
from .reversals import MoreThanMoved, NothingToReverse, reverse, reversible_minutes
from .sharing import Part, pay_together, shares

__all__ = [
    "AccountClosed",
    "AccountFull",
    "AccountInUse",
    "AlreadyPosted",
    "AlreadyVoided",
    "Frozen",
    "KeyReused",
    "Limits",
    "LimitsDisagree",
    "MoreThanMoved",
    "NotEnoughTime",
    "NothingToReverse",
    "Part",
    "accept",
    "apply_due_limits",
    "change_limits",
    "check_room",
    "close_account",
    "expire_holds",
    "expire_minutes",
    "freeze",
    "fund",
    "note_check",
    "open_account",
    "pay_at_once",
    "pay_together",
    "post",
    "post_all_due",
    "post_due_holds",
    "release",
    "reverse",
    "reversible_minutes",
    "set_credit_limit",
    "shares",
    "unfreeze",
    "usual_limits",
    "void",
    "warn_of_expiry",
    "why_not",
]
