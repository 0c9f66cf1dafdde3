"""Every refusal of a rule stands in docs/refusals.md, with its status."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import timebank.urls  # noqa: F401  whatever can refuse is loaded then
from timebank.errors import Refusal

DOCS = Path(__file__).parents[2] / "docs/refusals.md"
# What only the staff's site, the set-up and the calls for signing in say.
ELSEWHERE = {
    "account_in_use", "called_off_already", "category_in_use", "day_is_past", "email_taken", "limits_disagree",
    "limits_in_force", "more_than_owed", "no_limits_of_its_own", "not_a_coordinator", "not_a_moderator", "not_allowed",
    "own_case", "refused",
}  # fmt: skip
HIDDEN = {"asked_of_another"}  # told as `no_such_code`


def refusals(of: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for kind in of.__subclasses__():
        yield kind
        yield from refusals(kind)


def told() -> dict[str, set[int]]:
    """The statuses that each code stands beside."""
    found: dict[str, set[int]] = {}
    for line in DOCS.read_text().splitlines():
        statuses = {int(number) for number in re.findall(r"\b[45]\d\d\b", line)}
        for code in re.findall(r"`([a-z_]+)`", line):
            found.setdefault(code, set()).update(statuses)
    return found


def test_each_is_told_with_its_status():
    docs = told()
    ours = {(kind.code, kind.status) for kind in refusals() if kind.__module__.partition(".")[0] != "tests"}

    silent = [(code, status) for code, status in ours if status not in docs.get(code, ())]
    assert {code for code, _status in silent} == ELSEWHERE | HIDDEN
