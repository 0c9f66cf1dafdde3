"""The stories of the API once more, with every POST sent twice: they end as they do when each is sent once.

What a story says of the end (balances, rows, what is told) it says here too; and the books are sound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from ledger import check

from . import test_marketplace, test_moving_hours, test_oneself, test_webhooks
from .programs import everything_twice
from .test_moving_hours import ana, bento
from .test_webhooks import listener

pytestmark = pytest.mark.django_db
__all__ = ["ana", "bento", "listener"]  # fixtures of these tests too

# These are about keys or limits themselves, and count their calls.
ABOUT_CALLS = {
    "test_the_same_key_while_the_first_call_is_under_way_has_to_wait",
    "test_calls_are_limited_for_all_tokens_of_hers_together",
    "test_what_is_no_payment_does_not_count_against_her_pace",
    "test_a_draft_needs_a_title_only_and_is_gone_when_closed",
    "test_messages_are_sent_once_and_read_by_the_two",
    "test_a_token_is_shown_once",
    "test_the_same_key_sends_once_and_gets_the_same_answer",
}


@pytest.fixture(autouse=True)
def twice() -> Iterator[None]:
    with everything_twice():
        yield
    assert list(check.faults()) == []


def stories(module: ModuleType) -> dict[str, Callable[..., None]]:
    """Those of ``module`` that post something."""
    return {
        name: test
        for name, test in vars(module).items()
        if name.startswith("test_") and callable(test) and name not in ABOUT_CALLS and "post" in test.__code__.co_names
    }


MODULES = (test_marketplace, test_moving_hours, test_oneself, test_webhooks)
for module in MODULES:
    globals().update(stories(module))


def test_there_are_many() -> None:
    assert sum(len(stories(module)) for module in MODULES) > 25
