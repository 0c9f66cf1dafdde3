"""Fields of bodies: whole minutes, people, and nothing that is not known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from timebank.durations import MOST_MINUTES

from .pages import check_query


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": MOST_MINUTES - 1})
class MinutesField(serializers.Field[int, int, int, Any]):
    """Whole minutes, more than none, as a JSON number: no fraction, no text, no true."""

    default_error_messages = {
        "not_whole": _("This must be a whole number of minutes."),
        "not_positive": _("The time must be more than zero."),
        "too_much": _("That is more time than anybody has."),
    }

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("not_whole")
        if data <= 0:
            self.fail("not_positive")
        if data >= MOST_MINUTES:
            self.fail("too_much")
        return data

    def to_representation(self, value: int) -> int:
        return value


class MomentField(serializers.DateTimeField):
    """A moment as RFC 3339 writes it, with its zone: without one, nobody knows which is meant."""

    default_error_messages = dict.fromkeys(
        ("invalid", "no_zone"), _("Please say the time with its zone, such as 2026-12-01T10:00:00-03:00.")
    )

    def enforce_timezone(self, value: datetime) -> datetime:
        if timezone.is_naive(value):
            self.fail("no_zone")
        return super().enforce_timezone(value)

    def to_representation(self, value: Any) -> Any:
        """In the reader's zone, where it was kept as text too."""
        moment: Any = parse_datetime(value) if isinstance(value, str) else value
        return super().to_representation(moment)


# What the framework's fields would also read out of something else: 30 out of "30", yes out of 1.
_AS_WRITTEN: tuple[tuple[type, type, Any], ...] = (
    (serializers.IntegerField, int, _("This must be a whole number.")),
    (serializers.BooleanField, bool, _("This must be true or false.")),
    (serializers.CharField, str, _("This must be text.")),
    (serializers.ChoiceField, str, _("This must be text.")),
)


class AsKeptSerializer(serializers.Serializer[Any]):
    """A few things that were kept together: those that are there, and no more."""

    def to_representation(self, kept: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in super().to_representation(kept).items() if name in kept}


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields it does not know: who writes one means something by it that would not happen.

    A number is a number, text is text, and yes is true. What is wrong in a list is named with its place: "to.1".
    """

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (wrong := self._unknown(data) | self._misread(data)):
            raise serializers.ValidationError(wrong)
        return super().to_internal_value(data)

    def _unknown(self, data: dict[str, Any]) -> dict[str, Any]:
        unknown = sorted(set(data) - set(self.fields))
        return {name[:60]: [_error(_("There is no such field."), "unknown_field")] for name in unknown}

    def _misread(self, data: dict[str, Any]) -> dict[str, Any]:
        found = {name: _wrong_with(field, data.get(name)) for name, field in self.fields.items()}
        return {name: wrong for name, wrong in found.items() if wrong}


def _wrong_with(field: Any, said: Any) -> Any:
    """What a field would read otherwise than it is written, or refuse in words that are no sentence; None for none."""
    if said is None:
        return None
    if isinstance(field, serializers.ListField):
        return _wrong_with_list(field, said)
    for kind, type_, words in _AS_WRITTEN:
        if isinstance(field, kind) and type(said) is not type_:
            return [_error(words, "wrong_type")]
    if isinstance(field, serializers.ChoiceField) and said not in field.choices:
        return [_error(_("Say one of these: %s.") % ", ".join(field.choices), "invalid_choice")]
    return None


def _wrong_with_list(field: Any, said: Any) -> Any:
    if not isinstance(said, list):
        return [_error(_("This must be a list."), "not_a_list")]
    if field.max_length is not None and len(said) > field.max_length:  # before each of them is told what it is not
        return [_error(field.error_messages["max_length"].format(max_length=field.max_length), "max_length")]
    found = {place: _wrong_with(field.child, one) for place, one in enumerate(said)}
    return {place: wrong for place, wrong in found.items() if wrong}


def _error(words: Any, code: str) -> serializers.ErrorDetail:
    return serializers.ErrorDetail(str(words), code)


def read_body(body: type[serializers.Serializer[Any]], request: Request, *, partial: bool = False) -> dict[str, Any]:
    """What a call says, as ``body`` reads it; ``partial`` where what is left out stays. Raises ValidationError."""
    check_query(request, ())
    said = body(data=request.data, partial=partial)
    said.is_valid(raise_exception=True)
    return dict(said.validated_data)


def without_body(act: Callable[..., Response]) -> Callable[..., Response]:
    """Let a call that reads no body refuse one that says something: it would not happen."""

    @wraps(act)
    def call(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        read_body(StrictSerializer, request)
        return act(view, request, *args, **kwargs)

    return call


def without_query(act: Callable[..., Any]) -> Callable[..., Any]:
    """Let a read that has nothing to choose refuse an address that chooses something."""

    @wraps(act)
    def call(view: Any, request: Request, *args: Any, **kwargs: Any) -> Any:
        check_query(request, ())
        return act(view, request, *args, **kwargs)

    return call


class PartySerializer(serializers.Serializer[Any]):
    """A person, by the id of her profile."""

    id = serializers.CharField()
    name = serializers.CharField()


@extend_schema_field(PartySerializer)
class PersonField(serializers.Field[Any, Any, dict[str, str], Any]):
    """A member, as `PartySerializer` says."""

    def __init__(self, **how: Any) -> None:
        super().__init__(read_only=True, **how)

    def to_representation(self, value: Any) -> dict[str, str]:
        return {"id": value.public_id, "name": value.display_name}
