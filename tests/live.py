"""Starting the real commands as real processes, and telling standing work's story without them."""

from __future__ import annotations

import email
import email.policy
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Self

from .ready import copy_ready_var

BASE_DIR = Path(__file__).resolve().parent.parent
START_SECONDS = 120  # on a machine with other things to do
STOP_SECONDS = 30
# What a server started by a test must not inherit from the test's own process.
OWN = ("VAR_DIR", "DATABASE_URL", "BROKER_URL", "REDIS_URL", "SITE_URL", "PORT", "HOST", "DJANGO_ALLOW_ASYNC_UNSAFE")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def manage(*args: str, env: dict[str, str], timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run `manage.py` to its end. Its output is in the result; the exit code is not checked."""
    return subprocess.run(
        [sys.executable, "manage.py", *args],
        cwd=BASE_DIR,
        env=env,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


class Server:
    """`manage.py serve` as its own process, on its own var/ and port. A context manager.

    Its var/ is a copy of one made before, with the ``demo`` in it if wanted; empty, when it is not ``ready``.
    Extra environment goes in as keywords: ``Server(JOINING="approved")``.
    """

    def __init__(self, *, ready: bool = True, demo: bool = False, **env: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.var_dir = Path(tempfile.mkdtemp(prefix="timebank-live-"))
        if ready:
            copy_ready_var(self.var_dir, demo=demo)
        inherited = {name: value for name, value in os.environ.items() if name not in OWN}
        self.env = inherited | {"VAR_DIR": str(self.var_dir), "PORT": str(self.port), **env}
        self.process: subprocess.Popen[bytes] | None = None

    def manage(self, *args: str, timeout: float = 120) -> str:
        """Run a command beside the server and return what it said; fails if the command does."""
        done = manage(*args, env=self.env, timeout=timeout)
        assert done.returncode == 0, f"manage.py {' '.join(args)}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def __enter__(self) -> Self:
        try:
            self.start()  # an embedded server brings its own database up to date
        except BaseException:
            self.close()
            raise
        return self

    def start(self) -> None:
        self.log = (self.var_dir / "serve.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "serve"],
            cwd=BASE_DIR,
            env=self.env,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        ends = time.monotonic() + START_SECONDS
        while time.monotonic() < ends:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log_text()}")
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise AssertionError(f"the server did not answer within {START_SECONDS} s:\n{self.log_text()}")

    def log_text(self) -> str:
        return (self.var_dir / "serve.log").read_text(errors="replace")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop the server and return its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the server did not stop within {STOP_SECONDS} s") from None
        self.log.close()
        return code

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self.process is not None and self.process.poll() is None:
                self.stop()
        finally:
            self.close()

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.var_dir, ignore_errors=True)

    def mails(self, to: str = "") -> list[EmailMessage]:
        """The mails in var/mail, oldest first; only those to ``to`` if it is given."""
        folder = self.var_dir / "mail"
        files = sorted((f for f in folder.glob("*") if f.is_file()), key=lambda f: (f.stat().st_mtime_ns, f.name))
        read = [email.message_from_bytes(f.read_bytes(), policy=email.policy.default) for f in files]
        return [mail for mail in read if to in str(mail["To"])]

    def wait_for_mail(self, to: str, containing: str = "", seconds: float = 15) -> EmailMessage:
        """The newest mail to ``to`` whose text holds ``containing``, once there is one."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            for mail in reversed(self.mails(to)):
                if containing in body(mail):
                    return mail
            time.sleep(0.1)
        raise AssertionError(f"no mail to {to} within {seconds} s")


def body(mail: EmailMessage) -> str:
    part = mail.get_body(preferencelist=("plain", "html"))
    return part.get_content() if part else ""


def first_link(mail: EmailMessage) -> str:
    """The first address in a mail's text."""
    found = re.search(r"https?://\S+", body(mail))
    assert found, body(mail)
    return found[0].rstrip(".,)>")
