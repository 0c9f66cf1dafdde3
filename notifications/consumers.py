"""The socket of an open page: `/ws/live/`.

The page says first which number it has seen: ``{"since": 812}``. It gets every frame after that,
then ``{"type": "hello", "seq": 815}``, and from then on each frame as it comes, in order, without
gaps. ``{"ping": 1}`` is answered by ``{"type": "pong"}``.

``{"watch": "q8Zr…"}`` names a payment request by its txid, which only those know whom it was shown. The answer is
``{"type": "watching", "txid": "q8Zr…"}``; from then on the page also gets what happens to that request, as
``{"type": "payment-confirmed-12", "txid": "q8Zr…"}``: without a number, for it is no event of the reader's, and
without names or amounts. The page says nothing else.

A plain ASGI application: what Channels' consumers add (a channel and a group for each socket) the
hub does once for the whole process.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections import deque
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

from channels.db import database_sync_to_async

from . import live, queries
from .hub import hub

logger = logging.getLogger(__name__)

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

MOST_BYTES = 16 * 1024
MOST_MESSAGES_A_SECOND = 10
FIRST_WORD_SECONDS = 10.0
MOST_WATCHED = 8  # payment requests, by one page
_FRAMES_WAITING = 500

_CATCH_UP = object()
_TXID = re.compile(r"[A-Za-z0-9]{26,35}")


class Closed(Exception):
    """The socket is to be closed by us, with a code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Gone(Exception):
    """The page closed the socket."""


async def live_updates(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Open a socket for the member of the session; without one the handshake is refused."""
    await receive()  # websocket.connect
    member = scope["user"]
    if not member.is_authenticated:
        await send({"type": "websocket.close"})
        return
    await send({"type": "websocket.accept"})
    if not live.may_listen(member):
        await send({"type": "websocket.close", "code": live.SUSPENDED})
        return
    await Socket(member, scope["session"].session_key, receive, send).run()


class Socket:
    """One open page of one member: what she said, and what waits to be written to it."""

    def __init__(self, member: Any, session_key: str, receive: Receive, send: Send) -> None:
        self.member_id: int = member.pk
        self.session_key = session_key
        self.seq = 0  # the last number written to the page
        self.watched: set[str] = set()
        self._session_auth_hash = member.get_session_auth_hash()
        self._receive = receive
        self._send = send
        self._waiting: asyncio.Queue[Any] = asyncio.Queue(_FRAMES_WAITING)
        self._heard_at: deque[float] = deque(maxlen=MOST_MESSAGES_A_SECOND)
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    # --- What the hub calls ------------------------------------------------------------------

    def hear(self, frame: dict[str, Any]) -> None:
        """Write ``frame`` when its turn comes. A page too slow to follow reads what it missed later."""
        if not self._waiting.full():
            self._waiting.put_nowait(frame)

    def catch_up(self) -> None:
        if not self._waiting.full():
            self._waiting.put_nowait(_CATCH_UP)

    def end(self, code: int) -> None:
        if not self._ended.done():
            self._ended.set_result(code)

    def was_opened_by(self, person: queries.Person) -> bool:
        """False once she has another password: the session is none any more."""
        return person.session_auth_hash == self._session_auth_hash

    # --- Its life ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Serve the page until it goes, misbehaves, or may no longer listen."""
        tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._converse()), self._ended]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            await self._close_as(tasks[0])
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _close_as(self, conversation: asyncio.Future[Any]) -> None:
        if self._ended.done():
            code = self._ended.result()
        else:
            error = conversation.exception()
            if isinstance(error, Gone):
                return
            code = error.code if isinstance(error, Closed) else 1011
            if code == 1011:
                logger.error("A socket broke.", exc_info=error)
        try:
            await self._send({"type": "websocket.close", "code": code})
        except Exception:
            logger.debug("The page was gone before its socket was closed.", exc_info=True)

    async def _converse(self) -> None:
        self.seq = await self._hear_first_word()
        here = hub()
        await here.join(self)
        writing = asyncio.create_task(self._write())
        reading = asyncio.create_task(self._read())
        try:
            await asyncio.wait((writing, reading), return_when=asyncio.FIRST_COMPLETED)
            # What the page did counts first: writing to a page that left fails too.
            await (reading if reading.done() else writing)
        finally:
            here.leave(self)
            for task in (writing, reading):
                task.cancel()
            await asyncio.gather(writing, reading, return_exceptions=True)

    # --- What the page says --------------------------------------------------------------------

    async def _hear_first_word(self) -> int:
        try:
            said = await asyncio.wait_for(self._next(), FIRST_WORD_SECONDS)
        except TimeoutError:
            raise Closed(live.NOT_UNDERSTOOD) from None
        since = said.get("since")
        if set(said) != {"since"} or type(since) is not int or not 0 <= since < 2**63:
            raise Closed(live.NOT_UNDERSTOOD)
        return since

    async def _read(self) -> None:
        while True:
            said = await self._next()
            if set(said) == {"watch"}:
                self._watch(said["watch"])
            elif set(said) == {"ping"}:
                self.hear({"type": "pong"})
            else:
                raise Closed(live.NOT_UNDERSTOOD)

    def _watch(self, txid: Any) -> None:
        if not isinstance(txid, str) or not _TXID.fullmatch(txid):
            raise Closed(live.NOT_UNDERSTOOD)
        if len(self.watched | {txid}) > MOST_WATCHED:
            raise Closed(live.TOO_MUCH)
        hub().watch(self, txid)
        self.hear({"type": "watching", "txid": txid})

    async def _next(self) -> dict[str, Any]:
        """The next message, an object. Raises Gone or Closed."""
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            raise Gone
        now = monotonic()
        if len(self._heard_at) == MOST_MESSAGES_A_SECOND and now - self._heard_at[0] < 1:
            raise Closed(live.TOO_MUCH)
        self._heard_at.append(now)
        text = message.get("text")
        if text is None or len(text) > MOST_BYTES or len(text.encode(errors="replace")) > MOST_BYTES:
            raise Closed(live.NOT_UNDERSTOOD)
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            raise Closed(live.NOT_UNDERSTOOD) from None
        if not isinstance(said, dict):
            raise Closed(live.NOT_UNDERSTOOD)
        return said

    # --- What is written to the page -------------------------------------------------------------

    async def _write(self) -> None:
        is_whole = await self._write_missed()
        await self._say({"type": "hello", "seq": self.seq, "whole": is_whole})
        while True:
            await self._write_one(await self._waiting.get())

    async def _write_one(self, heard: Any) -> None:
        if heard is _CATCH_UP:
            await self._tell_missed()
        elif "seq" not in heard:
            await self._say(heard)
        elif heard["seq"] == self.seq + 1:
            await self._say(heard)
            self.seq = heard["seq"]
        elif heard["seq"] > self.seq:
            await self._tell_missed()

    async def _tell_missed(self) -> None:
        if not await self._write_missed():
            await self._say({"type": "hello", "seq": self.seq, "whole": False})

    async def _write_missed(self) -> bool:
        """Write what was missed; False where it was too much, and the page had better look anew."""
        missed = await database_sync_to_async(queries.missed)(self.member_id, self.seq)
        for frame in missed.frames:
            await self._say(frame)
        self.seq = missed.seq
        return missed.is_whole

    async def _say(self, frame: dict[str, Any]) -> None:
        try:
            await self._send({"type": "websocket.send", "text": json.dumps(frame)})
        except OSError:
            raise Gone from None
