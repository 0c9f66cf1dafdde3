"""A statement for programs that keep books in plain text: hledger and Beancount.

Both add up by themselves: each movement leads from an account to another, in whole minutes (MIN). Where
what was chosen leaves lines out, one movement from "not shown" says by how much, so that after every line
the balance is the statement's own; hledger is told it each time, Beancount at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.queries import Line

from .heading import Heading, on_one_line, what_for, with_whom

UNIT = "MIN"
OURS = ("assets", "timebank")
OPENING, NOT_SHOWN = ("equity", "opening"), ("equity", "not-shown")
Path = tuple[str, ...]  # an account's name, from the top down


@dataclass(frozen=True, slots=True)
class Movement:
    """Minutes to our account (+) or from it (−), and where they came from or went."""

    on: date
    amount_minutes: int
    balance_after_minutes: int
    other_end: Path
    who: str
    what: str
    number: str = ""


def _movements(lines: Iterable[Line]) -> Iterator[Movement]:
    balance_minutes, day = None, date.min
    for line in lines:
        # In the order of the statement, also where a clock was once set back: both programs sort by day.
        day = max(day, timezone.localtime(line.posted_at).date())
        before_minutes = line.balance_after_minutes - line.amount_minutes
        if left_out := before_minutes - (balance_minutes or 0):
            end, words = (OPENING, _("Balance before")) if balance_minutes is None else (NOT_SHOWN, _("Not shown here"))
            yield Movement(day, left_out, before_minutes, end, "", words)
        balance_minutes = line.balance_after_minutes
        who, what = on_one_line(with_whom(line)), what_for(line)
        yield Movement(day, line.amount_minutes, balance_minutes, _other_end(line), who, what, line.public_id)


def _other_end(line: Line) -> Path:
    side = "income" if line.amount_minutes > 0 else "expenses"
    parts = (side, line.kind, line.category)
    return tuple(part.replace("_", "-") for part in parts if part)


def hledger(heading: Heading, lines: Iterable[Line]) -> Iterator[str]:
    """A journal that hledger reads, also in its strict mode, with the balance asserted after each line."""
    yield from _comments([heading.title, *_top(heading)])
    yield f"\ncommodity 1000. {UNIT}\n\n"
    used: set[Path] = {OURS}
    for moved in _movements(lines):
        used.add(moved.other_end)
        number = f"({moved.number}) " if moved.number else ""
        words = " | ".join(_in_hledger(part) for part in (moved.who, moved.what) if part)
        yield (
            f"{moved.on} * {number}{words}\n"
            f"    {':'.join(OURS)}  {moved.amount_minutes} {UNIT} = {moved.balance_after_minutes} {UNIT}\n"
            f"    {':'.join(moved.other_end)}  {-moved.amount_minutes} {UNIT}\n\n"
        )
    yield from (f"account {':'.join(path)}\n" for path in sorted(used))


def _top(heading: Heading) -> list[str]:
    return [*heading.below, *heading.balances, heading.of_which_balances, _("Amounts are minutes.")]


def _comments(texts: Iterable[str]) -> Iterator[str]:
    return (f"; {on_one_line(text)}\n" for text in texts if text)


def _in_hledger(text: str) -> str:
    """``text`` without what begins a comment there, or parts who from what for."""
    return text.replace(";", ",").replace("|", "/")


def beancount(heading: Heading, lines: Iterable[Line]) -> Iterator[str]:
    """A ledger that Beancount reads, with the balance asserted on the day after the last line."""
    for option, value in (("title", heading.title), ("operating_currency", UNIT)):
        yield f"option {_quoted(option)} {_quoted(value)}\n"
    yield from _comments(_top(heading))
    yield "\n"
    used: set[Path] = {OURS}
    first, last = None, None
    for moved in _movements(lines):
        used.add(moved.other_end)
        first, last = first or moved, moved
        number = f"  number: {_quoted(moved.number)}\n" if moved.number else ""
        yield (
            f"{moved.on} * {_quoted(moved.who)} {_quoted(moved.what)}\n{number}"
            f"  {_account(OURS)}  {moved.amount_minutes} {UNIT}\n"
            f"  {_account(moved.other_end)}  {-moved.amount_minutes} {UNIT}\n\n"
        )
    if first and last:
        day_after = last.on + timedelta(days=1)
        yield f"{day_after} balance {_account(OURS)}  {last.balance_after_minutes} {UNIT}\n\n"
        yield from (f"{first.on} open {_account(path)} {UNIT}\n" for path in sorted(used))


def _account(path: Path) -> str:
    """Each part begins with a capital or a digit there."""
    capital = (part.capitalize() for part in path)
    return ":".join(part if part[0].isupper() or part[0].isdecimal() else f"X{part}" for part in capital)


def _quoted(text: str) -> str:
    escaped = on_one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
