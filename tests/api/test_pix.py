"""The small JSON API at /payments/pix: its four addresses, their shapes, and what each refuses."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from accounts import operations
from accounts.operations.suspension import suspend_member
from ledger import operations as ledger
from ledger.models import Hold, PaymentRequest
from tests.factories import available, balance, make_member
from tests.work import drain
from timebank import clock

from .conforming import check
from .programs import fire

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    member = make_member(minutes=240, name="Ana Souza")
    client.force_login(member)
    return member


@pytest.fixture
def bento():
    return make_member(name="Bento Lima")


@pytest.fixture
def as_bento(bento):
    browser = Client()
    browser.force_login(bento)
    return browser


def post(client: Client, address: str, body: Any):
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    return fire(lambda: client.post(address, text, content_type="application/json"))


def ask(client: Client, value: Any = 2) -> dict[str, Any]:
    response = post(client, "/payments/pix", {"value": value})
    assert response.status_code == 201, response.content
    payment: dict[str, Any] = response.json()["payment"]
    return payment


def confirm(client: Client, payment: dict[str, Any], value: Any = 2):
    return post(client, "/payments/pix/confirmation", {"bank_payment_id": payment["bank_payment_id"], "value": value})


def test_asking_answers_in_the_promised_shape(as_bento, bento):
    response = post(as_bento, "/payments/pix", {"value": 2})

    request = PaymentRequest.objects.earliest("pk")
    assert set(response.json()) == {"message", "payment"}
    assert response.json()["payment"] == {
        "id": request.pk,
        "bank_payment_id": request.txid,
        "expiration_date": request.expires_at.isoformat(),
        "paid": False,
        "qr_code": f"qr_code_payment_{request.txid}",
        "value": 2,
    }
    assert response["Location"] == f"/payments/pix/{request.pk}"
    assert (request.amount_minutes, request.payee.owner) == (120, bento)
    left = datetime.fromisoformat(response.json()["payment"]["expiration_date"]) - clock.now()
    assert timedelta(minutes=29) < left <= timedelta(minutes=30)


def test_asked_and_confirmed_the_hours_move(client, ana, as_bento, bento):
    payment = ask(as_bento)

    response = confirm(client, payment)
    drain()

    assert (response.status_code, response.json()) == (200, {"message": "You paid 2 h to Bento Lima."})
    assert (balance(ana), balance(bento)) == (120, 120)
    status = client.get(f"/payments/pix/{payment['id']}", HTTP_ACCEPT="application/json").json()
    assert status == {"payment": {**payment, "paid": True, "state": "paid"}}


def test_confirmed_again_by_the_payer_the_answer_is_the_first_and_by_another_409(client, ana, as_bento):
    payment = ask(as_bento)
    clara = Client()
    clara.force_login(make_member(minutes=240))

    first, again = confirm(client, payment), confirm(client, payment)
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert confirm(clara, payment).status_code == 409
    drain()
    assert confirm(client, payment).status_code == 200
    assert balance(ana) == 120


@pytest.mark.parametrize(("value", "minutes"), [
    (0.5, 30), (2, 120), (2.0, 120), ("0.25", 15), ("1e0", 60), ("1.50", 90), ("0.0166666666666", 1),
])  # fmt: skip
def test_hours_are_whole_minutes(as_bento, value, minutes):
    assert post(as_bento, "/payments/pix", f'{{"value": {value}}}').status_code == 201
    assert PaymentRequest.objects.earliest("pk").amount_minutes == minutes


@pytest.mark.parametrize("minutes", [1, 7, 20, 40, 59, 61, 119, 100_000_001])
def test_what_is_printed_reads_back_as_the_same_minutes(as_bento, bento, minutes):
    request = operations.ask_for_hours(asker=bento, amount_minutes=minutes, nonce="of-so-many")
    printed = as_bento.get(f"/payments/pix/{request.pk}", HTTP_ACCEPT="application/json").json()["payment"]["value"]

    ask(as_bento, printed)
    assert PaymentRequest.objects.latest("pk").amount_minutes == minutes


WRONG = [
    "true", "false", "null", '"abc"', '"2"', "-5", "0", "0.0", "-0.5", "1e999", "-1e999", "1e-999", "NaN", "Infinity",
    "-Infinity", "[2]", "{}", "0.33", "0.001", "1" + "0" * 400, "9" * 5000, "1e100000", "0." + "1" * 9000, "16666667",
]  # fmt: skip


@pytest.mark.parametrize("value", WRONG)
def test_a_wrong_value_is_refused_when_asking_and_when_confirming(client, ana, as_bento, value):
    payment, before = ask(as_bento), PaymentRequest.objects.count()
    body = f'{{"bank_payment_id": "{payment["bank_payment_id"]}", "value": {value}}}'

    for response in (post(as_bento, "/payments/pix", body), post(client, "/payments/pix/confirmation", body)):
        assert response.status_code == 400, value
        assert response.json()["message"]
    assert PaymentRequest.objects.count() == before
    assert available(ana) == 240


@pytest.mark.parametrize(("body", "sentence"), [
    ("{}", "“value” is missing: a number of hours, such as 2 or 0.5."),
    ('{"value": null}', "“value” is missing: a number of hours, such as 2 or 0.5."),
    ('{"value": "abc"}', "“value” must be a number of hours, such as 2 or 0.5."),
    ('{"value": true}', "“value” must be a number of hours, such as 2 or 0.5."),
    ("2 hours", 'Send a JSON object, such as {"value": 2}.'),
])  # fmt: skip
def test_what_is_wrong_is_told_apart(as_bento, body, sentence):
    assert post(as_bento, "/payments/pix", body).json()["message"] == sentence


@pytest.mark.parametrize("body", [
    "", "{", "[]", "2", "null", '"value"', "{}", '{"value"}', '{"value": 2, "value": 3}', "[" * 100_000, "x" * 20_000,
    b"\xff\xfe", '{"value": 2' + " " * 20_000 + "}", "\0",
])  # fmt: skip
def test_a_body_that_is_none_is_refused(client, ana, body):
    for address in ("/payments/pix", "/payments/pix/confirmation"):
        response = post(client, address, body)
        assert response.status_code == 400
        assert response.json()["message"]


@pytest.mark.parametrize("txid", [None, 5, True, [], {}, "", "short", "x" * 32, "ação", "\0", "x" * 10_000])
def test_an_unknown_or_missing_code_is_refused(client, ana, txid):
    response = post(client, "/payments/pix/confirmation", {"bank_payment_id": txid, "value": 2})

    assert response.status_code == (404 if isinstance(txid, str) else 400)
    assert available(ana) == 240


def test_confirming_another_amount_is_a_wrong_value(client, ana, as_bento):
    response = confirm(client, ask(as_bento), 1)

    assert (response.status_code, response.json()["code"]) == (400, "wrong_amount")
    assert available(ana) == 240


def test_what_is_over_or_taken_back_conflicts(client, ana, as_bento):
    over, back = ask(as_bento), ask(as_bento)
    ledger.cancel_request(PaymentRequest.objects.get(pk=back["id"]))

    assert (confirm(client, back).status_code, confirm(client, back).json()["code"]) == (409, "request_cancelled")
    PaymentRequest.objects.filter(pk=over["id"]).update(
        created_at=clock.now() - timedelta(hours=1), expires_at=clock.now()
    )
    assert (confirm(client, over).status_code, confirm(client, over).json()["code"]) == (409, "request_expired")
    assert available(ana) == 240


def test_ones_own_code_and_too_few_hours_conflict(client, ana, as_bento):
    own, dear = ask(client), ask(as_bento, 5)

    assert confirm(client, own).json()["code"] == "own_request"
    refused = confirm(client, dear, 5)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_enough_time")
    assert Hold.objects.filter(payer=ana.account).count() == 0


def test_the_status_is_for_whoever_made_or_paid_it(client, ana, as_bento):
    payment = ask(as_bento)
    address = f"/payments/pix/{payment['id']}"
    assert "You will receive" in as_bento.get(address).content.decode()
    assert as_bento.get(address, HTTP_ACCEPT="application/json").json()["payment"]["state"] == "active"
    for accept in ("text/html", "application/json", "*/*"):
        assert client.get(address, HTTP_ACCEPT=accept).status_code == 404

    confirm(client, payment)
    drain()
    assert "2 h arrived!" in client.get(address).content.decode().replace("\xa0", " ")


@pytest.mark.parametrize("pk", ["0", "999999", str(2**63), "9" * 100])
def test_no_such_status(client, ana, pk):
    assert client.get(f"/payments/pix/{pk}").status_code == 404
    assert client.get(f"/payments/pix/{pk}", HTTP_ACCEPT="application/json").status_code == 404


@pytest.mark.parametrize(
    "name", ["x", "qr_code_payment_", "qr_code_payment_" + "x" * 32, "..", "a.png", "qr_code_payment_%00"]
)
def test_no_such_picture(client, ana, name):
    assert client.get(f"/payments/pix/qr_code/{name}").status_code == 404


def test_strangers_are_told_to_sign_in(client):
    for response in (
        post(client, "/payments/pix", {"value": 2}),
        post(client, "/payments/pix/confirmation", {"value": 2}),
        client.get("/payments/pix/qr_code/qr_code_payment_x"),
        client.get("/payments/pix/1", HTTP_ACCEPT="application/json"),
    ):
        assert (response.status_code, response.json()["code"]) == (401, "signed_out")
    assert client.get("/payments/pix/1")["Location"] == "/account/login/?next=/payments/pix/1"


def test_other_methods_are_not_allowed(client, ana):
    assert client.get("/payments/pix").status_code == 405
    assert client.get("/payments/pix/confirmation").status_code == 405
    assert post(client, "/payments/pix/1", {}).status_code == 405


def test_a_forged_form_of_another_site_does_nothing(ana):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ana)

    assert post(browser, "/payments/pix", {"value": 2}).status_code == 403
    assert PaymentRequest.objects.count() == 0


@pytest.mark.once("counts its calls")
def test_very_many_have_to_wait(client, ana, as_bento, settings):
    settings.REQUEST_RATE_LIMIT = settings.SEND_RATE_LIMIT = "1/h/user"
    first = ask(as_bento)
    refused = post(as_bento, "/payments/pix", {"value": 2})
    confirm(client, first)

    for response in (refused, confirm(client, first)):
        assert (response.status_code, response.json()["code"]) == (429, "too_often")
        assert int(response["Retry-After"]) > 0
    settings.GUESS_RATE_LIMIT = "1/h/user"
    addresses = [f"/payments/pix/qr_code/qr_code_payment_{letter * 32}" for letter in "xy"]
    assert [client.get(address).status_code for address in addresses] == [404, 429]


class Caller:
    """A program that pays and asks with a member's token; each answer is as the schema says."""

    def __init__(self, member: Any, *, may_pay: bool = True) -> None:
        self.words = operations.make_token(member, name="a till", days=1, may_pay=may_pay)[1]
        self.client = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {self.words}"})

    def post(self, address: str, body: Any) -> Any:
        return post(self.client, address, body)

    def get(self, address: str) -> Any:
        return check(self.client.get(address))


