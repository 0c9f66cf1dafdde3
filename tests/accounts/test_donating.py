"""A member gives hours to the community fund."""

from __future__ import annotations

import re
from typing import Any

import pytest

from accounts.models import Member
from accounts.operations import CannotSend, community_fund, donate
from ledger.models import Hold, Kind
from ledger.operations import KeyReused, NotEnoughTime, post_all_due

from ..factories import available, balance, make_member
from ..pages.reading import words

pytestmark = pytest.mark.django_db


def give(donor: Member, minutes: int = 30, nonce: str = "story-nonce", **more: Any) -> Hold:
    return donate(donor=donor, amount_minutes=minutes, nonce=nonce, **more)


def test_her_hours_go_to_the_fund():
    ana = make_member(minutes=60)
    had = community_fund().balance_minutes

    hold = give(ana, 45, note="For those who begin")
    assert available(ana) == 15
    post_all_due()

    assert (balance(ana), community_fund().balance_minutes - had) == (15, 45)
    assert (hold.kind, hold.note.text) == (Kind.DONATION, "For those who begin")


def test_the_same_form_gives_once():
    ana = make_member(minutes=60)

    assert give(ana).pk == give(ana).pk
    assert available(ana) == 30
    with pytest.raises(KeyReused):
        give(ana, 20)


def test_nobody_gives_more_than_she_may_owe_or_while_she_is_suspended():
    ana = make_member(minutes=20)
    with pytest.raises(NotEnoughTime, match="You can send up to 20 min"):
        give(ana)
    Member.objects.filter(pk=ana.pk).update(state=Member.State.SUSPENDED)
    with pytest.raises(CannotSend):
        give(ana, 10)


def test_she_writes_looks_it_over_and_gives(client):
    ana = make_member(minutes=120)
    client.force_login(ana)

    look_over = client.post("/donate/", {"amount": "45 min", "note": "For newcomers"})

    assert look_over.status_code == 200
    assert "You give 45 min to the community fund." in words(look_over).replace("\xa0", " ")
    assert "Balance afterwards: 1 h 15 min" in words(look_over).replace("\xa0", " ")
    assert balance(ana) == 120
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', look_over.content.decode()))
    del fields["csrfmiddlewaretoken"]
    changing = client.post("/donate/", {**fields, "change": "1"})
    assert 'value="45 min"' in changing.content.decode()
    assert "For newcomers" in changing.content.decode()

    receipts = [client.post("/donate/confirm/", fields) for _ in range(2)]

    assert receipts[0]["Location"] == receipts[1]["Location"] == f"/transfers/{Hold.objects.latest('pk').public_id}/"
    post_all_due()
    assert balance(ana) == 75
    said = words(client.get(receipts[0]["Location"])).replace("\xa0", " ")
    assert "the community fund" in said
    assert "None" not in said


def test_what_is_refused_is_kept_as_it_was_typed(client):
    ana = make_member(minutes=20)
    client.force_login(ana)

    unclear = client.post("/donate/", {"amount": "2", "note": "Bread"})
    too_much = client.post("/donate/confirm/", {"amount": "30 min", "note": "Bread", "nonce": "a-nonce-of-mine"})

    assert (unclear.status_code, too_much.status_code) == (422, 422)
    assert 'value="2"' in unclear.content.decode()
    assert "You can send up to 20 min; this needs 30 min." in words(too_much).replace("\xa0", " ")
    assert 'value="30 min"' in too_much.content.decode()
    assert "Bread" in too_much.content.decode()


def test_whoever_would_owe_much_is_warned_before(client):
    ana = make_member(minutes=0, credit_limit_minutes=120)
    type(ana.account).objects.filter(pk=ana.account.pk).update(soft_limit_minutes=60)
    bento = make_member(name="Bento Lima")
    client.force_login(ana)

    assert "owe more than" not in words(client.post("/donate/", {"amount": "60 min"}))
    assert "you would owe more than 1 h" in words(client.post("/donate/", {"amount": "61 min"})).replace("\xa0", " ")
    sending = {"to": bento.public_id, "amount": "61 min", "kind": "help", "note": ""}
    review = client.post("/send/review/", sending, follow=True)
    assert "you would owe more than 1 h" in words(review).replace("\xa0", " ")
