"""Ground under every test: sound books after each, a temporary var/, and what is needed but absent."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase
from pytest_django import DjangoDbBlocker

from . import ready
from .crew import Crew, longest_first
from .live import Server
from .needs import NEEDS, SEED, chromium, is_here

IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}

pytest_plugins = ["tests.browser"]


def pytest_configure(config: pytest.Config) -> None:
    for marker in (
        "race: runs many rounds at once (see tests/rounds.py)",
        "fault: kills, freezes or locks something on purpose",
        "browser: drives a real Chromium",
        "broken_books: breaks the books on purpose, so they are not checked after it",
        "sqlite_only: tells of the embedded default, so it is not run again on PostgreSQL",
        "once(why): a story of the API that is not told again with every POST sent twice (see tests/api/twice.py)",
        "needs(*names): skipped, or failed in CI, where one of them is absent (see tests/needs.py)",
    ):
        config.addinivalue_line("markers", marker)
    if not hasattr(config, "workerinput"):
        ready.make_room()
    if _has_var_of_its_own() and config.getoption("numprocesses", None):
        # Each worker makes one of its own, instead of all of them writing into this one.
        shutil.rmtree(settings.VAR_DIR, ignore_errors=True)
        del os.environ["VAR_DIR"]


def _has_var_of_its_own() -> bool:
    """Whether the settings made a var/ for this process, because nobody named one."""
    made_here = settings.VAR_DIR.parent == Path(tempfile.gettempdir()).resolve()
    return made_here and settings.VAR_DIR.name.startswith("timebank-test-")


def pytest_report_header() -> str:
    return f"seed: {SEED} (calls that are made up; another with SEED=…)"


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: much of the time a test waits for something."""
    return min((os.cpu_count() or 1) + 1, 6)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Crew:
    return Crew(config, log)  # type: ignore[arg-type]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items[:] = longest_first(items)
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.needs("chromium"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    names = {name for marker in item.iter_markers("needs") for name in marker.args}
    for name in sorted(names, key=lambda name: (name != "full", name)):
        if not is_here(name):
            # Full mode is asked for; it is no service that CI could lack.
            say = pytest.fail if IN_CI and name != "full" else pytest.skip
            say(f"needs {name}. To run it: {NEEDS[name].how}")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the var/ that the settings made for this run, and what was made ready for it."""
    if not hasattr(config, "workerinput"):
        ready.clear_away()
    if _has_var_of_its_own():
        shutil.rmtree(settings.VAR_DIR, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request: pytest.FixtureRequest) -> Iterator[None]:
    """Of several workers on SQLite only one takes the migrations; the others begin with a copy of what came of them."""
    with pytest.MonkeyPatch.context() as patch:
        if connection.vendor == "sqlite" and hasattr(request.config, "workerinput"):
            make = connection.creation._create_test_db

            def make_from_a_copy(*args: Any, **options: Any) -> str:
                name: str = make(*args, **options)
                ready.copy_ready_database(Path(name))
                return name

            patch.setattr(connection.creation, "_create_test_db", make_from_a_copy)
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """pytest-django's own; before it drops the test database, threads that live on are disconnected from it."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


@pytest.fixture(scope="session", autouse=True)
def flush_past_the_triggers() -> Iterator[None]:
    """Between tests that commit, tables are emptied; for that alone the ledger's triggers step aside."""
    from ledger import triggers

    flush = TransactionTestCase._fixture_teardown

    def flush_with_triggers_aside(case: TransactionTestCase) -> None:
        with triggers.suspended():
            flush(case)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", flush_with_triggers_aside)
        yield


@pytest.fixture(autouse=True)
def books_are_sound(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every story that used the ledger ends with sound books."""
    if not _uses_the_database(request):
        yield
        return
    request.getfixturevalue("db")  # so that we look before it is rolled back or flushed
    yield
    from ledger import check
    from ledger.models import Account
    from marketplace.queries import ended_with_hours_held

    broken = connection.in_atomic_block and connection.needs_rollback
    if broken or request.node.get_closest_marker("broken_books"):
        return
    if Account.objects.exists():
        assert list(check.faults()) == []
        assert ended_with_hours_held() == []


def _uses_the_database(request: pytest.FixtureRequest) -> bool:
    return bool(request.node.get_closest_marker("django_db")) or not {"db", "transactional_db"}.isdisjoint(
        request.fixturenames
    )


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> None:
    """The cache, and with it the rate limits, starts empty."""
    from django.core.cache import cache

    cache.clear()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The real thing: `manage.py serve` with its own var/ and port, embedded, on SQLite."""
    with Server() as running:
        yield running


@pytest.fixture(scope="session")
def chromium_path() -> str:
    path = chromium()
    assert path, "mark the test with pytest.mark.browser"
    return path
