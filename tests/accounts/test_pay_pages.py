"""Paying by a code: from its address, pasted or spoken; looked over, paid once, or refused in words."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.conf import settings

from accounts import operations
from accounts.models import Member
from ledger import operations as ledger
from ledger.models import Hold, PaymentRequest
from tests.factories import PASSWORD, available, balance, make_member
from tests.pages.reading import links, words
from tests.work import drain
from timebank import clock
from timebank.durations import NO_BREAK

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    member = make_member(minutes=120, name="Ana Souza")
    client.force_login(member)
    return member


@pytest.fixture
def bento():
    return make_member(minutes=0, name="Bento Lima")


def ask(asker, **how) -> PaymentRequest:
    return operations.ask_for_hours(**{"asker": asker, "amount_minutes": 60, "nonce": "made-before"} | how)


def said(page) -> str:
    return words(page).replace(NO_BREAK, " ")


def pay(client, request, amount: str = "60 min", **how):
    return client.post(f"/p/{request.txid}", {"amount": amount}, **how)


def test_it_is_looked_over_then_paid_and_arrives(client, ana, bento):
    request = ask(bento, note="Trouser hems", category="repairs")
    page = client.get(f"/p/{request.txid}")
    for part in ("You pay 1 h to Bento Lima.", "Trouser hems", "Balance afterwards: 1 h", "Pay 1 h"):
        assert part in said(page)

    paid = pay(client, request, follow=True)
    assert "1 h is on its way to Bento Lima" in said(paid)
    drain()

    assert (balance(ana), balance(bento)) == (60, 60)
    receipt = client.get(paid.redirect_chain[0][0])
    assert "1 h arrived!" in said(receipt)
    assert request.txid in said(receipt)
    # The code's own address now shows her what became of it.
    assert "1 h arrived!" in said(client.get(f"/p/{request.txid}"))


def test_the_balance_she_looks_over_is_the_one_of_the_receipt_also_with_hours_set_aside(client, ana, bento):
    ledger.accept(
        payer=ana.account, payee=bento.account, amount_minutes=15, kind="help", key="a-promise", actor=ana, due=False
    )
    request = ask(bento)

    page = said(client.get(f"/p/{request.txid}"))
    assert "Balance afterwards: 1 h · you can then send up to 45 min, with 15 min set aside for others" in page
    paid = pay(client, request, follow=True)
    drain()

    assert "Balance afterwards: 1 h" in said(client.get(paid.redirect_chain[0][0]))


def test_a_stranger_signs_in_and_comes_back_to_it(client, bento):
    request = ask(bento)
    operations.agree(make_member(minutes=120, email="clara@example.org", password=PASSWORD))
    address = f"/p/{request.txid}"

    to_sign_in = client.get(address)
    assert to_sign_in["Location"] == f"/account/login/?next={address}"
    back = client.post(to_sign_in["Location"], {"login": "clara@example.org", "password": PASSWORD})

    assert back["Location"] == address
    assert "You pay 1 h to Bento Lima." in said(client.get(address))


def test_signed_out_meanwhile_she_is_told_that_nothing_was_paid(client, ana, bento):
    request = ask(bento, amount_minutes=None)
    client.logout()
    to_sign_in = pay(client, request, "1h15")
    client.force_login(ana)
    page = client.get(to_sign_in["Location"].partition("next=")[2].replace("%3F", "?").replace("%3D", "="))

    assert 'value="1h15"' in page.content.decode()
    assert "You were signed out, so this was not sent." in page.content.decode()
    assert Hold.objects.filter(payer=ana.account).count() == 0


def test_pressed_twice_it_is_paid_once(client, ana, bento):
    request = ask(bento)

    assert pay(client, request)["Location"] == pay(client, request)["Location"]
    drain()
    assert pay(client, request).status_code == 302
    assert balance(ana) == 60


def test_an_open_amount_is_what_she_says(client, ana, bento):
    request = ask(bento, amount_minutes=None)
    nothing = pay(client, request, "")
    unclear = pay(client, request, "2")
    assert (nothing.status_code, unclear.status_code) == (422, 422)
    assert "2 h or 2 min?" in said(unclear)

    pay(client, request, "45 min")
    drain()
    assert balance(bento) == 45


def test_an_edited_amount_is_refused(client, ana, bento):
    request = ask(bento)

    page = pay(client, request, "1 min")

    assert page.status_code == 422
    assert "This code asks for 1 h." in said(page)
    assert available(ana) == 120


def test_her_own_code_she_is_shown_not_asked_to_pay(client, ana):
    request = ask(ana)

    assert client.get(f"/p/{request.txid}")["Location"] == f"/requests/{request.txid}/"
    assert pay(client, request)["Location"] == f"/requests/{request.txid}/"
    with pytest.raises(operations.OwnRequest, match="This is your own code."):
        operations.pay_request(request, payer=ana, amount_minutes=60)


def test_what_is_over_taken_back_or_paid_by_another_is_each_said(client, ana, bento):
    over, back, paid = (ask(bento, nonce=f"code-number-{number}") for number in range(3))
    PaymentRequest.objects.filter(pk=over.pk).update(
        created_at=clock.now() - timedelta(hours=1), expires_at=clock.now()
    )
    ledger.cancel_request(back)
    operations.pay_request(paid, payer=make_member(minutes=60), amount_minutes=60)

    for request, title, sentence in (
        (over, "This code is not good any more", "The time of this code is over."),
        (back, "This code was taken back", "This code was taken back by whoever made it."),
        (paid, "This code was paid already", "This code was paid already. Nothing more was sent."),
    ):
        assert title in said(client.get(f"/p/{request.txid}"))
        refused = pay(client, request)
        assert refused.status_code == 422
        assert title in said(refused)
        with pytest.raises((ledger.RequestExpired, ledger.RequestCancelled, ledger.RequestPaid), match=sentence):
            operations.pay_request(request, payer=ana, amount_minutes=60)
    assert available(ana) == 120


def test_too_few_hours_are_said_before_she_presses_anything(client, ana, bento):
    request = ask(bento, amount_minutes=180)

    page = client.get(f"/p/{request.txid}")
    assert "You can send up to 2 h; this needs 3 h." in said(page)
    assert "Pay 3 h" not in said(page)
    assert "Help a neighbour first, or ask Bento Lima for a code of less." in said(page)
    assert links(page, "See what neighbours need") == ["/explore/?kind=request"]
    assert links(page, "See my wallet") == ["/wallet/"]
    assert links(page, "Back home") == ["/home/"]
    assert "You can send up to 2 h; this needs 3 h." in said(pay(client, request, "180 min"))
    assert PaymentRequest.objects.get(pk=request.pk).state == "active"


def test_a_code_for_another_is_refused(client, ana, bento):
    request = ask(bento, asked_of=make_member(), note="Between the two of us")

    for page in (client.get(f"/p/{request.txid}"), pay(client, request)):
        assert page.status_code == 403
        assert "This code is for somebody else." in said(page)
        assert not {"Bento Lima", "Between the two of us", "1 h"} & set(
            re.findall("Bento Lima|Between the two of us|1 h", said(page))
        )
    with pytest.raises(operations.AskedOfAnother):
        operations.pay_request(request, payer=ana, amount_minutes=60)
    assert available(ana) == 120


@pytest.mark.parametrize("state", ["suspended", "applied"])
def test_who_may_not_send_does_not_pay(client, bento, state):
    request = ask(bento)
    payer = make_member(minutes=120) if state == "suspended" else make_member(state=state)
    Member.objects.filter(pk=payer.pk).update(state=state)
    client.force_login(Member.objects.get(pk=payer.pk))

    assert client.get(f"/p/{request.txid}").status_code == 403
    assert pay(client, request).status_code == 403
    with pytest.raises(operations.CannotSend):
        operations.pay_request(request, payer=payer, amount_minutes=60)


def test_nobody_pays_a_suspended_payee(client, ana, bento):
    request = ask(bento)
    Member.objects.filter(pk=bento.pk).update(state="suspended")

    page = client.get(f"/p/{request.txid}")
    assert "You cannot pay this code." in said(page)
    assert links(page, "Pay by another code") == ["/pay/"]
    assert "/home/" in links(page, "Back home")
    assert "You cannot pay this code." in said(pay(client, request))
    assert available(ana) == 120


def test_a_suspended_member_still_sees_what_she_paid(client, ana, bento):
    request = ask(bento)
    pay(client, request)
    drain()
    Member.objects.filter(pk=ana.pk).update(state="suspended")
    client.force_login(Member.objects.get(pk=ana.pk))

    assert "1 h arrived!" in said(client.get(f"/p/{request.txid}"))


# --- Finding it ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [
    lambda request: request.address,
    lambda request: f"Pay me: {request.address} please",
    lambda request: request.txid,
    lambda request: request.spoken_code,
    lambda request: request.spoken.lower(),
    lambda request: "-".join(request.spoken_code),
])  # fmt: skip
def test_however_a_code_is_given_it_is_found(client, ana, bento, write):
    request = ask(bento)

    assert client.post("/pay/", {"code": write(request)})["Location"] == f"/p/{request.txid}"


def test_a_pasted_poster_leads_to_sending(client, ana, bento):
    response = client.post("/pay/", {"code": f"{settings.SITE_URL}/pay-me/{bento.public_id}/"}, follow=True)

    assert response.redirect_chain[-1][0] == f"/send/?to={bento.public_id}"


@pytest.mark.parametrize("address", [
    "https://elsewhere.example/p/{txid}",
    "Look at http://elsewhere.example/pay-me/{poster}/",
    "elsewhere.example/p/{txid}",
    "https://instagram.com/p/CxYz",
    "https://elsewhere.example/menu",
])  # fmt: skip
def test_an_address_of_another_site_is_none_of_ours_and_no_guess(client, ana, bento, settings, address):
    settings.GUESS_RATE_LIMIT = "1/10m/user"
    request = ask(bento)
    written = address.format(txid=request.txid, poster=bento.public_id)

    for _ in range(3):
        page = client.post("/pay/", {"code": written})
        assert page.status_code == 422
        assert "That is an address, but none of this community." in said(page)


def test_the_address_as_she_reached_the_site_is_ours(client, ana, bento):
    request = ask(bento)

    assert client.post("/pay/", {"code": f"http://testserver/p/{request.txid}"})["Location"] == f"/p/{request.txid}"


def test_a_spoken_code_answers_only_while_it_can_be_paid(client, ana, bento):
    request = ask(bento)
    ledger.cancel_request(request)

    page = client.post("/pay/", {"code": request.spoken_code})

    assert page.status_code == 422
    assert "We do not know this code" in said(page)
    assert f'value="{request.spoken_code}"' in page.content.decode()


@pytest.mark.parametrize("code", ["", "      ", "ABC", "A" * 300, "\0", "ação", "../../etc", "%" * 50])
def test_what_is_no_code_is_said(client, ana, code):
    assert client.post("/pay/", {"code": code}).status_code == 422


def test_who_guesses_is_stopped_and_then_finds_not_even_a_right_one(client, ana, bento, settings):
    settings.GUESS_RATE_LIMIT = "3/10m/user"
    request = ask(bento)
    guesses = [client.post("/pay/", {"code": f"ACEFH{letter}"}).status_code for letter in "JKL"]
    assert guesses == [422, 422, 422]

    for late in (
        client.post("/pay/", {"code": request.spoken_code}),
        client.get(f"/p/{request.txid}"),
        client.get(f"/p/{'x' * 32}"),
    ):
        assert late.status_code == 429
        assert links(late, "Wallet")
        assert int(late["Retry-After"]) > 0


def test_a_guessed_address_is_not_found(client, ana):
    assert client.get(f"/p/{'x' * 32}").status_code == 404
    assert client.get("/p/short").status_code == 404


def test_the_page_to_pay_takes_few_queries(client, ana, bento, django_assert_num_queries):
    request = ask(bento)
    client.get("/pay/")

    with django_assert_num_queries(9):
        client.get(f"/p/{request.txid}")
