"""What accept and post cost beside a bare loop that moves minutes with the same library and durability.

    python -m bench.ledger

The bare loop commits once per transfer: the transfer, its two entries, the two balances. Ours does
all that a payment is (key, hold, floor, triggers, log, events). They run in turns, on one machine
and one kind of database, first SQLite, then PostgreSQL where one answers; what counts is the ratio.
"""

from __future__ import annotations

import itertools
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MEMBERS = 60
TURNS = 5
PAYMENTS = 400  # in each turn
BACKLOG = 2000  # in each turn
AIM_PAYMENT, AIM_BACKLOG = "0.25", "1.00"

BARE_TABLES = """
    CREATE TABLE bare_account (id {key}, balance bigint NOT NULL, held bigint NOT NULL);
    CREATE TABLE bare_hold (id {key}, payer bigint NOT NULL, payee bigint NOT NULL, amount bigint NOT NULL);
    CREATE TABLE bare_transfer (id {key}, payer bigint NOT NULL, payee bigint NOT NULL, amount bigint NOT NULL);
    CREATE TABLE bare_entry (id {key}, account bigint NOT NULL, transfer bigint NOT NULL, amount bigint NOT NULL)
"""


def main() -> None:
    """Measure each engine in a process of its own, for settings are read once."""
    with tempfile.TemporaryDirectory(prefix="timebank-bench-") as var:
        _in_a_process_of_its_own("sqlite", var, "")
    with _database_on_postgresql() as url:
        if url is None:
            print("PostgreSQL: none answers at TEST_POSTGRESQL_URL; not measured.")
        else:
            with tempfile.TemporaryDirectory(prefix="timebank-bench-") as var:
                _in_a_process_of_its_own("postgresql", var, url)


def _in_a_process_of_its_own(engine: str, var: str, url: str) -> None:
    environment = {**os.environ, "VAR_DIR": var, "DATABASE_URL": url, "BROKER_URL": "", "LOG_LEVEL": "ERROR"}
    subprocess.run([sys.executable, "-m", "bench.ledger", engine], check=True, env=environment)


@contextmanager
def _database_on_postgresql() -> Iterator[str | None]:
    """The address of an empty database, dropped afterwards; None where no server answers."""
    import psycopg

    from tests.needs import POSTGRESQL_URL

    name = f"timebank_bench_{os.getpid()}"
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


def measure(engine: str) -> None:
    import timebank.sqlite  # noqa: F401  before Django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "timebank.settings")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    bare = _bare_sqlite() if engine == "sqlite" else _bare_postgresql()
    pay, fill, post_backlog = _ours()
    rates: dict[str, list[float]] = {"bare": [], "bare twice": [], "one by one": [], "under load": [], "backlog": []}
    for turn in range(TURNS + 1):  # the first warms up
        measured = {
            "bare": _rate(PAYMENTS, lambda: bare.once(PAYMENTS)),
            "bare twice": _rate(PAYMENTS, lambda: bare.twice(PAYMENTS)),
            "one by one": _rate(PAYMENTS, lambda: pay(PAYMENTS)),
        }
        accepted = _rate(BACKLOG, lambda: fill(BACKLOG))
        measured["backlog"] = _rate(BACKLOG, post_backlog)
        measured["under load"] = 1 / (1 / accepted + 1 / measured["backlog"])
        if turn:
            for name, rate in measured.items():
                rates[name].append(rate)
    from ledger.check import faults

    if found := faults():
        raise RuntimeError(f"the books are not sound: {found}")
    _print(engine, connection, rates)


