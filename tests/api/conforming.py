"""Whether an answer is one that the schema promises: its status, its type, its body."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator


@cache
def schema() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True), default=str))
    return made


def check(response: HttpResponse) -> HttpResponse:
    """Returns it. Raises AssertionError where the call is in the schema and its answer is not."""
    asked = response.wsgi_request
    found = call_of(asked.path, asked.method.lower())
    if found is None:
        return response
    call, name = found
    promised = call["responses"].get(str(response.status_code))
    assert promised is not None, f"{name} may answer {sorted(call['responses'])}, not {response.status_code}"
    contents = promised.get("content", {})
    if not contents:
        assert not response.content, name
        return response
    type_ = response["Content-Type"].partition(";")[0]
    if type_ not in contents:
        assert "application/octet-stream" in contents, f"{name} answers {type_}, not one of {list(contents)}"
        return response
    if response.streaming or contents[type_]["schema"].get("format") == "binary":
        return response
    _validator(name, str(response.status_code), type_).validate(json.loads(response.content))
    return response


def call_of(path: str, method: str) -> tuple[dict[str, Any], str] | None:
    """What the schema says of a call, and its name there; None where it has no such address, or not to be asked so."""
    for template, pattern in _patterns():
        if pattern.fullmatch(path):
            call = schema()["paths"][template].get(method)
            return call and (call, f"{method} {template}")
    return None


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """The addresses, those that name everything before those with an id."""
    paths = sorted(schema()["paths"], key=lambda path: ("{" in path, path))
    return [(path, re.compile(re.sub(r"\{\w+\}", "[^/]+", path))) for path in paths]


@cache
def _validator(name: str, status: str, type_: str) -> Draft202012Validator:
    method, _, template = name.partition(" ")
    promised = schema()["paths"][template][method]["responses"][status]["content"][type_]["schema"]
    return Draft202012Validator({"allOf": [promised], "components": schema()["components"]})
