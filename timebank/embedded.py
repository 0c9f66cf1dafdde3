"""Everything in one process: how the worker, beat and the relay live beside the web server.

Nothing but Python is needed. The queues are inside the process and empty when it starts; that is
no loss, for what they ring for is in the database.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

from channels.layers import InMemoryChannelLayer
from django.conf import settings
from django.db import connections

from timebank.jobs import running
from timebank.jobs.registry import QUEUES
from timebank.jobs.relay import Relay

log = logging.getLogger(__name__)

START_SECONDS = 15
STOP_SECONDS = 20
LOOK_UP_SECONDS = 0.1  # how long the worker waits for a message before it looks whether it is to stop


class HomeLoopChannelLayer(InMemoryChannelLayer):
    """The in-memory layer, with all of its state touched on one loop: the one the sockets live on.

    The stock layer, called from a worker's thread, changes dicts that the loop is reading and never
    wakes it. The first socket tells us which loop is home; while there is none, nobody listens.
    """

    home: asyncio.AbstractEventLoop | None = None
    channels: dict[str, Any]
    groups: dict[str, Any]

    async def new_channel(self, prefix: str = "specific.") -> str:
        loop = asyncio.get_running_loop()
        if self.home is not loop:
            self.home, self.channels, self.groups = loop, {}, {}
        name: str = await super().new_channel(prefix)
        return name

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        await self._at_home(super().send, channel, message)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        await self._at_home(super().group_send, group, message)

    async def _at_home(self, send: Callable[..., Awaitable[None]], name: str, message: dict[str, Any]) -> None:
        home = self.home
        if home is None or home.is_closed():
            return
        if home is asyncio.get_running_loop():
            await send(name, message)
            return

        async def at_home() -> None:
            await send(name, message)

        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(at_home(), home))


class Embedded:
    """The workers, beat and the relay, as threads of this process."""

    def __init__(self) -> None:
        # Celery's worker is large and only this process runs it: not imported with the module.
        from celery.beat import EmbeddedService
        from celery.worker import WorkController

        from timebank.celery import app

        class Worker(WorkController):  # no signal handlers, no banner
            def __init__(self, *queues: str, concurrency: int) -> None:
                self.ready = threading.Event()
                super().__init__(
                    app=app,
                    pool_cls="threads",
                    concurrency=concurrency,
                    hostname=f"{queues[0]}@localhost",
                    queues=list(queues),
                    without_heartbeat=True,
                    without_mingle=True,
                    without_gossip=True,
                    beat=False,
                    quiet=True,
                )

            def on_consumer_ready(self, consumer: Any) -> None:
                wait_for_messages = consumer.connection.drain_events

                def wait_briefly(timeout: float) -> None:  # Celery's two seconds, twice, would be those of each stop
                    wait_for_messages(timeout=min(timeout, LOOK_UP_SECONDS))

                consumer.connection.drain_events = wait_briefly
                self.ready.set()

        app.finalize()
        with app.connection_for_write() as connection:  # the memory transport makes queues without a lock
            for queue in app.amqp.queues.values():
                queue.bind(connection.default_channel).declare()
        self._worker = Worker
        self._threads: list[threading.Thread] = []
        # A fork, beat's usual way, could not see queues inside this process.
        self._beat = EmbeddedService(app, thread=True, scheduler_cls="celery.beat:Scheduler")
        self.relay = Relay()

    def _start_worker(self, *queues: str, concurrency: int) -> None:
        worker = self._worker(*queues, concurrency=concurrency)

        def work() -> None:
            try:
                worker.start()
            finally:
                connections.close_all()

        thread = threading.Thread(target=work, name=f"celery-{queues[0]}", daemon=True)
        self._threads.append(thread)
        thread.start()
        if not worker.ready.wait(START_SECONDS):
            raise RuntimeError(f"the worker for {queues[0]} inside the server did not start")

    def start(self) -> None:
        """Begin to work. Raises RuntimeError when a worker does not get ready."""
        running.recover()
        # Payments have a thread of their own: they never wait for a mail server. One worker after the other, for Celery
        # has a new one listen to the queues of the one that was made last.
        payments, *others = QUEUES
        self._start_worker(payments, concurrency=1)
        self._start_worker(*others, concurrency=max(1, settings.QUEUE_WORKERS - 1))
        self._beat.start()
        self.relay.start()

    def stop(self) -> bool:
        """Finish what is being done, leave the rest in the database. Returns whether all ended in time."""
        from celery.worker import state

        relay_ended = self.relay.stop(STOP_SECONDS)
        self._beat.service.stop()  # it holds nothing: nobody waits until it wakes
        state.should_stop = 0  # a warm stop
        ends = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(max(0.1, ends - time.monotonic()))
        state.should_stop = None
        have_ended = not any(thread.is_alive() for thread in self._threads)
        if not have_ended:
            log.warning("the workers inside the server did not end in time")
        return relay_ended and have_ended
