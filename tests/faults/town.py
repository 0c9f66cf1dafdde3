"""A whole deployment for one test: its processes by name, its books, and people who pay.

Embedded, a town is one process, ``site``, on SQLite. In full mode it is ``site``, ``worker`` and
``relay`` on RabbitMQ, PostgreSQL and Redis. Any of them can be armed with a failpoint, killed and
started again. To put strange messages into its queues, an embedded town is started by its ``hatch``
(tests/faults/hatch.py) in place of ``site``.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from tests.live import BASE_DIR, OWN, free_port
from tests.ready import copy_ready_var

from .broker import Broker
from .messages import Message

START_SECONDS = 60
STOP_SECONDS = 40
CSRF = "c" * 32
LEFT_OUT = (*OWN, "FAILPOINT", "CI", "DJANGO_SETTINGS_MODULE", "WEB_WORKERS", "PRODUCTION", "TEST_DATABASE_URL")

_nonces = itertools.count(1)


@dataclass(frozen=True)
class Person:
    pk: int
    public_id: str
    cookie: str


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str
    seconds: float


def new_nonce() -> str:
    return f"nonce-{os.getpid()}-{next(_nonces)}"


def typed(recipient: Person, minutes: int, note: str = "") -> dict[str, str]:
    """What a sender fills in at the first step."""
    return {"to": recipient.public_id, "amount": f"{minutes} min", "kind": "help", "note": note}


class Town:
    """A deployment with its own var/, port and database. A context manager that leaves nothing behind.

    One town is the scene of several stories, one after the other (see `people`).
    """

    def __init__(self, *, url: dict[str, str] | None = None, broker: Broker | None = None) -> None:
        self.is_full = url is not None
        self._broker = broker
        self.port = free_port()
        self.var = Path(tempfile.mkdtemp(prefix="timebank-town-"))
        copy_ready_var(self.var)
        kept = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
        self.env = kept | {
            "VAR_DIR": str(self.var),
            "PORT": str(self.port),
            "LOG_LEVEL": "INFO",
            "JOB_SLOW_LEASE_SECONDS": "5",
            **(url or {}),
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._clerk: subprocess.Popen[str] | None = None
        self._before: dict[str, Any] = {"holds": {}, "transfers": 0, "arrived": 0, "letters": 0}
        self._keys: set[str] = set()

    # --- Its processes ---------------------------------------------------------------------------

    def start(self, *parts: str, failpoint: str = "", may_die: bool = False, **env: str) -> Self:
        """Start the parts (all of them, if none is named), armed with ``failpoint``.

        With one, or when they ``may_die`` for another reason, they may be killed before they are ready.
        """
        parts = parts or (("site", "worker", "relay") if self.is_full else ("site",))
        said_before = {}
        for part in parts:
            armed = self.env | env | ({"FAILPOINT": failpoint} if failpoint else {})
            with (self.var / f"{part}.log").open("ab") as log:
                said_before[part] = log.tell()
                self._running[part] = subprocess.Popen(
                    COMMANDS[part],
                    cwd=BASE_DIR,
                    env=armed,
                    stdin=subprocess.PIPE if part == "hatch" else subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        for part in parts:
            self._wait_until_ready(part, said_before[part], may_die=may_die or bool(failpoint))
        return self

    def _wait_until_ready(self, part: str, said_before: int, *, may_die: bool) -> None:
        process = self._running[part]
        ends = time.monotonic() + START_SECONDS
        while time.monotonic() < ends:
            if process.poll() is not None:
                if may_die and process.returncode == -signal.SIGKILL:
                    return
                raise AssertionError(f"the {part} ended with {process.returncode}:\n{self.said(part)}")
            if self._is_ready(part, said_before):
                return
            time.sleep(0.05)
        raise AssertionError(f"the {part} did not start:\n{self.said(part)}")

    def _is_ready(self, part: str, said_before: int) -> bool:
        if part in READY_SIGN:
            return READY_SIGN[part] in (self.var / f"{part}.log").read_bytes()[said_before:]
        try:
            return self.get("/healthz").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def said(self, part: str) -> str:
        """What a part wrote to its log."""
        return (self.var / f"{part}.log").read_text(errors="replace")[-6000:]

    def kill(self, *parts: str) -> None:
        """As a power cut would: the part and every process it started."""
        for part in parts or tuple(self._running):
            self._signal_group(part, signal.SIGKILL)
            self._running.pop(part).wait()

    def _signal_group(self, part: str, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._running[part].pid, number)

    def stop(self, part: str, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask a part to end, and return its exit code."""
        process = self._running.pop(part)
        process.send_signal(how)
        try:
            return process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise AssertionError(f"the {part} did not stop:\n{self.said(part)}") from None

    def has_ended(self, part: str) -> bool:
        return self._running[part].poll() is not None

    def wait_for_the_end_of(self, part: str, seconds: float = 30) -> int:
        """Until a failpoint ended the part; returns its exit code, −9 for a kill."""
        try:
            return self._running[part].wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the {part} lives on:\n{self.said(part)}") from None
        finally:
            if self._running[part].poll() is not None:
                self._signal_group(part, signal.SIGKILL)
                self._running.pop(part)

    def manage(self, *args: str) -> None:
        done = subprocess.run(
            [sys.executable, "manage.py", *args],
            cwd=BASE_DIR,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"manage.py {' '.join(args)}:\n{done.stdout}\n{done.stderr}"

    @property
    def broker(self) -> Broker:
        """The RabbitMQ of full mode."""
        assert self._broker is not None
        return self._broker

    def publish(self, *messages: Message) -> None:
        """Put messages into the queues: into RabbitMQ, or through the hatch of the one process."""
        for message in messages:
            if self.is_full:
                self.broker.publish(message)
            else:
                hatch = self._running["hatch"].stdin
                assert hatch is not None
                hatch.write(json.dumps(asdict(message)).encode() + b"\n")
                hatch.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        self.kill()
        if self._clerk is not None:
            self._clerk.kill()
            self._clerk.wait()
        shutil.rmtree(self.var, ignore_errors=True)

    # --- Its books -------------------------------------------------------------------------------

    def ask(self, name: str, *args: Any) -> Any:
        """Let the clerk do one of its functions (tests/faults/clerk.py)."""
        if self._clerk is None:
            self._clerk = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.clerk"],
                cwd=BASE_DIR,
                env=self.env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=(self.var / "clerk.log").open("ab"),
                text=True,
            )
        assert self._clerk.stdin is not None and self._clerk.stdout is not None
        self._clerk.stdin.write(json.dumps([name, args]) + "\n")
        self._clerk.stdin.flush()
        line = self._clerk.stdout.readline()
        assert line, f"the clerk ended:\n{self.said('clerk')}"
        return json.loads(line)

    def people(self, count: int = 2, minutes: int = 600) -> list[Person]:
        """New people for a new story: from here on, the books tell of what happens now, to them."""
        people = [Person(**person) for person in self.ask("members", count, minutes)]
        self._before = self.ask("books")
        self._keys = {str(person.pk) for person in people}
        return people

    def books(self) -> dict[str, Any]:
        now: dict[str, Any] = self.ask("books")
        before = Counter(self._before["holds"])
        return now | {
            "holds": dict(Counter(now["holds"]) - before),
            "transfers": now["transfers"] - self._before["transfers"],
            "arrived": now["arrived"] - self._before["arrived"],
            "letters": now["letters"] - self._before["letters"],
            "balances": {key: minutes for key, minutes in now["balances"].items() if key in self._keys},
        }

    def wait_for(self, seconds: float, true: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The books, as soon as ``true`` says so of them; fails after ``seconds``."""
        ends = time.monotonic() + seconds
        while True:
            books = self.books()
            if true(books):
                return books
            if time.monotonic() > ends:
                logs = "\n".join(f"--- {log.stem}\n{self.said(log.stem)}" for log in self.var.glob("*.log"))
                raise AssertionError(f"not within {seconds} s: {books}\n{logs}")
            time.sleep(0.1)

    def wait_until_at_rest(self, transfers: int, seconds: float = 20) -> dict[str, Any]:
        """The books once ``transfers`` payments are posted, told and sealed, and nothing is left to do."""
        books = self.wait_for(
            seconds,
            lambda now: (
                now["transfers"] >= transfers
                and not now["untold"]
                and not now["unsealed"]
                and not now["open_jobs"]
                and not now["unsent"]
            ),
        )
        assert books["transfers"] == transfers, "a payment was posted twice"
        assert books["faults"] == []
        assert books["holds"] == {"posted": transfers}
        assert books["arrived"] == transfers, "somebody was told twice, or not at all"
        assert books["letters"] == transfers, "somebody was written to twice, or not at all"
        assert books["dead_jobs"] == 0
        return books

    # --- What people do --------------------------------------------------------------------------

    def get(self, path: str, who: Person | None = None) -> Answer:
        return self._request("GET", path, None, who)

    def pay(self, sender: Person, recipient: Person, minutes: int = 1, nonce: str = "") -> Answer:
        """Confirm a payment, as the last page of sending does."""
        form = typed(recipient, minutes) | {"nonce": nonce or new_nonce(), "again": "on"}
        return self.post("/send/confirm/", form, sender)

    def post(self, path: str, form: dict[str, str], who: Person) -> Answer:
        return self._request("POST", path, urllib.parse.urlencode(form | {"csrfmiddlewaretoken": CSRF}), who)

    def _request(self, method: str, path: str, body: str | None, who: Person | None) -> Answer:
        headers = {"Cookie": f"csrftoken={CSRF}" + (f"; sessionid={who.cookie}" if who else "")}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        began = time.monotonic()
        try:
            line.request(method, path, body, headers)
            answer = line.getresponse()
            text = answer.read().decode(errors="replace")
            given = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status, given, text, time.monotonic() - began)
        finally:
            line.close()


CELERY = [sys.executable, "-m", "celery", "-A", "timebank.celery"]
COMMANDS = {
    "everything": [sys.executable, "deploy/run-full"],
    "site": [sys.executable, "manage.py", "serve"],
    "hatch": [sys.executable, "-m", "tests.faults.hatch"],
    "relay": [sys.executable, "-u", "manage.py", "relay"],
    "relay2": [sys.executable, "-u", "manage.py", "relay"],
    "worker": [
        *CELERY,
        "worker",
        "-c",
        "2",
        "-l",
        "INFO",
        "--without-gossip",
        "--without-mingle",
        "-I",
        "tests.faults.poison",
    ],
}
READY_SIGN = {"relay": b"The relay is running.", "relay2": b"The relay is running.", "worker": b" ready."}
