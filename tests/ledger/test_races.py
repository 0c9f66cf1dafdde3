"""Many at once, by real processes, on both engines: nobody wins twice and nobody is stuck."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, Any

import pytest

from tests.needs import POSTGRESQL_URL
from tests.ready import copy_ready_var
from tests.rounds import rounds

pytestmark = [pytest.mark.race, pytest.mark.sqlite_only]

ROOT = Path(__file__).parents[2]
PROCESSES, THREADS = 4, 5  # 20 at once


class Racers:
    """So many processes on one database, which take orders together: those of ``module``."""

    def __init__(self, environment: dict[str, str], module: str = "tests.ledger.racer") -> None:
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-m", module],
                cwd=ROOT,
                env={**os.environ, "LOG_LEVEL": "ERROR", "BROKER_URL": "", "REDIS_URL": "", **environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(PROCESSES)
        ]

    def one(self, do: str, **arguments: Any) -> Any:
        """What the first of them answers."""
        return self._ask(0, {"do": do, "with": arguments})()[0]

    def all(self, *orders: dict[str, Any], threads: int = 1) -> list[Any]:
        """What every thread of all of them answers, having begun at the same moment; orders go round."""
        at = time.monotonic() + 0.05
        waiting = [
            self._ask(number, {"at": at, "threads": threads, "racer": number, **orders[number % len(orders)]})
            for number in range(PROCESSES)
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
        return lambda: json.loads(_pipe(process.stdout).readline())


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


@contextmanager
def _database_on_postgresql() -> Iterator[str]:
    import psycopg

    name = f"timebank_races_{os.getpid()}"
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


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("full", "postgresql"))]
)
def racers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Racers]:
    with nullcontext("") if request.param == "sqlite" else _database_on_postgresql() as url:
        started = Racers({"VAR_DIR": a_var(tmp_path_factory), "DATABASE_URL": url})
        started.one("migrate")
        yield started
        started.stop()


def order(do: str, **arguments: Any) -> dict[str, Any]:
    return {"do": do, "with": arguments}


def ends_well(racers: Racers, accounts: list[int]) -> dict[str, Any]:
    report: dict[str, Any] = racers.one("report", accounts=accounts)
    assert (report["faults"], report["open"], report["unsealed"], report["held"]) == ([], 0, 0, [0] * len(accounts))
    return report


def test_of_twenty_who_spend_the_same_last_hour_one_does(racers: Racers) -> None:
    ana, bento = racers.one("prepare", balances=[60, 0])

    for round_ in range(rounds(1000)):
        attempt = order("accept", payer=ana, payee=bento, minutes=60, key=f"send:{round_}:#")
        answers = Counter(
            answer if isinstance(answer, str) else "accepted" for answer in racers.all(attempt, threads=THREADS)
        )
        assert answers == {"accepted": 1, "not_enough_time": 19}
        assert racers.one("report", accounts=[ana, bento])["balances"] == [0, 60]
        ana, bento = bento, ana

    ends_well(racers, [ana, bento])


def test_of_twenty_clicks_on_one_form_one_sends(racers: Racers) -> None:
    ana, bento = racers.one("prepare", balances=[1_000_000, 0])

    for round_ in range(rounds(1000)):
        click = order("accept", payer=ana, payee=bento, minutes=60, key=f"click:{round_}")
        answers = racers.all(click, threads=THREADS)
        assert len(set(answers)) == 1
        assert isinstance(answers[0], int)

    assert ends_well(racers, [ana, bento])["balances"][1] == 60 * rounds(1000)


def test_what_is_posted_and_given_back_at_once_is_one_of_both(racers: Racers) -> None:
    ana, bento = racers.one("prepare", balances=[1_000_000, 0])
    arrived = 0

    for round_ in range(rounds(1000)):
        hold = racers.one("accept", payer=ana, payee=bento, minutes=60, key=f"send:{round_}", due=round_ % 2 == 0)
        answers = set(racers.all(order("post", hold=hold), order("void", hold=hold), threads=2))
        assert answers in ({"posted", "already_posted"}, {"voided", "already_voided"})
        arrived += "posted" in answers

    assert ends_well(racers, [ana, bento])["balances"] == [1_000_000 - 60 * arrived, 60 * arrived]


def test_an_account_closed_while_it_is_paid_is_either(racers: Racers) -> None:
    (ana, *others) = racers.one("prepare", balances=[1_000_000, *[0] * rounds(500)])

    for other in others:
        attempt = order("accept", payer=ana, payee=other, minutes=1, key=f"send:{other}:#")
        answers = Counter(map(str, racers.all(order("close", account=other), attempt)))
        held = PROCESSES - sum(answers[code] for code in ("closed", "account_in_use", "account_closed"))
        if answers["closed"]:
            assert answers == {"closed": 2, "account_closed": 2}
        else:
            assert held >= 1
            assert answers["account_in_use"] == 2
        report = racers.one("report", accounts=[other])
        assert report["faults"] == []
        assert (report["balances"] == [0]) is bool(answers["closed"])


def test_opposite_storms_are_all_posted_and_nobody_is_stuck(racers: Racers) -> None:
    count = rounds(4000)
    ana, bento = racers.one("prepare", balances=[2 * count, 2 * count])
    before = racers.one("report", accounts=[])["posted"]
    begun = time.monotonic()

    answers = racers.all(
        *(
            order("storm", payer=payer, payee=payee, count=count, name=name)
            for name, payer, payee in (
                ("one", ana, bento),
                ("two", bento, ana),
                ("three", ana, bento),
                ("four", bento, ana),
            )
        )
    )

    assert answers == [count] * PROCESSES
    report = ends_well(racers, [ana, bento])
    assert report["balances"] == [2 * count, 2 * count]
    assert report["posted"] == before + PROCESSES * count
    assert time.monotonic() - begun < 60 + count  # no lock was waited for to its end


def test_records_sealed_by_several_at_once_are_numbered_without_a_gap(racers: Racers) -> None:
    ana, bento = racers.one("prepare", balances=[1_000_000, 0])

    for round_ in range(rounds(200)):
        racers.all(
            order("seal"),
            order("storm", payer=ana, payee=bento, count=3, name=f"{round_}.#"),
            threads=2,
        )

    ends_well(racers, [ana, bento])  # the check of the log's numbers among it
