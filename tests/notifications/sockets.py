"""An open page's end of a socket, without a server. (Channels' own needs daphne to be imported.)"""

from __future__ import annotations

import json
from typing import Any

from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.utils.module_loading import import_string

PATIENCE_SECONDS = 5


class Page(ApplicationCommunicator):
    """A page that opens a socket with a session's cookie; by default it is a page of ours."""

    def __init__(
        self, cookie: str = "", *, origin: str | None = "", path: str = "/ws/live/", host: str = "192.0.2.1"
    ) -> None:
        headers = [(b"host", b"localhost")]
        if origin is not None:
            headers.append((b"origin", (origin or settings.SITE_URL).encode()))
        if cookie:
            headers.append((b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode()))
        address, _, query = path.partition("?")
        scope = {
            "type": "websocket",
            "path": address,
            "query_string": query.encode(),
            "headers": headers,
            "subprotocols": [],
            "client": [host, 50_000],
        }
        super().__init__(import_string("timebank.asgi.application"), scope)
        self.missed: list[int] = []

    async def is_let_in(self) -> bool:
        await self.send_input({"type": "websocket.connect"})
        answer = await self.receive_output(PATIENCE_SECONDS)
        return answer["type"] == "websocket.accept"

    async def say(self, said: Any) -> None:
        await self.send_input(
            {"type": "websocket.receive", "text": said if isinstance(said, str) else json.dumps(said)}
        )

    async def say_bytes(self, said: bytes) -> None:
        await self.send_input({"type": "websocket.receive", "bytes": said})

    async def hear(self) -> dict[str, Any]:
        message = await self.receive_output(PATIENCE_SECONDS)
        assert message["type"] == "websocket.send", message
        heard: dict[str, Any] = json.loads(message["text"])
        return heard

    async def hear_to_hello(self) -> list[int]:
        """The numbers of the frames that come before the hello."""
        heard = []
        while (frame := await self.hear())["type"] != "hello":
            heard.append(frame["seq"])
        return heard

    async def closed_with(self) -> int:
        """The code the socket is closed with; it says nothing before."""
        message = await self.receive_output(PATIENCE_SECONDS)
        assert message["type"] == "websocket.close", message
        code: int = message["code"]
        return code

    async def leave(self) -> None:
        await self.send_input({"type": "websocket.disconnect", "code": 1001})
        await self.wait(PATIENCE_SECONDS)
