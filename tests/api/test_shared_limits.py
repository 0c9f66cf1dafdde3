"""How often something may be done is counted for all processes of a site together.

Two web servers of one site in full mode, with a PostgreSQL database and a Redis of their own; no broker answers, for
nothing here needs one. The calls go to the one and to the other in turn, in the end after their Redis was killed.
"""

from __future__ import annotations

import http.client
import json
import secrets
import socket
import subprocess
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import psycopg
import pytest
from django.core.cache import cache
from psycopg import sql

from tests.factories import make_member
from tests.live import Server, free_port
from tests.needs import POSTGRESQL_URL, thorough

from .programs import Program, problem

CSRF = "c" * 32
MAKE = """
import json
from accounts.operations import make_token
from tests.factories import make_member
tokens = {what: make_token(make_member(), name=what, days=1, may_pay=True)[1] for what in WHAT}
print("made:", json.dumps(tokens))
"""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Site:
    """Two processes of one site, and a token for each kind of call."""

    servers: tuple[Server, Server]
    tokens: dict[str, str]
    redis: subprocess.Popen[bytes]

    def ask(self, which: int, method: str, path: str, body: str, headers: dict[str, str]) -> Answer:
        line = http.client.HTTPConnection("127.0.0.1", self.servers[which].port, timeout=60)
        try:
            line.request(method, path, body or None, headers)
            answer = line.getresponse()
            return Answer(answer.status, {name.lower(): said for name, said in answer.headers.items()}, answer.read())
        finally:
            line.close()

    def call(self, which: int, what: str, method: str, path: str, body: object = None) -> Answer:
        """By the API, with the token for ``what``."""
        headers = {
            "Authorization": f"Bearer {self.tokens[what]}",
            "Content-Type": "application/json",
            "Idempotency-Key": secrets.token_hex(8),
        }
        return self.ask(which, method, f"/api/v1/{path}", "" if body is None else json.dumps(body), headers)

    def submit(self, which: int, path: str, form: dict[str, str]) -> Answer:
        """A form of a page."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": f"csrftoken={CSRF}"}
        return self.ask(which, "POST", path, urllib.parse.urlencode(form | {"csrfmiddlewaretoken": CSRF}), headers)


Turn = Callable[[Site, int], Answer]
WRONG_ONE = {"login": "ana@example.org", "password": "another long password"}
# What is counted, how often it may be done, how it is done, what it is answered before and beyond.
LIMITS: dict[str, tuple[int, Turn, int]] = {
    "calls": (120, lambda site, which: site.call(which, "calls", "GET", "me/"), 200),
    "guesses": (10, lambda site, which: site.call(which, "guesses", "GET", "payment-requests/find/?code=NO-SUCH"), 404),
    "payments": (
        30,
        lambda site, which: site.call(which, "payments", "POST", "transfers/", {"to": "nobody", "amount_minutes": 1}),
        409,
    ),
    "requests": (
        60,
        lambda site, which: site.call(which, "requests", "POST", "payment-requests/", {"asked_of": "nobody"}),
        409,
    ),
    "wrong tokens": (30, lambda site, which: site.ask(which, "GET", "/api/v1/me/", "", {"Authorization": "Bearer x"}), 401),
    "signing in on the page": (5, lambda site, which: site.submit(which, "/account/login/", WRONG_ONE), 200),
    "signing up on the page": (20, lambda site, which: site.submit(which, "/account/signup/", {}), 200),
}  # fmt: skip
# An act of a key's transaction, which is undone; an address; what allauth counts.
IN_SHORT = {"payments", "wrong tokens", "signing in on the page"}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    name = f"timebank_limits_{secrets.token_hex(4)}"
    with psycopg.connect(POSTGRESQL_URL, autocommit=True) as connection, ExitStack() as stack:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        stack.callback(
            connection.execute, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )
        redis, redis_port = start_redis(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.callback(end, redis)
        env = {
            "DATABASE_URL": f"{POSTGRESQL_URL.rsplit('/', 1)[0]}/{name}",
            "REDIS_URL": f"redis://127.0.0.1:{redis_port}/0",
            "BROKER_URL": "amqp://127.0.0.1:1/",
            "SECRET_KEY": "one for both of them, for they are one site",
        }
        servers = Server(ready=False, **env), Server(ready=False, **env)
        for server in servers:
            stack.callback(server.close)
        servers[0].manage("migrate", "--noinput", "-v0", timeout=300)
        made = servers[0].manage("shell", "-v0", "-c", MAKE.replace("WHAT", repr(list(LIMITS))))
        for server in servers:
            stack.enter_context(server)
        yield Site(servers, json.loads(made.rpartition("made: ")[2]), redis)


def start_redis(folder: str) -> tuple[subprocess.Popen[bytes], int]:
    port = free_port()
    redis = subprocess.Popen(
        ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", folder],
        stdout=subprocess.DEVNULL,
    )
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return redis, port
        except OSError:
            time.sleep(0.1)
    end(redis)
    raise AssertionError("redis-server does not answer")


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


@pytest.fixture(scope="module")
def without_redis(site: Site) -> Site:
    """The same two processes, which know nothing yet of the end of their Redis."""
    end(site.redis)
    return site


def expect_one_count(site: Site, what: str) -> None:
    most, do, usual = LIMITS[what]

    assert [do(site, turn % 2).status for turn in range(most)] == [usual] * most
    for which in (0, 1):
        late = do(site, which)
        assert late.status == 429
        assert 0 < int(late.headers["retry-after"]) <= 3600
        if what.endswith("page"):
            assert late.headers["content-type"].startswith("text/html")
        else:
            assert json.loads(late.body)["status"] == 429


@pytest.mark.sqlite_only  # it brings its own engine
@pytest.mark.needs("postgresql", "redis-server")
@pytest.mark.parametrize("what", LIMITS)
def test_what_is_done_at_one_process_counts_at_the_other(site: Site, what: str) -> None:
    assert site.redis.poll() is None
    expect_one_count(site, what)


# --- Redis lost: the database counts, from the beginning --------------------------------------------------


@pytest.mark.sqlite_only
@pytest.mark.needs("postgresql", "redis-server")
@pytest.mark.parametrize("what", [what if what in IN_SHORT else thorough(what) for what in LIMITS])
def test_without_redis_it_counts_at_the_other_too(without_redis: Site, what: str) -> None:
    expect_one_count(without_redis, what)


# --- Embedded there is one process, which counts by itself -----------------------------------------------


@pytest.mark.django_db
def test_embedded_nothing_is_forgotten_however_many_others_are_counted(settings):
    settings.GUESS_RATE_LIMIT = "1/h/user"
    program = Program(make_member())
    assert problem(program.get("payment-requests/find/?code=NO-SUCH")) == (404, "no_such_code")

    for other in range(5000):
        cache.set(f"counted-of-another-{other}", [1.0], 60)

    assert problem(program.get("payment-requests/find/?code=NO-SUCH")) == (429, "too_many_guesses")
