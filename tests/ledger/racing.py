"""Processes that race one another on one database, and what they are told."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, Any

import pytest

from tests.needs import POSTGRESQL_URL
from tests.ready import copy_ready_var

ROOT = Path(__file__).parents[2]
PROCESSES = 4
READY_SECONDS, READY_SECONDS_PER_THREAD = 0.02, 0.006  # to hear an order, and to begin a thread with its connection
_number = itertools.count(1)


class Racers:
    """So many processes on one database, which take orders together: those of ``module``."""

    def __init__(
        self, environment: dict[str, str], module: str = "tests.ledger.racer", processes: int = PROCESSES
    ) -> None:
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-m", module],
                cwd=ROOT,
                env={**os.environ, "LOG_LEVEL": "ERROR", "BROKER_URL": "", "REDIS_URL": "", **environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(processes)
        ]

    def one(self, do: str, **arguments: Any) -> Any:
        """What the first of them answers."""
        return self._ask(0, {"do": do, "with": arguments})()[0]

    def all(self, *orders: dict[str, Any], threads: int = 1) -> list[Any]:
        """What every thread of all of them answers, having begun at the same moment; orders go round."""
        at = time.monotonic() + READY_SECONDS + READY_SECONDS_PER_THREAD * threads
        waiting = [
            self._ask(number, {"at": at, "threads": threads, "racer": number, **orders[number % len(orders)]})
            for number in range(len(self._processes))
        ]
        return [answer for wait in waiting for answer in wait()]

    def stop(self) -> None:
        for process in self._processes:
            _pipe(process.stdin).close()
        for process in self._processes:
            process.wait(timeout=60)

    def _ask(self, number: int, order: dict[str, Any]) -> Any:
        process = self._processes[number]
        pipe = _pipe(process.stdin)
        pipe.write(json.dumps(order) + "\n")
        pipe.flush()

        def answer() -> Any:
            line = _pipe(process.stdout).readline()
            assert line, f"the racer {number} ended with {process.wait(timeout=60)}"
            return json.loads(line)

        return answer


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


ENGINES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("full", "postgresql"))]


@contextmanager
def racing(
    engine: str, paths: pytest.TempPathFactory, module: str = "tests.ledger.racer", processes: int = PROCESSES
) -> Iterator[Racers]:
    """So many processes on an empty database of their own."""
    with nullcontext("") if engine == "sqlite" else database_on_postgresql() as url:
        started = Racers({"VAR_DIR": a_var(paths), "DATABASE_URL": url}, module, processes)
        started.one("migrate")
        yield started
        started.stop()


@contextmanager
def database_on_postgresql() -> Iterator[str]:
    import psycopg

    name = f"timebank_races_{os.getpid()}_{next(_number)}"
    with psycopg.connect(POSTGRESQL_URL, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{POSTGRESQL_URL.rsplit('/', 1)[0]}/{name}"
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def a_var(paths: pytest.TempPathFactory) -> str:
    """One that holds an empty database, up to date."""
    var = paths.mktemp("var")
    copy_ready_var(var)
    return str(var)


def order(do: str, **arguments: Any) -> dict[str, Any]:
    return {"do": do, "with": arguments}


def ends_well(racers: Racers, accounts: list[int]) -> dict[str, Any]:
    report: dict[str, Any] = racers.one("report", accounts=accounts)
    assert (report["faults"], report["open"], report["unsealed"], report["held"]) == ([], 0, 0, [0] * len(accounts))
    return report
