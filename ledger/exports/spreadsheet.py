"""A statement for a spreadsheet."""

from __future__ import annotations

import csv as csv_files
from collections.abc import Iterable, Iterator

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from ledger.queries import Line

from .heading import Heading, kind_of, with_whom

BYTE_ORDER_MARK = "\ufeff"  # without it some spreadsheets misread accents
BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def csv(heading: Heading, lines: Iterable[Line]) -> Iterator[str]:
    """Minutes are plain numbers; words that a spreadsheet would take for a formula begin with an apostrophe."""
    # Translators: what stands between columns in a spreadsheet file; ";" where numbers have a decimal comma.
    row = csv_files.writer(_Echo(), delimiter=pgettext("between columns", ",")).writerow
    titles = (
        _("Line"), _("Date"), _("Time"), _("Minutes"), _("Balance (minutes)"), pgettext("person", "With"),
        pgettext("of a movement", "Kind"), _("Category"), _("Message"), _("Number"),
    )  # fmt: skip
    yield BYTE_ORDER_MARK + row(titles)
    for line in lines:
        at = timezone.localtime(line.posted_at)
        numbers = (line.seq, f"{at:%Y-%m-%d}", f"{at:%H:%M}", line.amount_minutes, line.balance_after_minutes)
        words = (with_whom(line), kind_of(line), line.category_name, line.note, line.public_id)
        yield row([*numbers, *map(_as_words, words)])


def _as_words(text: str) -> str:
    return f"'{text}" if text.startswith(BEGINS_A_FORMULA) else text
