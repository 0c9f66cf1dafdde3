"""What stands on top of a statement that is taken along, and the words its lines share."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.utils import formats, timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from ledger.models import Kind
from ledger.queries import Line


@dataclass(frozen=True, slots=True)
class Heading:
    """Whose statement it is, of which community, when it was made, and what was chosen of it, in words."""

    owner_name: str
    community_name: str
    made_at: datetime
    chosen: list[tuple[str, str]]
    asked: dict[str, str] = field(default_factory=dict)  # the same for programs: codes and days

    @property
    def title(self) -> str:
        return _("Statement of %(name)s") % {"name": self.owner_name}

    @property
    def below(self) -> list[str]:
        """The lines below the title."""
        moment = formats.date_format(timezone.localtime(self.made_at), "DATETIME_FORMAT")
        made = _("%(community)s, %(moment)s") % {"community": self.community_name, "moment": moment}
        return [made, *(f"{label}: {value}" for label, value in self.chosen)]


def kind_of(line: Line) -> str:
    return capfirst(str(Kind(line.kind).label))


def with_whom(line: Line) -> str:
    return line.other_name or _("Community fund")


def what_for(line: Line) -> str:
    """What the payer wrote, on one line, or else its kind."""
    return on_one_line(line.note) or kind_of(line)


def on_one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
