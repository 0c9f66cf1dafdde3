"""Codes to be paid by: pairs of asking and confirming over HTTP, how soon the screens say so, and without a broker.

    python -m bench.codes

The pairs are asked of our server and of a minimal Flask server of the same two calls (bench/flask_side.py), in turns.
The screens are sockets: one, and 500 that all wait for the same code; beside them the `websockets` library's own
broadcast to as many. Rate limits are off here. What counts are the ratios within one run.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.live import BASE_DIR, Server, free_port

from .engines import a_database, ratio, within
from .sizes import size

PYTHON = Path(__file__).parents[1] / ".venv-bench" / "bin" / "python"
CLIENTS = (1, 8)
PAIRS = size(400)  # in each turn, by all clients together
TURNS = 3
SCREENS = (1, size(500))
PAYMENTS, SETS = 8, size(6)  # that one set of screens waits for, which is as many as one page may watch
POSTS = size(300)
CSRF = "c" * 32
QUIET: dict[str, Any] = {"RATE_LIMITS": "0", "LOG_LEVEL": "ERROR"}

MAKE_PEOPLE = f"""
import json
import secrets
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from bench.town import make_members

cookies = []
for account in make_members({2 * max(CLIENTS)}, minutes=100_000):
    member, session = account.owner, SessionStore()
    session[SESSION_KEY] = str(member.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = member.get_session_auth_hash()
    session.save()
    cookies.append(f"{{settings.SESSION_COOKIE_NAME}}={{session.session_key}}; {{settings.CSRF_COOKIE_NAME}}={CSRF}")
print("cookies:", json.dumps(cookies))
"""


class Client:
    """One who asks and one who pays, each with a connection that stays open."""

    def __init__(self, port: int, payee: str = "", payer: str = "") -> None:
        self._lines = [http.client.HTTPConnection("127.0.0.1", port, timeout=60) for _ in range(2)]
        self._headers = [
            {"Content-Type": "application/json", "X-CSRFToken": CSRF, "Cookie": cookie} for cookie in (payee, payer)
        ]

    def ask(self) -> dict[str, Any]:
        payment: dict[str, Any] = self._post(0, "/payments/pix", {"value": 1})["payment"]
        return payment

    def confirm(self, payment: dict[str, Any]) -> None:
        body = {"bank_payment_id": payment["bank_payment_id"], "value": 1}
        self._post(1, "/payments/pix/confirmation", body)

    def hang_up(self) -> None:
        """Begin with new lines: a server closes those on which nothing was said for a while."""
        for line in self._lines:
            line.close()

    def _post(self, who: int, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self._lines[who].request("POST", path, json.dumps(body), self._headers[who])
        answer = self._lines[who].getresponse()
        said: dict[str, Any] = json.loads(answer.read())
        if answer.status not in {200, 201}:
            raise RuntimeError(f"{path} answered {answer.status}: {said}")
        return said


def pairs_a_second(clients: list[Client], count: int) -> float:
    each, done = -(-count // len(clients)), []

    def work(client: Client) -> None:
        for _ in range(each):
            client.confirm(client.ask())
        done.append(client)

    for client in clients:
        client.hang_up()
    threads = [threading.Thread(target=work, args=(client,)) for client in clients]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(done) < len(clients):
        raise RuntimeError("not every pair was answered")
    return each * len(clients) / (time.perf_counter() - begun)


def people(server: Server) -> list[str]:
    said = server.manage("shell", "-v0", "-c", MAKE_PEOPLE)
    cookies: list[str] = json.loads(said.rpartition("cookies:")[2])
    return cookies


def clients_of(server: Server, cookies: list[str], count: int) -> list[Client]:
    return [Client(server.port, cookies[2 * number], cookies[2 * number + 1]) for number in range(count)]


@contextmanager
def flask_server() -> Iterator[int]:
    """The port of the other side."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="timebank-bench-") as folder:
        command = [str(PYTHON), str(Path(__file__).with_name("flask_side.py")), str(port), f"{folder}/payments.db"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_for(port)
            yield port
        finally:
            process.kill()
            process.wait()


def _wait_for(port: int) -> None:
    ends = time.monotonic() + 30
    while True:
        try:
            http.client.HTTPConnection("127.0.0.1", port, timeout=1).connect()
            return
        except OSError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.05)


def measure_pairs(server: Server, cookies: list[str]) -> None:
    if not PYTHON.exists():
        print("Flask: there is no .venv-bench; `make bench` makes it. Pairs are not measured.")
        return
    with flask_server() as port:
        for count in CLIENTS:
            ours, theirs = clients_of(server, cookies, count), [Client(port) for _ in range(count)]
            rates: tuple[list[float], list[float]] = ([], [])
            for side in (ours, theirs):
                pairs_a_second(side, max(PAIRS // 10, count))  # to warm up
            for _ in range(TURNS):
                for side, side_rates in zip((ours, theirs), rates, strict=True):
                    side_rates.append(pairs_a_second(side, PAIRS))
            print(
                f"{count} client{'s' if count > 1 else ''}: {median(rates[0]):.0f} pairs of asking and confirming a "
                f"second, Flask's {median(rates[1]):.0f}: {ratio(*rates):.2f} of it (aim with 8: 3)."
            )


# --- Screens ------------------------------------------------------------------------------------------


class Screen:
    """One socket that notes when it hears that a code was paid."""

    def __init__(self, line: ClientConnection) -> None:
        self.line = line
        self.heard_at = 0.0

    async def watch(self, txid: str) -> None:
        await self.line.send(json.dumps({"watch": txid}))
        await self._until("watching")

    async def wait_for(self, type_: str) -> None:
        await self._until(type_)
        self.heard_at = time.perf_counter()

    async def _until(self, type_: str) -> None:
        while json.loads(await self.line.recv())["type"] != type_:
            pass


async def latencies(server: Server, cookies: list[str], screens: int) -> tuple[list[float], list[float]]:
    """From the request that confirms to the payee's screen, and to the last of all who wait, in seconds."""
    first, last = [], []
    for _ in range(SETS):
        waiting = [
            Screen(await _live(server, cookies[0] if number == 0 else cookies[2 + number % (len(cookies) - 2)]))
            for number in range(screens)
        ]
        try:
            for _ in range(PAYMENTS):
                client = Client(server.port, cookies[0], cookies[1])
                payment = await asyncio.to_thread(client.ask)
                for screen in waiting:
                    await screen.watch(payment["bank_payment_id"])
                begun = await _until_all_heard(
                    waiting,
                    f"payment-confirmed-{payment['id']}",
                    asyncio.to_thread(client.confirm, payment),
                )
                first.append(waiting[0].heard_at - begun)
                last.append(max(screen.heard_at for screen in waiting) - begun)
        finally:
            await asyncio.gather(*(screen.line.close() for screen in waiting))
    return first, last


async def broadcasts(port: int, screens: int) -> list[float]:
    """From one word to the last of all who wait for it, in seconds."""
    control = await connect(f"ws://127.0.0.1:{port}", ping_interval=None)
    waiting = [Screen(await connect(f"ws://127.0.0.1:{port}", ping_interval=None)) for _ in range(screens)]
    last = []
    for number in range(SETS * PAYMENTS):
        word = json.dumps({"type": f"payment-confirmed-{number}", "txid": "x" * 32})
        begun = await _until_all_heard(waiting, f"payment-confirmed-{number}", control.send(word))
        last.append(max(screen.heard_at for screen in waiting) - begun)
    await asyncio.gather(*(screen.line.close() for screen in waiting), control.close())
    return last


async def _until_all_heard(waiting: list[Screen], type_: str, act: Awaitable[Any]) -> float:
    """When it was begun to ``act``; returns once every screen has heard of it."""
    heard = [asyncio.create_task(screen.wait_for(type_)) for screen in waiting]
    await asyncio.sleep(0.05)
    begun = time.perf_counter()
    await act
    await asyncio.wait_for(asyncio.gather(*heard), 60)
    return begun


async def _live(server: Server, cookie: str) -> ClientConnection:
    headers = {"Cookie": cookie, "Origin": server.url}
    line = await connect(
        f"ws://127.0.0.1:{server.port}/ws/live/", additional_headers=headers, ping_interval=None, max_size=None
    )
    await line.send('{"since": 0}')
    while json.loads(await line.recv())["type"] != "hello":
        pass
    return line


def measure_screens(server: Server, cookies: list[str]) -> None:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.broadcast_side", str(port)], cwd=BASE_DIR)
    try:
        _wait_for(port)
        for screens in SCREENS:
            first, last = asyncio.run(latencies(server, cookies, screens))
            bare = asyncio.run(broadcasts(port, screens))
            print(
                f"{screens} screen{'s' if screens > 1 else ''}: from confirming to the payee's "
                "{half:.1f} ms for half, {most:.1f} ms for 99 %, ".format(**within(first))
                + f"to the last {median(last) * 1000:.1f} ms; a bare broadcast to as many "
                f"{median(bare) * 1000:.1f} ms: {median(last) / median(bare):.1f} times as long (aim with 500: 3)."
            )
    finally:
        process.kill()
        process.wait()


# --- Without a broker ---------------------------------------------------------------------------------


def measure_without_broker() -> None:
    """Confirming in full mode while RabbitMQ answers, and where nothing answers at its address."""
    from tests.needs import RABBITMQ_URL, REDIS_URL

    with a_database("postgresql") as url:
        if url is None or not _answers(RABBITMQ_URL) or not _answers(REDIS_URL):
            print("Without a broker: PostgreSQL, RabbitMQ or Redis does not answer; not measured.")
            return
        shared = {"DATABASE_URL": url, "REDIS_URL": REDIS_URL, "SECRET_KEY": secrets.token_urlsafe(48), **QUIET}
        dead = f"amqp://127.0.0.1:{free_port()}/"
        up, down = (Server(ready=False, BROKER_URL=broker, **shared) for broker in (RABBITMQ_URL, dead))
        up.manage("migrate", "-v0")
        with up, down:
            cookies = people(up)
            sides = [clients_of(server, cookies, 1)[0] for server in (up, down)]
            took: tuple[list[float], list[float]] = ([], [])
            for turn in range(POSTS + POSTS // 10):
                for side, seconds in zip(sides, took, strict=True):
                    payment = side.ask()
                    begun = time.perf_counter()
                    side.confirm(payment)
                    if turn >= POSTS // 10:  # the first warm up
                        seconds.append(time.perf_counter() - begun)
    print(
        "Confirming in full mode: {half:.1f} ms for half, {most:.1f} ms for 99 %; ".format(**within(took[0]))
        + "with the broker down {half:.1f} and {most:.1f} ms: ".format(**within(took[1]))
        + f"{median(took[1]) / median(took[0]):.2f} times as long (aim: 1.2 at most)."
    )


def _answers(url: str) -> bool:
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    try:
        http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=2).connect()
    except OSError:
        return False
    return True


def main() -> None:
    for measure in (measure_pairs, measure_screens):  # on a server each: the first leaves many mails to write
        with Server(ready=False, **QUIET) as server:
            measure(server, people(server))
    measure_without_broker()


if __name__ == "__main__":
    main()
