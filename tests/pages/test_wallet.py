"""The wallet: where a member's hours are, and every line of how they came and went."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from ledger.models import Hold, Transfer
from timebank import clock

from ..factories import make_member
from .moving import send, start
from .reading import amounts, links, words

pytestmark = pytest.mark.django_db

# Session, member, account, categories, lines, months, holds on their way, what expires, the first lots, what is unread.
QUERIES = 10


def test_each_line_says_what_for_with_whom_and_the_balance_after_it(client):
    ana, bento = make_member(name="Ana Souza", minutes=240), make_member(name="Bento Lima", minutes=60)
    send(ana, bento, 90, note="Curtains, at last")
    send(bento, ana, 30, kind="gift")
    client.force_login(ana)

    page = client.get("/wallet/")

    assert amounts(page) == [30, -90, 240]
    said = words(page)
    assert "A gift Bento Lima · today +30min Balance afterwards: 3 h" in said
    assert "Curtains, at last Bento Lima · today −1h30min Balance afterwards: 2 h 30 min" in said
    assert "Starting hours Community fund · today +4h Balance afterwards: 4 h" in said


def test_what_is_on_its_way_stands_on_top_and_is_not_available(client):
    ana, bento = make_member(name="Ana Souza", minutes=240), make_member(name="Bento Lima")
    start(ana, bento, 45, note="Lift to the clinic")
    client.force_login(ana)

    page = client.get("/wallet/")

    assert amounts(page) == [45, 240]
    said = words(page)
    assert "Lift to the clinic To Bento Lima · today 45min on its way" in said
    assert "Available now 3h15min" in said
    assert "Set aside for others 45 min" in said


def test_what_how_to_read_it_explains_has_its_figure_even_where_that_is_none(client):
    client.force_login(make_member(minutes=240))

    for address in ("/wallet/", "/home/"):
        said = words(client.get(address))
        assert "Available now 4h" in said
        assert "Set aside for others 0 min Balance 4 h" in said


def test_the_one_who_gets_them_sees_them_on_their_way_too(client):
    ana, bento = make_member(name="Ana Souza", minutes=240), make_member(name="Bento Lima")
    start(ana, bento, 45)
    client.force_login(bento)

    assert "Help From Ana Souza · today 45min on its way" in words(client.get("/wallet/"))


def test_only_what_came_in_or_only_what_went_out(client):
    ana, bento = make_member(minutes=240), make_member(minutes=60)
    send(ana, bento, 90)
    send(bento, ana, 30)
    start(ana, bento, 15)
    start(bento, ana, 20)
    client.force_login(ana)

    assert amounts(client.get("/wallet/?show=in")) == [20, 30, 240]
    assert amounts(client.get("/wallet/?show=out")) == [15, -90]
    assert client.get("/wallet/?show=sideways").status_code == 422


def test_earlier_lines_follow_on_pages_that_meet_without_gap(client):
    ana, bento = make_member(minutes=3000), make_member()
    for minutes in range(1, 46):
        send(ana, bento, minutes)
    client.force_login(ana)
    page, seen, pages = client.get("/wallet/"), [], 1

    seen += amounts(page)
    while earlier := links(page, "Show earlier"):
        page = client.get("/wallet/" + earlier[0])
        seen += amounts(page)
        pages += 1

    assert seen == [*range(-45, 0), 3000]
    assert pages == 3


def test_unfolded_lines_come_as_a_fragment_without_saying_the_month_twice(client):
    ana, bento = make_member(minutes=3000), make_member()
    for minutes in range(1, 31):
        send(ana, bento, minutes)
    client.force_login(ana)
    this_month = timezone.localtime(clock.now()).strftime("%Y-%m")

    fragment = client.get(
        f"/wallet/?before=12&month={this_month}", headers={"HX-Request": "true", "HX-Target": "earlier"}
    )

    assert amounts(fragment) == [*range(-10, 0), 3000]
    assert "<main" not in fragment.content.decode()
    assert "<h3" not in fragment.content.decode()
    assert fragment.content.decode().count("data-focus") == 1
    assert fragment.content.decode().index("data-focus") < fragment.content.decode().index("amount")
    assert "data-focus" not in client.get("/wallet/?before=12").content.decode()


def test_lines_stand_under_their_month_in_the_readers_time_zone(client):
    ana = make_member(minutes=60, time_zone="America/Sao_Paulo")
    bento = make_member(minutes=60)
    send(bento, ana, 15)
    client.force_login(ana)

    from ledger import triggers

    with triggers.suspended():
        for transfer, moment in zip(
            Transfer.objects.filter(payee__owner=ana).order_by("pk"),
            [datetime(2026, 2, 10, 12, tzinfo=UTC), datetime(2026, 4, 1, 1, 30, tzinfo=UTC)],
            strict=True,
        ):
            Transfer.objects.filter(pk=transfer.pk).update(posted_at=moment)
            Hold.objects.filter(pk=transfer.hold_id).update(resolved_at=moment)

    page = client.get("/wallet/").content.decode()

    assert page.index("March 2026") < page.index("February 2026")
    assert "31 Mar" in page


def test_words_people_write_are_shown_as_they_are(client):
    ana, bento = make_member(minutes=240), make_member(name="<b>Bento</b> & son")
    send(ana, bento, 60, note="<script>alert(1)</script> & more")
    client.force_login(ana)

    page = client.get("/wallet/").content.decode()

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page
    assert "&lt;b&gt;Bento&lt;/b&gt; &amp; son" in page


def test_nothing_moved_yet(client):
    client.force_login(make_member())
    assert "Nothing here yet" in words(client.get("/wallet/"))


@pytest.mark.parametrize("state", ["new", "applied"])
def test_who_is_no_member_yet_has_no_wallet(client, state):
    client.force_login(make_member(state=state))
    assert "Your wallet opens when you become a member." in words(client.get("/wallet/"))


def test_a_suspended_member_reads_hers_but_is_offered_no_sending(client):
    client.force_login(make_member(minutes=60, state="suspended"))

    page = client.get("/wallet/")

    assert amounts(page) == [60]
    assert 'href="/send/"' not in page.content.decode().split("<main")[1]


@pytest.mark.parametrize("query", ["before=x", "before=-1", "before=1e3", "lines=x", "before=" + "9" * 30, "before=²"])
def test_a_wrong_address_is_refused_kindly(client, query):
    client.force_login(make_member())
    assert client.get(f"/wallet/?{query}").status_code in {200, 400}


def test_a_stranger_is_asked_to_sign_in_and_a_fragment_is_told_so(client):
    assert client.get("/wallet/").status_code == 302
    fragment = client.get("/wallet/", headers={"HX-Request": "true", "HX-Target": "balance"})
    assert fragment.status_code == 401


@pytest.mark.parametrize("rows", [1, 3, 50])
def test_the_same_few_queries_for_any_number_of_rows(client, django_assert_num_queries, rows):
    ana, bento = make_member(minutes=3000), make_member()
    for number in range(rows):
        (start if number % 2 else send)(ana, bento, 5 + number)
    client.force_login(ana)
    client.get("/wallet/")  # what is remembered between pages, is

    with django_assert_num_queries(QUERIES):
        client.get("/wallet/")
