"""Several workers share the tests: what belongs together stays with one of them, what waits longest begins first."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

FULL_MODE = "full mode"  # one RabbitMQ and one PostgreSQL database, wronged by one test at a time
EVERY_PAGE = "tests/stories/test_every_page.py"  # one walk in each language, each with a town of its own
# What waits or works longest; begun late, the other workers would stand idle until it ends.
FIRST = (
    FULL_MODE,
    EVERY_PAGE,
    "tests/stories/test_an_exchange.py",
    "tests/faults/",
    "tests/marketplace/test_races.py",
    "tests/admin/test_case_in_browser.py",
    "tests/test_access.py",
    "tests/marketplace/test_every_cell.py",
    "tests/demo/",
    "tests/ledger/test_races.py",
    "tests/stories/",
    "tests/notifications/",
    "tests/admin/",
    "tests/marketplace/",
    "tests/ledger/",
)


def belongs_to(nodeid: str) -> str:
    """The name of what one worker does as a whole: a file, unless a larger or a smaller part is named here."""
    path = nodeid.split("::", 1)[0]
    if path.startswith("tests/faults/") and ("[full" in nodeid or path.endswith("test_broker.py")):
        return FULL_MODE
    if path.endswith("/test_races.py"):  # each engine has racers of its own, which mostly wait for one another
        return f"{path} on {'postgresql' if '[postgresql' in nodeid else 'sqlite'}"
    if path == EVERY_PAGE:
        return f"{path} in {nodeid.partition('[')[2].rstrip(']')}"
    return path


def _turn(nodeid: str) -> int:
    whole = belongs_to(nodeid)
    return next((turn for turn, start in enumerate(FIRST) if whole.startswith(start)), len(FIRST))


def longest_first(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    return sorted(items, key=lambda item: _turn(item.nodeid))


class Crew(LoadScopeScheduling):
    """Hands out whole parts, in the order in which the tests were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return belongs_to(nodeid)
