"""Pushing frames to open pages: hints, never the only copy of news.

A push reaches the hub of every process once (see hub.py). What goes wrong here is logged and
dropped, for a page that misses a frame reads it from the events.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction

logger = logging.getLogger(__name__)

GROUP = "hub"

# With what a socket is closed.
NOT_UNDERSTOOD = 4400
SESSION_ENDED = 4401
SUSPENDED = 4403
TOO_MUCH = 4429

_MAY_NOT_LISTEN = {"suspended", "left", "steward"}
_FRAMES_AT_ONCE = 200
_PATIENCE_SECONDS = 2.0

Addressed = tuple[int, dict[str, Any]]  # a member's id and a frame for her


def push(frames: list[Addressed]) -> None:
    """Send ``frames`` to the open pages of their members, everywhere. Never raises."""
    for start in range(0, len(frames), _FRAMES_AT_ONCE):
        if not _send({"type": "frames", "frames": frames[start : start + _FRAMES_AT_ONCE]}):
            return


def disconnect(member_id: int, code: int = SUSPENDED) -> None:
    """Close every socket of a member, everywhere, after the present transaction commits. Never raises."""
    transaction.on_commit(lambda: _send({"type": "disconnect", "member": member_id, "code": code}), robust=True)


def _send(message: dict[str, Any]) -> bool:
    try:
        async_to_sync(_send_within_patience)(message)
    except Exception:
        logger.warning("Live updates could not be pushed; pages will catch up by themselves.", exc_info=True)
        return False
    return True


async def _send_within_patience(message: dict[str, Any]) -> None:
    layer = get_channel_layer()
    if layer is not None:
        await asyncio.wait_for(layer.group_send(GROUP, message), _PATIENCE_SECONDS)


def may_listen(person: Any) -> bool:
    """Whether a member, or what is known of her, may have open sockets."""
    return bool(person.is_active) and person.state not in _MAY_NOT_LISTEN
