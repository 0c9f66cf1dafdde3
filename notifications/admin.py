"""The staff's view of what was told and sent: when and to whom, never the words."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from timebank.read_only import ReadOnlyAdmin

from .models import Event, Letter


@admin.register(Letter)
class LetterAdmin(ReadOnlyAdmin):
    """Whether a letter went out; a letter has no page of its own, for its subject is private too."""

    list_display = ["recipient", "created_at", "sent_at"]
    list_display_links = None
    list_filter = [("sent_at", admin.EmptyFieldListFilter)]
    ordering = ["-pk"]
    search_fields = ["=recipient"]
    search_help_text = _("The whole address")

    def change_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        raise PermissionDenied


class EventTypeFilter(admin.SimpleListFilter):
    title = _("kind")
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(Event.Type.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        return queryset.filter(type=self.value()) if self.value() else queryset


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "member", "seq", "what", "in_inbox", "by_mail", "is_told", "read_at"]
    list_filter = [EventTypeFilter, ("told_at", admin.EmptyFieldListFilter)]
    list_select_related = ["member"]
    ordering = ["-pk"]
    search_fields = ["=member__email"]
    fields = ["member", "seq", "what", "facts", "in_inbox", "by_mail", "created_at", "told_at", "read_at"]

    @display(description=_("kind"), ordering="type")
    def what(self, event: Event) -> str:
        return str(Event.Type(event.type).label) if event.type in Event.TYPES else event.type

    @display(description=_("data"))
    def facts(self, event: Event) -> str:
        return ", ".join(f"{name}: {value}" for name, value in event.data.items()) or "–"

    @display(description=_("told"), boolean=True)
    def is_told(self, event: Event) -> bool:
        return event.told_at is not None
