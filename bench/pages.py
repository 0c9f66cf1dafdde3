"""How much a wallet page of 20 lines costs beside the trivial page, on one and the same running server.

    python -m bench.pages

Starts `manage.py serve` on a var/ of its own, signs one member in, and asks for both pages in
turns from a few connections that stay open. What counts is the ratio: rates depend on the machine.
"""

from __future__ import annotations

import http.client
import statistics
import threading
import time

from tests.live import Server

from .sizes import size

LINES = 20
CONNECTIONS = 4
REQUESTS = size(150)  # for each connection, page and turn
TURNS = 3
TRIVIAL, WALLET = "/healthz", "/wallet/"

MAKE_A_MEMBER = f"""
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, BACKEND_SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from accounts.operations import community_fund
from accounts.models import Member
from ledger.operations import open_account, pay_at_once
from timebank import clock

def member(name):
    made = Member.objects.create_user(
        f"{{name}}@example.org", display_name=name.title(), state="active", joined_at=clock.now()
    )
    return made, open_account(made)

ana, anas = member("ana")
bento, bentos = member("bento")
fund = community_fund()
pay_at_once(payer=fund, payee=anas, amount_minutes=6000, kind="grant", key="bench", actor=fund.owner)
for n in range({LINES} + 5):
    pay_at_once(
        payer=anas, payee=bentos, amount_minutes=5 + n, kind="help", key=f"bench:{{n}}", actor=ana, note=f"Help {{n}}"
    )
session = SessionStore()
session[SESSION_KEY] = str(ana.pk)
session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
session[HASH_SESSION_KEY] = ana.get_session_auth_hash()
session.save()
print("cookie:", f"{{settings.SESSION_COOKIE_NAME}}={{session.session_key}}")
"""


def _ask(server: Server, path: str, cookie: str, took: list[float]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    for _ in range(REQUESTS):
        begun = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": cookie, "Accept-Language": "en"})
        answer = connection.getresponse()
        answer.read()
        took.append(time.perf_counter() - begun)
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}")
    connection.close()


def _measure(server: Server, path: str, cookie: str) -> tuple[float, list[float]]:
    """Requests per second, and how long each took, in seconds."""
    took: list[float] = []
    askers = [threading.Thread(target=_ask, args=(server, path, cookie, took)) for _ in range(CONNECTIONS)]
    begun = time.perf_counter()
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    if len(took) != CONNECTIONS * REQUESTS:
        raise RuntimeError(f"only {len(took)} of {CONNECTIONS * REQUESTS} requests were answered")
    return len(took) / (time.perf_counter() - begun), took


def _check_the_page(server: Server, cookie: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", WALLET, headers={"Cookie": cookie})
    text = connection.getresponse().read().decode()
    lines = sum(f">Help {n}<" in text or f"Help {n}\n" in text or f"Help {n} " in text for n in range(LINES + 5))
    print(f"The wallet page shows {lines} of Ana's payments in {len(text) / 1024:.0f} KiB.")


def main() -> None:
    with Server(ready=False) as server:
        said = server.manage("shell", "-v0", "-c", MAKE_A_MEMBER)
        cookie = said.rpartition("cookie:")[2].strip()
        _check_the_page(server, cookie)
        for path in (TRIVIAL, WALLET):
            _measure(server, path, cookie)  # to warm up
        rates: dict[str, list[float]] = {TRIVIAL: [], WALLET: []}
        times: dict[str, list[float]] = {TRIVIAL: [], WALLET: []}
        for _ in range(TURNS):
            for path in (TRIVIAL, WALLET):
                rate, took = _measure(server, path, cookie)
                rates[path].append(rate)
                times[path] += took
    for path in (TRIVIAL, WALLET):
        cuts = statistics.quantiles(times[path], n=20)
        print(
            f"{path:10} {statistics.median(rates[path]):7.0f} a second, "
            f"half within {cuts[9] * 1000:.1f} ms, 95 % within {cuts[18] * 1000:.1f} ms"
        )
    ratio = statistics.median(rates[WALLET]) / statistics.median(rates[TRIVIAL])
    print(f"A wallet page of {LINES} lines is served at {ratio:.2f} of the rate of the trivial page.")


if __name__ == "__main__":
    main()
