"""What a movement of minutes is called and drawn like, to one of its two people: one table for every page.

The wallet, the activity, what passed between two people, a payment's own page and its news all ask here, so they agree.
"""

from __future__ import annotations

from typing import Protocol

from django.utils.functional import Promise
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

LONGEST_NOTE = 80
RETURNS = frozenset({"refund", "reversal"})  # what undoes an earlier movement


class Movement(Protocol):
    """A line of a statement, or what is on its way: from the side of whoever reads it."""

    @property
    def kind(self) -> str: ...
    @property
    def note(self) -> str: ...
    @property
    def is_incoming(self) -> bool: ...
    @property
    def is_by_payer(self) -> bool: ...  # whether the payer sent it herself, and no exchange or ruling moved it
    @property
    def other_name(self) -> str | None: ...  # None: the community fund


# By kind: the drawing, what it is for where nobody wrote that down, and how it is headed, coming in and going out.
# A kind that is not here is shown as help is: hours that came or went.
_ICONS = {
    "gift": "gift",
    "grant": "gift",
    "donation": "heart",
    "refund": "repeat",
    "reversal": "repeat",
    "expiry": "clock",
    "write_off": "check",
}
_WHAT_FOR: dict[str, Promise] = {
    "gift": gettext_lazy("A gift"),
    "grant": gettext_lazy("Hours from the community fund"),
    "donation": gettext_lazy("A donation"),
    "refund": gettext_lazy("Hours given back"),
    "reversal": gettext_lazy("A correction"),
    "expiry": gettext_lazy("Hours that expired"),
    "write_off": gettext_lazy("A debt that was cleared"),
}
_HEADED: dict[str, tuple[Promise, Promise]] = {
    "refund": (gettext_lazy("Hours back from %(name)s"), gettext_lazy("Hours back to %(name)s")),
    "reversal": (gettext_lazy("Corrected: back from %(name)s"), gettext_lazy("Corrected: back to %(name)s")),
}
_OF_AN_EXCHANGE = (gettext_lazy("Exchange with %(name)s"), gettext_lazy("Exchange with %(name)s"))
_SENT = (gettext_lazy("%(name)s sent you hours"), gettext_lazy("You sent to %(name)s"))
_HEADED_WITH_THE_FUND: dict[str, tuple[Promise, Promise]] = {
    "donation": (gettext_lazy("A donation from the community fund"), gettext_lazy("You gave to the community fund")),
    "expiry": (gettext_lazy("Back from the community fund"), gettext_lazy("Expired, to the community fund")),
    "write_off": (
        gettext_lazy("The community fund cleared your debt"),
        gettext_lazy("Cleared, to the community fund"),
    ),
    "reversal": (
        gettext_lazy("Corrected: back from the community fund"),
        gettext_lazy("Corrected: back to the community fund"),
    ),
}
_WITH_THE_FUND = (gettext_lazy("The community fund sent you hours"), gettext_lazy("You sent to the community fund"))


def icon_of(kind: str, *, is_incoming: bool) -> str:
    """The sprite's name of its drawing."""
    return _ICONS.get(kind) or ("receive" if is_incoming else "send")


def is_start(kind: str, *, is_by_payer: bool) -> bool:
    """Whether these are the hours a member begins with: those the fund's steward gives; all others a person does."""
    return kind == "grant" and is_by_payer


def what_for(kind: str, note: str = "", *, is_by_payer: bool) -> str:
    """What it was for, in one line: what the payer wrote, or else its kind."""
    if note:
        return Truncator(note).chars(LONGEST_NOTE)
    if is_start(kind, is_by_payer=is_by_payer):
        return _("Starting hours")
    return str(_WHAT_FOR.get(kind) or _("Help"))


def headline(movement: Movement) -> str:
    """Who sent it to whom or, where no person did, what moved it; to its reader."""
    way = 0 if movement.is_incoming else 1
    if not movement.other_name:
        return str(_HEADED_WITH_THE_FUND.get(movement.kind, _WITH_THE_FUND)[way])
    sent = _SENT if movement.is_by_payer else _OF_AN_EXCHANGE
    return str(_HEADED.get(movement.kind, sent)[way]) % {"name": movement.other_name}


def with_whom(movement: Movement) -> str:
    """The other one's name or, where no person sent it, what moved it."""
    if not movement.other_name:
        return headline(movement) if movement.kind in _HEADED_WITH_THE_FUND else _("Community fund")
    return movement.other_name if movement.is_by_payer else headline(movement)


def direction(movement: Movement) -> str:
    """As `headline`, beside the other one's name: whether it came or went."""
    if movement.kind in RETURNS:
        return _("Came back to you") if movement.is_incoming else _("Went back")
    if not movement.is_by_payer:
        return _("From an exchange")
    return _("You received") if movement.is_incoming else _("You sent")
