"""What every page knows about the reader's notices."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from .models import Event


def unread(request: HttpRequest) -> dict[str, object]:
    """``unread_count``, asked for only where a template shows it."""

    def count() -> int:
        user = getattr(request, "user", None)
        return Event.objects.unread(user).count() if user and user.is_authenticated else 0

    return {"unread_count": SimpleLazyObject(count)}
