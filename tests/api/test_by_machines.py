"""The schema read by other people's programs: one makes up calls, one makes a client of it that pays."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import BASE_DIR, Server
from tests.needs import thorough

BIN = Path(sys.executable).parent
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
MAKE_TWO = """
import os
from accounts.operations import make_token
from tests.factories import make_member
ana, bento = (make_member(minutes=m, email=f"{os.urandom(6).hex()}@example.org") for m in (600, 0))
print("made:", bento.public_id, make_token(ana, name="machine", days=1, may_pay=True)[1])
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


@pytest.mark.parametrize("examples", ["3", thorough("12")])
def test_made_up_calls_are_answered_as_the_schema_says(server: Server, tmp_path: Path, examples: str) -> None:
    _neighbour, token = two(server)

    ran = subprocess.run(
        [BIN / "schemathesis", "run", f"{server.url}/api/schema/", "--url", server.url, "--checks", CHECKS,
         "--header", f"Authorization: Bearer {token}", "--max-examples", examples, "--seed", "7"],
        cwd=tmp_path, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip

    assert ran.returncode == 0, ran.stdout[-12000:]
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
