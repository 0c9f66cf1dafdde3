"""What two people agreed on stays as it was, whatever becomes of the listing and of the one who asks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import Member
from accounts.operations.suspension import suspend_member
from marketplace import operations
from marketplace.models import Exchange
from tests.factories import make_exchange, make_listing, make_member
from tests.pages.reading import words
from timebank import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Member:
    return make_member(name="Ana Souza")


def test_an_exchange_keeps_what_its_listing_said_when_it_was_asked_for(client, ana):
    guitar = make_listing(ana, title="First chords", description="For beginners.")
    done = make_exchange(provider=ana, listing=guitar, state="completed")
    operations.review_exchange(done, by=ana, stars=5, text="Practised every day")
    operations.review_exchange(done, by=done.receiver, stars=5, text="Patient")
    operations.change_listing(
        guitar,
        by=ana,
        title="Thirty hard pieces",
        category=guitar.category,
        description="No beginners.",
        minutes=60,
        place="",
    )
    client.force_login(done.receiver)

    for page in (done.get_absolute_url(), "/exchanges/?show=past", ana.get_absolute_url()):
        said = words(client.get(page))
        assert "First chords" in said, page
    assert "No beginners" not in words(client.get(done.get_absolute_url()))
    assert "Thirty hard pieces" in words(client.get(guitar.get_absolute_url()))


def test_nobody_says_that_it_has_begun_days_before(client, ana):
    exchange = make_exchange(provider=ana, state="accepted", starts_at=clock.now() + timedelta(days=3))
    client.force_login(ana)

    page = client.get(exchange.get_absolute_url())
    client.post(f"{exchange.get_absolute_url()}start/")

    assert "When you meet, you can press “It has begun”." in words(page)
    assert "press-exchange_start" not in page.content.decode()
    assert Exchange.objects.get(pk=exchange.pk).state == "accepted"
    with clock.ahead_by(timedelta(days=3) - timedelta(hours=11)):
        client.post(f"{exchange.get_absolute_url()}start/")
    assert Exchange.objects.get(pk=exchange.pk).state == "in_progress"


def test_a_proposal_ends_with_its_date_if_nobody_answered(ana):
    exchange = make_exchange(provider=ana, starts_at=clock.now() + timedelta(days=2))

    with clock.ahead_by(timedelta(days=2, minutes=1)):
        operations.keep_deadlines()

    assert Exchange.objects.get(pk=exchange.pk).state == "expired"


def test_home_does_not_ask_to_agree_with_who_takes_no_part(client, ana):
    exchange = make_exchange(provider=ana)
    client.force_login(ana)
    asks = f"{exchange.receiver.get_short_name()} asks you"
    assert asks in words(client.get("/home/"))

    suspend_member(exchange.receiver, by=make_member(coordinator=True), reason="A complaint")

    assert asks not in words(client.get("/home/"))
    assert not Exchange.objects.waiting_for(ana).exists()
