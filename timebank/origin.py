"""Which web pages may open a socket here: our own, and no others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host

Application = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


class OwnPagesOnly:
    """Refuses a socket whose page is not ours: a browser sends our cookie along with any page's socket.

    Ours is SITE_URL, or the very host and port the socket is opened on, when ALLOWED_HOSTS has it. What names no page
    is no browser but a program (``is_program`` in its scope), and is let through without any cookie: it says who it is.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = {name.lower(): value.decode("latin1") for name, value in scope.get("headers", [])}
        is_program = b"origin" not in headers
        if is_program:
            scope = {**scope, "headers": [pair for pair in scope["headers"] if pair[0].lower() != b"cookie"]}
        allowed = is_program or is_ours(headers.get(b"origin", ""), headers.get(b"host", ""))
        application: Application = self.application if allowed else WebsocketDenier()
        await application({**scope, "is_program": is_program}, receive, send)


def is_ours(origin: str, host: str) -> bool:
    """Whether a page of ``origin`` may open a socket on ``host``."""
    if not origin:
        return False
    if origin == settings.SITE_URL:
        return True
    scheme, _, place = origin.partition("://")
    name, _port = split_domain_port(host)
    same = scheme in {"http", "https"} and place.lower() == host.lower()
    return same and bool(name) and validate_host(name, settings.ALLOWED_HOSTS)
