"""Sending hours by plain forms: choose, look it over, send."""

from __future__ import annotations

import re

import pytest
from django.test import Client, override_settings

from accounts import operations
from ledger import operations as ledger
from ledger.models import Account, Hold, Note
from tests.factories import available, make_coordinator, make_member
from tests.pages.moving import keep
from timebank.durations import NO_BREAK

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    member = make_member(minutes=240, name="Ana Souza")
    client.force_login(member)
    return member


@pytest.fixture
def bento():
    return make_member(name="Bento Lima")


def typed(to, **changes: str) -> dict[str, str]:
    return {"to": to.public_id, "amount": "1 h", "kind": "help", "note": "Thank you for the soup."} | changes


def look_over(client: Client, to, **changes: str):
    """What she sees after the first step: the review, or the form with what to mend."""
    return client.post("/send/review/", typed(to, **changes), follow=True)


def is_to_be_mended(page) -> bool:
    """The form, with what is wrong, on a page that was asked for: one to go back to."""
    return page.status_code == 200 and "draft" in page.request["QUERY_STRING"] and bool(page.context["form"].errors)


def source(page) -> str:
    """The page's text, with the spaces that keep an amount on one line as any others."""
    return page.content.decode().replace(NO_BREAK, " ")


def hidden_in(page) -> dict[str, str]:
    """What the review's form would send, taken from the page itself."""
    form = page.content.decode().split('action="/send/confirm/"')[1].split("</form>")[0]
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form)
    return {name: value for name, value in fields if name != "csrfmiddlewaretoken"}


def test_a_payment_in_two_steps(client, ana, bento):
    review = look_over(client, bento)
    page = source(review)
    assert "You send 1 h to Bento Lima." in page
    assert "Balance afterwards: <b>3 h</b>" in page
    assert available(ana) == 240

    answer = client.post("/send/confirm/", hidden_in(review))

    hold = Hold.objects.get(actor=ana)
    assert answer.url == f"/transfers/{hold.public_id}/"
    assert (hold.amount_minutes, hold.kind, hold.payee.owner) == (60, "help", bento)
    assert Note.objects.get(hold=hold).text == "Thank you for the soup."
    assert available(ana) == 180


@pytest.mark.parametrize(
    "amount",
    [
        "",
        "0",
        "0 min",
        "-5",
        "-1 h",
        "1.5 min",
        "abc",
        "1e3",
        "NaN",
        "inf",
        "1" + "0" * 400,
        "０６０",
        "٦٠",
        "5",
        "1;2",
        "60\x00",
    ],
)
def test_amounts_that_are_refused_keep_what_was_typed(client, ana, bento, amount):
    answer = look_over(client, bento, amount=amount)

    assert is_to_be_mended(answer)
    assert answer.context["form"].errors["amount"]
    page = answer.content.decode()
    assert "Thank you for the soup." in page
    assert re.search(rf'value="{bento.public_id}" checked', page)
    if amount and "\x00" not in amount:
        assert f'value="{amount}"' in page
    assert not Hold.objects.filter(actor=ana).exists()


def test_more_than_available_is_refused_before_and_at_the_last_step(client, ana, bento):
    for path in ("/send/review/", "/send/confirm/"):
        answer = client.post(path, typed(bento, amount="5 h", nonce="12345678"), follow=True)
        assert is_to_be_mended(answer)
        assert answer.context["form"].errors == {"amount": ["You can send up to 4 h; this needs 5 h."]}
        page = source(answer)
        assert '<a href="#id_amount">You can send up to 4 h; this needs 5 h.</a>' in page
        assert 'aria-invalid="true"' in page


