"""Asking for hours by a code: the form, the code shown, the list, taking back, renewing, giving back, the poster."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
import zxingcpp
from django.conf import settings
from django.core import mail
from PIL import Image, ImageDraw

from accounts import operations
from ledger.exports.receipts import facts_of
from ledger.models import PaymentRequest, Transfer
from ledger.operations import expire_requests
from ledger.queries import payment
from notifications.models import Event
from tests.factories import available, balance, make_member
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
    return make_member(minutes=240, name="Bento Lima")


def typed(**changes: str) -> dict[str, str]:
    return {"amount": "1h30", "note": "Trouser hems", "category": "", "life": "30", "nonce": "a-form-of-hers"} | changes


def ask(asker, **how) -> PaymentRequest:
    return operations.ask_for_hours(**{"asker": asker, "amount_minutes": 60, "nonce": "made-before"} | how)


def paid(asker, payer, minutes: int = 60, **how) -> PaymentRequest:
    request = ask(asker, amount_minutes=minutes, **how)
    operations.pay_request(request, payer=payer, amount_minutes=minutes)
    drain()
    return PaymentRequest.objects.get(pk=request.pk)


def said(page) -> str:
    return words(page).replace(NO_BREAK, " ")


def drawn(page) -> Image.Image:
    """The QR code of the page's SVG as dots: its one path has lines of `stroke` through the middles of modules."""
    svg = re.search(r'<svg role="img".*?</svg>', page.content.decode(), re.DOTALL)[0]
    side = int(re.search(r'viewBox="0 0 (\d+) \1"', svg)[1])
    picture = Image.new("L", (side * 8, side * 8), 255)
    pen, x, y = ImageDraw.Draw(picture), 0.0, 0.0
    for command, numbers in re.findall(r"([Mmh])([-\d. ]+)", re.search(r'stroke="#000"[^>]* d="([^"]*)"', svg)[1]):
        values = [float(number) for number in numbers.split()]
        if command == "M":
            x, y = values
        elif command == "m":
            x, y = x + values[0], y + values[1]
        else:
            pen.rectangle((x * 8, (y - 0.5) * 8, (x + values[0]) * 8 - 1, (y + 0.5) * 8 - 1), fill=0)
            x += values[0]
    return picture


def decoded(picture: Image.Image) -> str:
    (found,) = zxingcpp.read_barcodes(picture)
    assert found.format == zxingcpp.BarcodeFormat.QRCode
    return found.text


# --- Making it ----------------------------------------------------------------------------------------


def test_a_code_is_made_and_shown(client, ana):
    response = client.post("/requests/new/", typed(), follow=True)

    request = PaymentRequest.objects.get()
    assert response.redirect_chain == [(f"/requests/{request.txid}/", 302)]
    assert (request.amount_minutes, request.note, request.payee.owner) == (90, "Trouser hems", ana)
    assert request.expires_at - request.created_at == timedelta(minutes=30)
    for part in (
        "You will receive 1h30min",
        "Trouser hems",
        "Waiting for the payment…",
        request.spoken,
        request.address,
    ):
        assert part in said(response)


def test_its_qr_code_says_the_address_and_nothing_else(client, ana):
    request = ask(ana)

    page = client.get(f"/requests/{request.txid}/")

    assert decoded(drawn(page)) == f"{settings.SITE_URL}/p/{request.txid}"


def test_the_form_sent_twice_makes_one_code(client, ana):
    first = client.post("/requests/new/", typed())
    second = client.post("/requests/new/", typed())

    assert first["Location"] == second["Location"]
    assert PaymentRequest.objects.count() == 1


def test_without_an_amount_the_payer_says_how_much(client, ana):
    client.post("/requests/new/", typed(amount=""))

    assert PaymentRequest.objects.get().amount_minutes is None


@pytest.mark.parametrize(("changes", "sentence"), [
    ({"amount": "banana"}, "Write the time"),
    ({"amount": "2"}, "2 h or 2 min?"),
    ({"amount": "0 h"}, "The time must be more than zero."),
    ({"life": "2"}, "Select a valid choice"),
    ({"category": "nothing"}, "Select a valid choice"),
    ({"note": "x" * 501}, "at most 500 characters"),
])  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(client, ana, changes, sentence):
    page = client.post("/requests/new/", typed(**changes))

    assert page.status_code == 422
    assert sentence in said(page)
    assert (changes.get("note") or "Trouser hems") in page.content.decode()
    assert PaymentRequest.objects.count() == 0


