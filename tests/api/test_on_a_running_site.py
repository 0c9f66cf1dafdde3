"""What only a running site shows: answers that wait for the hours, and programs that are out when their member is."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.live import Server

MAKE = """
import json
from accounts.operations import make_token
from tests.factories import PASSWORD, make_member
ana, bento = make_member(minutes=600, email="ana@example.org", password=PASSWORD), make_member()
words = make_token(ana, name="a program", days=1, may_pay=True)[1]
print("made:", json.dumps({"token": words, "bento": bento.public_id, "password": PASSWORD}))
"""
SUSPEND = """
from accounts.models import Member
from accounts.operations import suspend_member
from tests.factories import make_coordinator
suspend_member(Member.objects.get(email="ana@example.org"), by=make_coordinator(), reason="To be talked about")
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture(scope="module")
def people(server: Server) -> dict[str, str]:
    made: dict[str, str] = json.loads(server.manage("shell", "-v0", "-c", MAKE).rpartition("made: ")[2])
    return made


def call(server: Server, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, Any], dict[str, str]]:
    """The status, answer and headers of one call."""
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(f"{server.url}/api/{path}", data, {"Content-Type": "application/json", **headers})
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return answer.status, json.load(answer), dict(answer.headers)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused), dict(refused.headers)


def test_an_answer_waits_for_the_hours_where_that_is_preferred(server: Server, people: dict[str, str]) -> None:
    hers = {"Authorization": f"Bearer {people['token']}"}
    body = {"to": people["bento"], "amount_minutes": 10, "again": True}

    status, hold, headers = call(
        server, "v1/transfers/", body, **hers, Prefer="wait", **{"Idempotency-Key": "key-waited"}
    )
    assert (status, hold["state"], headers["preference-applied"]) == (200, "posted", "wait")
    status, hold, headers = call(server, "v1/transfers/", body, **hers, **{"Idempotency-Key": "key-at-once"})
    assert (status, hold["state"]) == (202, "held")
    assert "preference-applied" not in headers
    code = call(server, "v1/payment-requests/", {}, **hers, Prefer="wait", **{"Idempotency-Key": "key-of-a-code"})
    assert code[0] == 201


def opened(server: Server, token: str, stack: ExitStack) -> ClientConnection:
    socket = stack.enter_context(connect(f"{server.url.replace('http', 'ws', 1)}/ws/live/", proxy=None))
    socket.send(json.dumps({"token": token, "since": 0}))
    while json.loads(socket.recv(timeout=10))["type"] != "hello":
        pass
    return socket


def test_suspended_her_tokens_and_sockets_stop_within_five_seconds(server: Server, people: dict[str, str]) -> None:
    login = {"email": "ana@example.org", "password": people["password"]}
    session = call(server, "auth/app/v1/auth/login", login)[1]["meta"]
    tokens = [people["token"], session["access_token"]]
    stack = ExitStack()
    sockets = [opened(server, token, stack) for token in tokens]
    for token in tokens:
        assert call(server, "v1/me/", Authorization=f"Bearer {token}")[0] == 200

    server.manage("shell", "-v0", "-c", SUSPEND)
    until = time.monotonic() + 5

    for socket in sockets:
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                socket.recv(timeout=max(until - time.monotonic(), 0))
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code in {4401, 4403}
    assert [call(server, "v1/me/", Authorization=f"Bearer {token}")[0] for token in tokens] == [403, 401]
    refreshed = call(server, "auth/app/v1/tokens/refresh", {"refresh_token": session["refresh_token"]})
    assert refreshed[0] == 400
    stack.close()
