"""What every page knows about the reader's notices."""

from __future__ import annotations

from django.http import HttpRequest

from .middleware import standing_of


def unread(request: HttpRequest) -> dict[str, object]:
    """``unread_count`` and ``live_seq``: one query for both, asked only where a template shows one."""
    # Templates call what can be called, and get a plain number: a lazy object has no plural.
    return {"unread_count": lambda: standing_of(request).unread, "live_seq": lambda: standing_of(request).seq}
