"""How far a member may go: told in her inbox when it changes, in her language, and shown in her wallet."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from accounts.operations import call_off_limits, change_limits, follow_common_limits, join
from ledger.operations import Limits, apply_due_limits
from notifications.models import Event
from timebank import clock
from timebank.dates import in_full

from ..factories import make_coordinator, make_member
from .reading import words

pytestmark = pytest.mark.django_db

LATER = date(2100, 1, 1)
BECAUSE = {"reason": "The assembly of May"}


def today() -> date:
    return clock.now().date()


@pytest.fixture(autouse=True)
def community_in_utc(settings):
    settings.TIME_ZONE = "UTC"


def inbox(client) -> str:
    return words(client.get("/notifications/"))


def test_she_reads_since_when_she_may_go_how_far_and_why(client):
    ana, lourdes = make_member(), make_coordinator()
    client.force_login(ana)

    change_limits(Limits(300, 180, 1200), account=ana.account, by=lourdes, **BECAUSE)

    said = inbox(client)
    assert f"Since {in_full(today())} you may owe up to 5 h. You are warned before you owe more than 3 h." in said
    assert "You may have up to 20 h." in said
    assert "The assembly of May" in said
    change_limits(Limits(0), account=ana.account, by=lourdes, reason="All is paid back")
    assert f"Since {in_full(today())} your balance may not fall below zero." in inbox(client)
    assert client.get("/notifications/2/")["Location"] == "/wallet/"


def test_she_reads_it_in_her_language(client):
    ana = make_member(language="pt-br")
    client.force_login(ana)

    change_limits(Limits(300), account=ana.account, from_day=LATER, by=make_coordinator(), **BECAUSE)

    assert "A partir de 1 de janeiro de 2100 você pode dever até 5 h." in inbox(client)


def test_she_reads_what_is_planned_and_that_it_is_called_off(client):
    ana, lourdes = make_member(), make_coordinator()
    client.force_login(ana)

    planned = change_limits(Limits(300), account=ana.account, from_day=LATER, by=lourdes, **BECAUSE)
    assert "From 1 January 2100 on you may owe up to 5 h." in inbox(client)
    assert "From 1 January 2100 on you may owe up to 5 h. The assembly of May" in words(client.get("/wallet/"))
    call_off_limits(planned, reason="The assembly of June", by=lourdes)

    said = inbox(client)
    assert "Your limits will not change on 1 January 2100 after all." in said
    assert "The assembly of June" in said
    assert "1 January 2100" not in words(client.get("/wallet/"))


def test_a_change_for_all_is_told_to_everyone_once_when_it_takes_effect(client):
    ana, bento, lourdes = make_member(), make_member(), make_coordinator()
    client.force_login(ana)
    in_a_week = today() + timedelta(days=7)

    change_limits(Limits(300), account=None, from_day=in_a_week, by=lourdes, **BECAUSE)
    assert not Event.objects.filter(type="limits-changed").exists()
    assert f"From {in_full(in_a_week)} on you may owe up to 5 h." in words(client.get("/wallet/"))
    with clock.ahead_by(timedelta(days=8)):
        apply_due_limits()
        apply_due_limits()

    told = Event.objects.filter(type="limits-changed").values_list("member", flat=True)
    assert sorted(told) == sorted([ana.pk, bento.pk, lourdes.pk])


def test_the_wallet_says_whose_limits_they_are_and_why(client):
    ana, lourdes = make_member(), make_coordinator()
    client.force_login(ana)
    assert "How far you may go" not in words(client.get("/wallet/"))

    change_limits(Limits(60), account=None, by=lourdes, **BECAUSE)
    assert (
        "How far you may go These are the limits of everyone. You may owe up to 1 h"
        f" Since {in_full(today())}: The assembly of May"
    ) in words(client.get("/wallet/"))
    change_limits(Limits(300, 180, 1200), account=ana.account, by=lourdes, reason="A new roof")
    change_limits(Limits(120), account=None, by=lourdes, reason="The assembly of June")
    assert (
        "How far you may go These limits are yours alone. You may owe up to 5 h You are warned beyond 3 h"
        f" You may have up to 20 h Since {in_full(today())}: A new roof"
    ) in words(client.get("/wallet/"))
    follow_common_limits(ana.account, reason="The roof is on", by=lourdes)
    assert (
        "How far you may go These are the limits of everyone. You may owe up to 2 h"
        f" Since {in_full(today())}: The roof is on"
    ) in words(client.get("/wallet/"))


def test_the_limits_alone_refresh_themselves(client):
    ana = make_member()
    client.force_login(ana)
    part = {"HX-Request": "true", "HX-Target": "limits"}
    assert words(client.get("/wallet/", headers=part)) == ""

    change_limits(Limits(300), account=ana.account, by=make_coordinator(), **BECAUSE)

    fragment = client.get("/wallet/", headers=part).content.decode()
    assert "<html" not in fragment
    assert 'hx-trigger="limits-changed from:body' in fragment


def test_a_newcomer_has_the_common_limits_since_she_came(client):
    with clock.ahead_by(timedelta(days=-30)):
        change_limits(Limits(60), account=None, by=make_coordinator(), **BECAUSE)
    client.force_login(join(make_member(state="new")))

    assert f"You may owe up to 1 h Since {in_full(today())}: The assembly of May" in words(client.get("/wallet/"))
