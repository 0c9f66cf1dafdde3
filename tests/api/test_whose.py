"""What is hers is hers: every act on it, asked for by anybody else, finds nothing and changes nothing."""

from __future__ import annotations

import re

import pytest

from tests.factories import make_coordinator, make_member, make_moderator

from .conforming import call_of
from .everything import ACTS, CHANGES, filled
from .programs import Person, Program
from .test_every_body import standing
from .test_queries import QUERIES

pytestmark = pytest.mark.django_db

# Open to neighbours: a profile, a listing to read, a code for whoever was shown it.
FOR_NEIGHBOURS = {"{other}", "{hers}", "{listing}", "{code}"}


def is_hers(path: str) -> bool:
    """Whether the path names something that others have no part in."""
    return bool(set(re.findall(r"\{\w+\}", path)) - FOR_NEIGHBOURS - {"{ending}"})


@pytest.mark.parametrize("things", [1], indirect=True, ids=[""])
@pytest.mark.parametrize("who", [make_member, make_coordinator, make_moderator])
def test_nobody_else_acts_on_it_or_reads_it(things, who):
    _program, ids = things
    stranger, before = Person(who()), standing()

    for path, body, _count in (*ACTS, *CHANGES):
        if is_hers(path):
            act = stranger.patch if (path, body, _count) in CHANGES else stranger.post
            assert act(path.format(**ids), filled(body, ids)).status_code == 404, path
    for path in filter(is_hers, QUERIES):
        assert stranger.get(path.format(**ids)).status_code == 404, path
    assert standing() == before


@pytest.mark.parametrize("things", [1], indirect=True, ids=[""])
def test_a_token_that_only_reads_does_nothing(things):
    program, ids = things
    reading, before = Program(program.token.member, may_pay=False), standing()

    for path, body, _count in (*ACTS, *CHANGES):
        act = reading.patch if (path, body, _count) in CHANGES else reading.post
        refused = act(path.format(**ids), filled(body, ids))
        assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope"), path
    assert standing() == before


@pytest.mark.parametrize("things", [1], indirect=True, ids=[""])
def test_a_token_reads_what_the_schema_lets_it_and_its_member_the_rest(things):
    program, ids = things
    person, hers_alone = Person(program.token.member), []

    for path in QUERIES:
        filled_in = path.format(**ids)
        call, _name = call_of(f"/api/v1/{filled_in.partition('?')[0]}", "get")
        reads = {"token": ["read"]} in call["security"]
        answer = program.get(filled_in)
        assert answer.status_code == (200 if reads else 403), path
        if not reads:
            hers_alone.append(path)
            assert answer.json()["code"] == "insufficient_scope"
            assert "scope" not in answer["WWW-Authenticate"].replace("insufficient_scope", "")
            assert person.get(filled_in).status_code == 200, path
    assert hers_alone == ["webhooks/", "webhooks/{hook}/", "webhooks/{hook}/answers/"]


@pytest.mark.parametrize("things", [1], indirect=True, ids=[""])
def test_a_token_that_pays_does_what_the_schema_lets_it_and_no_more(things):
    program, ids = things
    paying, before = Program(program.token.member), standing()

    others = 0
    for path, body, _count in (*ACTS, *CHANGES):
        method = "patch" if (path, body, _count) in CHANGES else "post"
        call, _name = call_of(f"/api/v1/{path.format(**ids)}", method)
        if {"token": ["pay"]} in call["security"]:
            continue
        others += 1
        refused = getattr(paying, method)(path.format(**ids), filled(body, ids))
        assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope"), path
    assert others > 10
    assert standing() == before


@pytest.mark.parametrize("things", [1], indirect=True, ids=[""])
def test_who_is_suspended_or_not_yet_a_member_does_nothing_with_it(things):
    _program, ids = things

    for state in ("applied", "suspended"):
        person, before = Person(make_member(state=state)), standing()
        for path, body, _count in ACTS:
            if (
                path.endswith(("end/", "block/"))
                or path in {"me/agreement/", "notifications/read/"}
                or "webhooks" in path
            ):
                continue  # her own access, whom she keeps apart, and what she was told
            assert person.post(path.format(**ids), filled(body, ids)).status_code in {403, 404, 409}, (state, path)
        assert standing() == before
