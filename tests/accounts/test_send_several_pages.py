"""Sending hours to several by plain forms: choose one after the other, look it over, send, see each arrive."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client, override_settings

from accounts import operations
from ledger.models import Hold
from tests.factories import available, balance, make_coordinator, make_member
from tests.work import drain
from timebank import clock
from timebank.durations import NO_BREAK

pytestmark = pytest.mark.django_db

NAMES = ("Bento Lima", "Carla Dias", "Dora Reis")


@pytest.fixture
def ana(client):
    member = make_member(minutes=240, name="Ana Souza")
    client.force_login(member)
    return member


@pytest.fixture
def helpers():
    return [make_member(name=name) for name in NAMES]


def typed(people, **changes):
    ids = [person.public_id for person in people]
    return {"to": ids, "amount": "3 h", "split": "evenly", "kind": "help", "note": "For the wall."} | changes


def look_over(client: Client, people, **changes):
    """What she sees after the first step: the review, or the form with what to mend."""
    return client.post("/send/several/review/", typed(people, **changes), follow=True)


def source(page) -> str:
    """The page's text, with the spaces that keep an amount on one line as any others."""
    return page.content.decode().replace(NO_BREAK, " ")


def hidden_in(page) -> dict[str, list[str]]:
    """What the review's form would send, taken from the page itself."""
    form = page.content.decode().split('action="/send/several/confirm/"')[1].split("</form>")[0]
    said: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form):
        said.setdefault(name, []).append(value)
    return said


def chosen_on(page) -> list[str]:
    return re.findall(r'<input type="checkbox" name="to" value="(\w+)" checked>', page.content.decode())


def is_to_be_mended(page) -> bool:
    """The form, with what is wrong, on a page that was asked for: one to go back to."""
    return page.status_code == 200 and "draft" in page.request["QUERY_STRING"] and bool(page.context["form"].errors)


def test_three_are_paid_in_two_steps_and_each_payment_is_followed(client, ana, helpers):
    review = look_over(client, helpers)
    page = source(review)
    assert "You send 3 h in all, to 3 people:" in page
    assert re.findall(r"<b>(1 h to [^<]+)</b>", page) == [f"1 h to {name}" for name in NAMES]
    assert "Balance afterwards: <b>1 h</b>" in page
    assert "whole minutes" not in page
    assert available(ana) == 240

    sent = client.post("/send/several/confirm/", hidden_in(review), follow=True)

    assert "3 h is on its way to 3 people" in source(sent)
    assert source(sent).count("On its way") == 4
    assert [balance(person) for person in helpers] == [0, 0, 0]
    drain()
    arrived = client.get(sent.redirect_chain[-1][0])
    assert "3 h arrived!" in source(arrived)
    assert source(arrived).count("Arrived") == 4
    assert [balance(person) for person in (ana, *helpers)] == [60, 60, 60, 60]
    assert {hold.note.text for hold in Hold.objects.filter(actor=ana)} == {"For the wall."}


def test_where_the_minutes_do_not_divide_the_review_names_each_ones(client, ana, helpers):
    review = look_over(client, helpers, amount="1 h 40 min")

    page = source(review)
    assert re.findall(r"<b>(\d+ min to [^<]+)</b>", page) == [
        "34 min to Bento Lima", "33 min to Carla Dias", "33 min to Dora Reis"
    ]  # fmt: skip
    assert "Hours move in whole minutes" in page


def test_or_each_gets_as_much(client, ana, helpers):
    review = look_over(client, helpers, amount="45 min", split="each")
    assert "You send 2 h 15 min in all, to 3 people:" in source(review)

    client.post("/send/several/confirm/", hidden_in(review))

    assert available(ana) == 240 - 135


def test_without_a_script_one_is_found_and_chosen_after_the_other(client, ana, helpers):
    bento, carla, _dora = helpers
    first = client.post("/send/several/", typed([], q="bento"))
    assert f'value="{bento.public_id}">' in first.content.decode()

    second = client.post("/send/several/", typed([bento], q="carla"))

    assert chosen_on(second) == [bento.public_id]
    assert f'value="{carla.public_id}">' in second.content.decode()
    assert 'value="3 h"' in second.content.decode()
    assert "For the wall." in second.content.decode()
    third = client.get("/send/several/people/", {"q": "nobody", "to": [bento.public_id, carla.public_id]})
    assert chosen_on(third) == [bento.public_id, carla.public_id]
    assert "Nobody else called “nobody”." in third.content.decode()


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"to": []}, "to", "Choose two or more neighbours."),
        ({"amount": "1e3"}, "amount", ""),
        ({"amount": "5 h"}, "amount", "You can send up to 4 h; this needs 5 h."),
        ({"amount": "1 h 30 min", "split": "each"}, "amount", "You can send up to 4 h; this needs 4 h 30 min."),
        ({"amount": "2 min"}, "amount", "2 min is too little for 3 people: everyone gets whole minutes."),
        ({"split": "by weight"}, "split", ""),
        ({"note": "x" * 501}, "note", ""),
    ],
)
def test_what_is_refused_keeps_what_was_typed(client, ana, helpers, changes, field, words):
    page = look_over(client, helpers, **changes)

    assert is_to_be_mended(page)
    assert words in str(page.context["form"].errors[field][0])
    assert chosen_on(page) == ([] if "to" in changes else [person.public_id for person in helpers])
    if "amount" not in changes:
        assert 'value="3 h"' in page.content.decode()
    assert not Hold.objects.filter(actor=ana).exists()


