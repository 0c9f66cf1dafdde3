"""What a member types to offer help or to ask for it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import ModelChoiceIterator
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.models import (
    LONGEST_DESCRIPTION,
    LONGEST_PLACE,
    LONGEST_TITLE,
    MOST_MINUTES,
    Category,
    Listing,
)
from timebank.durations import readings
from timebank.durations_field import SUCH_AS, MinutesField

from .words import LongWordsField, OneLineField


class _ByHeading(ModelChoiceIterator):
    """The kinds of help, each below its heading."""

    def __iter__(self) -> Iterator[Any]:
        yield "", self.field.empty_label
        for heading, kinds in groupby(self.queryset, key=lambda kind: kind.parent):
            yield heading.name, [self.choice(kind) for kind in kinds]


class CategoryField(forms.ModelChoiceField):
    iterator = _ByHeading

    def label_from_instance(self, obj: Category) -> str:
        return obj.name


class MeantInput(forms.TextInput):
    """An amount of time and, below it, what it was asked to mean: "2" with "2 h" chosen is 2 h, and "3" stays 3."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        typed, meant = super().value_from_datadict(data, files, name), data.get(f"{name}-meant")
        return meant if meant and meant in readings((typed or "").strip()) else typed


class ListingForm(forms.Form):
    """The words and terms of a listing. As a draft it needs a title only."""

    title = OneLineField(
        label=gettext_lazy("Title"),
        help_text=gettext_lazy("Such as “Fixing taps and showers” or “Somebody to talk English with”."),
        longest=LONGEST_TITLE,
        error_messages={"required": gettext_lazy("Write a title.")},
    )
    category = CategoryField(
        label=gettext_lazy("What kind of help is it?"),
        queryset=Category.objects.none(),
        to_field_name="slug",
        empty_label=gettext_lazy("Choose"),
        error_messages={
            "required": gettext_lazy("Choose what kind of help it is, so that neighbours find it."),
            "invalid_choice": gettext_lazy("There is no such kind of help. Please choose one from the list."),
        },
    )
    description = LongWordsField(
        label=gettext_lazy("In more words"),
        help_text=gettext_lazy("What is done, what to bring, when it suits you. Up to 2,000 characters."),
        longest=LONGEST_DESCRIPTION,
        rows=6,
        required=False,
    )
    minutes = MinutesField(
        label=gettext_lazy("How long does it usually take?"),
        help_text=format_lazy("{} {}", SUCH_AS, gettext_lazy("Left empty, it says “we agree together”.")),
        max_minutes=MOST_MINUTES,
        required=False,
        widget=MeantInput,
    )
    place = OneLineField(
        label=gettext_lazy("Where?"),
        help_text=gettext_lazy("Such as “at your home” or “by video call”. Keep your exact address for later."),
        longest=LONGEST_PLACE,
        required=False,
    )

    def __init__(self, *args: Any, is_draft: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        category: Any = self.fields["category"]
        category.queryset = Category.objects.kinds()
        category.required = not is_draft

    def minutes_readings(self) -> list[str]:
        """What the time could mean, where it was refused for being unclear about that: "2 h", "2 min"."""
        return readings(self["minutes"].value().strip()) if self.has_error("minutes", "which_unit") else []

    def clean_title(self) -> str:
        title: str = self.cleaned_data["title"]
        if not any(character.isalnum() for character in title):
            raise ValidationError(_("Please write a title with letters."), "no_letters")
        return title


class NewListingForm(ListingForm):
    """The same for a new one, with what makes it happen once."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What is it?"),
        choices=[
            (Listing.Kind.OFFER.value, gettext_lazy("An offer: I can help with this")),
            (Listing.Kind.REQUEST.value, gettext_lazy("A request: I need help with this")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Say whether you offer help or ask for it.")},
    )
    nonce = forms.RegexField(r"^[A-Za-z0-9_-]{8,40}$", widget=forms.HiddenInput)
    field_order = ("kind", "title", "category", "description", "minutes", "place")

    def with_nonce(self, nonce: str) -> None:
        """Let what was typed be sent once more as a new one."""
        self.data = {**self.data.dict(), "nonce": nonce}  # type: ignore[attr-defined]  # what was posted
