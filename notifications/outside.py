"""Posting to an address a member chose: only out into the world, never to the machines around us, and never for long.

The name is looked up once, and what was found is what is spoken to: an answer that changes between looking and speaking
leads nowhere. Certificates are checked for the name.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from urllib.parse import SplitResult, urlsplit, urlunsplit

from django.conf import settings
from django.utils.translation import gettext as _

from timebank.errors import Refusal

LONGEST_SECONDS = 5
_BYTES_READ = 1024
_OWN_PORT = {"https": 443, "http": 80}
_NAME = re.compile(r"(?:[^.]+\.)+[a-z][^.]*\.?", re.IGNORECASE)
_FIRST_FREE_PORT = 1024  # below it machines have services that are no business of ours, such as mail
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052


class BadAddress(Refusal):
    """Nothing is posted there; the sentence says why."""

    code = "bad_address"
    status = 400
    field = "address"


class NotReached(Exception):
    """There was no answer; ``str`` is a word for why."""


def check_address(address: str) -> None:
    """Raises BadAddress for what is no address of the kind, or plainly one of a machine around us.

    The network is not asked: where a name leads is seen whenever something is posted there.
    """
    name = _parts_of(address).hostname or ""
    try:
        is_public = _is_public(name)
    except ValueError:
        # (No world has a last name of digits; some look such a name up as the address of a machine.)
        is_public = bool(_NAME.fullmatch(name)) and not name.endswith((".localhost", ".local", ".internal"))
    if not is_public and not settings.WEBHOOKS_MAY_REACH_PRIVATE:
        raise BadAddress(_("This is not a public address."))


def post(address: str, body: bytes, headers: dict[str, str]) -> int:
    """Post ``body``; returns the status that was answered. Redirects are not followed. Raises NotReached."""
    try:
        parts = _parts_of(address)
    except BadAddress:
        raise NotReached("bad_address") from None
    import httpx  # slow to import, and most processes never post

    try:
        return asyncio.run(asyncio.wait_for(_post(parts, _look_up(parts), body, headers), LONGEST_SECONDS))
    except TimeoutError:
        raise NotReached("too_slow") from None
    except httpx.ConnectError as error:
        raise NotReached("certificate" if "CERTIFICATE" in str(error).upper() else "no_connection") from None
    except (httpx.HTTPError, OSError):
        raise NotReached("no_answer") from None


async def _post(parts: SplitResult, found: str, body: bytes, headers: dict[str, str]) -> int:
    import httpx

    there = f"[{found}]" if ":" in found else found
    url = urlunsplit(parts._replace(netloc=f"{there}:{parts.port}" if parts.port else there))
    named = {"Host": parts.netloc, "User-Agent": "Timebank", **headers}
    async with (
        httpx.AsyncClient(trust_env=False, timeout=LONGEST_SECONDS) as client,
        client.stream("POST", url, content=body, headers=named, extensions={"sni_hostname": parts.hostname}) as answer,
    ):
        async for _some in answer.aiter_raw(_BYTES_READ):
            break  # a polite listener says little; more is not waited for
        return answer.status_code


def _parts_of(address: str) -> SplitResult:
    schemes = {"https", "http"} if settings.WEBHOOKS_MAY_REACH_PRIVATE else {"https"}
    try:
        parts = urlsplit(address)
        is_good = parts.scheme in schemes and parts.hostname and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        is_good = False
    if not is_good or not address.isascii() or not address.isprintable() or " " in address or "#" in address:
        raise BadAddress(_("This must be an address such as https://example.org/timebank."))
    if _port_of(parts) < _FIRST_FREE_PORT and _port_of(parts) != _OWN_PORT[parts.scheme]:
        raise BadAddress(_("Programs are told at port 443, or at one from 1024 on."))
    return parts


def _port_of(parts: SplitResult) -> int:
    return parts.port or _OWN_PORT[parts.scheme]


def _look_up(parts: SplitResult) -> str:
    """The network address behind the name. Raises NotReached where there is none, or one that is not public."""
    try:
        found = socket.getaddrinfo(parts.hostname, _port_of(parts), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotReached("no_such_name") from None
    addresses = [str(place[4][0]) for place in found]
    if not settings.WEBHOOKS_MAY_REACH_PRIVATE and not all(map(_is_public, addresses)):
        raise NotReached("not_public")
    return addresses[0]


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):  # some of them lead to an older address, which decides
        older = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _TRANSLATED else ip.ipv4_mapped or ip.sixtofour
        return (older or ip).is_global and not ip.is_multicast
    return ip.is_global and not ip.is_multicast
