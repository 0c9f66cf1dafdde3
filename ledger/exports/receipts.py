"""The receipt of one payment, on paper."""

from __future__ import annotations

from typing import Any

from django.utils import formats, timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from ledger.models import Account, Hold, Kind
from ledger.statements import categories, names_of
from timebank.durations import in_words

from .heading import on_one_line
from .paper import INK, LINE_MM, QUIET, Paper

LABEL_MM = 45


def receipt(hold: Hold, *, reader: Any, community_name: str) -> bytes:
    """A page that says who paid whom how much, when and for what, in the reader's language and units.

    ``hold`` is posted, and ``reader`` one of its two people.
    """
    paper = Paper(_("Receipt"))
    paper.write_in(18, style="B")
    paper.paragraph(_("Receipt"), 9)
    paper.write_in(10, QUIET)
    paper.paragraph(on_one_line(community_name), 5)
    paper.ln(LINE_MM)
    paper.write_in(26, style="B")
    paper.paragraph(in_words(hold.moves_minutes), 12)
    paper.ln(2)
    for label, said in _facts(hold, reader):
        paper.write_in(10, QUIET)
        paper.cell(LABEL_MM, LINE_MM, label)
        paper.write_in(10, INK)
        paper.paragraph(on_one_line(said), LINE_MM)
    return bytes(paper.output())


def _facts(hold: Hold, reader: Any) -> list[tuple[str, str]]:
    facts = [
        (pgettext("person", "From"), _name_of(hold.payer)),
        (pgettext("person", "To"), _name_of(hold.payee)),
        (_("What for"), capfirst(str(Kind(hold.kind).label))),
    ]
    if hold.category:
        facts.append((_("Kind of help"), names_of(categories()).get(hold.category, hold.category)))
    note = getattr(hold, "note", None)
    if note is not None and note.text and hold.actor_id == hold.payer.owner_id:
        facts.append((_("Message"), note.text))
    facts += [
        (pgettext("moment", "Sent"), _moment(hold.created_at)),
        (pgettext("moment", "Arrived"), _moment(hold.resolved_at)),
        (_("Number"), hold.public_id),
    ]
    return facts


def _name_of(account: Account) -> str:
    if account.kind == Account.Kind.FUND:
        return _("Community fund")
    return str(account.owner)


def _moment(at: Any) -> str:
    return formats.date_format(timezone.localtime(at), "DATETIME_FORMAT")
