"""One hub per process: it hears the channel layer once and writes to all sockets of the process.

(Measured: a Channels group of 500 sockets costs twenty times as much as one channel and this.)

Pushes may be lost, late, doubled or out of order. A socket that meets a gap in its numbers reads
it from the events. And every few seconds the hub looks once for all its sockets whether there is
more to tell than they heard, and whether their sessions and members may still listen.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer

from . import doors, live, queries

if TYPE_CHECKING:
    from .consumers import Socket

logger = logging.getLogger(__name__)

ROUND_SECONDS = 4.0  # so that whoever is suspended hears nothing after five, even where a push is lost
DEAF_ROUND_SECONDS = 3.0  # while the layer does not answer, the rounds are all that is live
_PATIENCE_SECONDS = 2.0
_FIRST_PAUSE_SECONDS = 0.5
_LAST_PAUSE_SECONDS = 15.0


class Hub:
    """The sockets of one loop, by member. It listens and makes its rounds while there are any."""

    def __init__(self) -> None:
        self.sockets: defaultdict[int, set[Socket]] = defaultdict(set)
        self.watchers: defaultdict[str, set[Socket]] = defaultdict(set)  # of a payment request, by its txid
        self.hears = asyncio.Event()
        self._work: list[asyncio.Task[None]] = []

    async def join(self, socket: Socket) -> None:
        """From the return on, ``socket`` hears every push that reaches this process."""
        self.sockets[socket.member_id].add(socket)
        if not self._work:
            self._work = [asyncio.create_task(self._listen()), asyncio.create_task(self._make_rounds())]
        with suppress(TimeoutError):  # the layer is away: the rounds will do
            await asyncio.wait_for(self.hears.wait(), _PATIENCE_SECONDS)

    def watch(self, socket: Socket, txid: str) -> None:
        """From the return on, ``socket`` also hears what happens to the payment request with this ``txid``."""
        socket.watched.add(txid)
        self.watchers[txid].add(socket)

    def leave(self, socket: Socket) -> None:
        mine = self.sockets[socket.member_id]
        mine.discard(socket)
        if not mine:
            del self.sockets[socket.member_id]
        for txid in socket.watched:
            self.watchers[txid].discard(socket)
            if not self.watchers[txid]:
                del self.watchers[txid]
        if not self.sockets:
            for task in self._work:
                task.cancel()
            self._work = []
            self.hears.clear()

    def everyone(self) -> list[Socket]:
        return [socket for sockets in self.sockets.values() for socket in sockets]

    async def _listen(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                await self._listen_while_it_lasts()
            except Exception:
                if self.hears.is_set():
                    pause = _FIRST_PAUSE_SECONDS
                    logger.warning("The channel layer went away; pages catch up from the database.", exc_info=True)
                self.hears.clear()
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LAST_PAUSE_SECONDS)

    async def _listen_while_it_lasts(self) -> None:
        layer = get_channel_layer()
        if layer is None:
            raise RuntimeError("there is no channel layer")
        channel = await layer.new_channel()
        renewing = asyncio.create_task(self._stay_in_group(layer, channel))
        try:
            await asyncio.wait_for(layer.group_add(live.GROUP, channel), _PATIENCE_SECONDS)
            self.hears.set()
            while True:
                self._hear(await layer.receive(channel))
        finally:
            renewing.cancel()
            await _at_most_quietly(layer.group_discard(live.GROUP, channel))

    async def _stay_in_group(self, layer: Any, channel: str) -> None:
        """A layer may forget its groups: when it restarts, when they grow old, when we were slow."""
        while True:
            await asyncio.sleep(ROUND_SECONDS)
            await _at_most_quietly(layer.group_add(live.GROUP, channel))

    def _hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "frames":
            for member_id, frame in message["frames"]:
                for socket in self.sockets.get(member_id, ()):
                    socket.hear(frame)
            self._tell_watchers(message["frames"])
        elif message["type"] == "disconnect":
            for socket in self.sockets.get(message["member"], ()):
                socket.end(message["code"])

    def _tell_watchers(self, frames: list[live.Addressed]) -> None:
        """Tell of each payment request once whoever watches it and was not told as one of its two people."""
        told: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
        for member_id, frame in frames:
            if "txid" in frame:
                told[frame["txid"], frame["type"]].add(member_id)
        for (txid, type_), members in told.items():
            for socket in self.watchers.get(txid, ()):
                if socket.member_id not in members:
                    socket.hear({"type": type_, "txid": txid})

    async def _make_rounds(self) -> None:
        while True:
            await asyncio.sleep(ROUND_SECONDS if self.hears.is_set() else DEAF_ROUND_SECONDS)
            try:
                await self.make_round()
            except Exception:
                logger.warning("The hub could not look after its sockets.", exc_info=True)

    async def make_round(self) -> None:
        """End the sockets of ended sessions and suspended members; let those catch up that are behind."""
        sockets = self.everyone()
        people, ways = await database_sync_to_async(_look_up)(
            {socket.member_id for socket in sockets}, {socket.let_in_by for socket in sockets}
        )
        for socket in sockets:
            person = people.get(socket.member_id)
            if person and not live.may_listen(person):
                socket.end(live.SUSPENDED)
            elif person is None or socket.let_in_by not in ways or not socket.was_opened_by(person):
                socket.end(live.SESSION_ENDED)
            elif person.seq > socket.seq:
                socket.catch_up()


def _look_up(member_ids: set[int], ways: set[str]) -> tuple[dict[int, queries.Person], set[str]]:
    return queries.people(member_ids), doors.still_open(ways)


async def _at_most_quietly(work: Any) -> None:
    try:
        await asyncio.wait_for(work, _PATIENCE_SECONDS)
    except Exception:
        logger.debug("The channel layer does not answer.", exc_info=True)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running loop: a process has one loop for its sockets, a test has its own."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())
