"""A statement for programs. Its names do not change with the reader's language."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from django.utils import timezone

from ledger.queries import Line

from .heading import Heading


def as_json(heading: Heading, lines: Iterable[Line]) -> Iterator[str]:
    """One object whose ``lines`` are written as they are read."""
    top = {
        "statement_of": heading.owner_name,
        "community": heading.community_name,
        "made_at": timezone.localtime(heading.made_at).isoformat(timespec="seconds"),
        "chosen": heading.asked,
        "unit": "minutes",
        "opening_balance_minutes": heading.ends.opening_minutes,
        "closing_balance_minutes": heading.ends.closing_minutes,
    }
    yield json.dumps(top, ensure_ascii=False)[:-1] + ', "lines": ['
    between = "\n"
    for line in lines:
        yield between + json.dumps(_fields(line), ensure_ascii=False)
        between = ",\n"
    yield "\n]}\n"


def _fields(line: Line) -> dict[str, object]:
    return {
        "line": line.seq,
        "at": timezone.localtime(line.posted_at).isoformat(),
        "amount_minutes": line.amount_minutes,
        "balance_after_minutes": line.balance_after_minutes,
        "kind": line.kind,
        "category": line.category or None,
        "category_name": line.category_name or None,
        "with": line.other_name,  # null: the community fund
        "message": line.note or None,
        "number": line.public_id,
    }