def _rate(count: int, work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return count / (time.perf_counter() - begun)


def _print(engine: str, connection: Any, rates: dict[str, list[float]]) -> None:
    def ratio(name: str) -> str:
        return f"{statistics.median(ours / bare for ours, bare in zip(rates[name], rates['bare'], strict=True)):.2f}"

    def per_second(name: str) -> str:
        return f"{statistics.median(rates[name]):,.0f}/s"

    name = "SQLite" if engine == "sqlite" else "PostgreSQL"
    print(f"{name} {'.'.join(map(str, connection.get_database_version()))}, median of {TURNS} turns")
    lines = (
        ("bare", "bare loop, one commit per transfer", ""),
        ("bare twice", "bare loop that sets aside first, two commits", ""),
        ("under load", "accept + post, posts gathering as they do under load", AIM_PAYMENT),
        ("one by one", "accept + post, each waiting for the one before", AIM_PAYMENT),
        ("backlog", f"posting a backlog of {BACKLOG}", AIM_BACKLOG),
    )
    for measured, words, aim in lines:
        aimed = f" (aim ≥ {aim})" if aim else ""
        print(f"  {words:<54}{per_second(measured):>9}  {ratio(measured)}{aimed}")


def _two_of(ids: list[int]) -> tuple[int, int]:
    one, other = random.sample(ids, 2)
    return one, other


class _Bare:
    """A plain loop over four tables: the same engine, library and durability, and none of our rules."""

    def __init__(self, run: Callable[..., Any], begin: str, sign: str) -> None:
        self._run, self._begin, self._sign = run, begin, sign
        self._ids = list(range(1, MEMBERS + 1))

    def once(self, count: int) -> None:
        """One commit per transfer: the transfer, its two entries, the two balances."""
        for _ in range(count):
            payer, payee = _two_of(self._ids)
            self._do(self._begin)
            self._transfer(payer, payee)
            self._do("COMMIT")

    def twice(self, count: int) -> None:
        """The same after a commit of its own that sets the minutes aside, as accept and post do."""
        for _ in range(count):
            payer, payee = _two_of(self._ids)
            self._do(self._begin)
            self._do("INSERT INTO bare_hold (payer, payee, amount) VALUES (?, ?, 5)", payer, payee)
            self._do("UPDATE bare_account SET held = held + 5 WHERE id = ?", payer)
            self._do("COMMIT")
            self._do(self._begin)
            self._do("UPDATE bare_account SET held = held - 5 WHERE id = ?", payer)
            self._transfer(payer, payee)
            self._do("COMMIT")

    def _transfer(self, payer: int, payee: int) -> None:
        written = self._do(
            "INSERT INTO bare_transfer (payer, payee, amount) VALUES (?, ?, 5) RETURNING id", payer, payee
        )
        transfer = written.fetchone()[0]
        self._do("INSERT INTO bare_entry (account, transfer, amount) VALUES (?, ?, -5)", payer, transfer)
        self._do("INSERT INTO bare_entry (account, transfer, amount) VALUES (?, ?, 5)", payee, transfer)
        self._do("UPDATE bare_account SET balance = balance - 5 WHERE id = ?", payer)
        self._do("UPDATE bare_account SET balance = balance + 5 WHERE id = ?", payee)

    def _do(self, statement: str, *values: int) -> Any:
        return self._run(statement.replace("?", self._sign), values)


def _bare_sqlite() -> _Bare:
    import sqlite3

    from django.conf import settings

    bare = sqlite3.connect(Path(settings.VAR_DIR) / "bare.sqlite3", isolation_level=None)
    for pragma in settings.DATABASES["default"]["OPTIONS"]["init_command"].split(";"):
        bare.execute(pragma)
    bare.executescript(BARE_TABLES.format(key="integer PRIMARY KEY"))
    bare.executemany("INSERT INTO bare_account VALUES (?, 1000000, 0)", [(n,) for n in range(1, MEMBERS + 1)])
    return _Bare(bare.execute, "BEGIN IMMEDIATE", "?")


def _bare_postgresql() -> _Bare:
    import psycopg
    from django.conf import settings

    bare = psycopg.connect(settings.DATABASE_URL, autocommit=True)
    for table in BARE_TABLES.format(key="bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY").split(";"):
        bare.execute(table)
    accounts = [(n,) for n in range(1, MEMBERS + 1)]
    bare.cursor().executemany("INSERT INTO bare_account VALUES (%s, 1000000, 0)", accounts)
    return _Bare(bare.execute, "BEGIN", "%s")


def _ours() -> tuple[Callable[[int], None], Callable[[int], None], Callable[[], object]]:
    """To pay so many times and post each at once; to accept so many; to post what waits."""
    from accounts.models import Member
    from accounts.operations import community_fund
    from ledger import operations
    from timebank import clock

    fund = community_fund()
    accounts, owners = {}, {}
    for n in range(MEMBERS):
        member = Member.objects.create_user(
            f"n{n}@example.org", display_name=f"Neighbour {n}", state="active", joined_at=clock.now()
        )
        account = operations.open_account(member)
        operations.pay_at_once(
            payer=fund, payee=account, amount_minutes=1_000_000, kind="grant", key=f"bench:{n}", actor=fund.owner
        )
        accounts[account.pk], owners[account.pk] = account, member
    ids = list(accounts)
    numbers = itertools.count(1)

    def accept() -> None:
        payer, payee = _two_of(ids)
        operations.accept(
            payer=accounts[payer],
            payee=accounts[payee],
            amount_minutes=5,
            kind="help",
            key=f"send:{next(numbers)}",
            actor=owners[payer],
        )

    def pay(count: int) -> None:
        for _ in range(count):
            accept()
            operations.post_all_due()

    def fill(count: int) -> None:
        for _ in range(count):
            accept()

    return pay, fill, operations.post_all_due


if __name__ == "__main__":
    measure(sys.argv[1]) if len(sys.argv) > 1 else main()
