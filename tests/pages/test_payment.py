"""The page of one payment, from the moment it is accepted, for its two people only."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.urls import reverse

from ledger.operations import freeze, post
from marketplace.models import Exchange
from timebank import clock
from timebank.dates import date_and_time

from ..factories import make_coordinator, make_exchange, make_member
from .moving import call_off, keep, send, start
from .reading import words

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true", "HX-Target": "payment"}


def page_of(hold) -> str:
    return reverse("transfer", args=[hold.public_id])


def said_of(moment: datetime) -> str:
    return date_and_time(moment, short=True).replace("\xa0", " ")


def two_people(minutes: int = 240):
    return make_member(name="Ana Souza", minutes=minutes), make_member(name="Bento Lima")


def test_on_its_way_for_both(client):
    ana, bento = two_people()
    hold = start(ana, bento, 90, note="Two pairs of curtains")

    client.force_login(ana)
    hers = words(client.get(page_of(hold)))
    client.force_login(bento)
    his = words(client.get(page_of(hold)))

    assert "1 h 30 min is on its way to Bento Lima" in hers
    assert "1 h 30 min is on its way from Ana Souza" in his
    assert "Two pairs of curtains" in hers
    assert "Two pairs of curtains" in his
    assert "Balance after" not in hers + his


def test_arrived_for_both_each_with_their_own_balance(client):
    ana, bento = two_people()
    hold = send(ana, bento, 90)

    client.force_login(ana)
    hers = words(client.get(page_of(hold)))
    client.force_login(bento)
    his = words(client.get(page_of(hold)))

    assert "1 h 30 min arrived!" in hers
    assert "Balance afterwards: 2 h 30 min" in hers
    assert "You received 1 h 30 min!" in his
    assert "From Ana Souza." in his
    assert "Balance afterwards: 1 h 30 min" in his


def test_an_open_page_turns_from_on_its_way_to_arrived(client):
    ana, bento = two_people()
    hold = start(ana, bento)
    client.force_login(ana)
    page = client.get(page_of(hold)).content.decode()

    unchanged = client.get(f"{page_of(hold)}?seen=held", headers=HTMX)
    post(hold)
    changed = client.get(f"{page_of(hold)}?seen=held", headers=HTMX)

    assert f'hx-get="{page_of(hold)}?seen=held"' in page
    assert (unchanged.status_code, unchanged.content) == (204, b"")
    assert "1 h arrived!" in words(changed)
    assert "<main" not in changed.content.decode()
    assert "seen=held" not in changed.content.decode()  # it asks no more


def test_a_payment_of_some_time_ago_is_a_quiet_receipt(client):
    ana, bento = two_people()
    hold = send(ana, bento, 90)

    def look(reader):
        client.force_login(reader)
        return client.get(page_of(hold))

    at_once = look(ana)
    with clock.ahead_by(timedelta(minutes=3)):
        hers, his = look(ana), look(bento)

    assert 'class="paid"' in at_once.content.decode()
    assert "1 h 30 min to Bento Lima" in words(hers)
    assert "1 h 30 min from Ana Souza" in words(his)
    for receipt in (hers, his):
        assert "!" not in words(receipt)
        assert 'class="paid"' not in receipt.content.decode()


def test_the_arrival_is_celebrated_for_who_sees_it_happen_however_late(client):
    ana, bento = two_people()
    hold = start(ana, bento)
    post(hold)
    client.force_login(ana)
    with clock.ahead_by(timedelta(hours=1)):
        assert "1 h arrived!" in words(client.get(f"{page_of(hold)}?seen=held", headers=HTMX))


def test_the_tab_is_named_after_the_state(client):
    ana, bento = two_people()
    hold = start(ana, bento)
    client.force_login(ana)

    def tab(**how):
        found = re.findall(r"<title>(.*?)</title>", client.get(page_of(hold), **how).content.decode(), re.DOTALL)
        return [" ".join(title.split()) for title in found]

    before = tab()
    post(hold)
    after, swapped = tab(), tab(headers=HTMX)
    with clock.ahead_by(timedelta(hours=1)):
        later = tab()

    assert before == ["1 h is on its way to Bento Lima · Timebank"]
    assert after == swapped == ["1 h arrived! · Timebank"]
    assert later == ["1 h to Bento Lima · Timebank"]


@pytest.mark.parametrize(
    ("minutes", "sentence"),
    [(60, "Chegou 1 h!"), (1, "Chegou 1 min!"), (90, "Chegaram 1 h 30 min!"), (180, "Chegaram 3 h!")],
)
def test_portuguese_counts_the_hours_that_arrive(client, minutes, sentence):
    ana, bento = make_member(minutes=240, language="pt-br"), make_member()
    client.force_login(ana)
    assert sentence in words(client.get(page_of(send(ana, bento, minutes))))


def test_called_off(client):
    ana, bento = two_people()
    hold = start(ana, bento, 30)
    call_off(hold, actor=ana)

    client.force_login(ana)
    hers = words(client.get(page_of(hold)))
    client.force_login(bento)
    his = words(client.get(page_of(hold)))

    assert "This payment was called off" in hers
    assert "The 30 min stayed with you." in hers
    assert "The 30 min did not leave the sender’s account." in his


def test_starting_hours_come_from_the_fund(client):
    ana = make_member(minutes=240)
    client.force_login(ana)
    [hold] = ana.account.holds_receiving.all()

    said = words(client.get(page_of(hold)))

    assert "You received 4 h! From the community fund." in said


def test_whoever_opened_it_has_read_what_was_told_of_it(client):
    ana, bento = two_people()
    first, second = send(ana, bento), send(ana, bento)
    client.force_login(bento)

    def unread(page):
        return [int(n) for n in re.findall(r"News: (\d+) unread", page.content.decode())]

    assert unread(client.get("/home/")) == [2]
    client.head(page_of(first))
    assert unread(client.get(page_of(first))) == [1]
    assert client.get("/notifications/").content.count(b"New</span>") == 1
    assert unread(client.get(page_of(second), headers=HTMX)) == []
    assert unread(client.get("/home/")) == []


def test_nobody_else_finds_it_not_even_staff(client):
    ana, bento = two_people()
    hold = send(ana, bento)

    for stranger in (make_member(), make_coordinator(), make_member(is_superuser=True, is_staff=True)):
        client.force_login(stranger)
        assert client.get(page_of(hold)).status_code == 404
        assert client.get(f"{page_of(hold)}?seen=held", headers=HTMX).status_code == 404
    assert client.get("/transfers/nothing-like-it/").status_code == 404


def test_a_stranger_is_asked_to_sign_in(client):
    ana, bento = two_people()
    hold = send(ana, bento)
    assert client.get(page_of(hold)).status_code == 302
    assert client.get(page_of(hold), headers=HTMX).status_code == 401


def test_a_message_is_shown_as_it_was_written(client):
    ana, bento = two_people()
    hold = send(ana, bento, note="<img src=x>\nsecond line")
    client.force_login(bento)

    page = client.get(page_of(hold)).content.decode()

    assert "&lt;img src=x&gt;<br>second line" in page


def test_a_payment_costs_few_queries(client, django_assert_num_queries):
    ana, bento = two_people()
    hold = send(ana, bento)
    client.force_login(ana)
    client.get(page_of(hold))

    with django_assert_num_queries(6):  # session, member, payment, what undid it, its line, what is unread
        client.get(page_of(hold))


def test_frozen_and_expiring_hours_say_until_when_on_their_page_and_in_the_statement(client):
    ana, bento = two_people()
    ends_at, thaws_at = clock.now() + timedelta(days=2), clock.now() + timedelta(days=9)
    hold = keep(ana, bento, expires_at=ends_at)
    for member in (ana, bento):
        client.force_login(member)
        for address in (page_of(hold), "/wallet/"):
            said = words(client.get(address)).replace("\xa0", " ")
            assert f"Goes back by itself on {said_of(ends_at)}" in said
            assert "Frozen" not in said
            assert "belong to an exchange" not in said

    freeze(hold, until=thaws_at, actor=make_coordinator())

    for address in (page_of(hold), "/wallet/"):
        said = words(client.get(address)).replace("\xa0", " ")
        assert f"Frozen until {said_of(thaws_at)} Goes back by itself on {said_of(thaws_at)}" in said
    with clock.ahead_by(timedelta(days=10)):
        client.force_login(bento)
        assert "Frozen" not in words(client.get(page_of(hold)))


def test_hours_of_an_exchange_say_so(client):
    exchange = make_exchange(state=Exchange.State.ACCEPTED)
    client.force_login(exchange.receiver)

    assert "These hours belong to an exchange." in words(client.get(page_of(exchange.hold)))
