"""What keeps a command from starting is said in one sentence: on a database that is not there, or settings that do not fit."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live import BASE_DIR, free_port

NOBODY = "postgres://timebank@127.0.0.1:9/timebank"
ON_QUEUES = {"BROKER_URL": "amqp://127.0.0.1:9/", "REDIS_URL": "redis://127.0.0.1:9/0"}
NO_ANSWER = "The database does not answer: connection failed: "
NOT_UP_TO_DATE = "The database is not up to date: run manage.py migrate first."
MANAGE, RUN_FULL = "manage.py", "deploy/run-full"


def last_words(folder: Path, *command: str, **settings: str) -> list[str]:
    """What it says when it ends; it must not have started."""
    ours = {"VAR_DIR", "PRODUCTION", "DATABASE_URL", "REDIS_URL", "BROKER_URL", "SITE_URL", "HOST", "PORT", "DEMO"}
    clean = {name: value for name, value in os.environ.items() if name not in ours}
    ended = subprocess.run(
        [sys.executable, *command],
        cwd=BASE_DIR,
        env=clean | {"VAR_DIR": str(folder)} | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    return ended.stderr.splitlines()


@pytest.mark.parametrize(
    "command",
    [
        (MANAGE, "migrate", "--noinput"),
        (MANAGE, "demo"),
        (MANAGE, "check_ledger"),
        (MANAGE, "rebuild_ledger", "--verify"),
        (MANAGE, "serve"),
        (MANAGE, "relay"),
    ],
    ids=lambda command: command[1],
)
def test_a_database_that_does_not_answer(tmp_path: Path, command: tuple[str, ...]) -> None:
    (said,) = last_words(tmp_path, *command, DATABASE_URL=NOBODY)
    assert said.startswith(NO_ANSWER)


def test_full_mode_on_a_database_that_does_not_answer(tmp_path: Path) -> None:
    (said,) = last_words(tmp_path, RUN_FULL, DATABASE_URL=NOBODY, **ON_QUEUES)
    assert said.startswith(NO_ANSWER)


def test_a_broker_that_does_not_answer(tmp_path: Path) -> None:
    (said,) = last_words(tmp_path, MANAGE, "declare_queues", DATABASE_URL=NOBODY, **ON_QUEUES)
    assert said.startswith("CommandError: RabbitMQ does not let us in at BROKER_URL: ")


def test_books_that_were_never_made(tmp_path: Path) -> None:
    assert last_words(tmp_path, MANAGE, "check_ledger") == [NOT_UP_TO_DATE]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            ON_QUEUES | {"DATABASE_URL": "sqlite:////tmp/nowhere.sqlite3"},
            "BROKER_URL needs DATABASE_URL to be PostgreSQL, not SQLite.",
        ),
        (
            ON_QUEUES | {"DATABASE_URL": NOBODY, "BROKER_URL": "foo://x"},
            "BROKER_URL must be an amqp:// address, for the queues need RabbitMQ.",
        ),
    ],
    ids=["SQLite", "no broker's address"],
)
def test_full_mode_with_settings_that_do_not_fit(tmp_path: Path, settings: dict[str, str], sentence: str) -> None:
    assert last_words(tmp_path, RUN_FULL, **settings) == [sentence]


def test_who_asks_for_the_trace_gets_it(tmp_path: Path) -> None:
    assert "Traceback (most recent call last):" in last_words(tmp_path, MANAGE, "check_ledger", "--traceback")


@pytest.mark.parametrize("host", ["nowhere.invalid", "192.0.2.1"])
def test_an_address_that_is_not_of_this_machine(tmp_path: Path, host: str) -> None:
    (said,) = last_words(tmp_path, MANAGE, "serve", HOST=host, PORT=str(free_port()))
    assert said.startswith(f"Cannot listen on {host}:")
    assert said.endswith("): HOST must be an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them.")


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as neighbour:
        port = neighbour.getsockname()[1]
        (said,) = last_words(tmp_path, MANAGE, "serve", PORT=str(port))
    assert said == f"Cannot listen on 127.0.0.1:{port} (Address already in use): choose another port with PORT=8001."
