"""Asking several neighbours for their share: each is asked and told, or nobody; and who has paid is seen."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client, override_settings

from accounts import operations
from ledger.models import PaymentRequest
from ledger.operations import KeyReused
from tests.factories import balance, make_coordinator, make_member
from tests.work import drain
from timebank import clock
from timebank.durations import NO_BREAK

pytestmark = pytest.mark.django_db

NAMES = ("Bento Lima", "Carla Dias", "Dora Reis")


@pytest.fixture
def teacher(client):
    member = make_member(name="Tereza Alves")
    client.force_login(member)
    return member


@pytest.fixture
def pupils():
    return [make_member(minutes=120, name=name) for name in NAMES]


def ask(asker, people, minutes=100, **values) -> list[PaymentRequest]:
    return operations.ask_several(
        asker=asker, people=people, amount_minutes=minutes, **({"nonce": "a-form-of-ours"} | values)
    )


def typed(people, **changes):
    said = {"amount": "1 h 40 min", "split": "evenly", "note": "English", "life": "60", "nonce": "a-form-of-ours"}
    return said | {"to": [person.public_id for person in people]} | changes


def source(page) -> str:
    return page.content.decode().replace(NO_BREAK, " ")


# --- The rule ---------------------------------------------------------------------------------------


def test_each_is_asked_for_an_even_share_and_pays_it_alone(teacher, pupils):
    asked = ask(teacher, pupils, 100, note="English", category="learning")

    assert [(one.asked_of, one.amount_minutes) for one in asked] == list(zip(pupils, (34, 33, 33), strict=True))
    assert all("payment-asked" in pupil.events.values_list("type", flat=True) for pupil in pupils)
    with pytest.raises(operations.AskedOfAnother):
        operations.pay_request(asked[0], payer=pupils[1], amount_minutes=34)
    for one, pupil in zip(asked, pupils, strict=True):
        operations.pay_request(one, payer=pupil, amount_minutes=one.amount_minutes)
    drain()
    assert [balance(person) for person in (teacher, *pupils)] == [100, 86, 87, 87]


def test_or_for_as_much_each(teacher, pupils):
    assert [one.amount_minutes for one in ask(teacher, pupils, 45, each=True)] == [45, 45, 45]


def test_a_refusal_names_whom_it_is_about_and_nobody_is_asked(teacher, pupils):
    bento, carla, dora = pupils
    operations.suspend_member(carla, by=make_coordinator(), reason="")

    with pytest.raises(operations.CannotReceive) as refused:
        ask(teacher, pupils)
    assert str(refused.value) == "You cannot ask Carla Dias for hours. Please go on without this person."
    assert refused.value.number == 1
    with pytest.raises(operations.CannotReceive) as refused:
        ask(teacher, [bento, None])
    assert str(refused.value) == "You cannot ask one of these people for hours. Please go on without this person."
    with pytest.raises(operations.ToOneself):
        ask(teacher, [bento, teacher])
    with pytest.raises(operations.TooFewMinutes):
        ask(teacher, [bento, dora], 1)
    with pytest.raises(operations.CannotAsk):
        ask(carla, [bento, dora])
    assert not PaymentRequest.objects.exists()


def test_the_same_form_again_asks_nobody_more_and_with_other_values_is_refused(teacher, pupils):
    first = ask(teacher, pupils)

    assert ask(teacher, pupils) == first == operations.asked_together(asker=teacher, nonce="a-form-of-ours")
    for people, minutes in ((pupils[:2], 100), ([*pupils, make_member()], 100), (pupils, 99), (pupils[::-1], 100)):
        with pytest.raises(KeyReused):
            ask(teacher, people, minutes)
    assert PaymentRequest.objects.count() == 3
    assert operations.asked_together(asker=pupils[0], nonce="a-form-of-ours") == []
    assert [operations.nonce_of_set(one) for one in first] == ["a-form-of-ours"] * 3
    alone = operations.ask_for_hours(asker=teacher, amount_minutes=5, nonce="another-form")
    assert operations.nonce_of_set(alone) == ""


# --- The page ---------------------------------------------------------------------------------------


def test_several_are_asked_by_a_form_and_who_has_paid_is_seen(client, teacher, pupils):
    sent = client.post("/requests/several/", typed(pupils), follow=True)

    address = sent.redirect_chain[-1][0]
    assert address == "/requests/several/a-form-of-ours/"
    assert "3 people are asked for their share" in source(sent)
    assert "0 min of 1 h 40 min so far." in source(sent)
    assert source(sent).count("Waiting") == 3

    asked = operations.asked_together(asker=teacher, nonce="a-form-of-ours")
    operations.pay_request(asked[1], payer=pupils[1], amount_minutes=33)
    drain()
    page = client.get(address)
    assert "1 of 3 have paid" in source(page)
    assert "33 min of 1 h 40 min so far." in source(page)
    assert f'href="{address}"' in source(client.get(f"/requests/{asked[0].txid}/"))
    with clock.ahead_by(timedelta(minutes=61)):
        assert source(client.get(address)).count("Expired") == 2
    client.force_login(pupils[0])
    assert client.get(address).status_code == 404


def test_a_fragment_tells_only_what_is_new(client, teacher, pupils):
    address = client.post("/requests/several/", typed(pupils)).url
    headers = {"HX-Request": "true", "HX-Target": "of-set"}
    seen = client.get(address).context["seen"]
    assert client.get(address, {"seen": seen}, headers=headers).status_code == 204

    for one, pupil in zip(operations.asked_together(asker=teacher, nonce="a-form-of-ours"), pupils, strict=True):
        operations.pay_request(one, payer=pupil, amount_minutes=one.amount_minutes)

    assert "<title>Everyone has paid" in source(client.get(address, {"seen": seen}, headers=headers))


def test_what_is_refused_keeps_what_was_typed(client, teacher, pupils):
    for changes, field in (
        ({"to": [pupils[0].public_id]}, "to"),
        ({"amount": ""}, "amount"),
        ({"amount": "1 min"}, "amount"),
        ({"life": "0"}, "life"),
    ):
        page = client.post("/requests/several/", typed(pupils) | changes)
        assert page.status_code == 422
        assert page.context["form"].errors[field]
        assert "English" in source(page)
        assert f'value="{pupils[0].public_id}" checked' in source(page)
    assert not PaymentRequest.objects.exists()


def test_without_a_script_one_is_found_and_chosen_after_the_other(client, teacher, pupils):
    page = client.post("/requests/several/", typed(pupils[:1], q="carla", find="1"))

    assert page.status_code == 200
    assert f'value="{pupils[0].public_id}" checked' in source(page)
    assert f'value="{pupils[1].public_id}">' in source(page)
    assert 'value="1 h 40 min"' in source(page)


def test_whoever_was_signed_out_finds_all_of_them_still_chosen(teacher, pupils):
    client = Client()
    to_sign_in = client.post("/requests/several/", typed(pupils)).url
    client.force_login(teacher)

    page = client.get(re.sub(r".*next=", "", to_sign_in).replace("%3F", "?").replace("%3D", "="))

    assert "You were signed out" in source(page)
    assert [f'value="{pupil.public_id}" checked' in source(page) for pupil in pupils] == [True] * 3
    assert not PaymentRequest.objects.exists()


@override_settings(REQUEST_RATE_LIMIT="1/h/user")
def test_a_set_counts_as_one_request(client, teacher, pupils):
    assert client.post("/requests/several/", typed(pupils)).status_code == 302
    assert client.post("/requests/several/", typed(pupils, nonce="another-form")).status_code == 429


@pytest.mark.parametrize("n", [2, 6])
def test_however_many_they_are_the_page_takes_the_same_queries(client, teacher, n, django_assert_num_queries):
    address = client.post("/requests/several/", typed([make_member() for _ in range(n)])).url

    with django_assert_num_queries(4):
        client.get(address)
