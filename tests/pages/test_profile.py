"""What a member sees of a neighbour, and of what passed between the two."""

from __future__ import annotations

import pytest

from marketplace import operations, queries
from marketplace.models import Exchange

from ..factories import make_dispute, make_exchange, make_listing, make_member, make_moderator
from .moving import send
from .reading import amounts, links, words

pytestmark = pytest.mark.django_db

# session, member, the person, her listings, her exchanges, her stars, what is said of her, what passed between the
# two, the person's roles, what is unread
QUERIES = 11


def test_what_passed_between_the_two_and_nothing_else(client):
    ana, bento, carla = make_member(name="Ana", minutes=600), make_member(name="Bento", minutes=600), make_member()
    send(ana, bento, 90, note="Curtains")
    send(bento, ana, 30, kind="gift")
    send(bento, carla, 45, note="Not for Ana's eyes")
    last = send(ana, carla, 15, note="A lift")
    client.force_login(ana)

    his, hers = client.get(bento.get_absolute_url()), client.get(carla.get_absolute_url())

    assert amounts(his) == [30, -90]
    assert "A gift You received · today +30min" in words(his)
    assert "Curtains You sent · today −1h30min" in words(his)
    assert amounts(hers) == [-15]
    assert f'href="/transfers/{last.public_id}/"' in hers.content.decode()


def test_where_nothing_passed_nothing_is_said_not_even_on_her_own(client):
    ana, bento, carla = make_member(minutes=600), make_member(), make_member()
    send(ana, bento)
    client.force_login(ana)
    for person in (ana, carla):
        assert "Between the two of you" not in words(client.get(person.get_absolute_url()))


@pytest.mark.parametrize("rows", [1, 3, 50])
def test_the_latest_few_in_the_same_queries(client, django_assert_num_queries, rows):
    ana, bento = make_member(minutes=6000), make_member()
    for minutes in range(1, rows + 1):
        send(ana, bento, minutes)
    client.force_login(ana)
    client.get(bento.get_absolute_url())

    with django_assert_num_queries(QUERIES):
        page = client.get(bento.get_absolute_url())

    assert amounts(page) == [-n for n in range(rows, max(rows - 5, 0), -1)]


def test_what_she_offers_and_needs_but_for_what_is_off_the_list(client):
    bento = make_member(name="Bento Lima")
    make_listing(bento, title="Bread")
    make_listing(bento, title="Company", kind="request")
    make_listing(bento, title="A draft", publish=False)
    operations.pause_listing(make_listing(bento, title="Paused"), by=bento)
    client.force_login(make_member())
    page = client.get(bento.get_absolute_url())
    offers, needs = words(page).split("What Bento offers")[1].split("What Bento needs")
    assert ("Bread" in offers, "Company" in needs) == (True, True)
    assert links(page, "A draft") == links(page, "Paused") == []
    assert "New here: no exchanges yet" in words(page)


def test_her_exchanges_and_what_neighbours_say_of_her_once_both_wrote(client):
    exchange = make_exchange(state=Exchange.State.COMPLETED)
    operations.review_exchange(exchange, by=exchange.receiver, stars=3, text="<b>Late</b>, but kind.")
    client.force_login(make_member())
    hers = exchange.provider.get_absolute_url()
    assert "Late" not in words(client.get(hers))

    operations.review_exchange(exchange, by=exchange.provider, stars=5)

    page = client.get(hers)
    assert "1 exchange · 3.03.0 of 5 stars from 1 review" in words(page)
    assert "&lt;b&gt;Late&lt;/b&gt;, but kind." in page.content.decode()
    assert 'aria-label="3 of 5 stars"' in page.content.decode()
    assert 'aria-label="5 of 5 stars"' in client.get(exchange.receiver.get_absolute_url()).content.decode()


def test_what_a_moderator_settled_or_looks_at_counts_as_an_exchange_like_its_review():
    ana, bento = make_member(name="Ana"), make_member(minutes=600)
    for number in range(3):
        done = make_exchange(provider=ana, receiver=bento, state="completed")
        for whose in (ana, bento):
            operations.review_exchange(done, by=whose, stars=4)
        if number:
            make_dispute(done)
        if number > 1:
            operations.rule(done.dispute, by=make_moderator(), outcome="refund", because="It was so.")
    record = queries.track_record(ana)
    assert (record.exchanges, record.reviews) == (3, 3)


@pytest.mark.parametrize("rows", [1, 3, 50])
def test_all_her_listings_in_the_same_queries(client, django_assert_num_queries, rows):
    bento = make_member()
    for number in range(rows):
        make_listing(bento, title=f"Number {number}", kind="offer" if number % 2 else "request")
    client.force_login(make_member())
    client.get(bento.get_absolute_url())
    with django_assert_num_queries(QUERIES):
        page = client.get(bento.get_absolute_url())
    assert page.content.decode().count('class="listing"') == rows


@pytest.mark.parametrize("rows", [1, 3])
def test_all_that_is_said_of_her_in_the_same_queries(client, django_assert_num_queries, rows):
    bento = make_member()
    for _number in range(rows):
        exchange = make_exchange(state=Exchange.State.COMPLETED, provider=bento)
        operations.review_exchange(exchange, by=exchange.receiver, stars=5, text="Thank you.")
        operations.review_exchange(exchange, by=bento, stars=5)
    client.force_login(make_member())
    client.get(bento.get_absolute_url())
    with django_assert_num_queries(QUERIES):
        page = client.get(bento.get_absolute_url())
    assert words(page).count("Thank you.") == rows