def test_more_than_the_other_ones_account_may_hold_is_refused_with_the_reason(client, ana, bento):
    review = look_over(client, bento)
    Account.objects.filter(pk=bento.account.pk).update(max_balance_minutes=45)

    for answer in (client.post("/send/confirm/", hidden_in(review), follow=True), look_over(client, bento)):
        assert is_to_be_mended(answer)
        assert "may hold up to 45 min" in answer.context["form"].errors["amount"][0].replace(NO_BREAK, " ")
        page = source(answer)
        assert "Thank you for the soup." in page
        assert re.search(r'name="amount" value="(1 h|60 min)"', page), re.findall(r'name="amount"[^>]*', page)
    assert available(ana) == 240
    assert client.post("/send/confirm/", hidden_in(look_over(client, bento, amount="45 min"))).status_code == 302


def test_whom_nobody_can_pay_is_refused_in_one_sentence(client, ana):
    sentences = set()
    suspended = operations.suspend_member(make_member(), by=make_coordinator(), reason="")
    unknown = make_member()
    unknown.public_id = "k3v9m2xq7dhp4rtw8c"
    for nobody in (suspended, unknown, make_member(state="applied"), make_member(state="left")):
        answer = look_over(client, nobody)
        assert is_to_be_mended(answer)
        sentences.add(str(answer.context["form"].errors["to"][0]))

    assert sentences == {"You cannot send hours to this person. Please choose somebody else."}


def test_to_oneself_is_refused(client, ana):
    answer = look_over(client, ana)

    assert is_to_be_mended(answer)
    assert "You cannot send hours to yourself." in answer.content.decode()


def test_nobody_chosen_is_refused(client, ana, bento):
    answer = client.post("/send/review/", typed(bento) | {"to": ""}, follow=True)

    assert "Choose who gets the hours." in answer.content.decode()
    assert 'value="1 h"' in answer.content.decode()


@pytest.mark.parametrize("note", ["a\x00b", "\u202eevil", "x\x07", "a" * 501])
def test_messages_that_are_refused(client, ana, bento, note):
    answer = look_over(client, bento, note=note)

    assert is_to_be_mended(answer)
    assert answer.context["form"].errors["note"]


def test_markup_in_a_message_is_only_text(client, ana, bento):
    page = look_over(client, bento, note="<script>alert(1)</script>").content.decode()

    assert "<script>alert" not in page


def test_a_repeated_submit_shows_the_first_result(client, ana, bento):
    sent = hidden_in(look_over(client, bento))

    first, second = client.post("/send/confirm/", sent), client.post("/send/confirm/", sent)

    assert first.url == second.url
    assert available(ana) == 180


def test_the_same_form_with_other_values_is_refused(client, ana, bento):
    sent = hidden_in(look_over(client, bento))
    client.post("/send/confirm/", sent)

    answer = client.post("/send/confirm/", sent | {"amount": "2 h"}, follow=True)

    assert is_to_be_mended(answer)
    assert "This form was already sent with other values." in answer.content.decode()
    assert available(ana) == 180


def test_the_same_payment_within_a_minute_is_asked_about(client, ana, bento):
    client.post("/send/confirm/", hidden_in(look_over(client, bento)))

    asked = client.post("/send/confirm/", hidden_in(look_over(client, bento)), follow=True)
    assert asked.redirect_chain[0][0].startswith("/send/review/")
    assert "Do you want to send it again?" in asked.content.decode()
    assert available(ana) == 180

    client.post("/send/confirm/", hidden_in(asked))
    assert available(ana) == 120


def test_every_step_ends_on_a_page_that_can_be_gone_back_to(client, ana, bento):
    to_review = client.post("/send/review/", typed(bento, amount="1h00"))
    assert to_review.status_code == 302
    review = client.get(to_review.url)
    assert source(client.get(to_review.url)).count("You send 1 h to Bento Lima.") == 1

    receipt = client.post("/send/confirm/", hidden_in(review)).url

    assert client.get(to_review.url).url == receipt


def test_each_step_is_marked_in_the_navigation(client, ana, bento):
    for page in (client.get("/send/"), look_over(client, bento)):
        assert '<a href="/pay/" aria-current="page">' in page.content.decode()


