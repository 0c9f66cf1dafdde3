"""How long the API's five busiest calls take beside the trivial page, on one and the same running server.

    python -m bench.api

Starts `manage.py serve` on a var/ of its own with its limits off, makes a member with a token, neighbours and what they
offer, and asks for each in turns from a few connections that stay open. What counts are the ratios.
"""

from __future__ import annotations

import http.client
import itertools
import json
import statistics
import threading
import time

from tests.live import Server

from .sizes import size

CONNECTIONS = 4
REQUESTS = size(100)  # for each connection, call and turn
TURNS = 3
LISTINGS = 200
TRIVIAL = "/healthz"

MAKE = f"""
import json
from accounts.operations import make_token
from tests.factories import make_listing, make_member
from tests.work import drain
ana, bento = make_member(minutes=600_000), make_member()
for number in range({LISTINGS}):
    make_listing(bento, title=f"Number {{number}}")
from accounts.operations import send_hours
hold = send_hours(sender=ana, recipient=bento, amount_minutes=5, kind="help", nonce="bench-first")
drain()
words = make_token(ana, name="bench", days=1, may_pay=True)[1]
seen = ana.events.latest("seq").seq
print("made:", json.dumps({{"token": words, "bento": bento.public_id, "hold": hold.public_id, "seen": seen}}))
"""

_keys = itertools.count()


def calls(made: dict[str, str]) -> dict[str, tuple[str, str, dict[str, object] | None]]:
    """What is asked: method, path and body, by the name it is told under."""
    pay = {"to": made["bento"], "amount_minutes": 1, "again": True}
    return {
        "trivial page": ("GET", TRIVIAL, None),
        "account": ("GET", "/api/v1/account/", None),
        "events since": ("GET", f"/api/v1/events/?since={made['seen']}", None),
        "listings, 20 of 200": ("GET", "/api/v1/listings/", None),
        "a hold": ("GET", f"/api/v1/holds/{made['hold']}/", None),
        "send hours": ("POST", "/api/v1/transfers/", pay),
    }


def _ask(server: Server, call: tuple[str, str, dict[str, object] | None], token: str, took: list[float]) -> None:
    method, path, body = call
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    text = None if body is None else json.dumps(body)
    for _ in range(REQUESTS):
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        if method == "POST":
            headers["Idempotency-Key"] = f"bench-key-{next(_keys)}"
        begun = time.perf_counter()
        connection.request(method, path, text, headers)
        answer = connection.getresponse()
        said = answer.read()
        took.append(time.perf_counter() - begun)
        if answer.status not in {200, 202}:
            raise RuntimeError(f"{path} answered {answer.status}: {said[:300]!r}")
    connection.close()


def _measure(server: Server, call: tuple[str, str, dict[str, object] | None], token: str) -> list[float]:
    """How long each request took, in seconds."""
    took: list[float] = []
    askers = [threading.Thread(target=_ask, args=(server, call, token, took)) for _ in range(CONNECTIONS)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    if len(took) != CONNECTIONS * REQUESTS:
        raise RuntimeError(f"only {len(took)} of {CONNECTIONS * REQUESTS} requests were answered")
    return took


def main() -> None:
    with Server(ready=False, RATE_LIMITS="0") as server:
        made = json.loads(server.manage("shell", "-v0", "-c", MAKE).rpartition("made: ")[2])
        asked = calls(made)
        times: dict[str, list[float]] = {name: [] for name in asked}
        pays = asked.pop("send hours")  # last, for posting what was sent goes on meanwhile
        for call in asked.values():
            _measure(server, call, made["token"])  # to warm up
        for _ in range(TURNS):
            for name, call in asked.items():
                times[name] += _measure(server, call, made["token"])
        for _ in range(TURNS):
            times["send hours"] += _measure(server, pays, made["token"])
    halves = {name: statistics.median(took) for name, took in times.items()}
    for name, took in times.items():
        late = statistics.quantiles(took, n=20)[18]
        print(
            f"{name:20} half within {halves[name] * 1000:5.1f} ms, 95 % within {late * 1000:5.1f} ms: "
            f"{halves[name] / halves['trivial page']:.1f} times the trivial page"
        )


if __name__ == "__main__":
    main()
