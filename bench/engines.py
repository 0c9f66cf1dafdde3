"""Each engine measured in a process of its own, on a database of its own that is gone afterwards."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

ENGINES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def on_each_engine(module: str, *arguments: str) -> None:
    """Run ``module`` with the name of each engine that answers, and ``arguments``: settings are read once."""
    for engine, name in ENGINES.items():
        with tempfile.TemporaryDirectory(prefix="timebank-bench-") as var, a_database(engine) as url:
            if url is None:
                print(f"{name}: none answers at TEST_POSTGRESQL_URL; not measured.")
                continue
            environment = {**os.environ, "VAR_DIR": var, "DATABASE_URL": url, "BROKER_URL": "", "LOG_LEVEL": "ERROR"}
            subprocess.run([sys.executable, "-m", module, engine, *arguments], check=True, env=environment)


@contextmanager
def a_database(engine: str, whose: str = "ours") -> Iterator[str | None]:
    """The address of an empty database: "" for the one in var/, None where no server answers."""
    import psycopg

    from tests.needs import POSTGRESQL_URL

    if engine == "sqlite":
        yield ""
        return
    name = f"timebank_bench_{os.getpid()}_{whose}"
    try:
        server = psycopg.connect(POSTGRESQL_URL, autocommit=True, connect_timeout=2)
    except psycopg.Error:
        yield None
        return
    with server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{POSTGRESQL_URL.rsplit('/', 1)[0]}/{name}"
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def begin() -> str:
    """Start Django, make the tables and collect what pages need; the engine with its version."""
    start_django()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    return f"{ENGINES[connection.vendor]} {'.'.join(map(str, connection.get_database_version()))}"


def start_django() -> None:
    """Start Django on a database that is there already."""
    import timebank.sqlite  # noqa: F401  before Django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "timebank.settings")
    import django

    django.setup()


def rate(count: int, work: Callable[[], object]) -> float:
    """``count`` by the seconds that ``work`` takes."""
    begun = time.perf_counter()
    work()
    return count / (time.perf_counter() - begun)


def ratio(ours: Sequence[float], others: Sequence[float]) -> float:
    """The median of the turns' ratios."""
    return statistics.median(one / other for one, other in zip(ours, others, strict=True))


def within(seconds: Sequence[float]) -> dict[str, Any]:
    """In milliseconds: what half took at most, what 99 % took, and the longest."""
    in_order = sorted(seconds)
    at = {"half": 0.5, "most": 0.99, "longest": 1.0}
    return {name: in_order[min(int(len(in_order) * part), len(in_order) - 1)] * 1000 for name, part in at.items()}
