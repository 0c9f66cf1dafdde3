"""A member's own page: her hours, what moved lately, and the one next step."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from accounts.operations import approve_member
from timebank import clock

from ..factories import make_coordinator, make_member, make_moderator
from .moving import send, start
from .reading import amounts, links, words

pytestmark = pytest.mark.django_db

# session, member, account, on its way, lines, what expires, has she sent, whom to, who they are, what waits for her, what is unread
QUERIES = 12


def test_what_she_has_and_what_moved_lately(client):
    ana, bento = make_member(name="Ana Souza", minutes=240, about="I mend."), make_member(name="Bento Lima", minutes=60)
    send(ana, bento, 90, note="Curtains")
    send(bento, ana, 30, kind="gift")
    start(ana, bento, 15, note="A lift")
    client.force_login(ana)

    page = client.get("/home/")
    said = words(page)

    assert "Ana" in said.split("Available now")[0]
    assert "Available now 2h45min" in said
    assert "Set aside for others 15 min" in said
    assert amounts(page)[:4] == [15, 30, -90, 240]
    assert "On its way to Bento Lima A lift · today" in said
    assert "Bento Lima sent you hours A gift · today" in said
    assert "You sent to Bento Lima Curtains · today" in said
    assert "The community fund sent you hours Starting hours · today" in said


def test_a_newcomer_is_shown_her_first_step(client):
    client.force_login(make_member(minutes=240))
    page = client.get("/home/")
    assert links(page, "Send a first hour") == ["/send/"]
    assert links(page, "Introduce yourself") == ["/settings/profile/"]


def test_who_sent_before_is_only_asked_to_say_something_about_herself(client):
    ana, bento = make_member(minutes=240), make_member()
    send(ana, bento)
    client.force_login(ana)
    page = client.get("/home/")
    assert links(page, "Send a first hour") == []
    assert links(page, "Introduce yourself") == ["/settings/profile/"]


def test_nothing_is_asked_of_who_has_done_both(client):
    ana, bento = make_member(minutes=240, about="I mend."), make_member()
    send(ana, bento)
    client.force_login(ana)
    page = client.get("/home/")
    assert "next-step" not in page.content.decode()


def test_nothing_moved_yet(client):
    client.force_login(make_member())
    assert "Nothing has moved yet" in words(client.get("/home/"))


@pytest.mark.parametrize(
    ("hour", "greeting"), [(9, "Good morning"), (12, "Good afternoon"), (18, "Good evening"), (3, "Good evening")]
)
def test_the_greeting_goes_by_her_own_clock(client, monkeypatch, hour, greeting):
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 3, 5, hour, tzinfo=UTC))
    client.force_login(make_member(name="Ana Souza", time_zone="UTC"))
    assert f"{greeting}, Ana" in words(client.get("/home/"))


def test_parts_come_anew_by_themselves(client):
    ana = make_member(minutes=240)
    client.force_login(ana)

    balance = client.get("/home/", headers={"HX-Request": "true", "HX-Target": "balance"})
    activity = client.get("/home/", headers={"HX-Request": "true", "HX-Target": "activity"})

    assert balance.content.decode().lstrip().startswith('<section class="panel')
    assert 'id="activity"' in activity.content.decode()
    assert "<main" not in balance.content.decode() + activity.content.decode()


def test_who_waits_for_a_coordinator_is_told_so_and_taken_on_once_approved(client):
    ana = make_member(state="applied")
    client.force_login(ana)
    page = client.get("/home/")
    ask = {"HX-Request": "true", "HX-Target": "standing"}

    assert "A coordinator will let you in soon" in words(page)
    assert client.get("/home/", headers=ask).status_code == 204
    approve_member(ana, by=make_coordinator())
    assert client.get("/home/", headers=ask).headers["HX-Refresh"] == "true"


def test_a_coordinator_is_shown_that_people_wait_and_nobody_else_is(client):
    coordinator = make_coordinator()
    client.force_login(coordinator)
    assert "waiting to be let in" not in words(client.get("/home/"))
    for _number in range(2):
        make_member(state="applied")

    page = client.get("/home/")

    assert "2 people are waiting to be let in" in words(page)
    assert links(page, "See who") == ["/admin/accounts/member/?state__exact=applied"]
    for other in (make_moderator(), make_member(), make_coordinator(state="suspended")):
        client.force_login(other)
        assert "waiting to be let in" not in words(client.get("/home/"))


def test_who_has_not_confirmed_her_address_is_told_where_the_link_went(client):
    client.force_login(make_member(state="new", email="ana@example.org"))
    assert "We sent a link to ana@example.org." in words(client.get("/home/"))


def test_a_suspended_member_sees_what_is_hers_and_no_way_to_send(client):
    client.force_login(make_member(state="suspended", minutes=60))
    page = client.get("/home/")
    said = words(page)
    assert "Your membership is suspended." in said
    assert amounts(page) == [60]
    assert links(page, "Send") == []
    assert links(page, "Send a first hour") == []


def test_the_community_is_only_counted_where_a_figure_tells_of_nobody(client):
    people = [make_member(minutes=240) for _ in range(5)]
    client.force_login(people[0])
    send(people[0], people[1])

    assert "this month" not in words(client.get("/home/"))


def test_the_community_this_month(client):
    people = [make_member(minutes=240) for _ in range(5)]
    for giver, taker in pairwise(people):
        send(giver, taker, 45)
    client.force_login(people[0])

    assert "this month hours exchanged 3 active neighbours 5" in words(client.get("/home/"))


def test_a_stranger_is_asked_to_sign_in_and_a_fragment_is_told_so(client):
    assert client.get("/home/").url == "/account/login/?next=/home/"
    assert client.get("/home/", headers={"HX-Request": "true", "HX-Target": "balance"}).status_code == 401


@pytest.mark.parametrize("rows", [1, 3, 50])
def test_the_same_few_queries_for_any_number_of_rows(client, django_assert_num_queries, rows):
    ana, others = make_member(minutes=3000), [make_member() for _ in range(min(rows, 5))]
    for number in range(rows):
        (start if number % 2 else send)(ana, others[number % len(others)], 5 + number)
    client.force_login(ana)
    client.get("/home/")  # what is remembered between pages, is

    with django_assert_num_queries(QUERIES):
        client.get("/home/")
