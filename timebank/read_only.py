"""The admin's way of showing rows that nobody may change: the ledger, jobs, letters, events.

At the bottom of the floors, so that every app's admin may build on it.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.paginator import InfinitePaginator


def who(request: HttpRequest) -> Any:
    """The member who acts. The staff's site lets in nobody who is not signed in."""
    assert request.user.is_authenticated
    return request.user


class ReadOnlyAdmin(ModelAdmin):
    """Rows to look at: no adding, changing or deleting, for superusers neither.

    Lists are never counted: a count of the whole ledger is slow and tells nobody anything.
    """

    actions: Any = None
    paginator = InfinitePaginator
    show_full_result_count = False
    list_disable_select_all = True  # how many all are nobody counts
    list_per_page = 50
    list_fullwidth = True

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Without the words that would say how many there are in all: the paginator makes that number up."""
        return super().changelist_view(request, {"selection_note_all": "", **(extra_context or {})})

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