def test_one_neighbour_is_asked_and_told_in_her_language(client, ana, settings):
    settings.MAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    bento = make_member(minutes=240, name="Bento Lima", language="pt-br")
    client.post("/requests/new/", typed(who="one", to=bento.public_id, life=str(7 * 24 * 60)))
    drain()

    request = PaymentRequest.objects.get()
    assert request.asked_of == bento
    (letter,) = mail.outbox
    assert letter.to == [bento.email]
    assert letter.subject == "Ana Souza pede 1 h 30 min a você."
    assert "Trouser hems" in letter.body
    assert f"{settings.SITE_URL}/p/{request.txid}" in letter.body
    client.force_login(bento)
    assert "Ana Souza pede 1 h 30 min a você." in said(client.get("/notifications/"))
    assert "Ana Souza pede 1 h 30 min" in said(client.get("/pay/"))


def test_asking_one_neighbour_needs_one(client, ana, bento):
    nobody = client.post("/requests/new/", typed(who="one"))
    herself = client.post("/requests/new/", typed(who="one", to=ana.public_id))

    assert "Choose whom you ask." in said(nobody)
    assert herself.status_code == 422
    assert PaymentRequest.objects.count() == 0


def test_one_neighbour_is_looked_for_or_named_by_the_address(client, ana, bento):
    assert "Whom do you ask?" not in said(client.get("/requests/new/"))
    page = client.get("/requests/new/?who=one")
    assert "Whom do you ask?" in said(page)
    assert '<option value="10080" selected>7 days</option>' in page.content.decode()
    named = client.get(f"/requests/new/?to={bento.public_id}").content.decode()
    assert f'value="{bento.public_id}" checked' in named


def test_finding_her_works_by_plain_forms(client, ana, bento):
    page = client.post("/requests/new/", typed(who="one", q="bento", find="1"))

    assert page.status_code == 200
    assert "Bento Lima" in said(page)
    assert 'value="1h30"' in page.content.decode()


def test_very_many_codes_have_to_wait(client, ana, settings):
    settings.REQUEST_RATE_LIMIT = "2/h/user"
    statuses = [client.post("/requests/new/", typed(nonce=f"form-number-{number}")).status_code for number in range(3)]

    assert statuses == [302, 302, 429]


# --- What became of it --------------------------------------------------------------------------------


def test_paid_it_turns_into_the_receipt(client, ana, bento):
    request = ask(ana, amount_minutes=60)
    fragment = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "request"}
    address = f"/requests/{request.txid}/"
    assert client.get(f"{address}?seen=active", **fragment).status_code == 204

    operations.pay_request(request, payer=bento, amount_minutes=60)
    on_its_way = client.get(f"{address}?seen=active", **fragment)
    assert "1 h is on its way from Bento Lima" in said(on_its_way)
    drain()
    arrived = client.get(f"{address}?seen=paid-held", **fragment)

    assert "You received 1 h!" in said(arrived)
    assert "Balance afterwards: 3 h" in said(arrived)
    assert client.get(f"{address}?seen=paid-posted", **fragment).status_code == 204


def test_over_it_says_so_and_is_renewed_with_one_tap(client, ana):
    request = ask(ana, note="Hems")

    with clock.ahead_by(timedelta(minutes=31)):
        page = client.get(f"/requests/{request.txid}/")
        assert "This code is not good any more" in said(page)
        assert "Make a new code" in said(page)
        expire_requests()
        assert Event.objects.unread(ana).filter(type="payment-expired").count() == 1
        client.get(f"/requests/{request.txid}/")
        assert not Event.objects.unread(ana).filter(type="payment-expired").exists()
        renewed = [client.post(f"/requests/{request.txid}/renew/")["Location"] for _ in range(2)]
        assert renewed[0] == renewed[1] != f"/requests/{request.txid}/"
        assert "You will receive 1h" in said(client.get(renewed[0]))
        assert links(client.get(f"/requests/{request.txid}/"), "See the new code") == [renewed[0]]


def test_taken_back_it_is_over(client, ana):
    request = ask(ana)

    page = client.post(f"/requests/{request.txid}/cancel/", follow=True)

    assert "You took this code back" in said(page)
    assert PaymentRequest.objects.get().state == "cancelled"


def test_what_is_paid_is_not_taken_back(client, ana, bento):
    request = paid(ana, bento)

    page = client.post(f"/requests/{request.txid}/cancel/", follow=True)

    assert "This code was paid already." in said(page)


# --- Giving back --------------------------------------------------------------------------------------


