"""The schema read by other people's programs: one makes up calls, one makes a client of it that pays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.factories import PASSWORD
from tests.live import BASE_DIR, Server
from tests.needs import SEED, thorough

BIN = Path(sys.executable).parent
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
MAKE_TWO = """
import os
from accounts.operations import make_token
from tests.factories import make_member
ana, bento = (make_member(minutes=m, email=f"{os.urandom(6).hex()}@example.org") for m in (600, 0))
print("made:", bento.public_id, make_token(ana, name="machine", days=1, may_pay=True)[1])
"""
MAKE_ONE = """
import os
from tests.factories import PASSWORD, make_member
print("made:", make_member(minutes=600, email=f"{os.urandom(6).hex()}@example.org", password=PASSWORD).email)
"""
PAY = """
import sys, time
from timebank_client import AuthenticatedClient
from timebank_client.api.account import account_retrieve
from timebank_client.api.holds import holds_retrieve
from timebank_client.api.transfers import transfers_create
from timebank_client.models import SendRequest

address, token, neighbour = sys.argv[1:]
client = AuthenticatedClient(base_url=address, token=token)
asked = SendRequest(to=neighbour, amount_minutes=45)
hold = transfers_create.sync(client=client, body=asked, idempotency_key="a-key-of-the-machine")
for _ in range(100):
    if holds_retrieve.sync(hold.id, client=client).state == "posted":
        break
    time.sleep(0.1)
print(hold.amount_minutes, account_retrieve.sync(client=client).balance_minutes)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(RATE_LIMITS="0") as running:
        yield running


def two(server: Server) -> list[str]:
    """A neighbour's id, and a token."""
    return server.manage("shell", "-v0", "-c", MAKE_TWO).rpartition("made: ")[2].split()


def by_token(server: Server) -> list[str]:
    """What a program says with each call that has a token of its member's."""
    _neighbour, token = two(server)
    return ["--header", f"Authorization: Bearer {token}"]


def by_app(server: Server) -> list[str]:
    """What an app says in which its member signed in; it does not sign out in between."""
    email = server.manage("shell", "-v0", "-c", MAKE_ONE).rpartition("made: ")[2].split()[0]
    said = json.dumps({"email": email, "password": PASSWORD}).encode()
    login = Request(f"{server.url}/api/auth/app/v1/auth/login", said, {"Content-Type": "application/json"})
    with urlopen(login, timeout=30) as answer:
        meta = json.load(answer)["meta"]
    return [
        "--header", f"Authorization: Bearer {meta['access_token']}", "--header", f"X-Session-Token: {meta['session_token']}",
        "--exclude-operation-id", "auth_sign_out",
    ]  # fmt: skip


@pytest.mark.parametrize(("who", "examples"), [(by_token, "3"), thorough(by_token, "12"), thorough(by_app, "12")])
def test_made_up_calls_are_answered_as_the_schema_says(
    server: Server, tmp_path: Path, who: Callable[[Server], list[str]], examples: str
) -> None:
    ran = subprocess.run(
        [BIN / "schemathesis", "run", f"{server.url}/api/schema/", "--url", server.url, "--checks", CHECKS,
         *who(server), "--max-examples", examples, "--seed", SEED],
        cwd=tmp_path, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip

    assert ran.returncode == 0, f"SEED={SEED}\n{ran.stdout[-12000:]}"
    assert " generated" in ran.stdout


def test_a_client_made_from_the_schema_pays(server: Server, tmp_path: Path) -> None:
    neighbour, token = two(server)
    schema = tmp_path / "schema.json"
    server.manage("spectacular", "--format", "openapi-json", "--file", str(schema))
    made = subprocess.run(
        [BIN / "openapi-python-client", "generate", "--path", schema, "--output-path", tmp_path / "client", "--meta", "none"],
        cwd=BASE_DIR, capture_output=True, text=True, timeout=120, check=False, env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"},
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    (tmp_path / "client").rename(tmp_path / "timebank_client")

    paid = subprocess.run(
        [sys.executable, "-c", PAY, server.url, token, neighbour],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert paid.stdout == "45 555\n", paid.stderr
