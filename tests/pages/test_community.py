"""What a member's own page tells of the others: whom she sends to, what all did this month, where she stands."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse

from accounts.models import Member
from accounts.operations import suspend_member
from timebank import clock

from ..factories import make_coordinator, make_member
from ..work import drain
from .moving import send, start
from .reading import links, words

pytestmark = pytest.mark.django_db


def a_neighbourhood(people: int, *, minutes: int) -> list[Member]:
    """People of whom the first sent each other ``minutes``."""
    first, *others = [make_member(minutes=600, about="Hello.") for _ in range(people)]
    for other in others:
        send(first, other, minutes)
    return [first, *others]


def test_last_month_and_starting_hours_do_not_count(client):
    first, *_others = a_neighbourhood(6, minutes=60)
    cache.clear()
    client.force_login(first)
    with clock.ahead_by(timedelta(days=32)):
        assert "this month" not in words(client.get("/home/"))


def test_figures_are_kept_for_a_while(client):
    first, second, *_others = a_neighbourhood(5, minutes=60)
    client.force_login(first)
    before = words(client.get("/home/"))
    send(second, first, 60)
    assert "hours exchanged 4" in before
    assert "hours exchanged 4" in words(client.get("/home/"))


def test_whom_she_sent_to_lately_is_one_step_away(client):
    ana, bento = make_member(minutes=240), make_member(name="Bento Lima")
    send(ana, bento)
    client.force_login(ana)
    assert links(client.get("/home/"), "Send hours to Bento Lima") == [f"/send/?to={bento.public_id}"]


def test_a_suspended_member_is_told_why_and_offered_no_sending(client):
    ana, bento = make_member(minutes=240), make_member()
    send(ana, bento)
    suspend_member(ana, by=make_coordinator(), reason="Please call me")
    client.force_login(Member.objects.get(pk=ana.pk))

    page = client.get("/home/")

    assert "Your membership is suspended." in words(page)
    assert "The reason: Please call me" in words(page)
    assert 'href="/send/' not in page.content.decode().split("<main")[1]


def test_who_left_is_told_how_to_come_back(client):
    client.force_login(make_member(state="left"))
    assert "You left the community." in words(client.get("/home/"))


def test_from_on_its_way_to_arrived_through_the_worker(client):
    ana, bento = make_member(minutes=240), make_member(name="Bento Lima")
    page = reverse("transfer", args=[start(ana, bento, 90).public_id])
    client.force_login(ana)

    before = words(client.get(page))
    drain()
    after = words(client.get(page))

    assert "1 h 30 min is on its way to Bento Lima" in before
    assert "1 h 30 min arrived!" in after