def test_a_part_goes_back_to_whoever_paid(client, ana, bento):
    request = paid(ana, bento)
    form = client.get(f"/requests/{request.txid}/give-back/")
    assert "Up to 1 h of what Bento Lima paid you can go back" in said(form)

    page = client.post(f"/requests/{request.txid}/give-back/", {"amount": "20 min", "nonce": "back-once"}, follow=True)
    again = client.post(f"/requests/{request.txid}/give-back/", {"amount": "20 min", "nonce": "back-once"}, follow=True)

    assert "20 min back to Bento Lima" in said(page)
    assert page.redirect_chain == again.redirect_chain
    assert (balance(ana), balance(bento)) == (160, 200)
    drain()
    client.force_login(bento)
    assert "Ana Souza gave you 20 min back." in said(client.get("/notifications/"))


def test_what_went_back_is_said_and_celebrated_no_more(client, ana, bento):
    request = paid(ana, bento, note="Hems")

    def seen_by(member, path: str) -> str:
        client.force_login(member)
        return said(client.get(path))

    def back(amount: str):
        operations.give_back_request(request, by=ana, minutes=amount, nonce=f"back-{amount}")

    back(20)
    hers, his = f"/requests/{request.txid}/", f"/p/{request.txid}"
    assert "Given back in part 20 min of 1 h from Bento Lima went back" in seen_by(ana, hers)
    assert "Given back in part 20 min of 1 h to Ana Souza came back" in seen_by(bento, his)
    assert "paid by Bento Lima · 20 min given back Given back in part +1h" in seen_by(ana, "/requests/")

    back(40)
    assert "Given back 1 h from Bento Lima went back" in seen_by(ana, hers)
    assert "Given back 1 h to Ana Souza came back" in seen_by(bento, his)
    assert "paid by Bento Lima Given back 1h" in seen_by(ana, "/requests/")
    for member, path in ((ana, hers), (bento, his)):
        client.force_login(member)
        page = client.get(path)
        assert "!" not in page.content.decode().split("<h1")[1].split("</h1>")[0]
        assert 'class="paid"' not in page.content.decode()


def test_what_goes_back_is_told_in_plain_words(client, ana, bento):
    request = paid(ana, bento)

    page = client.post(f"/requests/{request.txid}/give-back/", {"amount": "20 min", "nonce": "back-once"}, follow=True)

    assert "20 min back to Bento Lima Bento Lima has it again." in said(page)
    assert "Thank you" not in said(page)


@pytest.mark.parametrize(
    ("amount", "sentence"), [("1h30", "Up to 1 h can still go back."), ("", "Write"), ("x", "Write")]
)
def test_what_cannot_go_back_is_refused_in_words(client, ana, bento, amount, sentence):
    request = paid(ana, bento)

    page = client.post(f"/requests/{request.txid}/give-back/", {"amount": amount, "nonce": "back-once"})

    assert page.status_code == 422
    assert sentence in said(page)
    assert Transfer.objects.filter(kind="reversal").count() == 0


def test_after_ninety_days_the_page_leads_to_sending(client, ana, bento):
    request = paid(ana, bento)

    with clock.ahead_by(timedelta(days=91)):
        client.force_login(ana)
        page = client.get(f"/requests/{request.txid}/give-back/")
    assert "The time for giving it back this way is over." in said(page)
    assert links(page, "Send hours to Bento Lima") == [f"/send/?to={bento.public_id}"]


# --- The list -----------------------------------------------------------------------------------------


def test_the_list_is_filtered_by_what_became_of_them_and_by_words(client, ana, bento):
    paid(ana, bento, nonce="one", note="Hems")
    ask(ana, nonce="two", note="Curtains", life=timedelta(days=1))
    ask(ana, nonce="three", note="Buttons", life=timedelta(minutes=1))

    def shown(query: str = "") -> list[str]:
        page = client.get(f"/requests/{query}").content.decode()
        return [name for name in ("Hems", "Curtains", "Buttons") if name in page]

    with clock.ahead_by(timedelta(minutes=2)):
        assert shown() == ["Hems", "Curtains", "Buttons"]
        assert shown("?state=active") == ["Curtains"]
        assert shown("?state=paid") == ["Hems"]
        assert shown("?state=expired") == ["Buttons"]
        assert shown("?q=bento+lima") == ["Hems"]
        assert shown("?q=curt&state=paid") == []
        assert client.get("/requests/?state=banana").status_code == 422
        assert client.get("/requests/?q=" + "x" * 81).status_code == 422


