"""Reading what people write: letters of any script, but nothing that hides or turns text around."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# Marks that reorder the text around them; the two that only say "this is left-to-right" stay allowed.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_MOST_MARKS_ON_A_LETTER = 4


def check_words(text: str) -> None:
    """Refuse control and text-turning characters, lone surrogates, and letters buried under marks."""
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        if character in _TURNING or (category in {"Cc", "Cs", "Co"} and character not in "\n\t"):
            raise ValidationError(_("Please remove the invisible control characters from this text."), "control")
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if marks > _MOST_MARKS_ON_A_LETTER:
            raise ValidationError(_("Please write this without so many marks on one letter."), "marks")


class WordsField(forms.CharField):
    """Text from a person: trimmed, with plain line ends, without control characters."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def run_validators(self, value: Any) -> None:
        if value:
            check_words(value)
        super().run_validators(value)


class NameField(WordsField):
    """A name: one line, single spaces."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        return re.sub(" +", " ", text)

    def run_validators(self, value: Any) -> None:
        if value and any(c in value for c in "\n\t"):
            raise ValidationError(_("Please write the name on one line."), "lines")
        super().run_validators(value)
        if value and not any(c.isalpha() for c in value):
            raise ValidationError(_("Please write a name with letters."), "no_letters")