def test_changing_it_brings_the_form_back_as_it_was_typed(client, ana, bento):
    review = look_over(client, bento, amount="1h00", kind="gift")
    back = re.search(r'href="(/send/\?draft=[\w-]+)"', review.content.decode())

    page = client.get(back[1]).content.decode()

    assert 'value="1h00"' in page
    assert "Thank you for the soup." in page
    assert f'value="{bento.public_id}" checked' in page
    assert re.search(r'value="gift"[^>]* checked', page)


def test_what_is_mended_takes_the_place_of_what_was_wrong(client, ana, bento):
    wrong = look_over(client, bento, amount="9 h", q="ben")
    assert "You can send up to 4 h; this needs 9 h." in source(wrong)
    draft = re.search(r'name="draft" value="([\w-]+)"', wrong.content.decode())[1]

    review = look_over(client, bento, amount="1 h", draft=draft)
    back = client.get(f"/send/?draft={draft}")

    assert "You send 1 h to Bento Lima." in source(review)
    assert not back.context["form"].errors
    assert 'value="1 h"' in back.content.decode()

    client.post("/send/confirm/", hidden_in(review))
    client.post("/send/confirm/", hidden_in(look_over(client, bento, amount="2 h", draft=draft)))
    assert available(ana) == 60  # a draft that was sent is not sent again: this was another payment


def test_what_is_far_too_long_is_not_kept_whole(client, ana, bento):
    page = look_over(client, bento, note="a" * 100_000)

    assert is_to_be_mended(page)
    assert len(page.context["form"]["note"].value()) == 2_000


def test_a_review_is_for_her_alone_who_wrote_it(client, ana, bento):
    address = look_over(client, bento).redirect_chain[0][0]
    client.force_login(make_member(minutes=240))

    assert client.get(address).url == "/send/"


def test_a_review_says_what_has_changed_meanwhile(client, ana, bento):
    address = look_over(client, bento, amount="3 h").redirect_chain[0][0]
    client.post("/send/confirm/", hidden_in(look_over(client, bento, amount="2 h")))

    page = client.get(address, follow=True)

    assert is_to_be_mended(page)
    assert page.context["form"].errors == {"amount": ["You can send up to 2 h; this needs 3 h."]}
    assert 'value="3 h"' in page.content.decode()


def test_only_the_last_few_reviews_are_kept(client, ana, bento):
    addresses = [look_over(client, bento, amount=f"{n} min").redirect_chain[0][0] for n in range(20, 25)]

    assert [client.get(address).status_code for address in addresses] == [302, 302, 200, 200, 200]


def test_a_number_that_could_be_hours_is_asked_about_and_one_press_answers(client, ana, bento):
    page = look_over(client, bento, amount=" 2 ").content.decode()
    answers = re.findall(r'<button [^>]*type="submit" name="amount" value="([^"]+)"', page)
    assert answers == ["2 h", "2 min"]

    # A browser without scripts sends the field, then the pressed button.
    review = client.post("/send/review/", typed(bento) | {"amount": ["2", answers[0]]}, follow=True)
    assert "You send 2 h to Bento Lima." in source(review)


@pytest.mark.parametrize(("step", "queries"), [("review", 11), ("look over", 11), ("wrong", 12), ("mend", 12)])
def test_looking_it_over_takes_few_queries(client, ana, bento, step, queries, django_assert_num_queries):
    address = look_over(client, bento).redirect_chain[0][0]

    with django_assert_num_queries(queries):
        if step == "review":
            client.post("/send/review/", typed(bento))
        elif step == "wrong":
            client.post("/send/review/", typed(bento, amount="9 h"))
        elif step == "mend":
            client.get("/send/", {"draft": address.split("/")[-2]})
        else:
            client.get(address)


@pytest.mark.parametrize("nonce", ["", "short", "x" * 65, "with spaces in it", "<nonce-nonce>"])
def test_a_tampered_nonce_sends_nothing(client, ana, bento, nonce):
    answer = client.post("/send/confirm/", typed(bento, nonce=nonce))

    assert answer.status_code == 422
    assert not Hold.objects.filter(actor=ana).exists()