def test_the_list_goes_on_page_by_page(client, ana):
    for number in range(21):
        ask(ana, nonce=f"number-{number}", note=f"Thing {number}.")
    first = client.get("/requests/")

    (older,) = links(first, "Older")
    assert "Thing 20." in said(first)
    assert "Thing 0." not in said(first)
    assert "Thing 0." in said(client.get(f"/requests/{older}"))


def test_a_place_in_the_list_that_is_none_is_refused_without_a_traceback(client, ana, caplog):
    page = client.get("/requests/?before=abc")

    assert page.status_code == 400
    assert "We did not understand that" in said(page)
    assert [(record.getMessage(), record.exc_info) for record in caplog.records] == [("Bad Request: /requests/", None)]


@pytest.mark.parametrize("rows", [1, 3, 50])
def test_the_list_takes_the_same_queries_however_many_rows(client, ana, bento, rows, django_assert_num_queries):
    for number in range(rows):
        request = ask(ana, nonce=f"mine-{number}", amount_minutes=1)
        operations.pay_request(request, payer=bento, amount_minutes=1)
        ask(bento, nonce=f"hers-{number}", asked_of=ana)
    drain()
    client.get("/requests/")

    with django_assert_num_queries(5):
        client.get("/requests/")


def test_a_code_shown_takes_few_queries(client, ana, django_assert_num_queries):
    request = ask(ana)
    client.get("/pay/")

    with django_assert_num_queries(5):
        client.get(f"/requests/{request.txid}/")


# --- The poster ---------------------------------------------------------------------------------------


def test_the_poster_leads_to_sending_to_her_for_ever(client, ana, bento):
    page = client.get("/requests/poster/")
    address = decoded(drawn(page))
    assert address == f"{settings.SITE_URL}/pay-me/{ana.public_id}/"
    assert "Ana Souza" in said(page)

    assert client.get(f"/pay-me/{ana.public_id}/")["Location"] == "/requests/poster/"
    client.force_login(bento)
    form = client.get(f"/pay-me/{ana.public_id}/", follow=True)
    assert "Ana Souza" in said(form)
    assert form.redirect_chain == [(f"/send/?to={ana.public_id}", 302)]


def test_nobodys_poster_is_not_found(client, ana):
    assert client.get("/pay-me/nobody/").status_code == 404


# --- The receipt on paper -----------------------------------------------------------------------------


def test_both_take_the_receipt_along_on_paper(client, ana, bento):
    request = paid(ana, bento, note="Trouser hems – façam já")
    address = f"/transfers/{request.paid_hold.public_id}/receipt.pdf"

    for member in (ana, bento):
        client.force_login(member)
        page = client.get(address)
        assert page["Content-Type"] == "application/pdf"
        assert page.content.startswith(b"%PDF-")
    client.force_login(make_member())
    assert client.get(address).status_code == 404


def test_the_page_and_the_paper_say_the_same(client, ana, bento):
    request = paid(ana, bento, note="Trouser hems\nand a button", category="repairs")
    operations.give_back_request(request, by=ana, minutes=20, nonce="back-once")
    hold = payment(request.paid_hold.public_id, of=bento)
    client.force_login(bento)

    page = client.get(f"/transfers/{hold.public_id}/")

    on_paper = dict(facts_of(hold))
    assert (on_paper["Message"], on_paper["Paid by code"]) == ("Trouser hems\nand a button", request.txid)
    assert on_paper["Kind of help"] == "Small repairs"
    assert "Trouser hems<br>and a button" in page.content.decode()
    said_otherwise = {"From", "Message", "Sent", "Arrived"}  # the page does not name its reader, and says "just now"
    for label in on_paper.keys() - said_otherwise:
        assert f"{label} {on_paper[label]}".replace(NO_BREAK, " ") in said(page)


def test_what_has_not_arrived_has_no_receipt_yet(client, ana, bento):
    hold = operations.pay_request(ask(bento), payer=ana, amount_minutes=60)

    assert client.get(f"/transfers/{hold.public_id}/receipt.pdf")["Location"] == f"/transfers/{hold.public_id}/"
    assert available(ana) == 60


def test_the_picture_is_a_png_that_another_decoder_reads(client, ana):
    request = ask(ana)

    response = client.get(f"/payments/pix/qr_code/qr_code_payment_{request.txid}")

    assert response["Content-Type"] == "image/png"
    assert decoded(Image.open(io.BytesIO(response.content))) == f"{settings.SITE_URL}/p/{request.txid}"
