"""The receipt of one payment, on paper."""

from __future__ import annotations

from typing import Any

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from ledger.models import Account, Hold, Kind, Transfer
from ledger.queries import cause_of
from ledger.statements import category_name
from timebank.durations import in_words
from timebank.movements import what_for

from .heading import on_one_line
from .paper import INK, LINE_MM, QUIET, Paper

LABEL_MM = 45


def receipt(hold: Hold, *, community_name: str) -> bytes:
    """A page that says who paid whom how much, when and for what, in the language and units that are spoken.

    ``hold`` is posted.
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
    for label, said in facts_of(hold):
        paper.write_in(10, QUIET)
        paper.cell(LABEL_MM, LINE_MM, label)
        paper.write_in(10, INK)
        paper.paragraph(said, LINE_MM)
    return bytes(paper.output())


def facts_of(hold: Hold) -> list[tuple[str, str]]:
    """What the payment's page says of it, each with its label."""
    cause = cause_of(hold)
    is_sent = hold.is_by_payer
    facts = [
        (pgettext("person", "From"), _name_of(hold.payer)),
        (pgettext("person", "To"), _name_of(hold.payee)),
        (_("What for"), what_for(hold.kind, is_by_payer=is_sent)),
        (_("Kind of help"), category_name(hold.category)),
        (_("Exchange"), on_one_line(cause.title) if cause else ""),
        (_("Message"), _words_of(hold) if is_sent else ""),
        (_("Sent") if is_sent else _("Set aside"), _moment(hold.created_at)),
        (pgettext("moment", "Arrived"), _moment(hold.resolved_at)),
        (_("Reason"), _words_of(hold) if not is_sent and hold.kind not in {Kind.HELP, Kind.REFUND} else ""),
        *_undoing(hold),
        (_("Paid by code"), hold.payment_request.txid if hasattr(hold, "payment_request") else ""),
        (_("Number"), hold.public_id),
    ]
    return [(label, said) for label, said in facts if said]


def _undoing(hold: Hold) -> list[tuple[str, str]]:
    undone, undoes = pgettext("payment", "Undone by"), pgettext("payment", "Undoes")
    back = hold.transfer.reversals.order_by("pk")
    facts = [(undone, _("%(amount)s back on %(day)s") % _day_of(one)) for one in back]
    if first := hold.reverses:
        facts.append((undoes, _("the payment of %(amount)s of %(day)s") % _day_of(first)))
    return facts


def _day_of(transfer: Transfer) -> dict[str, str]:
    day = formats.date_format(timezone.localtime(transfer.posted_at), "SHORT_DATE_FORMAT")
    return {"amount": in_words(transfer.amount_minutes), "day": day}


def _words_of(hold: Hold) -> str:
    """What was written with it, its lines as they were written."""
    note = getattr(hold, "note", None)
    return "\n".join(on_one_line(line) for line in note.text.splitlines()) if note is not None else ""


def _name_of(account: Account) -> str:
    if account.kind == Account.Kind.FUND:
        return _("Community fund")
    return on_one_line(str(account.owner))


def _moment(at: Any) -> str:
    return formats.date_format(timezone.localtime(at), "DATETIME_FORMAT")
