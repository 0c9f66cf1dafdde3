"""The list of a member's exchanges, and what waits for her on her own page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts.operations import suspend_member
from marketplace import operations
from marketplace.models import Exchange
from tests.factories import make_coordinator, make_exchange, make_listing, make_member
from tests.pages.reading import links, words
from timebank import clock

from .test_exchange_page import signed_in

pytestmark = pytest.mark.django_db
State = Exchange.State
# session, member, ended of both sides, live, which wait, what is unread
QUERIES = 7


def named(title: str, ana: Any, state: str, **fields: Any) -> Exchange:
    listing = make_listing(ana, title=title)
    return make_exchange(provider=ana, listing=listing, state=state, **fields)


def test_what_waits_for_her_stands_first_then_what_is_under_way_then_what_ended() -> None:
    ana = make_member(name="Ana Souza")
    named("Ended one", ana, State.COMPLETED)
    named("Delivered one", ana, State.DELIVERED)
    named("Far one", ana, State.ACCEPTED, starts_at=clock.now() + timedelta(days=20))
    named("Asked one", ana, State.PROPOSED)

    said = words(signed_in(ana).get("/exchanges/"))

    order = ["Waiting for you", "Asked one", "Under way", "Delivered one", "Far one", "Ended", "Ended one"]
    assert [said.index(title) for title in order] == sorted(said.index(title) for title in order)
    for tag in ("Waiting to be confirmed", "Agreed", "Completed"):
        assert tag in said


def test_what_was_agreed_for_later_waits_for_her_once_its_time_has_come() -> None:
    ana = make_member()
    named("Far one", ana, State.ACCEPTED, starts_at=clock.now() + timedelta(days=2))
    assert not Exchange.objects.waiting_for(ana).exists()
    with clock.ahead_by(timedelta(days=3)):
        assert Exchange.objects.waiting_for(ana).exists()


def test_nobody_sees_what_others_agreed_on() -> None:
    make_exchange()
    said = words(signed_in(make_member()).get("/exchanges/"))
    assert "No exchange yet" in said


def test_what_ended_is_read_page_by_page_each_once() -> None:
    ana = make_member(minutes=60)
    for number in range(45):
        title = f"No. {number:02}"
        if number % 2:
            exchange = named(title, ana, State.PROPOSED)
        else:
            listing = make_listing(title=title)
            exchange = make_exchange(provider=listing.owner, listing=listing, receiver=ana, minutes=1)
        operations.decline_exchange(exchange, by=exchange.partner_of(exchange.offered_by))
    client = signed_in(ana)

    seen: list[str] = []
    page = client.get("/exchanges/")
    while True:
        seen += [title for title in (f"No. {n:02}" for n in range(45)) if title in words(page)]
        older = links(page, "Older")
        if not older:
            break
        page = client.get(older[0])

    assert sorted(seen) == [f"No. {n:02}" for n in range(45)]
    assert client.get("/exchanges/?before=k3v9m2xq7dhp4rtw8c").status_code == 404


@pytest.mark.parametrize("rows", [1, 3, 50])
def test_the_same_few_queries_for_any_number_of_exchanges(rows: int, django_assert_num_queries: Any) -> None:
    ana, bento = make_member(minutes=6000), make_member()
    for number in range(rows):
        exchange = named(f"No. {number}", bento, State.PROPOSED, receiver=ana)
        if number % 3 == 0:
            operations.withdraw_exchange(exchange, by=ana)
    client = signed_in(ana)
    client.get("/exchanges/")
    with django_assert_num_queries(QUERIES):
        client.get("/exchanges/")


def test_her_own_page_shows_what_is_most_urgent_and_how_many_more() -> None:
    ana, bento = make_member(), make_member(name="Bento Lima", minutes=600)
    named("Delivered one", bento, State.DELIVERED, receiver=make_member(minutes=600))
    for title in ("First one", "Second one", "Third one"):
        make_exchange(provider=ana, receiver=bento, listing=make_listing(ana, title=title))
    client = signed_in(ana)

    page = client.get("/home/")

    assert "Waiting for you First one Bento asks you for 1 h. Please answer by" in words(page)
    assert links(page, "2 more wait for you") == ["/exchanges/"]
    part = client.get("/home/", headers={"HX-Request": "true", "HX-Target": "waiting-for-you"})
    assert "First one" in words(part)
    assert "<html" not in part.content.decode()


def test_who_is_suspended_is_pressed_for_nothing() -> None:
    exchange = make_exchange()
    suspend_member(exchange.provider, by=make_coordinator(), reason="")
    provider = type(exchange.provider).objects.get(pk=exchange.provider_id)
    for page in ("/home/", "/exchanges/", f"/exchanges/{exchange.public_id}/"):
        assert "Waiting for you" not in words(signed_in(provider).get(page))
    assert "Under way" in words(signed_in(provider).get("/exchanges/"))


def test_what_ended_is_told_as_past_with_what_came_and_went() -> None:
    ana, bento = make_member(name="Ana Souza", minutes=600), make_member(name="Bento Lima", minutes=600)
    for state in (State.COMPLETED, State.DECLINED):
        make_exchange(provider=ana, receiver=bento, state=state)
        make_exchange(provider=bento, receiver=ana, state=state, minutes=30)
    make_exchange(provider=ana, receiver=bento, state=State.ACCEPTED)

    page = signed_in(ana).get("/exchanges/")

    said = words(page)
    assert said.count("You help Bento Lima") == said.count("You helped Bento Lima") == 1
    assert said.count("Bento Lima helped you") == 1
    assert "Bento Lima helps you" not in said
    assert said.count("With Bento Lima") == 2
    for amount in ("+1h", "−30min"):
        assert said.count(amount) == 1
