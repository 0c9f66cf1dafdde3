"""Several workers share the tests: what belongs together stays with one of them, what waits longest begins first."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling

# Files whose tests use one server, one town or one browser after the other, so that one worker keeps them.
TOGETHER = {
    "tests/stories/test_an_hour_goes_over.py": "the stories",
    "tests/stories/test_writing_an_amount.py": "the stories",
    "tests/stories/test_choosing_a_neighbour.py": "the stories",
}
FULL_MODE = "full mode"  # one RabbitMQ and one PostgreSQL database, wronged by one test at a time
# What waits or works longest; begun late, the other workers would stand idle until it ends.
FIRST = (FULL_MODE, "embedded", "tests/stories/test_every_page.py", "the stories", "tests/admin/", "tests/demo/",
         "tests/ledger/test_races.py", "tests/notifications/")  # fmt: skip


def belongs_to(nodeid: str) -> str:
    """The name of what one worker does as a whole: a file, unless a larger or a smaller part is named here."""
    path = nodeid.split("::", 1)[0]
    if path.startswith("tests/faults/"):
        return FULL_MODE if "[full" in nodeid or path.endswith("test_broker.py") else "embedded"
    return TOGETHER.get(path, path)


def _turn(nodeid: str) -> int:
    whole = belongs_to(nodeid)
    return next((turn for turn, start in enumerate(FIRST) if whole.startswith(start)), len(FIRST))


def longest_first(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    return sorted(items, key=lambda item: _turn(item.nodeid))


class Crew(LoadScopeScheduling):
    """Hands out whole parts, in the order in which the tests were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return belongs_to(nodeid)
