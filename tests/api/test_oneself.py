"""What a member changes about herself by the API: profile, preferences, consent, blocks, tokens, and what she gives."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Block, Consent, Token
from accounts.operations import community_fund
from ledger.models import Account
from tests.factories import available, make_member
from tests.work import drain
from timebank.rest.models import Call

from .programs import Person, Program, problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return make_member(minutes=120, name="Ana Souza")


def test_her_profile_and_preferences(ana):
    person = Person(ana)

    changed = person.patch("me/profile/", {"display_name": " Ana  Prado "})
    assert (changed.json()["display_name"], changed.json()["about"]) == ("Ana Prado", "")
    assert person.patch("me/profile/", {"about": "I sew."}).json()["display_name"] == "Ana Prado"
    told = person.patch("me/preferences/", {"language": "pt-br", "time_zone": "Europe/Lisbon", "units": "days"}).json()
    assert person.patch("me/preferences/", {"theme": "dark", "text_size": "large"}).json()["theme"] == "dark"
    assert (told["language"], told["time_zone"], told["units"]) == ("pt-br", "Europe/Lisbon", "days")
    assert "Não há nada aqui" in person.get("holds/nothing/").json()["detail"]


@pytest.mark.parametrize(("path", "body", "code"), [
    ("profile", {"display_name": ""}, "blank"), ("profile", {"display_name": "123"}, "no_letters"),
    ("profile", {"about": "x" * 601}, "max_length"), ("profile", {"email": "x@example.org"}, "unknown_field"),
    ("preferences", {"language": "xx"}, "invalid_choice"), ("preferences", {"time_zone": "Mars/Base"}, "no_such_zone"),
    ("preferences", {"units": None}, "null"), ("preferences", {"state": "active"}, "unknown_field"),
    ("preferences", {"is_superuser": True}, "unknown_field"),
])  # fmt: skip
def test_what_is_wrong_is_said(ana, path, body, code):
    assert problem(Person(ana).patch(f"me/{path}/", body)) == (400, code)


def test_she_agrees_to_the_present_terms(ana):
    person = Person(ana)
    assert person.get("me/agreement/").json()["agreed"] is False

    assert person.post("me/agreement/").status_code == 204
    assert person.get("me/agreement/").json()["agreed"] is True
    assert Consent.objects.filter(member=ana).count() == 2


def test_she_keeps_somebody_apart(ana):
    bento, person = make_member(name="Bento Lima"), Person(ana)

    for _ in range(2):
        assert person.post(f"members/{bento.public_id}/block/").status_code == 204
    assert person.get("members/blocked/").json() == [{"id": bento.public_id, "name": "Bento Lima"}]
    refused = Program(bento).post("payment-requests/", {"asked_of": ana.public_id})
    assert refused.status_code == 409
    assert person.post(f"members/{bento.public_id}/unblock/").status_code == 204
    assert Block.objects.count() == 0
    assert problem(person.post(f"members/{ana.public_id}/block/"))[0] == 409
    assert problem(person.post("members/nobody/block/")) == (404, "not_found")


def test_she_gives_to_the_fund(ana):
    fund = community_fund()
    before = fund.balance_minutes
    given = Program(ana).post("donations/", {"amount_minutes": 30, "note": "For whoever needs it"})
    drain()

    assert (given.status_code, given.json()["payee"], available(ana)) == (202, None, 90)
    assert Account.objects.get(pk=fund.pk).balance_minutes == before + 30


def test_a_token_is_shown_once(ana):
    person = Person(ana)
    asked = {"name": "calendar", "scopes": ["read", "pay"], "days": 7}
    made, again = (person.post("tokens/", asked, key="one-and-the-same") for _ in range(2))

    words = made.json()["token"]
    assert made.status_code == again.status_code == 201
    assert (again.json()["token"], again.json()["id"]) == (None, made.json()["id"])
    assert Token.objects.count() == 1
    assert words not in str(list(Call.objects.values())) + str(list(Token.objects.values()))
    assert made.json()["scopes"] == ["pay", "read"]
    with_it = {"Authorization": f"Bearer {words}"}
    assert Client().get("/api/v1/me/", headers=with_it).json()["id"] == ana.public_id
    assert [one["name"] for one in person.get("tokens/").json()["results"]] == ["calendar"]

    ended = person.post(f"tokens/{made.json()['id']}/end/")
    assert ended.json()["ended_at"]
    assert problem(Client().get("/api/v1/me/", headers=with_it)) == (401, "unknown_token")


@pytest.mark.parametrize(("changes", "code"), [
    ({"scopes": ["admin"]}, "invalid_choice"), ({"scopes": "pay"}, "not_a_list"), ({"days": 0}, "min_value"),
    ({"days": 400}, "max_value"), ({"name": ""}, "blank"), ({"may_pay": True}, "unknown_field"),
])  # fmt: skip
def test_a_token_that_is_none(ana, changes, code):
    assert problem(Person(ana).post("tokens/", {"name": "calendar"} | changes)) == (400, code)
    assert Token.objects.count() == 0


def test_a_token_makes_ends_and_changes_nothing_of_hers(ana):
    program = Program(ana)

    assert problem(program.post("tokens/", {"name": "another", "scopes": ["pay"]})) == (403, "insufficient_scope")
    assert problem(program.post(f"tokens/{program.token.public_id}/end/")) == (403, "insufficient_scope")
    assert problem(program.patch("me/profile/", {"about": "Changed"})) == (403, "insufficient_scope")
    assert problem(program.post("me/agreement/")) == (403, "insufficient_scope")


def test_nobody_ends_anothers_token(ana):
    token = Program(ana).token

    assert problem(Person(make_member()).post(f"tokens/{token.public_id}/end/")) == (404, "not_found")
