"""What the rules about people refuse, and with which status."""

from __future__ import annotations

from typing import Any

from timebank.errors import Refusal


class NotAllowed(Refusal):
    """Only some may do this, or nobody may do it to herself."""

    code = "not_allowed"
    status = 403


class AlreadyDecided(Refusal):
    """The member is not in the state this is for: somebody else decided first, or it was done before."""

    code = "already_decided"


class EmailTaken(Refusal):
    """There is a member with this address. Strangers are never told so: she gets a mail instead."""

    code = "email_taken"
    field = "email"


class CannotSend(Refusal):
    """The sender may not give hours now."""

    code = "cannot_send"
    status = 403


class _AboutOneOfThem(Refusal):
    """``number`` is the place of whom it is about among several who were named, from 0."""

    field = "to"

    def __init__(self, words: Any, *, number: int | None = None) -> None:
        super().__init__(words)
        self.number = number


class CannotReceive(_AboutOneOfThem):
    """Nobody may send hours to this person; whether she exists is not said."""

    code = "cannot_receive"


class TooFewMinutes(Refusal):
    """Split evenly, somebody would get nothing."""

    code = "too_few_minutes"
    field = "amount_minutes"


class ToOneself(_AboutOneOfThem):
    code = "to_oneself"


class AlreadySent(Refusal):
    """The same amount went to the same person a moment ago: is this one meant as well?"""

    code = "already_sent"


class MoreThanOwed(Refusal):
    """No more of a debt is written off than there is."""

    code = "more_than_owed"
    field = "amount_minutes"


class DayIsPast(Refusal):
    """What was is not changed afterwards."""

    code = "day_is_past"
    field = "from_day"


class OwnRequest(Refusal):
    """Nobody pays herself."""

    code = "own_request"


class AskedOfAnother(Refusal):
    """This request is for one person, and she is not the one."""

    code = "asked_of_another"
    status = 403


class CannotAsk(Refusal):
    """She may not receive hours now, so she may not ask for them."""

    code = "cannot_ask"
    status = 403


class TooManyTokens(Refusal):
    code = "too_many_tokens"
