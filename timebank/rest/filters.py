"""Choosing among rows: what is no choice is refused, not passed over."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field


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
