"""Lists in pages, by keyset: no count, no offset, the same time at any depth."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

ROWS, MOST_ROWS = 20, 100
_LONGEST_POSITION = 18  # digits of a key


class Pages(CursorPagination):
    """``results`` with addresses of the ``next`` and ``previous`` page; ``page_size`` up to 100."""

    page_size = ROWS
    max_page_size = MOST_ROWS
    page_size_query_param = "page_size"
    ordering = "-pk"  # of a list that is ordered otherwise, another whole number

    def decode_cursor(self, request: Request) -> Any:
        """Where the page begins. Raises NotFound for what is no place in a list."""
        cursor = super().decode_cursor(request)
        position: str | None = None if cursor is None else cursor.position  # type: ignore[assignment]
        if position is not None and not (position.isdecimal() and len(position) <= _LONGEST_POSITION):
            raise NotFound(self.invalid_cursor_message)
        return cursor
