"""A RabbitMQ of the tests' own, which they may freeze and kill without anybody else noticing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import amqp

from tests.live import free_port

from .messages import Message

# Debian's /usr/sbin/rabbitmq-server insists on another user and its own folders; the script behind it does not.
SCRIPTS = (
    "/usr/lib/rabbitmq/bin/rabbitmq-server",
    "/usr/local/sbin/rabbitmq-server",
    "/opt/homebrew/sbin/rabbitmq-server",
)
START_SECONDS = 90


def script() -> str | None:
    """The path of a rabbitmq-server anybody may run, or None."""
    return next((path for path in SCRIPTS if os.access(path, os.X_OK)), None) or shutil.which("rabbitmq-server")


class Broker:
    """A node of its own: name, ports and folder. `start` it again after `kill`: what it kept is there."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="timebank-rabbitmq-"))
        self.port, self.talk_port = free_port(), free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}/"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        at = self.folder
        (at / "log").mkdir(exist_ok=True)
        (at / "plugins").write_text("[].\n")
        (at / "rabbitmq.conf").write_text("")
        own = {
            "HOME": str(at),  # where Erlang keeps its cookie
            "RABBITMQ_NODENAME": f"timebank-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self.talk_port),
            "RABBITMQ_MNESIA_BASE": str(at / "mnesia"),
            "RABBITMQ_LOG_BASE": str(at / "log"),
            "RABBITMQ_LOGS": str(at / "log" / "node.log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(at / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(at / "rabbitmq"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(at / "advanced"),
            "RABBITMQ_CONF_ENV_FILE": str(at / "env.conf"),
            "RABBITMQ_PID_FILE": str(at / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
        }
        path = script()
        assert path, "no rabbitmq-server"
        (at / "pid").unlink(missing_ok=True)
        with (at / "out").open("ab") as out:
            self._process = subprocess.Popen(
                [path], env=os.environ | own, stdout=out, stderr=out, start_new_session=True
            )
        self._wait_until_it_answers()

    def _wait_until_it_answers(self) -> None:
        ends = time.monotonic() + START_SECONDS
        while time.monotonic() < ends:
            try:
                with self.line():
                    return
            except (OSError, amqp.AMQPError):
                time.sleep(0.2)
        raise AssertionError((self.folder / "out").read_text(errors="replace")[-2000:])

    @property
    def pid(self) -> int:
        return int((self.folder / "pid").read_text())

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """As a power cut would."""
        os.kill(self.pid, signal.SIGKILL)
        self._wait_for_the_end()

    def put_right(self) -> None:
        """Running and answering, whatever was done to it."""
        if self._process is None or self._process.poll() is not None:
            self.start()
        else:
            self.thaw()

    def line(self) -> amqp.Connection:
        return amqp.Connection(f"127.0.0.1:{self.port}", read_timeout=10)

    def delete(self, queue: str) -> None:
        with self.line() as line:
            line.channel().queue_delete(queue)

    def waiting(self, queue: str) -> int:
        """How many messages nobody has taken."""
        with self.line() as line:
            return int(line.channel().queue_declare(queue, passive=True).message_count)

    def publish(self, message: Message) -> None:
        with self.line() as line:
            sent = amqp.Message(
                message.body.encode("latin-1"),
                content_type=message.content_type,
                content_encoding="utf-8",
                correlation_id=message.correlation_id,
                delivery_mode=2,
                application_headers=message.headers,
            )
            line.channel().basic_publish(sent, exchange=message.queue, routing_key=message.queue)

    def stop(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self.thaw()
        os.kill(self.pid, signal.SIGTERM)
        self._wait_for_the_end()

    def _wait_for_the_end(self) -> None:
        assert self._process is not None
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