def test_one_is_too_few_and_more_than_twenty_too_many(client, ana, helpers):
    assert "Choose two or more neighbours." in source(look_over(client, helpers[:1]))
    assert "Choose two or more neighbours." in source(look_over(client, [helpers[0], helpers[0]]))
    many = [make_member(name=f"Neighbour {n}") for n in range(21)]

    page = look_over(client, many)
    assert "Choose up to 20 people at once." in source(page)
    assert len(chosen_on(page)) == 21


def test_who_cannot_get_any_is_named_and_the_others_stay_chosen(client, ana, helpers):
    review = look_over(client, helpers)
    operations.suspend_member(helpers[1], by=make_coordinator(), reason="")

    page = client.post("/send/several/confirm/", hidden_in(review), follow=True)

    assert is_to_be_mended(page)
    assert page.context["form"].errors == {
        "to": ["You cannot send hours to Carla Dias. Please go on without this person."]
    }
    assert chosen_on(page) == [helpers[0].public_id, helpers[2].public_id]
    assert available(ana) == 240
    draft = re.search(r'name="draft" value="([\w-]+)"', page.content.decode())[1]
    assert "1 h 30 min to Dora Reis" in source(look_over(client, [helpers[0], helpers[2]], draft=draft))


def test_a_repeated_submit_shows_the_first_result(client, ana, helpers):
    review = look_over(client, helpers)

    first, second = (client.post("/send/several/confirm/", hidden_in(review)) for _ in range(2))

    assert first.url == second.url
    assert available(ana) == 60
    assert client.get(review.redirect_chain[0][0]).url == first.url  # whoever goes back to the review


def test_the_same_form_with_other_values_is_refused(client, ana, helpers):
    sent = hidden_in(look_over(client, helpers, amount="1 h"))
    client.post("/send/several/confirm/", sent)

    for changes in ({"to": sent["to"][:2]}, {"amount": ["2 h"]}, {"note": ["Another"]}):
        answer = client.post("/send/several/confirm/", sent | changes, follow=True)
        assert is_to_be_mended(answer)
        assert "This form was already sent with other values." in source(answer)
    assert available(ana) == 180


def test_just_as_much_within_a_minute_is_asked_about(client, ana, helpers):
    client.post("/send/several/confirm/", hidden_in(look_over(client, helpers, amount="1 h")))

    asked = client.post("/send/several/confirm/", hidden_in(look_over(client, helpers, amount="1 h")), follow=True)
    assert "just as much to Bento Lima, Carla Dias and Dora Reis a moment ago" in source(asked)
    assert available(ana) == 180

    client.post("/send/several/confirm/", hidden_in(asked))
    assert available(ana) == 120


def test_what_became_of_them_is_hers_alone_and_a_fragment_tells_only_what_is_new(client, ana, helpers):
    address = client.post("/send/several/confirm/", hidden_in(look_over(client, helpers))).url

    def part(seen):
        return client.get(address, {"seen": seen}, headers={"HX-Request": "true", "HX-Target": "sent"})

    assert part("0-0").status_code == 204
    drain()
    assert "<title>3 h arrived!" in source(part("0-0"))
    assert part("3-0").status_code == 204
    with clock.ahead_by(timedelta(minutes=5)):
        assert "3 h to 3 people" in source(client.get(address))
    client.force_login(helpers[0])
    assert client.get(address).status_code == 404


@override_settings(SEND_RATE_LIMIT="2/m/user")
def test_a_set_counts_as_one_payment(client, ana, helpers):
    for n in (2, 3):
        client.post(
            "/send/several/confirm/", hidden_in(look_over(client, helpers, amount=f"{n} h" if n == 2 else "1 h"))
        )

    assert client.post("/send/several/confirm/", typed(helpers, nonce="nonce-no-3")).status_code == 429
    assert Hold.objects.filter(actor=ana).count() == 6


@pytest.mark.parametrize("nonce", ["", "short", "x" * 65, "with spaces in it"])
def test_a_tampered_nonce_sends_nothing(client, ana, helpers, nonce):
    assert client.post("/send/several/confirm/", typed(helpers, nonce=nonce)).status_code == 422
    assert not Hold.objects.filter(actor=ana).exists()


def test_strangers_and_who_only_looks_are_led_to_the_form(client, ana):
    for path in ("/send/several/review/", "/send/several/confirm/"):
        assert client.get(path).url == "/send/several/"
        assert Client().post(path).url.startswith("/account/login/")


@pytest.mark.parametrize("n", [2, 6])
def test_however_many_they_are_it_takes_the_same_queries(client, ana, n, django_assert_num_queries):
    people = [make_member() for _ in range(n)]
    address = look_over(client, people).redirect_chain[0][0]

    with django_assert_num_queries(10):
        client.get(address)
    sent = client.post("/send/several/confirm/", hidden_in(client.get(address))).url
    with django_assert_num_queries(4):
        client.get(sent)
    with django_assert_num_queries(8):
        client.get("/send/several/", {"to": [person.public_id for person in people]})