def test_a_member_suspended_between_the_steps_sends_nothing(client, ana, bento):
    sent = hidden_in(look_over(client, bento))
    operations.suspend_member(ana, by=make_coordinator(), reason="")
    client.force_login(type(ana).objects.get(pk=ana.pk))

    assert client.post("/send/confirm/", sent).status_code == 403
    assert available(ana) == 240


def test_sending_needs_a_post_and_somebody_signed_in(client, ana):
    for path in ("/send/review/", "/send/confirm/"):
        assert client.get(path).url == "/send/"
        assert Client().post(path).url.startswith("/account/login/")
    assert Client().get("/send/review/12345678/").url.startswith("/account/login/")
    assert Client().get("/send/").url == "/account/login/?next=/send/"


def test_csrf_is_asked_for(ana, bento):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ana)

    assert strict.post("/send/confirm/", typed(bento, nonce="12345678")).status_code == 403


@override_settings(SEND_RATE_LIMIT="2/m/user")
def test_too_many_payments_in_a_minute_wait(client, ana, bento):
    for n in range(2):
        client.post("/send/confirm/", typed(bento, amount=f"{n + 15} min", nonce=f"nonce-no-{n}"))

    assert client.post("/send/confirm/", typed(bento, nonce="nonce-no-3")).status_code == 429


@pytest.mark.parametrize(
    ("limit", "seconds", "words"),
    [
        ("1/m/user", 60, "Wait a little and try again."),
        ("9/m/user,1/h/user", 3600, "Try again in 60 minutes."),
        ("9/m/user,1/d/user", 86400, "Try again in 24 hours."),
    ],
)
def test_who_waits_is_told_how_long(client, ana, bento, settings, limit, seconds, words):
    settings.SEND_RATE_LIMIT = limit
    client.post("/send/confirm/", typed(bento, nonce="nonce-no-1"))

    answer = client.post("/send/confirm/", typed(bento, nonce="nonce-no-2"))

    assert seconds - 60 < int(answer["Retry-After"]) <= seconds
    assert words in answer.content.decode()


# --- Finding a neighbour ----------------------------------------------------------------------------


def people_on(page) -> list[str]:
    return re.findall(r'<input type="radio" name="to" value="(\w+)"', page.content.decode())


def test_finding_by_a_part_of_the_name_whatever_accents_and_case(client, ana):
    jose = make_member(name="José da Conceição")
    make_member(name="Bento Lima")

    for words in ("jose", "CONCEICAO", "José", "concei jos"):
        assert people_on(client.get("/send/people/", {"q": words})) == [jose.public_id]


def test_only_active_others_are_found_and_never_many(client, ana):
    for n in range(12):
        make_member(name=f"Neighbour {n:02}")
    for state in ("new", "applied", "suspended", "left"):
        make_member(name="Neighbour 00 too", state=state)
    operations.community_fund()

    found = people_on(client.get("/send/people/", {"q": "neighbour"}))

    assert len(found) == 8
    assert "there are more" in client.get("/send/people/", {"q": "neighbour"}).content.decode()
    few = client.get("/send/people/", {"q": "neighbour 1"}).content.decode()
    assert "3 people" in few
    assert "there are more" not in few
    assert people_on(client.get("/send/people/", {"q": "ana souza"})) == []


def test_parts_of_a_name_that_begin_so_come_before_what_only_holds_it(client, ana, bento):
    names = ["Yuki Tanabe", "Ana Beatriz Lopes", "Silvana Rezende", "José Zeferino (Zé)", "Jean-Luc Zevallos"]
    yuki, beatriz, silvana, ze, jean = (make_member(name=name) for name in names)
    client.post("/send/confirm/", hidden_in(look_over(client, yuki)))
    client.post("/send/confirm/", hidden_in(look_over(client, jean)))

    def found(words):
        return people_on(client.get("/send/people/", {"q": words}))

    assert found("ana b") == [beatriz.public_id, yuki.public_id]
    assert found("ze") == [jean.public_id, ze.public_id, silvana.public_id]
    assert found("luc") == [jean.public_id]
    assert found("\u0301") == found("")


