"""Every call that changes something refuses every kind of body that is none, names what is wrong, and changes nothing."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from ledger.models import Hold, PaymentRequest
from marketplace.models import Exchange, Listing, Message

from .conforming import schema
from .everything import ACTS, CHANGES, filled
from .programs import Person, Program

pytestmark = pytest.mark.django_db

CALLS = [(path, body, False) for path, body, _count in ACTS] + [(path, body, True) for path, body, _count in CHANGES]
NO_BODIES = {
    "broken": ("{", "not_json"),
    "a list": ("[1]", "not_an_object"),
    "the same name twice": ('{"a": 1, "a": 2}', "repeated_name"),
    "no number": ('{"a": NaN}', "not_json"),
    "too long a number": ('{"a": 1' + "0" * 400 + "}", "number_too_long"),
    "too deep": ('{"a":' * 50 + "1" + "}" * 50, "too_deep"),
    "too long": ('{"a": "' + "x" * 70_000 + '"}', "too_long"),
    "NUL": ('{"a": "x\\u0000"}', "no_text"),
    "half a character": ('{"a": "\\ud800"}', "no_text"),
}
HIDDEN = "x\u202ey"  # turns round how what follows is read
WRONG = {
    "integer": (True, "5", 1.5, [5], {}, 10**30, -(10**30)),
    "boolean": ("true", 1, [], {}),
    "string": (True, 5, ["x"], {}, HIDDEN),
    "number": (True, "5", [5], {}),
    "array": (True, 5, "x", {}, [5, [5]], [{}, {}], [["x"], ["y"]], [[]] * 1000),
}
OF_A_PROGRAMMER = set("[]{}<>'\"")  # no sentence for people shows a value as a programmer writes it


@pytest.fixture
def caller(things: tuple[Program, dict[str, str]], settings: Any) -> tuple[Person, dict[str, str]]:
    settings.API_RATE_LIMIT = settings.SEND_RATE_LIMIT = settings.REQUEST_RATE_LIMIT = settings.GUESS_RATE_LIMIT = ""
    program, ids = things
    return Person(program.token.member), ids


def standing() -> tuple[Any, ...]:
    """What must be as it was."""
    states = [list(model.objects.order_by("pk").values_list("pk", "state")) for model in (Exchange, Listing, Hold)]
    return (*states, PaymentRequest.objects.count(), Message.objects.count())


@pytest.mark.parametrize("things", [1], indirect=True, ids=[""])
def test_a_body_that_is_none(caller):
    person, ids = caller
    before = standing()

    for path, _body, is_change in CALLS:
        send = person.patch_raw if is_change else person.post
        for what, (raw, code) in NO_BODIES.items():
            refused = send(path.format(**ids), raw)
            assert (refused.status_code, refused.json()["code"]) == (400, code), (path, what)
    assert standing() == before


@pytest.mark.parametrize("things", [1], indirect=True, ids=[""])
def test_a_field_that_is_unknown_or_of_another_type(caller):
    person, ids = caller
    before, tried = standing(), 0

    for path, body, is_change in CALLS:
        good = filled(body, ids)
        wrong = [{"loudly": 1}, {"id": "x"}, {"is_staff": True}]
        wrong += [{name: value} for name, type_ in fields_of(path, is_change).items() for value in WRONG[type_]]
        for changes in wrong:
            refused = (person.patch if is_change else person.post)(path.format(**ids), good | changes)
            # (Such words may also be nobody's id.)
            statuses = {400, 404, 409} if HIDDEN in changes.values() else {400}
            said = refused.json()
            assert refused.status_code in statuses, (path, changes, refused.content)
            assert said.get("field", "").partition(".")[0] in {next(iter(changes)), ""}, (path, changes)
            assert not OF_A_PROGRAMMER & set(said["detail"]), (path, changes, said)
            assert len(said.get("errors", [])) < 10, (path, changes)
            tried += 1
    assert standing() == before
    assert tried > 300


def fields_of(path: str, is_change: bool) -> dict[str, str]:
    """The names that a call reads, with their types; those that are objects are left out."""
    pattern = re.sub(r"\{\w+\}", lambda _id: r"\{\w+\}", f"/api/v1/{path}")
    (call,) = [ways for address, ways in schema()["paths"].items() if re.fullmatch(pattern, address)]
    asked = call["patch" if is_change else "post"].get("requestBody")
    if asked is None:
        return {}
    properties = _resolved(asked["content"]["application/json"]["schema"])["properties"]
    types = {name: _type_of(_resolved(kind)) for name, kind in properties.items()}
    return {name: type_ for name, type_ in types.items() if type_ in WRONG}


def _type_of(kind: dict[str, Any]) -> str:
    either = kind.get("type") or next(
        (_type_of(_resolved(one)) for one in kind.get("oneOf", kind.get("allOf", []))), ""
    )
    return next(one for one in either if one != "null") if isinstance(either, list) else either


def _resolved(kind: dict[str, Any]) -> dict[str, Any]:
    name = kind.get("$ref", "").rpartition("/")[2]
    return schema()["components"]["schemas"][name] if name else kind


def test_the_fields_are_found_in_the_schema():
    assert fields_of("transfers/", False)["amount_minutes"] == "integer"
    assert fields_of("listings/{mine}/", True)["title"] == "string"
    assert json.loads(NO_BODIES["NUL"][0])["a"] == "x\0"
