"""The socket of an open page: `/ws/live/`.

The page says first which number it has seen: ``{"since": 812}``. It gets every frame after that,
then ``{"type": "hello", "seq": 815}``, and from then on each frame as it comes, in order, without
gaps. ``{"ping": 1}`` is answered by ``{"type": "pong"}``.

``{"watch": "q8Zr…"}`` names a payment request by its txid, which only those know whom it was shown. The answer is
``{"type": "watching", "txid": "q8Zr…"}``; from then on the page also gets what happens to that request, as
``{"type": "payment-confirmed-12", "txid": "q8Zr…"}``: without a number, for it is no event of the reader's, and
without names or amounts. What cannot be watched is answered by ``{"type": "not-watching", "code": "no_txid"}``, or
``too_many`` beyond the eighth. The page says nothing else.

A program has no session. It says first who it is as well: ``{"token": "tb_…", "since": 812}``, with a member's own
token or the access token of an app's session, and goes on as a page does. A token is never said in an address.

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

from timebank.pace import TooOften

from . import doors, live, queries
from .hub import hub

logger = logging.getLogger(__name__)

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

MOST_BYTES = 16 * 1024
MOST_MESSAGES_A_SECOND = 10
FIRST_WORD_SECONDS = 10.0
MOST_AT_THE_DOOR = 100  # programs that did not say yet who they are, by one process
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
    """Open a socket for the member of the session; without one a page's handshake is refused, a program is asked."""
    await receive()  # websocket.connect
    member, is_program = scope["user"], scope["is_program"]
    if not (member.is_authenticated or (is_program and at_the_door.has_room)):
        await send({"type": "websocket.close"})
        return
    await send({"type": "websocket.accept"})
    wire = Wire(receive, send)
    since = None
    try:
        if member.is_authenticated:
            listener = doors.by_session(member, scope["session"].session_key)
        else:
            with at_the_door:
                listener, since = await _hear_who_it_is(wire, _address_of(scope))
        if not live.may_listen(listener.member):
            raise Closed(live.SUSPENDED)
    except Gone:
        return
    except Closed as closed:
        await wire.close(closed.code)
        return
    await Socket(listener, wire, since).run()


async def _hear_who_it_is(wire: Wire, address: str) -> tuple[doors.Listener, int]:
    """Who a program at ``address`` says it is of, and the number it has seen. Raises Gone or Closed."""
    said = await wire.first_word()
    words = said.get("token")
    if set(said) != {"token", "since"} or not isinstance(words, str):
        raise Closed(live.NOT_UNDERSTOOD)
    since = _number(said["since"])
    try:
        listener = await database_sync_to_async(doors.who_has)(words, address)
    except TooOften:
        raise Closed(live.TOO_MUCH) from None
    if listener is None:
        raise Closed(live.SESSION_ENDED)
    return listener, since


def _address_of(scope: dict[str, Any]) -> str:
    """Where a socket comes from; those of whom no server says so count as one."""
    host, _port = scope.get("client") or ("0.0.0.0", 0)  # noqa: S104
    return str(host)


def _number(said: Any) -> int:
    if type(said) is not int or not 0 <= said < 2**63:
        raise Closed(live.NOT_UNDERSTOOD)
    return said


class _AtTheDoor:
    """The programs that did not say yet who they are; strangers hold no more places than these."""

    def __init__(self) -> None:
        self.count = 0

    @property
    def has_room(self) -> bool:
        return self.count < MOST_AT_THE_DOOR

    def __enter__(self) -> None:
        self.count += 1

    def __exit__(self, *_: object) -> None:
        self.count -= 1


at_the_door = _AtTheDoor()


class Wire:
    """What comes in by a socket, read with care, and what goes out by it."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._heard_at: deque[float] = deque(maxlen=MOST_MESSAGES_A_SECOND)

    async def first_word(self) -> dict[str, Any]:
        """The first message, which nobody waits for long. Raises Gone or Closed."""
        try:
            return await asyncio.wait_for(self.next(), FIRST_WORD_SECONDS)
        except TimeoutError:
            raise Closed(live.NOT_UNDERSTOOD) from None

    async def next(self) -> dict[str, Any]:
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

    async def say(self, frame: dict[str, Any]) -> None:
        try:
            await self._send({"type": "websocket.send", "text": json.dumps(frame)})
        except OSError:
            raise Gone from None

    async def close(self, code: int) -> None:
        try:
            await self._send({"type": "websocket.close", "code": code})
        except Exception:
            logger.debug("The page was gone before its socket was closed.", exc_info=True)


class Socket:
    """One open page, or program, of one member: what she said, and what waits to be written to it.

    ``since`` is the number a program said already; a page says it first of all.
    """

    def __init__(self, listener: doors.Listener, wire: Wire, since: int | None) -> None:
        self.member_id: int = listener.member.pk
        self.let_in_by = listener.let_in_by
        self.seq = since or 0  # the last number written to the page
        self.watched: set[str] = set()
        self._said_since = since is not None
        self._session_auth_hash = listener.member.get_session_auth_hash() if listener.is_by_session else None
        self._wire = wire
        self._waiting: asyncio.Queue[Any] = asyncio.Queue(_FRAMES_WAITING)
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
        return self._session_auth_hash in (None, person.session_auth_hash)

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
        await self._wire.close(code)

    async def _converse(self) -> None:
        if not self._said_since:
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
        said = await self._wire.first_word()
        if set(said) != {"since"}:
            raise Closed(live.NOT_UNDERSTOOD)
        return _number(said["since"])

    async def _read(self) -> None:
        while True:
            said = await self._wire.next()
            if set(said) == {"watch"}:
                self._watch(said["watch"])
            elif set(said) == {"ping"}:
                self.hear({"type": "pong"})
            else:
                raise Closed(live.NOT_UNDERSTOOD)

    def _watch(self, txid: Any) -> None:
        if not isinstance(txid, str) or not _TXID.fullmatch(txid):
            self.hear({"type": "not-watching", "code": "no_txid"})
        elif len(self.watched | {txid}) > MOST_WATCHED:
            self.hear({"type": "not-watching", "code": "too_many"})
        else:
            hub().watch(self, txid)
            self.hear({"type": "watching", "txid": txid})

    # --- What is written to the page -------------------------------------------------------------

    async def _write(self) -> None:
        is_whole = await self._write_missed()
        await self._wire.say({"type": "hello", "seq": self.seq, "whole": is_whole})
        while True:
            await self._write_one(await self._waiting.get())

    async def _write_one(self, heard: Any) -> None:
        if heard is _CATCH_UP:
            await self._tell_missed()
        elif "seq" not in heard:
            await self._wire.say(heard)
        elif heard["seq"] == self.seq + 1:
            await self._wire.say(heard)
            self.seq = heard["seq"]
        elif heard["seq"] > self.seq:
            await self._tell_missed()

    async def _tell_missed(self) -> None:
        if not await self._write_missed():
            await self._wire.say({"type": "hello", "seq": self.seq, "whole": False})

    async def _write_missed(self) -> bool:
        """Write what was missed; False where it was too much, and the page had better look anew."""
        missed = await database_sync_to_async(queries.missed)(self.member_id, self.seq)
        for frame in missed.frames:
            await self._wire.say(frame)
        self.seq = missed.seq
        return missed.is_whole
