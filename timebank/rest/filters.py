"""Choosing among rows: what is no choice is refused, not passed over."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField
from drf_spectacular.drainage import set_override

from .pages import check_query


class _Moment(IsoDateTimeField):
    def to_python(self, value: Any) -> datetime | None:
        """Raises ValidationError for what is no moment, or has no zone: the base would take the reader's."""
        try:
            moment = parse_datetime(value) if value else None
            if moment is None or timezone.is_naive(moment):
                raise ValueError
            return moment.astimezone(UTC)
        except (ValueError, OverflowError):  # a month or an hour that there is not; before the first day, for UTC
            if not value:
                return None
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


class MomentFilter(filters.IsoDateTimeFilter):
    """A moment as RFC 3339 writes it, with its zone."""

    field_class = _Moment

    def __init__(self, *, lookup_expr: str, **how: Any) -> None:
        words = {"gte": "Only from this moment on.", "lt": "Only before this moment."}
        super().__init__(lookup_expr=lookup_expr, help_text=words[lookup_expr], **how)


class YesNoFilter(filters.TypedChoiceFilter):
    """``true`` or ``false``; ``help_text`` says to what."""

    def __init__(self, *, help_text: str, **how: Any) -> None:
        super().__init__(
            choices=[("true", "true"), ("false", "false")],
            coerce=lambda said: said == "true",
            error_messages={"invalid_choice": _("This must be true or false.")},
            **how,
        )
        set_override(self, "field", {"type": "boolean", "description": help_text})


class Chosen(filters.DjangoFilterBackend):
    """What the address chooses of a list; a single thing is what it is, whatever else the address says."""

    def filter_queryset(self, request: Any, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        """Raises BadField for what would choose nothing."""
        if getattr(view, "detail", False):
            check_query(request, ())
            return queryset
        chosen: QuerySet[Any] = super().filter_queryset(request, queryset, view)
        return chosen
