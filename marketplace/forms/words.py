"""Words up to a length. Browsers are not told of it: they would cut short, in silence, what is refused and kept."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from accounts.words import WordsField


class WordsUpToField(WordsField):
    """Words up to ``longest`` characters; what is longer is refused in a sentence of ours."""

    def __init__(self, *, longest: int, **kwargs: Any) -> None:
        self.longest = longest
        super().__init__(**kwargs)

    def run_validators(self, value: Any) -> None:
        super().run_validators(value)
        if value and len(value) > self.longest:
            raise ValidationError(
                _("This is too long: up to %(longest)s characters fit here, and it has %(has)s.")
                % {"longest": _grouped(self.longest), "has": _grouped(len(value))},
                code="too_long",
            )


class LongWordsField(WordsUpToField):
    """Some lines of words."""

    def __init__(self, *, rows: int = 3, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": rows}), **kwargs)


class OneLineField(WordsUpToField):
    """A few words on one line."""

    def to_python(self, value: Any) -> str:
        return " ".join(super().to_python(value).split())


def _grouped(number: int) -> str:
    return str(number_format(number, force_grouping=True))
