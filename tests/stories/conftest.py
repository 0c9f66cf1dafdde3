from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext

from tests.live import Server

from .people import Meet, Person


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One for each file of stories: only so many people may sign up at one site within an hour."""
    with Server() as running:
        yield running


@pytest.fixture
def meet(server: Server, new_context: Callable[..., BrowserContext]) -> Iterator[Meet]:
    """Meet a person with her own browser. At the end of the story none of them had a complaint."""
    met: list[Person] = []

    def meet(name: str, **context: object) -> Person:
        person = Person(server, new_context(**context), name)
        met.append(person)
        return person

    yield meet
    complaints = [complaint for person in met for complaint in person.complaints]
    assert complaints == []
