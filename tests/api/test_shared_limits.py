"""How often something may be done is counted for all processes of a site together.

Two web servers of one site in full mode, with a PostgreSQL database of their own and the Redis that is here; no broker
answers, for nothing here needs one. The calls go to the one and to the other in turn.
"""

from __future__ import annotations

import http.client
import json
import secrets
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import psycopg
import pytest
from django.core.cache import cache
from psycopg import sql

from tests.factories import make_member
from tests.live import Server
from tests.needs import POSTGRESQL_URL, REDIS_URL

from .programs import Program, problem

CSRF = "c" * 32
# Numbered from anywhere, so that this Redis knows none of them from an earlier time.
MAKE = """
import json, secrets
from django.db import connection
from accounts.operations import make_token
from tests.factories import make_member
with connection.cursor() as cursor:
    cursor.execute(
        "SELECT setval(pg_get_serial_sequence('accounts_member', 'id'), %s)", [10**6 + secrets.randbelow(10**12)]
    )
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
    # Whoever signs in comes from an address of her own, for it is counted too.
    address: str

    def ask(self, which: int, method: str, path: str, body: str, headers: dict[str, str]) -> Answer:
        line = http.client.HTTPConnection(
            "127.0.0.1", self.servers[which].port, timeout=60, source_address=(self.address, 0)
        )
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


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    name = f"timebank_limits_{secrets.token_hex(4)}"
    with psycopg.connect(POSTGRESQL_URL, autocommit=True) as connection, ExitStack() as stack:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        stack.callback(
            connection.execute, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )
        env = {
            "DATABASE_URL": f"{POSTGRESQL_URL.rsplit('/', 1)[0]}/{name}",
            "REDIS_URL": REDIS_URL,
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
        address = f"127.{1 + secrets.randbelow(250)}.{secrets.randbelow(250)}.{2 + secrets.randbelow(250)}"
        yield Site(servers, json.loads(made.rpartition("made: ")[2]), address)


@pytest.mark.sqlite_only  # it brings its own engine
@pytest.mark.needs("postgresql", "redis")
@pytest.mark.parametrize("what", LIMITS)
def test_what_is_done_at_one_process_counts_at_the_other(site: Site, what: str) -> None:
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


# --- Embedded there is one process, which counts by itself -----------------------------------------------


@pytest.mark.django_db
def test_embedded_nothing_is_forgotten_however_many_others_are_counted(settings):
    settings.GUESS_RATE_LIMIT = "1/h/user"
    program = Program(make_member())
    assert problem(program.get("payment-requests/find/?code=NO-SUCH")) == (404, "no_such_code")

    for other in range(5000):
        cache.set(f"counted-of-another-{other}", [1.0], 60)

    assert problem(program.get("payment-requests/find/?code=NO-SUCH")) == (429, "too_many_guesses")
