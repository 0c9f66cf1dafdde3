"""What the schema says of every call: its refusals, its key, its scopes."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from .keys import HEADER


class ProblemSerializer(serializers.Serializer[Any]):
    """Why a call was refused (RFC 9457): ``code`` for programs, ``detail`` a sentence in the caller's language."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    field = serializers.CharField(required=False)
    errors = serializers.ListField(  # type: ignore[assignment]
        child=serializers.DictField(child=serializers.CharField()), required=False
    )


_PROBLEM = OpenApiResponse(ProblemSerializer, description="Refused, with the reason.")
_READING = ("401", "403", "404", "429")
_WRITING = ("400", "401", "403", "404", "409", "415", "422", "429", "503")


class Schema(AutoSchema):
    """Adds to each call the problems it may answer, and the key where it needs one."""

    @property
    def _act(self) -> Any:
        """What answers the call."""
        return getattr(self.view, getattr(self.view, "action", "") or self.method.lower(), None)

    def get_override_parameters(self) -> list[Any]:
        act = self._act
        if not getattr(act, "is_keyed", False):
            return []
        wait = OpenApiParameter(
            "Prefer", OpenApiTypes.STR, OpenApiParameter.HEADER,
            description="`wait`: answer, if it takes no longer than two seconds, when the hours have arrived.",
        )  # fmt: skip
        words = "A new one for each act; the same one again gets the first answer."
        key = OpenApiParameter(HEADER, OpenApiTypes.STR, OpenApiParameter.HEADER, required=True, description=words)
        return [key, wait] if getattr(act, "may_wait", False) else [key]

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        if getattr(self._act, "may_wait", False):
            bodies["200"] = bodies["202"]
        # (A 422 is a key that came with another call, or a file that is none.)
        for status in _READING if self.method in {"GET", "HEAD"} else _WRITING:
            if status not in bodies:
                bodies[status] = self._get_response_for_code(_PROBLEM, status, ["application/problem+json"])  # type: ignore[no-untyped-call]
        if self.method in {"GET", "HEAD"} and self._is_list_view():
            bodies["400"] = self._get_response_for_code(_PROBLEM, "400", ["application/problem+json"])  # type: ignore[no-untyped-call]
        return bodies
