"""Suspension takes effect at once and takes nothing away."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from accounts import operations
from ledger.models import Record
from notifications.models import Event
from tests.factories import balance, make_coordinator, make_member, make_moderator

pytestmark = pytest.mark.django_db


def signed_in(member) -> Client:
    client = Client()
    client.force_login(member)
    return client


def is_signed_in(client: Client) -> bool:
    return client.get("/settings/").status_code == 200


def test_a_suspended_member_is_signed_out_everywhere_and_keeps_her_hours():
    ana = make_member(minutes=240)
    phone, desktop = signed_in(ana), signed_in(ana)
    assert is_signed_in(phone)

    operations.suspend_member(ana, by=make_coordinator(), reason="She asked for a pause.")

    assert not is_signed_in(phone)
    assert not is_signed_in(desktop)
    assert balance(ana) == 240


def test_at_her_next_click_she_is_told_that_she_was_signed_out():
    ana = make_member()
    phone = signed_in(ana)
    phone.get("/home/")
    operations.suspend_member(ana, by=make_coordinator(), reason="")

    page = phone.get("/wallet/", follow=True)
    assert page.redirect_chain[0][0] == "/account/login/?next=/wallet/"
    assert "You were signed out here." in page.content.decode()
    assert "You were signed out here." not in phone.get("/wallet/", follow=True).content.decode()
    assert "You were signed out here." not in Client().get("/wallet/", follow=True).content.decode()


def test_her_news_tell_of_both_as_they_happened():
    coordinator, ana = make_coordinator(), make_member()
    ana = operations.suspend_member(ana, by=coordinator, reason="")
    ana = operations.reinstate_member(ana, by=coordinator)

    page = signed_in(ana).get("/notifications/").content.decode()
    again = page.index("You are a member again: you can give and receive hours.")
    assert again < page.index("Your membership was suspended.")
    assert "Your membership is suspended." not in page


def test_she_may_sign_in_again_and_read_what_is_hers_but_not_send():
    ana, bento = make_member(minutes=240), make_member()
    ana = operations.suspend_member(ana, by=make_moderator(), reason="")

    client = signed_in(ana)

    assert is_signed_in(client)
    assert client.get(ana.get_absolute_url()).status_code == 200
    assert client.get(bento.get_absolute_url()).status_code == 404
    assert client.get("/send/").status_code == 403
    assert client.get("/send/people/?q=b").status_code == 403
    assert client.post("/send/review/").status_code == 403
    assert client.post("/send/confirm/").status_code == 403


def test_reinstated_she_sends_again():
    coordinator = make_coordinator()
    ana = make_member(minutes=240)
    operations.suspend_member(ana, by=coordinator, reason="")

    ana = operations.reinstate_member(ana, by=coordinator)

    assert signed_in(ana).get("/send/").status_code == 200
    told = Event.objects.filter(member=ana, type="membership-changed").order_by("seq")
    assert [event.data["state"] for event in told] == ["suspended", "active"]


def test_each_change_is_in_the_log_with_pseudonyms_only():
    coordinator, ana = make_coordinator(), make_member()
    operations.suspend_member(ana, by=coordinator, reason="Words for her alone.")

    body = json.loads(Record.objects.get(kind="suspension").body)

    assert (body["member"], body["state"], body["by"]) == (ana.public_id, "suspended", coordinator.public_id)
    assert "Words" not in json.dumps(body)


def test_who_may_suspend_whom():
    ana, coordinator = make_member(), make_coordinator()
    administrator = make_member(is_superuser=True)

    for member, by in ((ana, make_member()), (coordinator, coordinator), (administrator, coordinator)):
        with pytest.raises(operations.NotAllowed):
            operations.suspend_member(member, by=by, reason="")


def test_it_happens_once():
    ana, coordinator = make_member(), make_coordinator()

    with pytest.raises(operations.AlreadyDecided):
        operations.reinstate_member(ana, by=coordinator)
    operations.suspend_member(ana, by=coordinator, reason="")
    with pytest.raises(operations.AlreadyDecided):
        operations.suspend_member(ana, by=coordinator, reason="")
