"""Each list and each thing takes as many queries as are written here, however many rows there are."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from ledger.models import PaymentRequest
from tests.factories import PASSWORD, make_member

from .conforming import schema
from .everything import ACTS, CHANGES, filled
from .programs import Person, Program
from .test_coming_in import signed_in

pytestmark = pytest.mark.django_db


# One of each is for the token; where no token reads, two are for the session.
QUERIES = {
    "": 1,
    "me/": 1,
    "me/agreement/": 2,
    "account/": 2,
    "holds/": 2,
    "transfers/": 2,
    "entries/": 2,
    "lots/": 2,
    "account/balance/": 4,
    "account/hours/": 7,
    "account/statement/{ending}/": 6,
    "community/": 5,
    "community/entries/": 2,
    "transfers/{transfer}/receipt/": 4,
    "me/qr/": 1,
    "notifications/unread/": 2,
    "payment-requests/{code}/qr/": 2,
    "members/": 2,
    "members/blocked/": 2,
    "members/{hers}/": 2,
    "members/{hers}/reviews/": 3,
    "members/{hers}/reputation/": 4,
    "categories/": 2,
    "listings/": 2,
    "listings/?mine=true": 2,
    "listings/?category=home&q=number": 3,
    "listings/{listing}/": 2,
    "exchanges/": 2,
    "exchanges/{exchange}/": 4,
    "exchanges/{exchange}/steps/": 3,
    "exchanges/{exchange}/messages/": 3,
    "exchanges/{completed}/reviews/": 3,
    "disputes/": 6,
    "disputes/{dispute}/": 6,
    "notifications/?page_size=100": 4,
    "notifications/{line}/": 3,
    "events/?since=0": 3,
    "tokens/": 2,
    "webhooks/": 3,
    "webhooks/{hook}/": 3,
    "webhooks/{hook}/answers/": 4,
    "payment-requests/": 2,
    "holds/{hold}/": 2,
    "transfers/{transfer}/": 2,
    "tokens/{token}/": 2,
    "evidence/{evidence}/": 2,
    "payment-requests/find/?code={code}": 2,
    "payment-requests/{code}/": 2,
    "holds/?person={other}&after=2026-01-01T00:00:00Z": 2,
}


def test_so_many_queries(things):
    program, ids = things
    program.get("me/")  # which notes that the token is used, every five minutes

    assert {path: queries_of(reader(program, path), path.format(**ids)) for path in QUERIES} == QUERIES


def reader(program: Program, path: str) -> Program:
    """Who reads at ``path``: a program by its token, or its member herself."""
    return Person(program.token.member) if path.startswith("webhooks/") else program


@pytest.mark.parametrize("things", [1], indirect=True, ids=[""])
def test_no_read_passes_over_what_it_does_not_know(things):
    program, ids = things

    passed_over = [
        path
        for path in QUERIES
        if reader(program, path).get(path.format(**ids) + ("&" if "?" in path else "?") + "colour=red").status_code
        != 400
    ]
    assert ", ".join(passed_over) == ""


def test_so_many_queries_to_act(things):
    program, ids = things
    person = Person(program.token.member)

    assert [(path, body, queries_to_act(person, path, body, ids)) for path, body, _count in ACTS] == list(ACTS)


UNPINNED = {"/api/v1/disputes/{id}/evidence/"}  # a file: how long it takes is not the database's


def test_so_many_queries_to_change(things):
    program, ids = things
    person = Person(program.token.member)

    counted = [(path, body, queries_to_act(person, path, body, ids, change=True)) for path, body, _count in CHANGES]
    assert counted == list(CHANGES)


def test_every_call_is_counted_here():
    counted = {
        "get": [path.partition("?")[0] for path in QUERIES],
        "post": [path for path, _body, _count in ACTS],
        "patch": [path for path, _body, _count in CHANGES],
    }
    for path, ways in schema()["paths"].items():
        here = path.removeprefix("/api/v1/")
        pattern = re.compile(re.sub(r"\{\w+\}", lambda _id: r"\{\w+\}", here))
        for method in ways if path.startswith("/api/v1/") and path not in UNPINNED else ():
            assert any(pattern.fullmatch(one) for one in counted[method]), f"{method} {path}"


def queries_of(program: Program, path: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        response = program.get(path)
        if response.streaming:
            response.getvalue()
    assert response.status_code == 200, path
    return len(asked)


def queries_to_act(
    person: Person, path: str, body: dict[str, Any], ids: dict[str, str], *, change: bool = False
) -> int:
    said = filled(body, ids)
    with CaptureQueriesContext(connection) as asked:
        response = (person.patch if change else person.post)(path.format(**ids), said)
    assert response.status_code < 300, (path, response.content)
    return len(asked)


# --- Beside /api/v1/: the short calls for codes, and signing in ------------------------------------------

# One is for the token, and where something is done two are for the savepoint of its operation.
PIX = {
    ("post", ""): 10,
    ("get", "/qr_code/{picture}"): 2,
    ("get", "/{number}"): 2,
    ("post", "/confirmation"): 12,
}
# Of an app that is signed in: its session, its member, and what is asked for.
SIGNED_IN = {
    "config": 2,
    "auth/session": 2,
    "auth/sessions": 4,
    "account/email": 3,
    "account/authenticators": 3,
}


def test_so_many_queries_for_a_code(things):
    program, ids = things
    code = PaymentRequest.objects.get(txid=ids["code"])
    names = {
        "picture": f"qr_code_payment_{ids['taken_back']}",
        "number": PaymentRequest.objects.get(txid=ids["paid"]).pk,
    }
    bodies = {"": {"value": 1}, "/confirmation": {"value": code.amount_minutes / 60, "bank_payment_id": code.txid}}
    program.get("me/")

    counted = {}
    for method, path in PIX:
        client = Client(headers={"Authorization": f"Bearer {program.words}"})
        asked = {"data": json.dumps(bodies[path]), "content_type": "application/json"} if method == "post" else {}
        with CaptureQueriesContext(connection) as queries:
            headers = {"Accept": "application/json"}
            response = getattr(client, method)(f"/payments/pix{path.format(**names)}", headers=headers, **asked)
        assert response.status_code in {200, 201}, (path, response.content)
        counted[method, path] = len(queries)
    assert counted == PIX


@pytest.mark.parametrize("sessions", [1, 3])
def test_so_many_queries_for_an_app(sessions):
    ana = make_member(email="ana@example.org", password=PASSWORD)
    app, *_others = [signed_in(ana) for _ in range(sessions)]

    counted = {}
    for path in SIGNED_IN:
        with CaptureQueriesContext(connection) as queries:
            assert app.call(path, method="GET").status_code == 200
        counted[path] = len(queries)
    assert counted == SIGNED_IN
