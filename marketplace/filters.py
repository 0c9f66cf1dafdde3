"""Choosing among what neighbours offer and ask for; everything chosen stands in the address."""

from __future__ import annotations

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters import CharFilter, ChoiceFilter, FilterSet, ModelChoiceFilter

from .models import Category, Listing

LONGEST_WORDS = 80
TIMES = [
    ("30", _("Up to 30 min")),
    ("60", _("Up to 1 h")),
    ("120", _("Up to 2 h")),
    ("longer", _("Longer")),
    ("together", _("We agree together")),
]
LONG_FROM_MINUTES = 120
_ABOUT_TIME = {"longer": Q(minutes__gt=LONG_FROM_MINUTES), "together": Q(minutes=None)}


class ListingFilter(FilterSet):
    """Kind, words, category and time. What is not on a list is refused in words."""

    kind = ChoiceFilter(
        choices=Listing.Kind.choices,
        required=True,
        error_messages={"invalid_choice": _("There are offers and requests, and nothing else to show.")},
    )
    q = CharFilter(
        method="hold_words",
        max_length=LONGEST_WORDS,
        error_messages={"max_length": _("Please look for fewer words: up to %(limit_value)d characters.")},
    )
    category = ModelChoiceFilter(
        queryset=Category.objects.all(),
        to_field_name="slug",
        method="stand_in",
        error_messages={"invalid_choice": _("There is no such category. Please choose one from the list.")},
    )
    time = ChoiceFilter(
        choices=TIMES,
        method="take",
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": _("We do not know this length of time. Please choose one from the list.")},
    )

    def hold_words(self, listings: QuerySet[Listing], name: str, words: str) -> QuerySet[Listing]:
        return listings.with_words(words)  # type: ignore[attr-defined]

    def stand_in(self, listings: QuerySet[Listing], name: str, category: Category) -> QuerySet[Listing]:
        """Those in a kind of help, or in any below a heading."""
        return listings.filter(Q(category=category) | Q(category__parent=category))

    def take(self, listings: QuerySet[Listing], name: str, time: str) -> QuerySet[Listing]:
        return listings.filter(_ABOUT_TIME[time] if time in _ABOUT_TIME else Q(minutes__lte=int(time)))
