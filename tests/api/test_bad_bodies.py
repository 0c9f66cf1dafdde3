"""What is no call is refused with its status, code and sentence, and changes nothing."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import Client

from ledger.models import Hold, PaymentRequest
from tests.factories import available, make_member

from .programs import Person, Program, fire, problem

pytestmark = pytest.mark.django_db

PLAIN = '{"to": "%s", "amount_minutes": 30%s}'


@pytest.fixture
def ana():
    return make_member(minutes=120, name="Ana Souza")


@pytest.fixture
def bento():
    return make_member(name="Bento Lima")


@pytest.mark.parametrize(("body", "code"), [
    ("", "required"), ("{", "not_json"), ("[]", "not_an_object"), ("2", "not_an_object"), ("null", "not_an_object"),
    ('{"to": "x", "to": "y"}', "repeated_name"), (b"\xff\xfe", "not_json"), ("NaN", "not_json"),
    ('{"amount_minutes": NaN}', "not_json"), ('{"amount_minutes": 1' + "0" * 400 + "}", "number_too_long"),
    ('{"amount_minutes": 1e999}', "number_too_long"), ('{"amount_minutes": 1e99999999999999999999}', "number_too_long"), ("[" * 50_000, "not_json"), ('{"a":' * 50 + "1" + "}" * 50, "too_deep"),
    ('{"note": "' + "x" * 70_000 + '"}', "too_long"), ('{"note": "a\\u0000b"}', "no_text"),
    ('{"note": "\\ud800"}', "no_text"),
])  # fmt: skip
def test_a_body_that_is_none(ana, body, code):
    assert problem(Program(ana).post("transfers/", body)) == (400, code)
    assert Hold.objects.filter(payer=ana.account).count() == 0


@pytest.mark.parametrize(("changes", "code"), [
    ({"amount_minutes": True}, "not_whole"), ({"amount_minutes": 0}, "not_positive"),
    ({"amount_minutes": -5}, "not_positive"), ({"amount_minutes": 1.5}, "not_whole"),
    ({"amount_minutes": "30"}, "not_whole"), ({"amount_minutes": None}, "null"), ({"amount_minutes": [30]}, "not_whole"),
    ({"amount_minutes": 10**12}, "too_much"), ({"kind": "grant"}, "invalid_choice"), ({"kind": 5}, "wrong_type"), ({"kind": ["help"]}, "wrong_type"), ({"kind": {}}, "wrong_type"),
    ({"category": "nothing"}, "no_such_category"), ({"note": "x" * 501}, "max_length"),
    ({"note": "a\u202eb"}, "control"), ({"note": ["x"]}, "wrong_type"), ({"to": None}, "null"), ({"to": 5.5}, "wrong_type"), ({"to": 5}, "wrong_type"), ({"again": "true"}, "wrong_type"), ({"again": 1}, "wrong_type"),
    ({"state": "posted"}, "unknown_field"), ({"is_staff": True}, "unknown_field"), ({"again": "perhaps"}, "wrong_type"),
])  # fmt: skip
def test_a_wrong_field_is_named(ana, bento, changes, code):
    body = {"to": bento.public_id, "amount_minutes": 30} | changes
    refused = Program(ana).post("transfers/", body)

    assert problem(refused) == (400, code)
    assert refused.json()["field"] == next(iter(changes))
    assert available(ana) == 120


@pytest.mark.parametrize(("path", "changes", "field", "said"), [
    ("transfers/", {"kind": ["help"]}, "kind", "Deve ser um texto."),
    ("transfers/", {"kind": "grant"}, "kind", "Diga um destes: help, gift."),
    ("transfers/together/", {"to": ["one", 5]}, "to.1", "Deve ser um texto."),
    ("transfers/together/", {"to": ["x" * 23, "one"]}, "to.0", None),
    ("transfers/together/", {"to": {"one": 1}}, "to", "Deve ser uma lista."),
    ("payment-requests/together/", {"asked_of": [["one"], "another"]}, "asked_of.0", "Deve ser um texto."),
    ("tokens/", {"name": "x", "scopes": ["read", {}]}, "scopes.1", "Deve ser um texto."),
    ("tokens/", {"name": "x", "scopes": ["read", "admin"]}, "scopes.1", "Diga um destes: read, pay."),
    ("tokens/", {"name": "x", "scopes": "read"}, "scopes", "Deve ser uma lista."),
])  # fmt: skip
def test_what_is_wrong_is_said_in_a_sentence_and_with_its_place_in_a_list(path, changes, field, said):
    person = Person(make_member(language="pt-br"))
    refused = person.post(path, ({"to": "x", "amount_minutes": 30} if path == "transfers/" else {}) | changes)

    errors = {one["field"]: one["detail"] for one in refused.json()["errors"]}
    assert refused.status_code == 400
    assert field in errors
    assert errors[field] == (said or errors[field])


@pytest.mark.parametrize("missing", ["to", "amount_minutes"])
def test_a_missing_field_is_named(ana, bento, missing):
    body = {"to": bento.public_id, "amount_minutes": 30}
    del body[missing]
    refused = Program(ana).post("transfers/", body)

    assert problem(refused) == (400, "required")
    assert refused.json()["field"] == missing


def test_another_type_of_body_is_refused(ana):
    program = Program(ana)
    headers = {"Authorization": f"Bearer {program.words}", "Idempotency-Key": "a-key-for-it"}
    for type_ in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        refused = fire(
            lambda: program._client.post("/api/v1/transfers/", "x=1", content_type=type_, headers=headers)  # noqa: B023
        )
        assert problem(refused) == (415, "unsupported_media_type")


@pytest.mark.parametrize("path", [
    "holds/nobody/", "transfers/nobody/", "members/nobody/", "nothing/", "payment-requests/short/",
    "holds/..%2f/", "holds/%00/", "transfers/" + "9" * 300 + "/",
])  # fmt: skip
def test_what_is_not_there_is_not_found(ana, path):
    assert problem(Program(ana).get(path)) in {(404, "not_found"), (404, "no_such_code")}


@pytest.mark.parametrize("cursor", ["x", "%ff" * 20, "cD1hYmM%3D"])
def test_a_page_that_is_none(ana, cursor):
    refused = Program(ana).get(f"transfers/?cursor={cursor}")

    assert problem(refused) == (400, "no_such_page")
    assert refused.json()["field"] == "cursor"


@pytest.mark.parametrize(("query", "code"), [
    ("transfers/?direction=up", "invalid_choice"), ("transfers/?kind=banana", "invalid_choice"), ("transfers/?kind=%00", None),
    ("exchanges/?waiting=x", "invalid_choice"), ("exchanges/?live=1", "invalid_choice"), ("listings/?mine=maybe", "invalid_choice"),
    ("disputes/?open=x", "invalid_choice"), ("notifications/?unread=banana", "invalid_choice"),
    ("transfers/?page_size=abc", "no_page_size"), ("transfers/?page_size=0", "no_page_size"), ("transfers/?page_size=-1", "no_page_size"),
    ("transfers/?page_size=101", "no_page_size"), ("transfers/?ordering=banana", "no_such_order"), ("transfers/?ordering=", "no_such_order"),
    ("transfers/?colour=red", "unknown_parameter"), ("transfers/?kind=help&kind=gift", "repeated"),
    ("transfers/?after=0001-01-01T00:00:00%2B14:00", "invalid"), ("entries/?before=9999-12-31T23:59:59-14:00", "invalid"),
    ("events/?since=0&since=1", "repeated"), ("events/?since=0&colour=red", "unknown_parameter"),
])  # fmt: skip
def test_a_choice_that_is_none_is_refused(ana, query, code):
    refused = Program(ana).get(query)

    assert problem(refused) == (400, code or refused.json()["code"])
    assert refused.json()["field"] in query


@pytest.mark.parametrize("path", ["transfers/", "payment-requests/", "members/{}/block/", "me/agreement/"])
def test_an_address_that_says_what_nobody_looks_at_is_refused_where_something_is_done(ana, bento, path):
    refused = Person(ana).post(f"{path.format(bento.public_id)}?x=1", {"to": bento.public_id, "amount_minutes": 5})

    assert problem(refused) == (400, "unknown_parameter")
    assert problem(Person(ana).patch("me/profile/?x=1", {"about": "New"})) == (400, "unknown_parameter")
    assert available(ana) == 120


@pytest.mark.parametrize("path", ["members/{}/block/", "notifications/read/", "me/agreement/", "donations/"])
def test_a_body_that_says_what_nobody_looks_at_is_refused(ana, bento, path):
    refused = Person(ana).post(path.format(bento.public_id), {"loudly": True})

    assert problem(refused) == (400, "unknown_field")
    assert refused.json()["field"] == "loudly"


def test_reading_by_posting_and_posting_by_reading_are_not_allowed(ana):
    program = Program(ana)

    assert problem(program.post("me/")) == (405, "method_not_allowed")
    assert problem(program.post("exchanges/x/messages/", {"text": "x"})) == (403, "insufficient_scope")
    assert problem(program.get("payment-requests/x/pay/")) == (405, "method_not_allowed")
    assert PaymentRequest.objects.count() == 0


def test_whatever_its_caller_would_take_the_answer_is_json(ana):
    program = Program(ana)

    assert program.get("me/", Accept="text/html")["Content-Type"] == "application/json"
    assert problem(program.get("holds/nobody/", Accept="application/xml")) == (404, "not_found")
    headers = {"Authorization": f"Bearer {program.words}"}
    for method in ("PUT", "OPTIONS", "TRACE"):
        answer = program._client.generic(method, "/api/v1/transfers/", headers=headers)
        assert problem(answer) == (405, "method_not_allowed")
        assert answer["Allow"] == "GET, POST, HEAD"


@pytest.mark.parametrize("headers", [
    {}, {"X-CSRFToken": "x" * 64}, {"X-CSRFToken": "right", "Origin": "https://elsewhere.example"},
    {"X-CSRFToken": "right", "Origin": "null"},
])  # fmt: skip
def test_a_page_of_another_site_does_nothing_in_her_name(ana, bento, headers):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ana)
    client.get("/home/")
    mark = client.cookies["csrftoken"].value
    asked = {name: mark if value == "right" else value for name, value in headers.items()}
    body = {"to": bento.public_id, "amount_minutes": 30}
    key = {"Idempotency-Key": "a-key-of-a-page"}

    def send(headers: dict[str, str]) -> HttpResponse:
        return client.post("/api/v1/transfers/", body, content_type="application/json", headers=headers)

    refused = fire(lambda: send(key | asked))
    assert problem(refused) == (403, "csrf")
    assert available(ana) == 120
    own = key | {"X-CSRFToken": mark}
    assert fire(lambda: send(own)).status_code == 202


@pytest.mark.parametrize("path", [
    "exchanges/x/accept/", "exchanges/x/confirm/", "listings/x/publish/", "payment-requests/x/cancel/",
    "donations/", "notifications/read/", "tokens/x/end/", "members/x/block/", "webhooks/x/remove/",
    "webhooks/x/ping/", "webhooks/x/new-secret/",
])  # fmt: skip
def test_no_act_is_done_by_reading(ana, path):
    assert problem(Program(ana).get(path)) == (405, "method_not_allowed")


@pytest.mark.parametrize(("path", "body"), [
    ("exchanges/nobodys/accept/", {"version": 1}), ("exchanges/nobodys/cancel/", {}), ("payment-requests/nobodys/pay/", {"amount_minutes": 5}),
    ("listings/nobodys/close/", {}), ("disputes/nobodys/statements/", {"text": "x"}), ("exchanges/", {"listing": "nobodys", "minutes": 5}),
])  # fmt: skip
def test_what_is_not_hers_is_not_there(ana, path, body):
    assert problem(Person(ana).post(path, body))[0] == 404


@pytest.mark.parametrize(
    "path", ["", "v1/nothing/", "v1/me", "v2/me/", "auth/", "auth/app/v1/nothing", "v1/holds", "nothing"]
)
def test_a_wrong_address_is_told_to_a_program_as_a_program(client, path):
    refused = client.get(f"/api/{path}")

    assert problem(refused) == (404, "not_found")
    assert ("slash" in refused.json()["detail"]) == (not path.endswith("/"))
