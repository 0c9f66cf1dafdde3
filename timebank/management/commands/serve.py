"""``manage.py serve``: the site. Without BROKER_URL it is the whole of Timebank in one process."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import uvicorn
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from accounts.models import Member
from timebank.demo import logins
from timebank.starting import NOT_UP_TO_DATE, no_answer, refuse_settings_that_do_not_fit, refuse_unguarded_books

EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104
GRACE_SECONDS = 5  # for pages that are being made when the server is asked to stop


class Command(BaseCommand):
    help = "Starts the site. Without BROKER_URL the worker, beat and the relay run inside it."
    requires_system_checks: list[str] = []  # said below, in one sentence each and without a trace

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--demo", action="store_true", help="first load the demo community, if nobody is there")

    def handle(self, *args: Any, host: str, port: int, demo: bool, **options: Any) -> None:
        refuse_settings_that_do_not_fit()
        for number in (signal.SIGTERM, signal.SIGINT):  # until the server runs; a shell may have us ignore Ctrl-C
            signal.signal(number, signal.default_int_handler)
        try:
            self._start(host, port, demo)
        except KeyboardInterrupt:  # while the site was being made ready: each step is whole or not at all
            self.stdout.write("Stopped.")

    def _start(self, host: str, port: int, demo: bool) -> None:
        with self._alone_on_var(), self._listening(host, port) as listener:
            self._bring_database_up_to_date()
            refuse_unguarded_books()
            if demo:
                call_command("demo", if_empty=True, stdout=self.stdout)
            self._collect_static_files()
            if settings.EMBEDDED:
                self._serve_everything(listener, host, port)
            else:
                self._serve_pages(listener, host, port)

    def _refuse(self, sentence: str) -> NoReturn:
        self.stderr.write(sentence)
        sys.exit(1)

    # --- Before it starts -------------------------------------------------------------------

    @contextmanager
    def _alone_on_var(self) -> Iterator[None]:
        """Keep a second server off the same var/: two of them would each have queues of their own."""
        if not settings.EMBEDDED:
            yield
            return
        settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
        with (settings.VAR_DIR / "serve.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                self._refuse(f"Another server is already running on {settings.VAR_DIR}: stop it, or set VAR_DIR.")
            yield

    @contextmanager
    def _listening(self, host: str, port: int) -> Iterator[socket.socket]:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((host, port))
                listener.listen(2048)
            except (OSError, OverflowError) as error:
                self._refuse(_why_not_there(error, host, port))
            listener.set_inheritable(True)
            yield listener

    def _bring_database_up_to_date(self) -> None:
        try:
            executor = MigrationExecutor(connection)
            plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        except DatabaseError as error:
            raise no_answer(error) from None
        if not plan:
            return
        if not settings.EMBEDDED:
            self._refuse(NOT_UP_TO_DATE)
        call_command("migrate", interactive=False, verbosity=0)

    def _collect_static_files(self) -> None:
        """Gather static files when one changed since the last time; a second start takes no time."""
        if not settings.STORAGES["staticfiles"]["BACKEND"].startswith("whitenoise"):
            return
        stamp = Path(settings.STATIC_ROOT) / ".gathered"
        found = _fingerprint_of_static_files()
        if stamp.is_file() and stamp.read_text() == found:
            return
        call_command("collectstatic", interactive=False, verbosity=0)
        stamp.write_text(found)

    # --- While it runs ------------------------------------------------------------------------

    def _serve_everything(self, listener: socket.socket, host: str, port: int) -> None:
        from timebank.embedded import Embedded

        announcement = _announcement(host, port)
        connection.close()
        server = _Server(self._config(), announcement)
        self._stop_on_signals(server)
        embedded = Embedded()
        embedded.start()
        try:
            server.run(sockets=[listener])
        finally:
            ended = embedded.stop()
        self.stdout.write("Stopped." if ended else "Stopped; what was not finished is done at the next start.")

    def _serve_pages(self, listener: socket.socket, host: str, port: int) -> None:
        announcement = _announcement(host, port)
        connection.close()
        config = self._config()
        if config.workers == 1:
            server = _Server(config, announcement)
            self._stop_on_signals(server)
            server.run(sockets=[listener])
        else:
            from uvicorn.supervisors import Multiprocess

            print(announcement, flush=True)  # noqa: T201
            Multiprocess(config, sockets=[listener]).run()
        self.stdout.write("Stopped.")

    def _stop_on_signals(self, server: uvicorn.Server) -> None:
        """Before uvicorn runs, a signal means: do not begin. It stops on them by itself, and raises them
        again when it has stopped; that must not end us, for the worker has a piece of work to finish.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: setattr(server, "should_exit", True))

    def _config(self) -> uvicorn.Config:
        return uvicorn.Config(
            "timebank.asgi:application",
            lifespan="off",
            workers=1 if settings.EMBEDDED else settings.WEB_WORKERS,
            timeout_graceful_shutdown=GRACE_SECONDS,
            proxy_headers=settings.BEHIND_PROXY,
            server_header=False,
            access_log=False,
            log_config=None,
            ws_max_size=65_536,
            ws_per_message_deflate=False,  # frames are small, and one goes to many at the same moment
        )


def _why_not_there(error: OSError | OverflowError, host: str, port: int) -> str:
    reason = getattr(error, "strerror", None) or str(error)
    is_elsewhere = isinstance(error, socket.gaierror) or getattr(error, "errno", None) == errno.EADDRNOTAVAIL
    mend = (
        "HOST must be an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them"
        if is_elsewhere
        else "choose another port with PORT=8001"
    )
    return f"Cannot listen on {host}:{port} ({reason}): {mend}."


def _announcement(host: str, port: int) -> str:
    """Where the site is, and how to come in. Made before the server runs: it asks the database."""
    here = "127.0.0.1" if host in EVERYWHERE else host
    here = f"[{here}]" if ":" in here else here
    lines = ["", f"{settings.COMMUNITY_NAME} is open at http://{here}:{port}/"]
    if host in EVERYWHERE:
        lines.append(f"From phones on the same network: {settings.SITE_URL}/")
    if known := logins():
        lines += ["To look around, sign in as", *map(str, known)]
    elif not Member.objects.people().exists():
        lines.append(f"Nobody is here yet. To set up your community: {os.path.relpath(sys.executable)} manage.py setup")
    return "\n".join(lines)


class _Server(uvicorn.Server):
    """Says where it is as soon as it answers."""

    def __init__(self, config: uvicorn.Config, announcement: str) -> None:
        super().__init__(config)
        self._announcement = announcement

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if not self.should_exit:
            print(self._announcement, flush=True)  # noqa: T201


def _fingerprint_of_static_files() -> str:
    parts = []
    for finder in get_finders():
        for path, storage in finder.list([]):
            stat = Path(storage.path(path)).stat()
            parts.append(f"{path} {stat.st_size} {stat.st_mtime_ns}")
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()
