"""A member's own tokens: made, shown once, used, ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from accounts import operations
from accounts.models import Token
from accounts.operations.tokens import MOST_TOKENS
from tests.factories import make_member
from tests.pages.reading import words
from timebank import clock

from .programs import Program, problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    member = make_member(name="Ana Souza")
    client.force_login(member)
    return member


def made_on_the_page(client, **changes: str):
    return client.post("/settings/tokens/", {"name": "calendar", "days": "30", **changes})


def test_it_is_shown_once_and_kept_nowhere(client, ana):
    page = made_on_the_page(client, may_pay="on").content.decode()

    token = Token.objects.get()
    shown = page.partition('id="token">')[2].partition("<")[0]
    assert shown.startswith(token.start)
    assert shown not in client.get("/settings/tokens/").content.decode()
    assert shown not in str(Token.objects.values_list().get())
    assert client.get("/api/v1/me/", headers={"Authorization": f"Bearer {shown}"}).json()["id"] == ana.public_id
    assert "Reads and pays" in words(client.get("/settings/tokens/"))


def test_ended_it_lets_nobody_in(client, ana):
    program = Program(ana)
    assert program.get("me/").status_code == 200

    page = client.post(f"/settings/tokens/{program.token.public_id}/end/", follow=True)

    assert "Nobody is let in by “a program” any more." in words(page)
    assert problem(program.get("me/")) == (401, "unknown_token")
    assert "ended on" in words(page)


def test_over_it_lets_nobody_in(ana):
    program = Program(ana)

    with clock.ahead_by(timedelta(days=30)):
        assert problem(program.get("me/")) == (401, "unknown_token")


def test_use_is_noted_now_and_then(ana):
    program = Program(ana)
    program.get("me/")
    first = Token.objects.get().last_used_at
    program.get("me/")
    assert Token.objects.get().last_used_at == first
    with clock.ahead_by(timedelta(minutes=6)):
        program.get("me/")
    assert Token.objects.get().last_used_at > first


@pytest.mark.parametrize(("changes", "sentence"), [
    ({"name": ""}, "Say what it is for."), ({"days": "5"}, "Select a valid choice"), ({"days": ""}, "required"),
    ({"name": "x" * 61}, "at most 60 characters"),
])  # fmt: skip
def test_what_is_wrong_is_said(client, ana, changes, sentence):
    page = made_on_the_page(client, **changes)

    assert page.status_code == 422
    assert sentence in words(page)
    assert Token.objects.count() == 0


def test_only_so_many_live_at_a_time(client, ana):
    for number in range(MOST_TOKENS):
        operations.make_token(ana, name=f"number {number}", days=1, may_pay=False)

    assert "You have many tokens already." in words(made_on_the_page(client))
    operations.end_token(ana.tokens.first())
    assert made_on_the_page(client).status_code == 200


def test_who_is_no_member_makes_none(client):
    client.force_login(make_member(state="applied"))

    assert made_on_the_page(client).status_code == 422
    assert Token.objects.count() == 0


def test_nobody_ends_anothers(client, ana):
    program = Program(make_member())

    assert client.post(f"/settings/tokens/{program.token.public_id}/end/").status_code == 404
    assert program.get("me/").status_code == 200


@pytest.mark.parametrize("days", [0, 367])
def test_a_life_that_no_form_lets_through(ana, days):
    with pytest.raises(ValueError, match="a day to a year"):
        operations.make_token(ana, name="x", days=days, may_pay=False)


def test_many_that_are_none_have_to_wait_while_a_right_one_is_let_in(ana, settings):
    settings.TOKEN_RATE_LIMIT = "2/m/ip"
    program, stranger = Program(ana), Client()

    def tried(words: str, path: str = "/api/v1/me/"):
        return stranger.get(path, headers={"Authorization": f"Bearer {words}", "Accept": "application/json"})

    wrong = [tried("tb_nothing"), tried("no.access.token")]
    assert [problem(one) for one in wrong] == [(401, "unknown_token")] * 2
    late = tried("tb_nothing")
    assert problem(late) == (429, "too_often")
    assert 0 < int(late["Retry-After"]) <= 60
    pix = tried("tb_nothing", "/payments/pix/1")
    assert (pix.status_code, pix.json()["code"], int(pix["Retry-After"]) > 0) == (429, "too_often", True)
    assert program.get("me/").status_code == 200  # a neighbour may share the address
