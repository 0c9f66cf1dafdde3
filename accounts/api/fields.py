"""What calls are read by: words without tricks, kinds of help, and who calls."""

from __future__ import annotations

from typing import Any, cast

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request

from accounts import operations
from accounts.models import Member
from accounts.words import check_words
from ledger.statements import categories, names_of

LONGEST_NOTE = 500


class WordsField(serializers.CharField):
    """Text from a person, as the pages read it: trimmed, plain line ends, nothing that hides or turns text around."""

    def __init__(self, **how: Any) -> None:
        super().__init__(validators=[check_words], **how)

    def to_internal_value(self, data: Any) -> str:
        return str(super().to_internal_value(data)).replace("\r\n", "\n").replace("\r", "\n")


class LineField(WordsField):
    """A few words on one line."""

    def to_internal_value(self, data: Any) -> str:
        return " ".join(super().to_internal_value(data).split())


def caller(request: Request) -> Member:
    return cast(Member, request.user)


def check_category(code: str) -> str:
    if code and code not in names_of(categories()):
        raise serializers.ValidationError(_("There is no such kind of help."), code="no_such_category")
    return code


class NameField(LineField):
    """A name with letters in it."""

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if name and not any(character.isalpha() for character in name):
            raise serializers.ValidationError(_("Please write a name with letters."), code="no_letters")
        return name


class PeopleField(serializers.ListField):
    """Several people, by the ids of their profiles, each once."""

    child = serializers.CharField(max_length=22)
    default_error_messages = {"repeated": _("Name each of them once.")}

    def __init__(self, **how: Any) -> None:
        super().__init__(min_length=operations.FEWEST_TOGETHER, max_length=operations.MOST_TOGETHER, **how)

    def to_internal_value(self, data: Any) -> list[str]:
        ids: list[str] = super().to_internal_value(data)
        if len(set(ids)) < len(ids):
            self.fail("repeated")
        return ids


def name_of_several(refusal: operations.CannotReceive | operations.ToOneself, field: str) -> None:
    """Let ``refusal`` say which of several it is about: "to.2" is the third."""
    refusal.field = field if refusal.number is None else f"{field}.{refusal.number}"
