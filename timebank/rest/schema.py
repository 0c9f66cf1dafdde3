"""What the schema says of every call: its refusals, its headers, its key, its scope."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from .access import scope_of
from .fields import StrictSerializer
from .keys import HEADER


class WrongFieldSerializer(serializers.Serializer[Any]):
    """What is wrong with one field."""

    field = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """Why a call was refused (RFC 9457): ``code`` for programs, ``detail`` a sentence in the caller's language."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    field = serializers.CharField(required=False)
    errors = WrongFieldSerializer(many=True, required=False)  # type: ignore[assignment]


_PROBLEM = OpenApiResponse(ProblemSerializer, description="Refused, with the reason.")
_READING = ("400", "401", "403", "404", "429")
_WRITING = ("400", "401", "403", "404", "409", "415", "422", "429", "503")
_KEY_PATTERN = {"type": "string", "pattern": "^[A-Za-z0-9_-]{8,64}$"}


def _header(words: str, **schema: Any) -> dict[str, Any]:
    return {"description": words, "schema": {"type": "string"} | schema}


_AGAIN = {"Retry-After": _header("After how many seconds to try again.", type="integer")}
_REPLAYED = {"Idempotency-Replayed": _header("`true` where the key came again.", enum=["true"])}
_WHERE = {"Location": _header("Where to look, where it has an address.")}
_WAITED = {"Preference-Applied": _header("`wait` where the answer waited.", enum=["wait"])}
_MARK = {"ETag": _header("For `If-None-Match`, the next time.")}
_WHO = {"WWW-Authenticate": _header("How to come in, or the scope that lacks.")}


def not_kept(act: Any) -> Any:
    """Say of a read that nobody keeps its answer: it has no ``ETag``."""
    act.is_not_kept = True
    return act


class Schema(AutoSchema):
    """Adds to each call the problems it may answer, its headers, the key where it needs one, and its scope."""

    problem, problem_type = _PROBLEM, "application/problem+json"
    marks_reads = True  # with an ``ETag``

    @property
    def _act(self) -> Any:
        """What answers the call."""
        return getattr(self.view, getattr(self.view, "action", "") or self.method.lower(), None)

    @property
    def _is_kept(self) -> bool:
        return self.marks_reads and not getattr(self._act, "is_not_kept", False)

    @property
    def _reads(self) -> bool:
        return self.method in {"GET", "HEAD"}

    def get_summary(self) -> str:
        """The first sentence of what it does."""
        model = getattr(getattr(getattr(self.view, "serializer_class", None), "Meta", None), "model", None)
        if getattr(self.view, "action", "") == "retrieve" and model is not None:
            return f"One {model._meta.verbose_name}"
        return str(self.get_description().split(". ")[0].split("\n\n")[0].rstrip("."))

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        """A body that is read strictly names nothing else."""
        mapped = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if direction == "request" and isinstance(serializer, StrictSerializer):
            mapped["additionalProperties"] = False
        return mapped

    def get_description(self) -> str:  # type: ignore[override]  # as in AutoSchema
        """What it does, and for reading with the eyes which token does it."""
        words = str(super().get_description())
        scope = scope_of(self.view, self.method)
        needs = (
            f"By a token with the scope `{scope}`." if scope else "By no token: by a session, of the site or of an app."
        )
        return f"{words}\n\n{needs}" if words else needs

    def get_auth(self) -> list[dict[str, Any]]:
        """Who may call: a session of the site, of an app, or a member's own token with the scope it takes."""
        super().get_auth()
        scope = scope_of(self.view, self.method)
        return [{"session": []}, {"access": []}, *([{"token": [scope]}] if scope else [])]

    def get_override_parameters(self) -> list[Any]:
        act = self._act
        if self._reads and not self._is_kept:
            return []
        if self._reads:
            words = "The `ETag` of an earlier answer: what has not changed since is 304."
            return [OpenApiParameter("If-None-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, description=words)]
        if not getattr(act, "is_keyed", False):
            return []
        wait = OpenApiParameter(
            "Prefer", OpenApiTypes.STR, OpenApiParameter.HEADER,
            description="`wait`: answer, if it takes no longer than two seconds, when the hours have arrived.",
        )  # fmt: skip
        words = "A new one for each act; the same one again gets the first answer."
        key = OpenApiParameter(HEADER, _KEY_PATTERN, OpenApiParameter.HEADER, required=True, description=words)
        return [key, wait] if getattr(act, "may_wait", False) else [key]

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        if getattr(self._act, "may_wait", False):
            bodies["200"] = {**bodies["202"], "description": "They have arrived."}
        # (A 422 is a key that came with another call, or a file that is none.)
        problems = _READING if self._reads else _WRITING
        for status in problems:
            if status not in bodies:
                bodies[status] = self._get_response_for_code(self.problem, status, [self.problem_type])  # type: ignore[no-untyped-call]
        for status, body in bodies.items():
            body["description"] = body["description"] or f"{HTTPStatus(int(status)).phrase}."
            if headers := self._headers(status):
                body["headers"] = headers
        if self._reads and self._is_kept:
            bodies["304"] = {"description": "Not changed.", "headers": _MARK}
        return bodies

    def _headers(self, status: str) -> dict[str, Any]:
        match status:
            case "429" | "503":
                return _AGAIN
            case "401" | "403":
                return _WHO
            case _ if status[0] != "2":
                return {}
        if self._reads:
            return _MARK if self._is_kept else {}
        act = self._act
        headers = _REPLAYED if getattr(act, "is_keyed", False) else {}
        waits = getattr(act, "may_wait", False)
        return headers | (_WHERE if waits or status == "201" else {}) | (_WAITED if waits and status == "200" else {})
