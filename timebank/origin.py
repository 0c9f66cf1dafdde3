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

    Ours is SITE_URL, or the very host and port the socket is opened on, when ALLOWED_HOSTS has it.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = {name.lower(): value.decode("latin1") for name, value in scope.get("headers", [])}
        allowed = is_ours(headers.get(b"origin", ""), headers.get(b"host", ""))
        await (self.application if allowed else WebsocketDenier())(scope, receive, send)


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
