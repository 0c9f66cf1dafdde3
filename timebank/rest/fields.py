"""Fields of bodies: whole minutes, people, and nothing that is not known."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from timebank.durations import MOST_MINUTES


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


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields it does not know: who writes one means something by it that would not happen."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := sorted(set(data) - set(self.fields))):
            raise serializers.ValidationError(
                {
                    name[:60]: [serializers.ErrorDetail(str(_("There is no such field.")), "unknown_field")]
                    for name in unknown
                }
            )
        return super().to_internal_value(data)


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
