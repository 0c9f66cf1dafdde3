"""The form field for an amount of time."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import lazy
from django.utils.translation import gettext as _

from .durations import NotMinutes, Unit, in_words, parse_minutes, such_as

SUCH_AS: Any = lazy(such_as, str)()  # said when the page is, to whom reads it


class MinutesField(forms.Field):
    """Whole minutes, typed as "1h30", "90 min" or "1,5 h". A refused text stays in the form as typed.

    A bare number is in ``unit``; where there is none, in what its writer is told amounts in: see `parse_minutes`.
    ``min_minutes`` and ``max_minutes`` are the least and most the field accepts.
    """

    widget = forms.TextInput

    def __init__(
        self,
        *,
        unit: Unit | None = None,
        min_minutes: int | None = None,
        max_minutes: int | None = None,
        **kwargs: Any,
    ) -> None:
        self.unit = unit
        self.min_minutes = min_minutes
        self.max_minutes = max_minutes
        super().__init__(**kwargs)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"autocomplete": "off"}  # no maxlength: a browser would cut short what is refused, and kept as typed

    def to_python(self, value: Any) -> int | None:
        if isinstance(value, int):
            return value
        text = str(value or "")
        if not text.strip() and not self.required:
            return None
        try:
            return parse_minutes(text, unit=self.unit)
        except NotMinutes as refused:
            raise ValidationError(str(refused), code=refused.code) from refused

    def validate(self, value: int | None) -> None:
        super().validate(value)
        if value is None:
            return
        if self.min_minutes is not None and value < self.min_minutes:
            raise ValidationError(_("At least %(least)s.") % {"least": in_words(self.min_minutes)}, code="min_minutes")
        if self.max_minutes is not None and value > self.max_minutes:
            raise ValidationError(_("At most %(most)s.") % {"most": in_words(self.max_minutes)}, code="max_minutes")

    def prepare_value(self, value: Any) -> Any:
        return in_words(value) if isinstance(value, int) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(initial) != self.to_python(data))
        except ValidationError:
            return True
