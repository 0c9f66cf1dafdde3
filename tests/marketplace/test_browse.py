"""Finding an offer or a request: kinds, words, categories, times, page by page."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from django.test import Client

from marketplace import operations, queries
from marketplace.models import Listing

from ..factories import make_listing, make_member
from ..pages.reading import links, words
from .test_listing_pages import signed_in, titles

pytestmark = pytest.mark.django_db


def found(client: Client, **asked: str) -> list[str]:
    return titles(client.get("/explore/", asked))


def test_offers_first_requests_behind_the_switch(client):
    make_listing(title="I mend")
    make_listing(title="I need", kind="request")
    signed_in(client)
    assert found(client) == found(client, kind="offer") == ["I mend"]
    assert found(client, kind="request") == ["I need"]
    assert links(client.get("/explore/?q=mend"), "Requests") == ["?kind=request&q=mend"]


def test_newest_first_and_what_is_published_again_is_new_again(client):
    first, _second = make_listing(title="First"), make_listing(title="Second")
    operations.pause_listing(first, by=first.owner)
    operations.publish_listing(first, by=first.owner)
    signed_in(client)
    assert found(client) == ["First", "Second"]


@pytest.mark.parametrize("asked", ["pao de queijo", "PÃO", "queijo pão", "bread", "pães", "cozinha", "vila norte"])
def test_words_are_found_whatever_the_accents_case_and_order(client, asked):
    make_listing(title="Pão de Queijo", category="baking", place="Vila Norte")
    make_listing(title="Queijos e vinhos", category="company")
    signed_in(client)
    assert found(client, q=asked) == ["Pão de Queijo"]


def test_a_percent_sign_is_only_a_percent_sign(client):
    make_listing(title="100% patience")
    make_listing(title="Half patience")
    signed_in(client)
    assert found(client, q="%") == ["100% patience"]


def test_a_pressed_category_counts_more_than_the_one_before(client):
    make_listing(title="Cake", category="baking")
    make_listing(title="A cat", category="pets")
    signed_in(client)
    assert titles(client.get("/explore/?kind=offer&q=&time=&category=pets&category=cooking")) == ["Cake"]
    assert len(titles(client.get("/explore/?kind=offer&q=&time=&category=pets&category="))) == 2


def test_a_heading_holds_all_its_kinds(client):
    for kind in ("baking", "meals", "pets"):
        make_listing(title=kind, category=kind)
    signed_in(client)
    assert found(client, category="cooking") == ["meals", "baking"]
    assert found(client, category="meals") == ["meals"]
    page = client.get("/explore/?category=meals&q=me")
    assert 'id="in-baking"' not in client.get("/explore/").content.decode()
    assert 'name="category" value="meals" form="filters-form"' in page.content.decode()
    assert page.content.decode().count(' aria-current="true"') == 2
    assert re.search(r'id="in-cooking"[^>]*aria-current="true"', page.content.decode())
    assert re.search(r'id="in-meals"[^>]*aria-current="true"', page.content.decode())


@pytest.mark.parametrize(
    ("time", "those"),
    [
        ("30", [30]),
        ("60", [60, 30]),
        ("120", [120, 60, 30]),
        ("longer", [121]),
        ("together", [None]),
        ("", [None, 121, 120, 60, 30]),
    ],
)
def test_how_long_it_takes(client, time, those):
    for minutes in (30, 60, 120, 121, None):
        make_listing(title=str(minutes), minutes=minutes)
    signed_in(client)
    assert found(client, time=time) == [str(minutes) for minutes in those]


def test_all_choices_at_once(client):
    make_listing(title="Cake for tomorrow", category="baking", minutes=60, kind="request")
    make_listing(title="Cake for tonight", category="baking", minutes=180, kind="request")
    signed_in(client)
    assert found(client, kind="request", q="cake", category="cooking", time="60") == ["Cake for tomorrow"]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"kind": "gift"}, "There are offers and requests, and nothing else to show."),
        ({"category": "nope"}, "There is no such category. Please choose one from the list."),
        ({"time": "7"}, "We do not know this length of time. Please choose one from the list."),
        ({"q": "x" * 81}, "Please look for fewer words: up to 80 characters."),
        ({"q": "a\x00b"}, "Null characters are not allowed."),
    ],
    ids=str,
)
def test_what_is_not_on_a_list_is_refused_kindly_and_the_words_stay(client, asked, sentence):
    make_listing(title="Taps")
    signed_in(client)
    page = client.get("/explore/", {"q": "taps"} | asked)
    assert page.status_code == 422
    assert sentence in words(page)
    assert titles(page) == []
    assert f'name="q" type="search" value="{({"q": "taps"} | asked)["q"]}"' in page.content.decode()
    assert links(page, "Show everything") == ["?kind=offer"]


@pytest.mark.parametrize("before", ["x", "12", "12-", "-abc", "9" * 17 + "-abc", "12-ABC", "٣-abc"])
def test_a_place_in_the_list_that_is_none_is_refused(client, before):
    signed_in(client)
    assert client.get("/explore/", {"before": before}).status_code == 400


def test_her_own_are_marked_as_hers(client):
    ana = signed_in(client)
    make_listing(ana, title="Mine")
    make_listing(title="A neighbour's")
    said = words(client.get("/explore/"))
    assert said.count("Yours") == 1
    assert "Offer Yours Mine" in said


def test_the_title_says_its_language(client):
    make_listing(make_member(language="pt-br"), title="Costura")
    signed_in(client)
    assert 'lang="pt-br">Costura</a>' in client.get("/explore/").content.decode()


@pytest.mark.parametrize(
    ("asked", "helps"),
    [
        ({}, ["Post a request", "Offer help"]),
        ({"kind": "request"}, ["Offer help"]),
        ({"q": "nothing like it"}, ["Post a request", "Show everything"]),
        ({"kind": "request", "time": "30"}, ["Offer help", "Show everything"]),
    ],
    ids=str,
)
def test_where_there_is_nothing_it_says_what_to_do(client, asked, helps):
    signed_in(client)
    page = client.get("/explore/", asked)
    for text in helps:
        assert len(links(page, text)) == 1, text
    assert 'class="empty' in page.content.decode()


def test_how_many_there_are_is_said_up_to_many(client, monkeypatch):
    owner = make_member()
    signed_in(client)
    assert "No offers" in words(client.get("/explore/"))
    make_listing(owner)
    assert "1 offer " in words(client.get("/explore/"))
    for _number in range(11):
        make_listing(owner)
    assert "12 offers " in words(client.get("/explore/"))
    assert "12 offers for “taps”" in words(client.get("/explore/?q=taps"))
    make_listing(owner)
    assert "13 offers " in words(client.get("/explore/"))
    monkeypatch.setattr(queries, "MOST_COUNTED", 12)
    monkeypatch.setattr(queries.listings, "MOST_COUNTED", 12)
    assert "More than 12 offers" in words(client.get("/explore/"))


# --- Page by page, and by htmx ----------------------------------------------------------------------

# session, member, the categories, the listings with their people, what is unread; and how many, where there are more
QUERIES = 5


@pytest.mark.parametrize("rows", [1, 3, 50])
def test_page_by_page_in_the_same_queries(client, django_assert_num_queries, rows):
    owner = make_member()
    for number in range(rows):
        make_listing(owner if number % 2 else None, title=f"Number {number}")
    signed_in(client)
    client.get("/explore/?q=number")

    with django_assert_num_queries(QUERIES + (rows > 12)):
        page = client.get("/explore/?q=number")

    seen = titles(page)
    while more := links(page, "Show more"):
        assert "q=number" in more[0]
        with django_assert_num_queries(QUERIES):
            page = client.get(f"/explore/{more[0]}")
        seen += titles(page)
    assert seen == [f"Number {number}" for number in reversed(range(rows))]


def test_those_of_one_moment_are_not_lost_between_pages(client):
    for number in range(15):
        make_listing(title=f"Number {number}")
    same = Listing.objects.latest("published_at").published_at
    Listing.objects.update(published_at=same)
    signed_in(client)
    page = client.get("/explore/")
    rest = client.get(f"/explore/{links(page, 'Show more')[0]}")
    assert len({*titles(page), *titles(rest)}) == 15


def part(client: Client, target: str, **asked: str):
    return client.get(f"/explore/?{urlencode(asked)}", headers={"HX-Request": "true", "HX-Target": target})


def test_other_choices_come_as_a_part_with_an_address_of_their_own(client):
    make_listing(title="Cake", category="baking")
    signed_in(client)
    answer = part(client, "results", kind="offer", q="cake", time="", category="cooking")
    text = answer.content.decode()
    assert answer["HX-Push-Url"] == "/explore/?kind=offer&q=cake&category=cooking"
    assert "<main" not in text
    assert titles(answer) == ["Cake"]
    for name in ("count", "categories", "kinds"):
        assert re.search(rf'id="{name}"[^>]* hx-swap-oob="true"', text), name
    assert "hx-swap-oob" not in client.get("/explore/").content.decode()


def test_a_refused_choice_comes_as_a_part_too(client):
    signed_in(client)
    answer = part(client, "results", kind="offer", time="7")
    assert answer.status_code == 422
    assert "<main" not in answer.content.decode()


def test_more_come_below_with_the_focus_on_the_first_of_them(client):
    for number in range(14):
        make_listing(title=f"Number {number}")
    signed_in(client)
    place = re.search(r"before=([^\"&]+)", client.get("/explore/").content.decode())[1]
    answer = part(client, "more", kind="offer", before=place)
    assert titles(answer) == ["Number 1", "Number 0"]
    assert answer.content.decode().count("data-focus") == 1
    assert "HX-Push-Url" not in answer