def test_by_token_from_asking_to_paid(ana, bento):
    payee, payer = Caller(bento), Caller(ana)

    payment = payee.post("/payments/pix", {"value": 0.5}).json()["payment"]
    assert payee.get(f"/payments/pix/qr_code/{payment['qr_code']}")["Content-Type"] == "image/png"
    paid = payer.post("/payments/pix/confirmation", {"bank_payment_id": payment["bank_payment_id"], "value": 0.5})

    assert paid.json() == {"message": "You paid 30 min to Bento Lima."}
    drain()
    assert payee.get(f"/payments/pix/{payment['id']}").json()["payment"]["state"] == "paid"
    assert (balance(ana), balance(bento)) == (210, 30)


def test_a_token_that_only_reads_asks_and_pays_nothing(ana, bento):
    reading = Caller(ana, may_pay=False)

    for address in ("/payments/pix", "/payments/pix/confirmation"):
        refused = reading.post(address, {"value": 2, "bank_payment_id": "x"})
        assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")
        assert 'scope="pay"' in refused["WWW-Authenticate"]
    assert PaymentRequest.objects.count() == 0


def test_a_token_that_is_none_or_of_who_is_suspended(ana, bento):
    caller = Caller(bento)
    suspend_member(bento, by=make_member(coordinator=True), reason="A test")

    assert caller.post("/payments/pix", {"value": 2}).status_code in {401, 403}
    unknown = Client(headers={"Authorization": "Bearer tb_nothing"})
    refused = post(unknown, "/payments/pix", {"value": 2})
    assert (refused.status_code, refused.json()["code"]) == (401, "unknown_token")


