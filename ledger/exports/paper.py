"""A statement on paper."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.utils import formats, timezone
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from fpdf import FPDF, XPos, YPos

from ledger.queries import Line
from timebank.durations import in_words

from .heading import Heading, on_one_line, what_for, with_whom

FONT, REST_OF_FONT = "Atkinson", "AtkinsonRest"  # two files share the letters; the second has the rarer ones
COLUMNS_MM = (24, 86, 30, 30)  # of the 170 between the margins of A4
LINE_MM, MARGIN_MM = 6, 20
INK, QUIET, RULE = (20, 41, 42), (71, 93, 88), (210, 219, 210)


class Paper(FPDF):
    """A4 with our font and numbered pages."""

    def __init__(self, title: str) -> None:
        super().__init__(format="A4")
        self.set_margin(MARGIN_MM)
        self.set_auto_page_break(True, MARGIN_MM)
        for style, weight in (("", 400), ("B", 700)):
            self.add_font(FONT, style, _font("latin", weight))
            self.add_font(REST_OF_FONT, style, _font("latin-ext", weight))
        self.set_fallback_fonts([REST_OF_FONT], exact_match=False)
        self.set_title(title)
        self.set_lang(get_language() or "en")
        self.title_in_foot = title
        self.heads: tuple[str, str, str, str] | None = None  # of the table that goes on at the top of the next page
        self._widths_mm: dict[tuple[str, Any, str], Any] = {}  # a page is measured with fractions, minutes never are
        self.add_page()

    def header(self) -> None:
        if self.heads is not None:
            self.write_heads(self.heads)

    def footer(self) -> None:
        self.set_y(-MARGIN_MM + 5)
        self.write_in(8, QUIET)
        words = _("%(title)s, page %(page)s of %(pages)s")
        self.cell(0, 5, words % {"title": self.title_in_foot, "page": self.page_no(), "pages": "{nb}"}, align="C")

    def write_in(self, size: int, colour: tuple[int, int, int] = INK, style: str = "") -> None:
        self.set_font(FONT, style, size)
        self.set_text_color(*colour)

    def paragraph(self, text: str, height_mm: int) -> None:
        self.multi_cell(0, height_mm, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def row(self, day: str, what: str, amount: str, balance: str) -> None:
        """One line of the table, on one line of the page: what is too long ends in an ellipsis."""
        texts = (day, self._fitted(what, COLUMNS_MM[1]), amount, balance)
        for text, width_mm, align in zip(texts, COLUMNS_MM, "LLRR", strict=True):
            self.cell(width_mm, LINE_MM, text, align=align)
        self.ln(LINE_MM)

    def write_heads(self, heads: tuple[str, str, str, str]) -> None:
        """What the columns are called."""
        self.write_in(9, QUIET, "B")
        self.row(*heads)
        self.rule()

    def rule(self) -> None:
        self.set_draw_color(*RULE)
        self.line(self.l_margin, self.y, self.w - self.r_margin, self.y)

    def _fitted(self, text: str, width_mm: int) -> str:
        left_mm = width_mm - 2 * self.c_margin - self._width_of("…")
        for place, letter in enumerate(text):
            left_mm -= self._width_of(letter)
            if left_mm < 0:
                return f"{text[:place].rstrip()}…"
        return text

    def _width_of(self, letter: str) -> Any:
        """Measured once, for it takes long; no letter is wider beside another."""
        known = self.font_style, self.font_size_pt, letter
        if known not in self._widths_mm:
            self._widths_mm[known] = self.get_string_width(letter)
        return self._widths_mm[known]


def pdf(heading: Heading, lines: Iterable[Line]) -> Iterator[bytes]:
    """The lines by month, with what each month came to."""
    paper = Paper(heading.title)
    paper.write_in(18, style="B")
    paper.paragraph(heading.title, 9)
    paper.write_in(10, QUIET)
    for text in heading.below:
        paper.paragraph(on_one_line(text), 5)
    paper.ln(2)
    paper.write_in(10, style="B")
    for text in heading.balances:
        paper.paragraph(text, 5)
    paper.write_in(10, QUIET)
    if heading.of_which_balances:
        paper.paragraph(heading.of_which_balances, 5)
    is_empty = True
    for _month, group in groupby(lines, key=lambda line: line.month):
        is_empty = False
        _write_month(paper, list(group))
    if is_empty:
        paper.ln(LINE_MM)
        paper.paragraph(_("No line of your statement fits all that you chose."), LINE_MM)
    yield bytes(paper.output())


def _write_month(paper: Paper, lines: list[Line]) -> None:
    in_minutes = sum(line.amount_minutes for line in lines if line.amount_minutes > 0)
    out_minutes = sum(-line.amount_minutes for line in lines if line.amount_minutes < 0)
    if paper.will_page_break(5 * LINE_MM):  # no heading is left alone at the foot of a page
        paper.add_page()
    paper.ln(LINE_MM)
    paper.write_in(12, style="B")
    paper.paragraph(capfirst(formats.date_format(timezone.localtime(lines[0].posted_at), "YEAR_MONTH_FORMAT")), 7)
    paper.write_in(9, QUIET)
    sums = {"in": in_words(in_minutes), "out": in_words(out_minutes)}
    paper.paragraph(_("In %(in)s, out %(out)s") % sums, 5)
    heads = _("Date"), _("What for, with whom"), _("In or out"), _("Balance")
    paper.write_heads(heads)
    paper.write_in(9)
    paper.heads = heads
    for line in lines:
        amount = ("+" if line.amount_minutes > 0 else "") + in_words(line.amount_minutes)
        day = formats.date_format(timezone.localtime(line.posted_at), "SHORT_DATE_FORMAT")
        what = f"{what_for(line)} · {on_one_line(with_whom(line))}"
        paper.row(day, what, amount, in_words(line.balance_after_minutes))
    paper.heads = None


def _font(letters: str, weight: int) -> Path:
    name = f"vendor/atkinson-hyperlegible-next-static/atkinson-hyperlegible-next-{letters}-{weight}-normal.woff"
    found = finders.find(name)
    assert isinstance(found, str), f"{name} belongs to the source"
    return Path(found)
