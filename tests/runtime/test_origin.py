"""Only our own pages may open a socket."""

from __future__ import annotations

import pytest
from asgiref.testing import ApplicationCommunicator

from timebank.origin import OwnPagesOnly, is_ours


@pytest.mark.parametrize(
    ("origin", "host", "ours"),
    [
        ("https://hours.example.org", "hours.example.org", True),
        ("https://hours.example.org", "inside:8000", True),  # behind a proxy that renames us
        ("http://localhost:8000", "localhost:8000", True),
        ("http://localhost:8000", "127.0.0.1:8000", False),
        ("http://localhost:9999", "localhost:8000", False),
        ("http://evil.example", "evil.example", False),
        ("http://evil.example", "localhost:8000", False),
        ("https://hours.example.org.evil.example", "hours.example.org", False),
        ("null", "localhost:8000", False),
        ("", "localhost:8000", False),
        ("file://localhost:8000", "localhost:8000", False),
        ("http://[", "[", False),
    ],
)
def test_whose_page_it_is(settings, origin: str, host: str, ours: bool) -> None:  # type: ignore[no-untyped-def]
    settings.SITE_URL = "https://hours.example.org"
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "hours.example.org"]

    assert is_ours(origin, host) is ours


@pytest.mark.django_db  # Channels closes old connections after every message
@pytest.mark.parametrize(
    "headers", [[(b"origin", b"")], [(b"origin", b"http://evil.example"), (b"host", b"localhost")]]
)
async def test_a_foreign_page_is_refused_at_the_door(headers: list[tuple[bytes, bytes]]) -> None:
    async def never(*_args: object) -> None:
        raise AssertionError

    scope = {"type": "websocket", "path": "/ws/live/", "headers": headers, "subprotocols": []}
    socket = ApplicationCommunicator(OwnPagesOnly(never), scope)
    await socket.send_input({"type": "websocket.connect"})

    assert (await socket.receive_output())["type"] == "websocket.close"


async def test_what_is_no_page_is_let_through_without_its_cookie() -> None:
    seen = {}

    async def application(scope: dict[str, object], *_args: object) -> None:
        seen.update(scope)

    headers = [(b"host", b"localhost"), (b"Cookie", b"sessionid=abc"), (b"cookie", b"sessionid=abc")]
    await OwnPagesOnly(application)({"type": "websocket", "headers": headers}, None, None)

    assert (seen["is_program"], seen["headers"]) == (True, [(b"host", b"localhost")])