def test_a_form_with_a_file_is_no_body(ana):
    for browser in (Client(), Client(headers={"Authorization": f"Bearer {Caller(ana).words}"})):
        browser.force_login(ana)
        response = fire(lambda: browser.post("/payments/pix", {"value": "2", "file": io.BytesIO(b"x")}))  # noqa: B023
        assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("type_", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "json"])
def test_another_type_of_body_is_refused(client, ana, as_bento, type_):
    payment = ask(as_bento)
    bodies = {"": {"value": 2}, "/confirmation": {"bank_payment_id": payment["bank_payment_id"], "value": 2}}

    for address, body in bodies.items():
        text = json.dumps(body)
        refused = fire(lambda: client.post(f"/payments/pix{address}", text, content_type=type_))  # noqa: B023
        assert (refused.status_code, refused.json()["code"]) == (415, "unsupported_media_type")
    assert available(ana) == 240


@pytest.mark.parametrize("type_", ["", "application/json; charset=utf-8", "Application/JSON"])
def test_what_is_json_or_does_not_say_what_it_is_is_read(as_bento, type_):
    response = fire(lambda: as_bento.post("/payments/pix", '{"value": 2}', content_type=type_))

    assert response.status_code == 201


@pytest.mark.parametrize(("body", "name"), [
    ('{"value": 2, "loudly": true}', "loudly"), ('{"value": 2, "Value": 3}', "Value"), ('{"value": 2, "": 1}', ""),
    ('{"value": 2, "\\ud800": 1}', "?"), ('{"value": 2, "%s": 1}' % ("x" * 500), "x" * 60),
])  # fmt: skip
def test_a_field_that_nobody_reads_is_named(client, ana, as_bento, body, name):
    payment, before = ask(as_bento), PaymentRequest.objects.count()
    paying = body.replace("{", f'{{"bank_payment_id": "{payment["bank_payment_id"]}", ', 1)

    for refused in (post(client, "/payments/pix", body), post(client, "/payments/pix/confirmation", paying)):
        assert (refused.status_code, set(refused.json())) == (400, {"message", "code"})
        assert refused.json() == {"message": f"There is no such field: “{name}”.", "code": "unknown_field"}
    assert (available(ana), PaymentRequest.objects.count()) == (240, before)
    asking = post(client, "/payments/pix", {"value": 2, "bank_payment_id": "x"})  # which is for paying only
    assert asking.json()["code"] == "unknown_field"


