"""How the balance went: a point for each day on which it changed, in a table that scripts draw."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from django.utils import formats, timezone

from ledger import statements
from timebank import clock

from ..factories import make_member
from .moving import send
from .reading import links, words

pytestmark = pytest.mark.django_db

QUERIES = 5  # session, member, account, points, what is unread


@pytest.fixture
def ana(client):
    member = make_member(name="Ana Souza", minutes=600)
    client.force_login(member)
    return member


@pytest.fixture
def bento():
    return make_member(minutes=600)


def figures(page):
    """Each day in the table, counted from today, and its balance; the latest first."""
    found = re.findall(r'<time datetime="([\d-]+)">.*?<data value="(-?\d+)">', page.content.decode(), re.DOTALL)
    today = timezone.localtime().date()
    return [((date.fromisoformat(day) - today).days, int(balance)) for day, balance in found]


def test_a_point_for_each_day_with_the_balance_in_the_end_of_it(client, ana, bento):
    send(ana, bento, 30)
    with clock.ahead_by(timedelta(days=3)):
        send(ana, bento, 20)
        send(bento, ana, 50)
    with clock.ahead_by(timedelta(days=5)):
        page = client.get("/wallet/balance/")

    assert figures(page) == [(5, 600), (3, 600), (0, 570)]
    assert "The same in figures" in words(page)
    assert "So far only" not in words(page)


def test_of_one_day_it_is_said_in_words_for_there_is_no_line_to_draw(client, ana):
    now = timezone.localtime()
    first_of_next_month = (now + timedelta(days=31)).replace(day=1)
    with clock.ahead_by(first_of_next_month - now):
        page = client.get("/wallet/balance/?period=month")
        today = formats.date_format(timezone.localtime(clock.now()).date(), "DATE_FORMAT")

    assert f"So far only {today}: 10 h." in words(page)


def test_a_period_begins_with_the_balance_that_was(client, ana, bento):
    with clock.ahead_by(timedelta(days=150)):
        send(ana, bento, 100)
    with clock.ahead_by(timedelta(days=400)):
        send(ana, bento, 50)
        seen = figures(client.get("/wallet/balance/?period=quarter"))

    assert [minutes for _day, minutes in seen] == [450, 500]
    assert seen[0][0] == 400 and 305 <= seen[-1][0] <= 311


def test_only_the_period_counts(client, ana, bento):
    send(ana, bento, 30)
    assert figures(client.get("/wallet/balance/?show=in&person=nobody")) == [(0, 570)]


def test_over_years_there_are_some_hundred_points_at_most(client, ana, bento, monkeypatch):
    monkeypatch.setattr(statements, "MOST_POINTS", 10)
    for days in range(0, 60, 3):
        with clock.ahead_by(timedelta(days=days)):
            send(ana, bento, 1)
    with clock.ahead_by(timedelta(days=60)):
        weekly = figures(client.get("/wallet/balance/"))
    with clock.ahead_by(timedelta(days=100)):
        monthly = figures(client.get("/wallet/balance/"))

    assert len(weekly) <= 11
    assert len(monthly) <= 6
    assert weekly[0][1] == monthly[0][1] == 580


def test_the_wallet_fetches_it_alone_and_links_to_it_without_scripts(client, ana):
    wallet = client.get("/wallet/")
    assert links(wallet, "See how it went") == ["/wallet/balance/"]
    part = client.get("/wallet/balance/", headers={"HX-Request": "true", "HX-Target": "over-time"})
    assert "<main" not in part.content.decode()
    assert figures(part) == [(0, 600)]


def test_a_period_that_cannot_be_is_answered_in_words(client, ana):
    page = client.get("/wallet/balance/?from=banana")
    assert page.status_code == 422
    assert "We could not read this day." in words(page)


@pytest.mark.parametrize("rows", [1, 3, 50])
def test_the_same_few_queries_for_any_number_of_rows(client, ana, bento, django_assert_num_queries, rows):
    for _ in range(rows):
        send(ana, bento, 1)
    client.get("/wallet/balance/")

    with django_assert_num_queries(QUERIES):
        client.get("/wallet/balance/")


def test_its_page_is_a_part_of_the_wallet(client, ana):
    page = client.get("/wallet/balance/").content.decode()
    assert '<a href="/wallet/" aria-current="page">' in page
