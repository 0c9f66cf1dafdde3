"""Statements as files: a spreadsheet, JSON, paper, and journals for two programs that keep books.

Each writes a heading and lines, oldest first, part by part, in the reader's language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ledger.queries import Line

from .heading import Heading
from .journals import beancount, hledger
from .listing import as_json
from .spreadsheet import csv

__all__ = ["FILES", "File", "Heading"]

MOST_LINES_ON_PAPER = 1000  # a file of this kind is made as a whole, in memory


@dataclass(frozen=True, slots=True)
class File:
    """A kind of file that a statement can be taken along in."""

    content_type: str
    write: Callable[[Heading, Iterable[Line]], Iterator[str | bytes]]
    most_lines: int | None = None  # None: as many as there are, for it is written as it is read


def pdf(heading: Heading, lines: Iterable[Line]) -> Iterator[str | bytes]:
    from .paper import pdf as write  # what it needs takes long to load, and no other page needs it

    return write(heading, lines)


FILES = {
    "pdf": File("application/pdf", pdf, MOST_LINES_ON_PAPER),
    "csv": File("text/csv; charset=utf-8", csv),
    "json": File("application/json", as_json),
    "journal": File("text/plain; charset=utf-8", hledger),
    "beancount": File("text/plain; charset=utf-8", beancount),
}
