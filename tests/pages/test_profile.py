"""What a member sees of a neighbour, and of what passed between the two."""

from __future__ import annotations

import pytest

from ..factories import make_member
from .moving import send
from .reading import amounts, words

pytestmark = pytest.mark.django_db

# session, member, the person, her listings, her exchanges, her stars, what is said of her, what passed between the
# two, the person's roles, what is unread
QUERIES = 10


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


@pytest.mark.parametrize("rows", [1, 3, 9])
def test_the_latest_few_in_the_same_queries(client, django_assert_num_queries, rows):
    ana, bento = make_member(minutes=600), make_member()
    for minutes in range(1, rows + 1):
        send(ana, bento, minutes)
    client.force_login(ana)
    client.get(bento.get_absolute_url())

    with django_assert_num_queries(QUERIES):
        page = client.get(bento.get_absolute_url())

    assert amounts(page) == [-n for n in range(rows, max(rows - 5, 0), -1)]
