"""docs/exchanges.md says what the program does."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings
from django.utils import translation

from marketplace.models import Exchange
from marketplace.rules import WAYS, Action, Role, present_terms

PAGE = (Path(__file__).parents[2] / "docs/exchanges.md").read_text()


def rows_under(heading: str) -> list[list[str]]:
    """The rows of the first table under ``heading``, without its head."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_table_is_the_one_the_operations_ask() -> None:
    with translation.override("en"):
        ways = [
            [
                *map(str, (state.label, action.label)),
                " or ".join(str(r.label) for r in Role if r in way.roles),
                str(way.to.label),
            ]
            for (state, action), way in WAYS.items()
        ]
    assert rows_under("Who may do what") == ways


def test_every_deadline_is_explained() -> None:
    with translation.override("en"):
        lapses = [
            (str(state.label), str(way.to.label)) for (state, action), way in WAYS.items() if action == Action.LAPSE
        ]
    assert [(state, end) for state, _when, end, _hours in rows_under("Deadlines")] == lapses
    assert len(lapses) == len(Exchange.LIVE)


def test_every_setting_is_there_with_its_value_and_unit() -> None:
    shown = {name.strip("`"): (int(value), unit) for name, value, unit, _meaning in rows_under("Settings")}
    copied = {name.upper() for name in present_terms() if name != "version"}
    assert set(shown) == copied | {"ANSWER_WITHIN_DAYS"}
    assert {name: value for name, (value, _) in shown.items()} == {name: getattr(settings, name) for name in shown}
    assert all(name.endswith(f"_{unit.upper()}") for name, (_, unit) in shown.items())


def test_no_setting_is_spoken_of_that_is_not_there() -> None:
    assert [name for name in set(re.findall(r"`([A-Z_]{5,})`", PAGE)) if not hasattr(settings, name)] == []
