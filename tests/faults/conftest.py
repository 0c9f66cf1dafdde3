"""Towns to break: a base to copy them from, and the servers of full mode."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.needs import POSTGRESQL_URL, REDIS_URL
from timebank.jobs.registry import QUEUES

from .broker import Broker
from .town import Town


@pytest.fixture
def lone_town() -> Iterator[Town]:
    """An embedded town for one test alone."""
    with Town() as town:
        yield town


@pytest.fixture(scope="session")
def quiet_embedded_town() -> Iterator[Town]:
    with Town() as town:
        yield town


@pytest.fixture
def embedded_town(quiet_embedded_town: Town) -> Iterator[Town]:
    """The one process on SQLite, not started yet."""
    yield quiet_embedded_town
    quiet_embedded_town.kill()


@pytest.fixture(scope="session")
def running_broker() -> Iterator[Broker]:
    broker = Broker()
    try:
        broker.start()
        yield broker
    finally:
        broker.close()


@pytest.fixture
def broker(running_broker: Broker) -> Iterator[Broker]:
    """The broker, put right again after a test that wronged it, with nothing left in its queues."""
    yield running_broker
    running_broker.put_right()
    for queue in QUEUES:
        running_broker.delete(queue)
        running_broker.delete(f"{queue}.dead")


@pytest.fixture(scope="session")
def quiet_full_town(running_broker: Broker) -> Iterator[Town]:
    name = f"timebank_fault_{os.getpid()}"
    _on_the_server(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    database = POSTGRESQL_URL.rsplit("/", 1)[0] + "/" + name
    try:
        url = {"DATABASE_URL": database, "BROKER_URL": running_broker.url, "REDIS_URL": REDIS_URL}
        with Town(url=url, broker=running_broker) as town:
            town.manage("migrate", "--noinput", "-v0")
            yield town
    finally:
        _on_the_server(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _on_the_server(command: sql.Composable) -> None:
    with psycopg.connect(POSTGRESQL_URL, autocommit=True) as connection:
        connection.execute(command)


@pytest.fixture
def full_town(quiet_full_town: Town, broker: Broker) -> Iterator[Town]:
    """Full mode on RabbitMQ, PostgreSQL and Redis; its parts are not started yet."""
    yield quiet_full_town
    quiet_full_town.kill()


FULL_MODE = pytest.mark.needs("full", "rabbitmq-server", "postgresql", "redis")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("fault")
            item.add_marker("sqlite_only")  # each brings its own engine: nothing to repeat on another
            if "full_town" in getattr(item, "fixturenames", ()):
                item.add_marker(FULL_MODE)


@pytest.fixture(params=["embedded", pytest.param("full", marks=FULL_MODE)])
def town(request: pytest.FixtureRequest) -> Town:
    """Either kind of town; what holds in one must hold in the other."""
    make: Callable[[str], Town] = request.getfixturevalue
    return make(f"{request.param}_town")
