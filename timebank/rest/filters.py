"""Choosing among rows: what is no choice is refused, not passed over."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField
from drf_spectacular.utils import extend_schema_field


class _Moment(IsoDateTimeField):
    def strptime(self, value: str, format: str) -> datetime:
        """Raises ValueError for what is no moment, or has no zone."""
        moment: datetime = super().strptime(value, format)
        if timezone.is_naive(moment):
            raise ValueError("no zone")
        return moment


class MomentFilter(filters.IsoDateTimeFilter):
    """A moment as RFC 3339 writes it, with its zone."""

    field_class = _Moment


@extend_schema_field({"type": "boolean"})
class YesNoFilter(filters.TypedChoiceFilter):
    """``true`` or ``false``."""

    def __init__(self, **how: Any) -> None:
        super().__init__(
            choices=[("true", "true"), ("false", "false")],
            coerce=lambda said: said == "true",
            error_messages={"invalid_choice": _("This must be true or false.")},
            **how,
        )
