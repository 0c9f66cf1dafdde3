"""Choosing part of a statement; everything chosen stands in the address."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import QueryDict
from django.utils import formats, timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from timebank import clock

from .models import Kind
from .statements import Chosen, NamedCategories, midnight

LONGEST_WORDS = 80
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)
MONTHS_OF_A_QUARTER = 3
PERIODS = [
    ("month", _("This month")),
    ("quarter", _("Last 3 months")),
    ("year", _("This year")),
]
_TOO_MANY = {"max_length": _("Please look for fewer words: up to %(limit_value)d characters.")}
_NOT_LISTED = _("This is none of what there is to choose from. Please choose from the list.")
_OUT_OF_TIME = _("Please choose a day between the years 2000 and 2100.")


class DayField(forms.DateField):
    """A day, from the browser's calendar or typed. Where it was refused it is shown as typed."""

    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            required=False,
            input_formats=["%Y-%m-%d", "%d/%m/%Y"],
            error_messages={"invalid": _("We could not read this day. Write it like 2026-11-25 or 25/11/2026.")},
            validators=[MinValueValidator(FIRST_DAY, _OUT_OF_TIME), MaxValueValidator(LAST_DAY, _OUT_OF_TIME)],
            **kwargs,
        )


class StatementFilter(forms.Form):
    """Period, direction, person, kind, category and words. What cannot be is refused in words."""

    show = forms.ChoiceField(
        choices=[("in", pgettext_lazy("hours", "In")), ("out", pgettext_lazy("hours", "Out"))],
        required=False,
        error_messages={"invalid_choice": _("There is what came in and what went out, and nothing else to show.")},
    )
    period = forms.ChoiceField(
        choices=PERIODS,
        required=False,
        error_messages={"invalid_choice": _("We do not know this period. Please choose one from the list.")},
    )
    since = DayField(label=pgettext_lazy("day", "From"))
    until = DayField(label=pgettext_lazy("day", "To"))
    person = forms.CharField(
        label=_("Person"), max_length=LONGEST_WORDS, required=False, strip=True, error_messages=_TOO_MANY
    )
    kind = forms.ChoiceField(
        label=pgettext_lazy("of a movement", "Kind"), required=False, error_messages={"invalid_choice": _NOT_LISTED}
    )
    category = forms.ChoiceField(label=_("Category"), required=False, error_messages={"invalid_choice": _NOT_LISTED})
    words = forms.CharField(
        label=_("Words in the message"), max_length=LONGEST_WORDS, required=False, error_messages=_TOO_MANY
    )

    is_all_optional = True  # so that no label has to say it
    NAMES_IN_ADDRESSES = {"since": "from", "until": "to", "words": "q"}

    def __init__(self, asked: QueryDict, categories: NamedCategories) -> None:
        super().__init__(_without_empty(asked, [self.add_prefix(name) for name in self.base_fields]))
        any_, kind, category = ("", _("All")), self.fields["kind"], self.fields["category"]
        kind.choices = [any_, *((value, capfirst(label)) for value, label in Kind.choices)]  # type: ignore[attr-defined]
        category.choices = [any_, *categories]  # type: ignore[attr-defined]

    def add_prefix(self, field_name: str) -> str:
        return self.NAMES_IN_ADDRESSES.get(field_name, field_name)

    def clean(self) -> None:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and since > until:
            self.add_error("until", _("This day is before the first one."))
        for name in ("since", "until"):
            if self.has_error(name):  # a calendar would show nothing in place of what it cannot read
                self.fields[name].widget.input_type = "text"
                self.fields[name].widget.attrs.pop("type", None)

    @property
    def asked(self) -> QueryDict:
        """What was chosen, for an address: without what was left empty, and typed days instead of a period."""
        asked: Any = self.data.copy()  # type: ignore[attr-defined]  # a QueryDict
        if asked.get("from") or asked.get("to"):
            asked.pop("period", None)
        return asked

    @property
    def is_open(self) -> bool:
        """Whether something is chosen that only the form shows."""
        return bool(self.data.keys() - {"show", "period"})

    def said(self) -> list[tuple[str, str]]:
        """What is asked for, in words, once it is valid: each choice with its label."""
        wanted, chosen = self.cleaned_data, self.chosen()
        said = []
        if chosen.since:
            said.append((self.fields["since"].label, _in_words(timezone.localtime(chosen.since).date())))
        if wanted["until"]:
            said.append((self.fields["until"].label, _in_words(wanted["until"])))
        if wanted["show"]:
            said.append((_("Show"), dict(self.fields["show"].choices)[wanted["show"]]))  # type: ignore[attr-defined]
        others = [name for name in ("person", "kind", "category", "words") if wanted[name]]
        said += [(self.fields[name].label, self._name_of(name, wanted[name])) for name in others]
        return [(str(label), str(value)) for label, value in said]

    def asked_in_codes(self) -> dict[str, str]:
        """What is asked for, as programs name it, once it is valid: codes, and days as ISO 8601 writes them."""
        wanted, since = self.cleaned_data, self.chosen().since
        days = {"from": since and timezone.localtime(since).date(), "to": wanted["until"]}
        asked = {name: day.isoformat() for name, day in days.items() if day}
        words = {"q": "words", "show": "show", "person": "person", "kind": "kind", "category": "category"}
        return asked | {name: str(wanted[field]) for name, field in words.items() if wanted[field]}

    def _name_of(self, field: str, value: str) -> str:
        groups = [(value, label) for value, label in getattr(self.fields[field], "choices", []) if value]
        flat = [pair for top, below in groups for pair in (below if isinstance(below, list) else [(top, below)])]
        return dict(flat).get(value, value)

    def chosen(self) -> Chosen:
        """What is asked for, once it is valid."""
        wanted = self.cleaned_data
        first, last = wanted["since"], wanted["until"]
        if not first and not last and wanted["period"]:
            first = first_day_of(wanted["period"])
        return Chosen(
            since=midnight(first) if first else None,
            until=midnight(last + timedelta(days=1)) if last else None,
            only=wanted["show"],
            person=wanted["person"],
            kind=wanted["kind"],
            category=wanted["category"],
            words=wanted["words"],
        )


def first_day_of(period: str) -> date:
    """The day with which a period that ends today begins, where its reader is."""
    today = timezone.localtime(clock.now()).date()
    match period:
        case "month":
            return today.replace(day=1)
        case "year":
            return today.replace(month=1, day=1)
    year, month = divmod(today.year * 12 + today.month - 1 - MONTHS_OF_A_QUARTER, 12)
    first_of_next = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=today.day - 1), first_of_next - timedelta(days=1))


def _in_words(day: date) -> str:
    return formats.date_format(day, "DATE_FORMAT")


def _without_empty(asked: QueryDict, names: list[str]) -> QueryDict:
    kept = QueryDict(mutable=True)
    for name in names:
        if value := asked.get(name, "").strip():
            kept[name] = value
    return kept