@pytest.mark.parametrize("address", ["abc", "1a", "1/", "", "-1", "qr_code/", "qr_code/a/b", "confirmation/", "%00"])
def test_an_address_that_is_none_is_told_to_a_program_as_a_program(client, ana, address):
    asked = [
        client.get(f"/payments/pix/{address}", HTTP_ACCEPT="application/json"),
        Caller(ana).get(f"/payments/pix/{address}"),
        fire(lambda: Client().post(f"/payments/pix/{address}", HTTP_ACCEPT="application/json")),
    ]
    for nothing in asked:
        assert (nothing.status_code, nothing["Content-Type"]) == (404, "application/json")
        assert set(nothing.json()) == {"message", "code"}
    page = client.get(f"/payments/pix/{address}")
    assert (page.status_code, page["Content-Type"]) == (404, "text/html; charset=utf-8")


def test_who_guessed_too_often_still_shows_her_own_code(client, ana, as_bento, settings):
    settings.GUESS_RATE_LIMIT = "1/h/user"
    own, anothers = ask(client), ask(as_bento)
    guess = f"/payments/pix/qr_code/qr_code_payment_{'x' * 32}"
    assert [client.get(guess).status_code for _ in range(2)] == [404, 429]

    assert client.get(f"/payments/pix/qr_code/{own['qr_code']}").status_code == 200
    assert client.get(f"/payments/pix/qr_code/{anothers['qr_code']}").status_code == 429
