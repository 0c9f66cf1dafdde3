"""What parts of the suite need beyond Python, whether it is here, and how to get it."""

from __future__ import annotations

import functools
import os
import shutil
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

# Where the servers answer, unless the environment says otherwise. Tests make their own names in them.
RABBITMQ_URL = os.environ.get("TEST_BROKER_URL", "amqp://guest:guest@127.0.0.1:5672/")
REDIS_URL = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/0")
POSTGRESQL_URL = os.environ.get("TEST_POSTGRESQL_URL", "postgres://postgres@127.0.0.1:5432/postgres")

ROOT = Path(__file__).parents[1]
IN_FULL = os.environ.get("FULL") == "1"
SEED = os.environ.get("SEED") or "7"  # what is made up is the same each time, unless somebody asks for something else

# The first one found; the shell draws no window, and works less.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Need:
    """Something a test cannot do without. ``how`` completes "To run it: …"."""

    name: str
    is_here: Callable[[], bool]
    how: str


def chromium() -> str | None:
    """The path of the browser: CHROMIUM, or the first one found."""
    asked = os.environ.get("CHROMIUM")
    return asked or next(filter(None, map(shutil.which, BROWSERS)), None)


def _answers(url: str) -> Callable[[], bool]:
    address = urlsplit(url)

    def is_here() -> bool:
        try:
            with socket.create_connection((address.hostname or "127.0.0.1", address.port or 0), timeout=1):
                return True
        except OSError:
            return False

    return is_here


def _postgresql_lets_us_in() -> bool:
    import psycopg

    try:
        with psycopg.connect(POSTGRESQL_URL, connect_timeout=2):
            return True
    except psycopg.Error:
        return False


def _rabbitmq_can_be_started() -> bool:
    from tests.faults.broker import script

    return script() is not None


NEEDS = {
    need.name: need
    for need in (
        Need(
            "chromium",
            lambda: chromium() is not None,
            "apt-get install chromium-headless-shell, or chromium; or set CHROMIUM to its path",
        ),
        Need("rabbitmq", _answers(RABBITMQ_URL), "start RabbitMQ, or set TEST_BROKER_URL"),
        Need("rabbitmqctl", lambda: shutil.which("rabbitmqctl") is not None, "apt-get install rabbitmq-server"),
        Need(
            "rabbitmq-server",
            _rabbitmq_can_be_started,
            "apt-get install rabbitmq-server; the tests start one of their own",
        ),
        Need("gettext", lambda: shutil.which("xgettext") is not None, "apt-get install gettext"),
        Need("hledger", lambda: shutil.which("hledger") is not None, "apt-get install hledger"),
        Need("django-hordak", (ROOT / ".venv-bench" / ".ok").exists, "make .venv-bench/.ok"),
        Need("full", lambda: IN_FULL, "make test FULL=1"),
        Need("redis", _answers(REDIS_URL), "start Redis, or set TEST_REDIS_URL"),
        Need(
            "redis-server",
            lambda: shutil.which("redis-server") is not None,
            "apt-get install redis-server; the tests start one of their own",
        ),
        Need(
            "postgresql",
            _postgresql_lets_us_in,
            "start PostgreSQL, and set TEST_POSTGRESQL_URL to a role that may create databases",
        ),
    )
}


def thorough(*values: Any) -> Any:
    """Values of `parametrize` that repeat a proof at another width, step or engine: with them only in full mode."""
    import pytest

    return pytest.param(*values, marks=pytest.mark.needs("full"))


@functools.cache
def is_here(name: str) -> bool:
    return NEEDS[name].is_here()


if __name__ == "__main__":  # python -m tests.needs postgresql: its address, or how to get one
    if not is_here(sys.argv[1]):
        sys.exit(f"No {sys.argv[1]} answers. To run this part: {NEEDS[sys.argv[1]].how}")
    print({"postgresql": POSTGRESQL_URL, "rabbitmq": RABBITMQ_URL, "redis": REDIS_URL}[sys.argv[1]])  # noqa: T201
