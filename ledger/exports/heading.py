"""What stands on top of a statement that is taken along, and the words its lines share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import formats, timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from ledger.models import Kind
from ledger.queries import Line
from ledger.statements import Ends
from timebank import movements
from timebank.durations import in_words


@dataclass(frozen=True, slots=True)
class Heading:
    """Whose statement it is, of which community, when it was made, from what balance to which, and what was chosen."""

    owner_name: str
    community_name: str
    made_at: datetime
    ends: Ends
    is_from_the_opening: bool  # of the account
    leaves_lines_out: bool
    chosen: list[tuple[str, str]]  # in words
    asked: dict[str, str]  # the same for programs: codes and days

    @property
    def title(self) -> str:
        return _("Statement of %(name)s") % {"name": self.owner_name}

    @property
    def below(self) -> list[str]:
        """The lines below the title."""
        moment = formats.date_format(timezone.localtime(self.made_at), "DATETIME_FORMAT")
        made = _("%(community)s, %(moment)s") % {"community": self.community_name, "moment": moment}
        return [made, *(f"{label}: {value}" for label, value in self.chosen)]

    @property
    def balances(self) -> list[str]:
        """The balance at the beginning and at the end; a sentence each."""
        opened = _("Opening balance on %(day)s, when the account was opened: %(balance)s")
        opening = opened if self.is_from_the_opening else _("Opening balance on %(day)s: %(balance)s")
        closing = _("Closing balance on %(day)s: %(balance)s")
        return [
            opening % {"day": _day(self.ends.since), "balance": in_words(self.ends.opening_minutes)},
            closing % {"day": _day(self.ends.until), "balance": in_words(self.ends.closing_minutes)},
        ]

    @property
    def of_which_balances(self) -> str:
        """What they are of, where lines are left out; else ""."""
        return _("Both are of all your hours, not only of the lines you chose.") if self.leaves_lines_out else ""


def kind_of(line: Line) -> str:
    return capfirst(str(Kind(line.kind).label))


def with_whom(line: Line) -> str:
    return line.other_name or _("Community fund")


def what_for(line: Line) -> str:
    """What the payer wrote, on one line, or else its kind."""
    return on_one_line(line.note) or movements.what_for(line.kind, is_by_payer=line.is_by_payer)


def _day(moment: datetime) -> str:
    return formats.date_format(timezone.localtime(moment), "DATE_FORMAT")


def on_one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
