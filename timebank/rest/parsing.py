"""Reading JSON as it is meant, or not at all: whole numbers and decimals, each name once, within bounds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import IO, Any, NoReturn

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

MOST_BYTES = 64 * 1024
MOST_DEPTH = 20
MAY_BE_JSON = {"", "application/json"}  # where nothing else is read: what a body says it is, if it says anything
LONGEST_NUMBER = 40  # digits: more are no amount of anything


class StrictJSONParser(BaseParser):
    """One JSON object of at most 64 KB and 20 levels: no name twice, no NaN, decimals as decimals, no NUL in words."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        raw = stream.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise ParseError(_("The body is too long: at most 64 KB."), code="too_long")
        try:
            read = json.loads(
                raw, parse_float=_decimal, parse_int=_whole, parse_constant=_no_number, object_pairs_hook=_object
            )
        except (ValueError, RecursionError):
            raise ParseError(_("The body is not the JSON that is expected."), code="not_json") from None
        if not isinstance(read, dict):
            raise ParseError(_("The body must be a JSON object."), code="not_an_object")
        if _depth(read) > MOST_DEPTH:
            raise ParseError(_("The body is nested too deeply."), code="too_deep")
        if any("\0" in text or _has_surrogate(text) for text in _texts(read)):
            raise ParseError(_("The body holds characters that are no text."), code="no_text")
        return read


def _whole(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise _too_long_a_number()
    return int(digits)


def _decimal(digits: str) -> Decimal:
    try:
        number = Decimal(digits)
    except ArithmeticError:
        raise _too_long_a_number() from None
    if len(digits) > LONGEST_NUMBER or abs(number.adjusted()) > LONGEST_NUMBER:
        raise _too_long_a_number()
    return number


def _too_long_a_number() -> ParseError:
    return ParseError(_("The body holds a number that is too long."), code="number_too_long")


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")  # and no JSON


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ParseError(_("The body holds the same name twice."), code="repeated_name")
    return dict(pairs)


def _depth(value: Any) -> int:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inside is None else 1 + max(map(_depth, inside), default=0)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inside in value.items():
            yield name
            yield from _texts(inside)
    elif isinstance(value, list):
        for inside in value:
            yield from _texts(inside)


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
