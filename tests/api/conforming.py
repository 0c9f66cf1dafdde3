"""Whether an answer is one that the schema promises: its status, its type, its body; and docs/refusals.md its codes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

REFUSALS = Path(__file__).parents[2] / "docs/refusals.md"


@cache
def told() -> dict[str, set[int]]:
    """The statuses that each code of a refusal stands beside."""
    found: dict[str, set[int]] = {}
    for line in REFUSALS.read_text().splitlines():
        statuses = {int(number) for number in re.findall(r"\b[45]\d\d\b", line)}
        for code in re.findall(r"`([a-z_]+)`", line):
            found.setdefault(code, set()).update(statuses)
    return found


@cache
def schema() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True), default=str))
    return made


def check(response: HttpResponse) -> HttpResponse:
    """Returns it. Raises AssertionError where the call is in the schema and its answer is not, or a code is not told."""
    silent = [code for code in codes_of(response) if response.status_code not in told().get(code, ())]
    assert not silent, f"docs/refusals.md does not tell {silent} with {response.status_code}"
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


def codes_of(response: HttpResponse) -> Iterator[str]:
    """What a refusal calls itself, and what is wrong with each field."""
    if response.status_code < 400 or response.streaming or not response.content.startswith(b"{"):
        return
    said = json.loads(response.content)
    yield said["code"]
    for error in said.get("errors", []):
        yield error["code"]


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
