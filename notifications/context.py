"""What every page knows about the reader's notices."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from .middleware import standing_of


def unread(request: HttpRequest) -> dict[str, object]:
    """``unread_count`` and ``live_seq``: one query for both, asked only where a template shows one."""
    return {
        "unread_count": SimpleLazyObject(lambda: standing_of(request).unread),
        "live_seq": SimpleLazyObject(lambda: standing_of(request).seq),
    }