def test_whom_she_paid_lately_comes_first(client, ana, bento):
    make_member(name="Bento Abreu")
    client.post("/send/confirm/", hidden_in(look_over(client, bento)))

    assert people_on(client.get("/send/"))[0] == bento.public_id
    assert people_on(client.get("/send/people/", {"q": "bento"}))[0] == bento.public_id


def test_few_of_them_leave_room_for_the_rest_of_the_form(client, ana):
    for n in range(6):
        client.post("/send/confirm/", hidden_in(look_over(client, make_member(name=f"Neighbour {n}"), amount="15 min")))

    page = client.get("/send/")
    assert len(people_on(page)) == 4
    assert "member since" not in page.content.decode()
    assert "member since" in client.get("/send/people/", {"q": "neighbour"}).content.decode()


@pytest.mark.parametrize("words", ["%", "_", "\\", "'", '"', "<b>"])
def test_odd_characters_find_nobody_and_break_nothing(client, ana, bento, words):
    answer = client.get("/send/people/", {"q": words})

    assert answer.status_code == 200
    assert people_on(answer) == []


def test_without_a_script_find_is_a_plain_post_that_keeps_everything(client, ana, bento):
    page = client.post("/send/", typed(bento, q="nobody-like-this"))

    assert page.status_code == 200
    assert people_on(page) == [bento.public_id]  # whoever is chosen stays in sight
    assert 'value="1 h"' in page.content.decode()
    assert "Thank you for the soup." in page.content.decode()


def test_a_link_from_a_profile_has_its_person_chosen(client, ana, bento):
    page = client.get("/send/", {"to": bento.public_id}).content.decode()

    assert f'value="{bento.public_id}" checked' in page


@pytest.mark.parametrize("n", [1, 3, 50])
def test_finding_takes_the_same_queries_for_any_number(client, ana, n, django_assert_num_queries):
    for _ in range(n):
        make_member(name="Neighbour")
    client.get("/send/people/", {"q": "neighbour"})

    with django_assert_num_queries(4):
        client.get("/send/people/", {"q": "neighbour"})


def test_the_kind_of_help_is_kept_and_said_again(client, ana, bento):
    review = look_over(client, bento, category="plumbing")
    assert "For help you received. Taps and pipes." in source(review)

    client.post("/send/confirm/", hidden_in(review))

    hold = Hold.objects.get(payer__owner=ana)
    assert (hold.category, ledger.post(hold).category) == ("plumbing", "plumbing")
    assert "Taps and pipes" in source(client.get("/wallet/"))


def test_a_kind_of_help_that_there_is_not_is_refused(client, ana, bento):
    page = look_over(client, bento, category="banana")

    assert is_to_be_mended(page)
    assert "banana is not one of the available choices" in source(page)


def test_hours_kept_for_an_exchange_are_set_aside_and_not_on_their_way(client, ana, bento):
    keep(ana, bento, 45)

    page = source(client.get("/send/"))

    assert ">Set aside for others</dt><dd>45 min</dd>" in page
    assert "On its way" not in page


@pytest.mark.parametrize(
    ("units", "amount", "minutes", "refusal"),
    [
        ("minutes", "5", 5, "You can send up to 235 min; this needs 241 min."),
        ("days", "0,25", 120, "You can send up to 2 h; this needs 30 d 4 h."),
    ],
)
def test_a_number_alone_is_in_the_unit_she_likes(client, ana, bento, units, amount, minutes, refusal):
    operations.change_preferences(ana, units=units)

    client.post("/send/confirm/", hidden_in(look_over(client, bento, amount=amount)))

    assert Hold.objects.get(actor=ana).amount_minutes == minutes
    too_much = {"minutes": "241", "days": "30,5"}[units]
    assert look_over(client, bento, amount=too_much).context["form"].errors == {"amount": [refusal]}
    not_whole = look_over(client, bento, amount="0,1234")
    assert "We count whole minutes." in not_whole.context["form"].errors["amount"][0]
