"""Sending hours and paying codes by a program: the same operations as on the pages, once for each key."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

import pytest

from ledger.models import Hold, PaymentRequest, Transfer
from tests.factories import available, balance, make_member
from tests.work import drain
from timebank import clock
from timebank.rest import keys
from timebank.rest.models import Call

from .programs import Person, Program, problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return make_member(minutes=120, name="Ana Souza")


@pytest.fixture
def bento():
    return make_member(name="Bento Lima")


def test_hours_are_sent_and_arrive(ana, bento):
    program = Program(ana)

    sent = program.post("transfers/", {"to": bento.public_id, "amount_minutes": 45, "note": "For the soup"})

    hold = Hold.objects.get(payer=ana.account)
    assert sent.status_code == 202
    assert sent["Location"] == f"/api/v1/holds/{hold.public_id}/"
    assert sent.json() | {"created_at": ""} == {
        "id": hold.public_id,
        "kind": "help",
        "category": "other",
        "payer": {"id": ana.public_id, "name": "Ana Souza"},
        "payee": {"id": bento.public_id, "name": "Bento Lima"},
        "amount_minutes": 45,
        "state": "held",
        "due": True,
        "note": "For the soup",
        "created_at": "",
        "resolved_at": None,
        "expires_at": None,
    }
    drain()
    assert program.get(f"holds/{hold.public_id}/").json()["state"] == "posted"
    arrived = program.get(f"transfers/{hold.public_id}/").json()
    assert (arrived["amount_minutes"], arrived["note"]) == (45, "For the soup")
    assert Program(bento).get("transfers/").json()["results"][0]["note"] == "For the soup"
    assert balance(bento) == 45


def test_several_are_sent_their_share_at_once(ana, bento):
    program, carla = Program(ana), make_member(name="Carla Dias")
    body = {"to": [bento.public_id, carla.public_id], "amount_minutes": 45, "category": "sewing"}

    sent, again = (program.post("transfers/together/", body, key="one-and-the-same") for _ in range(2))

    assert sent.status_code == 202
    assert again["Idempotency-Replayed"] == "true"
    assert [(hold["payee"]["name"], hold["amount_minutes"], hold["state"]) for hold in sent.json()["holds"]] == [
        ("Bento Lima", 23, "held"),
        ("Carla Dias", 22, "held"),
    ]
    drain()
    assert [balance(person) for person in (ana, bento, carla)] == [75, 23, 22]
    for hold in sent.json()["holds"]:
        assert program.get(f"transfers/{hold['id']}/").json()["category"] == "sewing"
    assert program.post("transfers/together/", body | {"amount_minutes": 20, "each": True}).status_code == 202
    drain()
    assert balance(carla) == 42


def test_a_refusal_of_several_says_which_of_them_and_nobody_gets_any(ana, bento):
    program, gone = Program(ana), make_member(state="suspended", name="Carla Dias")
    body = {"to": [bento.public_id, gone.public_id], "amount_minutes": 45}

    refused = program.post("transfers/together/", body)

    assert problem(refused) == (409, "cannot_receive")
    assert refused.json()["field"] == "to.1"
    assert refused.json()["detail"] == "You cannot send hours to Carla Dias. Please go on without this person."
    for to, code in (
        ([bento.public_id], "min_length"),
        ([bento.public_id, bento.public_id], "repeated"),
        ([bento.public_id, 5], "wrong_type"),
        ([f"nobody{n}" for n in range(21)], "max_length"),
        (bento.public_id, "not_a_list"),
        (None, "null"),
    ):
        assert problem(program.post("transfers/together/", body | {"to": to})) == (400, code), to
    other = make_member()
    body["to"] = [bento.public_id, other.public_id]
    assert problem(program.post("transfers/together/", body | {"amount_minutes": 1})) == (409, "too_few_minutes")
    assert problem(program.post("transfers/together/", body | {"amount_minutes": 121})) == (409, "not_enough_time")
    assert available(ana) == 120


def test_several_are_asked_for_their_share_at_once(ana, bento):
    program, carla = Program(ana), make_member(minutes=60, name="Carla Dias")
    body = {"asked_of": [bento.public_id, carla.public_id], "amount_minutes": 45, "note": "English"}

    made, again = (program.post("payment-requests/together/", body, key="one-and-the-same") for _ in range(2))

    assert made.status_code == 201
    assert again["Idempotency-Replayed"] == "true"
    assert [(one["asked_of"], one["amount_minutes"], one["state"]) for one in made.json()["requests"]] == [
        (bento.public_id, 23, "active"),
        (carla.public_id, 22, "active"),
    ]
    of_carla = made.json()["requests"][1]["id"]
    assert Program(carla).post(f"payment-requests/{of_carla}/pay/", {"amount_minutes": 22}).status_code == 202
    assert problem(Program(bento).post(f"payment-requests/{of_carla}/pay/", {"amount_minutes": 22}))[0] == 409
    for person in (make_member(state="suspended"), ana):
        asked_of = [bento.public_id, person.public_id]
        refused = program.post("payment-requests/together/", body | {"asked_of": asked_of})
        assert (refused.status_code, refused.json()["field"]) == (409, "asked_of.1")
    assert PaymentRequest.objects.count() == 2


def test_several_payments_count_as_one_call(ana, bento, settings):
    settings.SEND_RATE_LIMIT = "1/m/user"
    program, body = Program(ana), {"to": [bento.public_id, make_member().public_id], "amount_minutes": 30}

    assert program.post("transfers/together/", body).status_code == 202
    assert problem(program.post("transfers/together/", body | {"amount_minutes": 40})) == (429, "too_often")


def test_the_same_key_sends_once_and_gets_the_same_answer(ana, bento):
    program, body = Program(ana), {"to": bento.public_id, "amount_minutes": 45}
    first, again = (program.post("transfers/", body, key="one-and-the-same") for _ in range(2))

    assert (first.status_code, first.json(), first["Location"]) == (again.status_code, again.json(), again["Location"])
    assert again["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert available(ana) == 75


def test_the_same_key_with_another_call_is_refused(ana, bento):
    program = Program(ana)
    program.post("transfers/", {"to": bento.public_id, "amount_minutes": 45}, key="one-and-the-same")

    other = program.post("transfers/", {"to": bento.public_id, "amount_minutes": 46}, key="one-and-the-same")
    elsewhere = program.post("payment-requests/", {}, key="one-and-the-same")

    assert problem(other) == problem(elsewhere) == (422, "key_reused")
    assert available(ana) == 75


def test_after_the_answer_is_forgotten_the_operation_still_knows_its_key(ana, bento):
    program, body = Program(ana), {"to": bento.public_id, "amount_minutes": 45}
    program.post("transfers/", body, key="one-and-the-same")
    assert keys.forget_calls(before=clock.now()) == 1

    assert program.post("transfers/", body, key="one-and-the-same").status_code == 202
    assert available(ana) == 75


def test_what_was_refused_is_not_kept_and_may_be_tried_again(ana, bento):
    program, body = Program(bento), {"to": ana.public_id, "amount_minutes": 45}
    assert problem(program.post("transfers/", body, key="one-and-the-same")) == (409, "not_enough_time")
    assert Call.objects.count() == 0

    Program(ana).post("transfers/", {"to": bento.public_id, "amount_minutes": 60})
    drain()
    assert program.post("transfers/", body, key="one-and-the-same").status_code == 202


@pytest.mark.parametrize("key", [None, "short", "x" * 65, "with space", "ação-ação"])
def test_without_a_key_nothing_is_sent(ana, bento, key):
    refused = Program(ana).post("transfers/", {"to": bento.public_id, "amount_minutes": 45}, key=key)

    assert problem(refused) == (400, "key_missing" if key is None else "key_malformed")
    assert available(ana) == 120


def test_the_same_key_while_the_first_call_is_under_way_has_to_wait(ana, bento):
    from django.core.cache import cache

    cache.add(f"rest:{ana.pk}:one-and-the-same", True)
    try:
        refused = Program(ana).post("transfers/", {"to": bento.public_id, "amount_minutes": 45}, key="one-and-the-same")
    finally:
        cache.delete(f"rest:{ana.pk}:one-and-the-same")

    assert problem(refused) == (409, "key_in_flight")
    assert int(refused["Retry-After"]) > 0


def test_anothers_key_is_independent(ana, bento):
    clara = make_member(minutes=60)
    for member in (ana, clara):
        assert Program(member).post(
            "transfers/", {"to": bento.public_id, "amount_minutes": 30}, key="one-and-the-same"
        ).status_code == 202  # fmt: skip
    assert (available(ana), available(clara)) == (90, 30)


def test_a_second_payment_like_the_last_asks_for_again(ana, bento):
    program, body = Program(ana), {"to": bento.public_id, "amount_minutes": 30}
    program.post("transfers/", body)

    assert problem(program.post("transfers/", body)) == (409, "already_sent")
    assert program.post("transfers/", body | {"again": True}).status_code == 202


# --- Codes --------------------------------------------------------------------------------------------


def test_a_code_is_made_paid_and_given_back(ana, bento):
    payee, payer = Program(bento), Program(ana)
    made = payee.post("payment-requests/", {"amount_minutes": 30, "note": "Hems", "life_minutes": 5})
    code = made.json()
    assert made.status_code == 201
    assert made["Location"] == f"/api/v1/payment-requests/{code['id']}/"
    assert (code["state"], code["amount_minutes"], code["payment"]) == ("active", 30, None)
    request = PaymentRequest.objects.get()
    assert request.expires_at - request.created_at == timedelta(minutes=5)

    assert payer.get(f"payment-requests/{code['id']}/").json()["payee"]["name"] == "Bento Lima"
    paid = payer.post(f"payment-requests/{code['id']}/pay/", {"amount_minutes": 30})
    drain()
    assert paid.status_code == 202
    assert payee.get(f"payment-requests/{code['id']}/").json()["state"] == "paid"
    back = payee.post(f"payment-requests/{code['id']}/give-back/", {"amount_minutes": 10})
    assert (back.status_code, back.json()["amount_minutes"], back.json()["reverses"]) == (201, 10, paid.json()["id"])
    assert (balance(ana), balance(bento)) == (100, 20)


def test_a_code_is_found_by_what_somebody_said(ana, bento, settings):
    code = Program(bento).post("payment-requests/", {"amount_minutes": 30}).json()
    payer = Program(ana)
    for said in (code["spoken_code"].lower(), code["address"], code["id"]):
        assert payer.get(f"payment-requests/find/?{urlencode({'code': said})}").json()["id"] == code["id"]

    settings.GUESS_RATE_LIMIT = "2/10m/user"
    for _ in range(2):
        assert problem(payer.get("payment-requests/find/?code=NO-SUCH")) == (404, "no_such_code")
    late = payer.get(f"payment-requests/find/?{urlencode({'code': code['spoken_code']})}")
    assert problem(late) == (429, "too_many_guesses")
    assert 540 < int(late["Retry-After"]) <= 600
    own = payer.post("payment-requests/", {"amount_minutes": 15}).json()
    assert payer.get(f"payment-requests/{own['id']}/qr/").status_code == 200  # her own is no guess
    assert payer.get(f"payment-requests/{own['id']}/").status_code == 200
    assert problem(payer.get(f"payment-requests/{code['id']}/qr/")) == (429, "too_many_guesses")


def test_what_was_paid_already_is_not_on_its_way(ana, bento):
    code = Program(bento).post("payment-requests/", {"amount_minutes": 30}).json()
    path = f"payment-requests/{code['id']}/pay/"
    Program(ana).post(path, {"amount_minutes": 30})
    drain()

    again = Program(ana).post(path, {"amount_minutes": 30})

    assert (again.status_code, again.json()["state"]) == (200, "posted")
    assert available(ana) == 90


def test_a_code_is_taken_back_and_renewed(ana, bento):
    payee = Program(bento)
    code = payee.post("payment-requests/", {"amount_minutes": 30, "asked_of": ana.public_id}).json()
    assert code["asked_of"] == ana.public_id

    assert payee.post(f"payment-requests/{code['id']}/cancel/").json()["state"] == "cancelled"
    refused = Program(ana).post(f"payment-requests/{code['id']}/pay/", {"amount_minutes": 30})
    assert problem(refused) == (409, "request_cancelled")
    renewed = payee.post(f"payment-requests/{code['id']}/renew/")
    assert renewed.status_code == 201
    assert renewed.json()["id"] != code["id"]


def test_what_was_asked_of_one_is_read_by_nobody_else(ana, bento):
    code = Program(bento).post("payment-requests/", {"asked_of": ana.public_id, "note": "Between us"}).json()

    assert Program(ana).get(f"payment-requests/{code['id']}/").json()["note"] == "Between us"
    refused = Program(make_member()).get(f"payment-requests/{code['id']}/")
    assert problem(refused) == (404, "no_such_code")


def test_only_who_made_a_code_takes_it_back(ana, bento):
    code = Program(bento).post("payment-requests/", {"amount_minutes": 30}).json()

    for act in ("cancel", "renew", "give-back"):
        assert problem(Program(ana).post(f"payment-requests/{code['id']}/{act}/")) == (404, "not_found")


def test_a_suspended_members_token_does_nothing(ana, bento):
    program = Program(ana)
    type(ana).objects.filter(pk=ana.pk).update(state="suspended")

    assert problem(program.get("me/")) == (403, "suspended")
    assert problem(program.post("transfers/", {"to": bento.public_id, "amount_minutes": 5})) == (403, "suspended")


def test_a_token_that_only_reads_pays_nothing(ana, bento):
    program = Program(ana, may_pay=False)

    assert program.get("me/").status_code == 200
    for path in ("transfers/", "payment-requests/", "payment-requests/x/pay/"):
        refused = program.post(path, {"to": bento.public_id, "amount_minutes": 5})
        assert problem(refused) == (403, "insufficient_scope")
        assert refused["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="pay"'
    assert Transfer.objects.exclude(kind="grant").count() == 0


def test_the_same_call_in_another_order_is_the_same_call(ana, bento):
    program = Program(ana)
    first = program.post("transfers/", f'{{"to": "{bento.public_id}", "amount_minutes": 30}}', key="one-and-the-same")
    again = program.post("transfers/", f'{{"amount_minutes":30,"to":"{bento.public_id}"}}', key="one-and-the-same")

    assert (again.status_code, again.json(), again["Idempotency-Replayed"]) == (202, first.json(), "true")
    assert available(ana) == 90


def test_a_token_that_runs_wild_does_not_keep_her_from_ending_it(ana, settings):
    settings.API_RATE_LIMIT = "3/m/user"
    wild = Program(ana)
    assert [wild.get("me/").status_code for _ in range(4)] == [200, 200, 200, 429]

    assert Person(ana).post(f"tokens/{wild.token.public_id}/end/").status_code == 200
    assert problem(wild.get("me/"))[0] == 401


def test_calls_are_limited_for_all_tokens_of_hers_together(ana, settings):
    settings.API_RATE_LIMIT = "3/m/user"
    first, second = Program(ana), Program(ana)

    statuses = [program.get("me/").status_code for program in (first, second, first, second)]
    assert statuses == [200, 200, 200, 429]
    late = first.get("me/")
    assert problem(late) == (429, "throttled")
    assert int(late["Retry-After"]) > 0


def test_what_is_no_payment_does_not_count_against_her_pace(ana, bento, settings):
    settings.SEND_RATE_LIMIT = "2/m/user"
    program = Program(ana)
    for _ in range(4):
        assert problem(program.post("transfers/", {})) == (400, "required")

    body = {"to": bento.public_id, "amount_minutes": 5, "again": True}
    assert [program.post("transfers/", body).status_code for _ in range(3)] == [202, 202, 429]


def test_beyond_the_days_limit_it_is_told_that_a_day_is_long(ana, bento, settings):
    settings.SEND_RATE_LIMIT = "30/m/user,1/d/user"
    program, body = Program(ana), {"to": bento.public_id, "amount_minutes": 5, "again": True}
    program.post("transfers/", body)

    late = program.post("transfers/", body)

    assert problem(late) == (429, "too_often")
    assert 86_000 < int(late["Retry-After"]) <= 86_400
