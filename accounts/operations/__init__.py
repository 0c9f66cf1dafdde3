"""Every write about people: joining, roles, suspension, their own settings, sending hours, and what staff move."""

from .blocking import block, unblock
from .donating import donate, look_ahead_of_donation
from .fund import community_fund
from .joining import apply_for_membership, approve_member, confirm_email, join, pay_starting_grant, take_in
from .limits import change_limits
from .profile import agree, change_preferences, change_profile, present_versions
from .refusals import (
    AlreadyDecided,
    AlreadySent,
    AskedOfAnother,
    CannotAsk,
    CannotReceive,
    CannotSend,
    DayIsPast,
    EmailTaken,
    MoreThanOwed,
    NotAllowed,
    OwnRequest,
    TooFewMinutes,
    TooManyTokens,
    ToOneself,
)
from .requesting import (
    ask_for_hours,
    check_may_see,
    give_back_request,
    look_ahead_of_request,
    pay_request,
    renew_request,
)
from .requesting_together import ask_several, asked_together, nonce_of_set
from .roles import give_role, make_administrator, take_role
from .sending import NOBODY, look_ahead, send_hours, sent_before
from .sending_together import (
    FEWEST_TOGETHER,
    MOST_TOGETHER,
    Share,
    look_ahead_together,
    send_together,
    sent_together,
    shares_of,
)
from .signing_up import free_address, is_taken, sign_up
from .staff_moves import approve_move, decline_move, grant, grant_together, may_approve, propose_reversal, write_off
from .suspension import end_sessions, forget_ended_devices, reinstate_member, suspend_member
from .tokens import PREFIX, end_token, find_token, make_token

__all__ = [
    "FEWEST_TOGETHER",
    "MOST_TOGETHER",
    "NOBODY",
    "PREFIX",
    "AlreadyDecided",
    "AlreadySent",
    "AskedOfAnother",
    "CannotAsk",
    "CannotReceive",
    "CannotSend",
    "DayIsPast",
    "EmailTaken",
    "MoreThanOwed",
    "NotAllowed",
    "OwnRequest",
    "Share",
    "ToOneself",
    "TooFewMinutes",
    "TooManyTokens",
    "agree",
    "apply_for_membership",
    "approve_member",
    "approve_move",
    "ask_for_hours",
    "ask_several",
    "asked_together",
    "block",
    "change_limits",
    "change_preferences",
    "change_profile",
    "check_may_see",
    "community_fund",
    "confirm_email",
    "decline_move",
    "donate",
    "end_sessions",
    "end_token",
    "find_token",
    "forget_ended_devices",
    "free_address",
    "give_back_request",
    "give_role",
    "grant",
    "grant_together",
    "is_taken",
    "join",
    "look_ahead",
    "look_ahead_of_donation",
    "look_ahead_of_request",
    "look_ahead_together",
    "make_administrator",
    "make_token",
    "may_approve",
    "nonce_of_set",
    "pay_request",
    "pay_starting_grant",
    "present_versions",
    "propose_reversal",
    "reinstate_member",
    "renew_request",
    "send_hours",
    "send_together",
    "sent_before",
    "sent_together",
    "shares_of",
    "sign_up",
    "suspend_member",
    "take_in",
    "take_role",
    "unblock",
    "write_off",
]
