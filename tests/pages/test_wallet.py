"""The wallet: where a member's hours are, and every line of how they came and went."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from ledger import seqs, views
from ledger.models import Hold, Transfer
from timebank import clock

from ..factories import make_member
from .moving import send, start
from .reading import amounts, links, words

pytestmark = pytest.mark.django_db

# Session, member, account, categories, lines, months, holds on their way, what expires, the limits in force and those
# to come, the first lots, what they were, by which transfers they came, the latest months, what is unread.
QUERIES = 15


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


def test_of_very_much_on_its_way_the_wallet_shows_the_newest_and_leads_to_all_of_it(client, monkeypatch):
    monkeypatch.setattr(views, "MOST_HOLDS", 3)
    ana, bento = make_member(minutes=3000), make_member(name="Bento Lima")
    for minutes in range(1, 8):
        start(ana, bento, minutes)
    start(make_member(minutes=120), ana, 60)
    client.force_login(ana)

    page = client.get("/wallet/?show=out")
    assert amounts(page) == [7, 6, 5]
    assert "These are the newest 3, and there are more." in words(page)
    [all_of_it] = links(page, "See all that is set aside and on its way")
    page = client.get(all_of_it)
    assert "Show: Out" in words(page)
    assert "/wallet/?show=out" in links(page, "Wallet")
    seen = amounts(page)
    while earlier := links(page, "Show earlier"):
        page = client.get("/wallet/set-aside/" + earlier[0])
        seen += amounts(page)
        assert links(page, "Newest first") == [all_of_it]
    assert seen == [7, 6, 5, 4, 3, 2, 1]

    monkeypatch.setattr(views, "MOST_HOLDS", 8)
    page = client.get("/wallet/")
    assert amounts(page)[:8] == [60, 7, 6, 5, 4, 3, 2, 1]
    assert "there are more" not in words(page)
    assert "Show earlier" not in words(client.get("/wallet/set-aside/"))


def test_more_of_what_is_on_its_way_comes_as_a_fragment_and_takes_the_focus(client, monkeypatch):
    monkeypatch.setattr(views, "MOST_HOLDS", 2)
    ana, bento = make_member(minutes=240), make_member()
    for minutes in range(1, 6):
        start(ana, bento, minutes)
    client.force_login(ana)
    [more] = links(client.get("/wallet/set-aside/"), "Show earlier")

    part = client.get(f"/wallet/set-aside/{more}", headers={"HX-Request": "true", "HX-Target": "more-holds"})

    assert amounts(part) == [3, 2]
    assert "<main" not in part.content.decode()
    assert part.content.decode().count("data-focus") == 1
    assert 'id="more-holds"' in part.content.decode()


def test_of_what_is_on_its_way_nobody_finds_a_place_by_anothers(client):
    ana, bento, clara = make_member(minutes=60), make_member(minutes=60), make_member()
    anothers = start(bento, clara, 5)
    client.force_login(ana)

    assert "Nothing is set aside or on its way now." in words(client.get("/wallet/set-aside/"))
    for after in (anothers.public_id, "x%00", "é"):
        assert client.get(f"/wallet/set-aside/?after={after}").status_code == 404


@pytest.mark.parametrize("rows", [1, 3, 60])
def test_all_that_is_on_its_way_takes_the_same_few_queries(client, django_assert_num_queries, rows):
    ana, bento = make_member(minutes=3000), make_member()
    first = [start(ana, bento, 5) for _ in range(rows + 1)][-1]
    client.force_login(ana)
    client.get("/wallet/set-aside/")  # what is remembered between pages, is

    with django_assert_num_queries(6):  # session, member, account, categories, holds, what is unread
        client.get("/wallet/set-aside/")
    with django_assert_num_queries(7):  # and after which
        client.get(f"/wallet/set-aside/?after={first.public_id}")


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


def test_what_came_in_and_went_out_in_the_latest_months_as_its_lines_say(client):
    ana, bento = make_member(minutes=240), make_member(minutes=60)
    send(ana, bento, 90)
    send(bento, ana, 30)
    client.force_login(ana)
    day = timezone.localtime(clock.now())

    said = words(client.get("/wallet/"))

    assert "Given and received Came in · 4 h 30 min Went out · 1 h 30 min" in said
    assert f"{day:%B} {day.year}: 4 h 30 min came in, 1 h 30 min went out" in said
    assert f"{day:%B} {day.year} In 4 h 30 min · Out 1 h 30 min" in said


def test_its_bars_are_the_longest_for_the_most_and_the_months_are_six(client):
    ana, bento = make_member(minutes=240), make_member()
    send(ana, bento, 60)
    client.force_login(ana)
    today = timezone.localtime(clock.now()).date()
    year, month = divmod(today.year * 12 + today.month + 4, 12)
    with clock.ahead_by(date(year, month + 1, 15) - today):
        send(ana, bento, 120)

        page = client.get("/wallet/").content.decode()

    assert re.findall(r'<rect class="in" x="10%" width="36%" y="(\d+)%" height="(\d+)%"', page) == [
        ("0", "100"),
        *[("100", "0")] * 5,
    ]
    assert re.findall(r'<rect class="out" x="54%" width="36%" y="(\d+)%" height="(\d+)%"', page) == [
        ("75", "25"),
        *[("100", "0")] * 4,
        ("50", "50"),
    ]


def test_of_a_very_long_statement_the_latest_months_follow_or_are_asked_for(client, monkeypatch):
    monkeypatch.setattr(seqs, "FEW_LINES", 1)
    ana, bento = make_member(minutes=240), make_member()
    send(ana, bento, 60)
    client.force_login(ana)

    page = client.get("/wallet/")
    part = client.get("/wallet/", headers={"HX-Request": "true", "HX-Target": "in-and-out"})

    [asked] = links(page, "See the latest months")
    assert "Came in" not in words(page)
    assert 'hx-trigger="load"' in re.findall(r'<section[^>]*id="in-and-out".*?>', page.content.decode())[0]
    for answer in (part, client.get(asked)):
        assert "Came in · 4 h Went out · 1 h" in words(answer)
    assert "<main" not in part.content.decode()


def test_the_hours_that_are_used_first_say_from_whom_they_came_last_and_when(client):
    ana, bento, clara = make_member(name="Ana Souza", minutes=240), make_member(name="Bento Lima"), make_member()
    for minutes in (10, 20):
        send(ana, bento, minutes, kind="gift")
    send(bento, clara, 15)
    for member, said in (
        (ana, "From the community fund"),
        (bento, "Last from Ana Souza"),
        (clara, "Last from Bento Lima"),
    ):
        client.force_login(member)
        page = client.get("/wallet/").content.decode()
        assert [name.strip() for name in re.findall("<dt>([^<]*)<small>since", page)] == [said]


def test_bars_of_hours_grow_short_as_they_near_their_end(client, settings):
    settings.GRANTED_HOURS_EXPIRE_DAYS = 100
    ana, bento = make_member(minutes=240), make_member(minutes=60)
    send(bento, ana, 15)
    client.force_login(ana)

    def bars(days: int) -> list[str]:
        with clock.ahead_by(timedelta(days=days)):
            page = client.get("/wallet/").content.decode()
        return re.findall(r'<svg class="bar" aria-hidden="true"><rect( class="held")? width="(\d+)%"', page)

    # What does not expire, the quarter from Bento, has no bar.
    assert bars(0) == [("", "100")]
    assert bars(60) == [("", "40")]
    assert bars(90) == [(' class="held"', "10")]


def test_export_is_of_what_is_chosen_and_leads_to_where_days_are_chosen(client):
    client.force_login(make_member(minutes=240))

    page = client.get("/wallet/?show=in")
    chosen = client.get("/wallet/?show=out", headers={"HX-Request": "true", "HX-Target": "statement-card"})

    assert links(page, "Statement as PDF") == ["/wallet/statement.pdf?show=in"]
    assert links(chosen, "Statement as PDF") == ["/wallet/statement.pdf?show=out"]
    assert 'id="export" popover hx-swap-oob="true"' in chosen.content.decode()
    [days] = links(page, "Choose days…")
    assert days == "/wallet/?show=in&choose=days#statement-card"
    assert '<details class="filters" open>' in client.get(days).content.decode()
    assert '<details class="filters" open>' not in page.content.decode()


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
