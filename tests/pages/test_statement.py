"""Choosing part of the statement: by period, direction, person, kind, category and words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.operations import community_fund
from ledger.models import Account
from ledger.operations import pay_at_once
from timebank import clock

from ..factories import make_member
from .moving import send, start
from .reading import amounts, links, words
from .test_wallet import QUERIES  # as many as without anything chosen

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    member = make_member(name="Ana Souza", minutes=600)
    client.force_login(member)
    return member


@pytest.fixture
def bento():
    return make_member(name="Bento José Lima", minutes=600)


def help_in(category, payer, payee, minutes):
    accounts = {"payer": payer.account, "payee": payee.account}
    return pay_at_once(**accounts, amount_minutes=minutes, kind="help", key=category, actor=payer, category=category)


def test_by_person_whatever_the_accents_also_what_is_on_its_way(client, ana, bento):
    clara = make_member(name="Clara Dias", minutes=600)
    send(ana, bento, 10)
    send(bento, ana, 20)
    send(clara, ana, 30)
    start(ana, bento, 40)
    start(clara, ana, 50)

    assert amounts(client.get("/wallet/?person=jose+BENTO")) == [40, 20, -10]
    assert amounts(client.get("/wallet/?person=clara")) == [50, 30]
    assert amounts(client.get("/wallet/?person=souza")) == []
    assert amounts(client.get("/wallet/?person=community+fund")) == [600]
    assert amounts(client.get("/wallet/?person=%25")) == []


def test_by_words_of_the_message_whatever_the_accents(client, ana, bento):
    send(ana, bento, 10, note="Aula de VIOLÃO na praça")
    send(ana, bento, 20, note="100% cotton")
    send(ana, bento, 30)
    start(bento, ana, 40, note="violao")

    assert amounts(client.get("/wallet/?q=violao")) == [40, -10]
    assert amounts(client.get("/wallet/?q=Praça+violão")) == [-10]
    assert amounts(client.get("/wallet/?q=0%25")) == [-20]
    assert amounts(client.get("/wallet/?q=_")) == []


def test_by_kind_and_by_category_which_its_line_names(client, ana, bento):
    send(ana, bento, 10, kind="gift")
    help_in("repairs", ana, bento, 20)
    help_in("baking", bento, ana, 30)

    assert amounts(client.get("/wallet/?kind=gift")) == [-10]
    assert amounts(client.get("/wallet/?kind=grant")) == [600]
    page = client.get("/wallet/?category=repairs")
    assert amounts(page) == [-20]
    assert "today · Small repairs" in words(page)
    assert amounts(client.get("/wallet/?category=baking&show=out")) == []


def test_by_days_both_included_in_the_readers_time_zone(client, bento):
    ana = make_member(minutes=60, time_zone="America/Sao_Paulo")
    client.force_login(ana)
    first = timezone.localtime(clock.now(), timezone=timezone.zoneinfo.ZoneInfo(ana.time_zone)).date()
    for day in range(1, 4):
        with clock.ahead_by(timedelta(days=day)):
            send(bento, ana, day)
    second = first + timedelta(days=1)

    assert amounts(client.get(f"/wallet/?from={second}&to={second + timedelta(days=1)}")) == [2, 1]
    assert amounts(client.get(f"/wallet/?to={second:%d/%m/%Y}")) == [1, 60]
    assert amounts(client.get(f"/wallet/?from={second}&to={second}&show=in&person=bento&kind=help")) == [1]


def test_quick_choices_of_a_period_end_with_today(client, ana, bento):
    with clock.ahead_by(timedelta(days=800)):
        send(bento, ana, 1)
    now = clock.now() + timedelta(days=900)
    local = timezone.localtime(now)
    with clock.ahead_by(now - clock.now()):
        send(bento, ana, 2)
        in_year = [2, 1] if (local - timedelta(days=100)).year == local.year else [2]

        assert amounts(client.get("/wallet/?period=month")) == [2]
        assert amounts(client.get("/wallet/?period=quarter")) == [2]
        assert amounts(client.get("/wallet/?period=year")) == in_year
        assert amounts(client.get("/wallet/")) == [2, 1, 600]
        assert amounts(client.get("/wallet/?period=month&from=2000-01-01")) == [2, 1, 600]


def test_each_month_says_what_came_in_and_went_out_also_of_what_stands_on_another_page(client, ana, bento):
    for minutes in range(1, 31):
        send(ana, bento, minutes)
    with clock.ahead_by(timedelta(days=40)):
        send(bento, ana, 90)
        send(ana, bento, 15, note="bread")

        assert "In 1 h 30 min · Out 15 min" in words(client.get("/wallet/")).replace("\N{NO-BREAK SPACE}", " ")
        page = words(client.get("/wallet/?before=5")).replace("\N{NO-BREAK SPACE}", " ")
        assert "In 10 h · Out 7 h 45 min" in page
        chosen = words(client.get("/wallet/?q=bread")).replace("\N{NO-BREAK SPACE}", " ")
        assert "In 0 min · Out 15 min" in chosen


def test_what_is_chosen_stays_so_on_earlier_pages_and_in_what_is_fetched_anew(client, ana, bento):
    for minutes in range(1, 31):
        send(ana, bento, minutes)
        send(bento, ana, minutes)

    page = client.get("/wallet/?show=out&person=bento")
    (earlier,) = links(page, "Show earlier")
    rest = client.get(f"/wallet/{earlier}")

    assert amounts(page) + amounts(rest) == [-minutes for minutes in range(30, 0, -1)]
    assert "/wallet/?show=out&amp;person=bento&amp;lines=20" in page.content.decode()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("from=banana", "We could not read this day. Write it like 2026-11-25 or 25/11/2026."),
        ("from=0001-01-01", "Please choose a day between the years 2000 and 2100."),
        ("to=9999-12-31", "Please choose a day between the years 2000 and 2100."),
        ("from=2026-05-02&to=2026-05-01", "This day is before the first one."),
        ("kind=bribe", "This is none of what there is to choose from."),
        ("category=magic", "This is none of what there is to choose from."),
        ("period=aeon", "We do not know this period."),
        ("show=sideways", "There is what came in and what went out"),
        ("person=" + "x" * 81, "Please look for fewer words: up to 80 characters."),
        ("q=a%00b", "Null characters are not allowed."),
    ],
)
def test_what_cannot_be_is_answered_in_words(client, ana, query, said):
    page = client.get(f"/wallet/?{query}")
    assert page.status_code == 422
    assert said in words(page)
    assert amounts(page) == []


def test_what_was_typed_is_kept(client, ana):
    page = client.get("/wallet/?from=banana&person=%3Cb%3E&q=bread&kind=gift").content.decode()

    assert '<input type="text" name="from" value="banana"' in page
    assert 'name="person" value="&lt;b&gt;"' in page
    assert 'name="q" value="bread"' in page
    assert '<option value="gift" selected>' in page


def test_nothing_fits(client, ana):
    assert "No line of your statement fits all that you chose." in words(client.get("/wallet/?q=bread"))


def test_the_card_comes_alone_where_it_is_asked_for_and_tells_its_address(client, ana, bento):
    send(ana, bento, 10)
    headers = {"HX-Request": "true", "HX-Target": "statement-card"}

    card = client.get("/wallet/?show=out&person=&q=", headers=headers)

    assert amounts(card) == [-10]
    assert "<main" not in card.content.decode()
    assert card["HX-Push-Url"] == "/wallet/?show=out"
    assert client.get("/wallet/?from=x", headers=headers).status_code == 422


def test_categories_are_named_in_the_readers_language(client, bento):
    ana = make_member(minutes=60, language="pt-br")
    client.force_login(ana)
    help_in("repairs", ana, bento, 20)

    page = client.get("/wallet/").content.decode()

    assert '<optgroup label="Casa e consertos">' in page
    assert "Pequenos consertos</p>" in page


def test_the_fund_is_not_found_by_its_stewards_name(client, ana):
    steward = community_fund().owner
    assert Account.objects.filter(owner=steward, kind="fund").exists()
    assert amounts(client.get("/wallet/", {"person": f"{steward.display_name} x"})) == []


@pytest.mark.parametrize("rows", [1, 3, 50])
def test_the_same_few_queries_with_filters_for_any_number_of_rows(client, ana, bento, django_assert_num_queries, rows):
    for number in range(rows):
        (start if number % 2 else send)(ana, bento, 5 + number % 5, note="bread")
    client.get("/wallet/")  # what is remembered between pages, is

    with django_assert_num_queries(QUERIES) as asked:
        client.get("/wallet/?period=year&show=out&person=bento&q=bread&kind=help")

    said = " ".join(query["sql"] for query in asked.captured_queries)
    assert "OFFSET" not in said
    assert "COUNT(" not in said
