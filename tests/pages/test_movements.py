"""Hours that nobody sent, but an exchange or a ruling moved: every page tells of them as what they are."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import Member
from accounts.operations import community_fund, grant
from ledger.models import Hold, Kind, Note
from ledger.operations import pay_at_once, post_all_due
from marketplace import operations
from marketplace.models import Exchange
from timebank import clock, movements

from ..factories import make_coordinator, make_dispute, make_exchange, make_listing, make_member, make_moderator
from .reading import links, words

pytestmark = pytest.mark.django_db
State = Exchange.State


def seen_by(member: Member) -> Client:
    client = Client()
    client.force_login(member)
    return client


def completed(**fields: object) -> Exchange:
    provider, receiver = make_member(name="Margaret Doyle"), make_member(name="Ana Souza", minutes=240)
    listing = make_listing(provider, title="Baking bread", minutes=40)
    exchange = make_exchange(
        state=State.COMPLETED, provider=provider, receiver=receiver, minutes=40, listing=listing, **fields
    )
    post_all_due()
    return exchange


def shared(exchange: Exchange) -> Hold:
    """Disputed after all, and 25 of its 40 minutes given back by a moderator."""
    dispute = make_dispute(exchange)
    operations.rule(dispute, by=make_moderator(), outcome="split", because="Half.", provider_minutes=15)
    post_all_due()
    return Hold.objects.get(kind=Kind.REFUND)


def test_what_a_moderator_gave_back_is_no_present_on_any_page() -> None:
    exchange = completed()
    hold = shared(exchange)
    margaret, ana = seen_by(exchange.provider), seen_by(exchange.receiver)

    assert "Hours back to Ana Souza Baking bread · today −25min" in words(margaret.get("/home/"))
    assert "Hours back from Margaret Doyle Baking bread · today +25min" in words(ana.get("/home/"))
    assert "Baking bread Hours back to Ana Souza · today" in words(margaret.get("/wallet/"))
    between = ana.get(exchange.provider.get_absolute_url())
    assert "Baking bread Came back to you · today +25min" in words(between)
    for page in (margaret.get("/home/"), margaret.get("/wallet/"), between):
        aside = page.content.decode().split("25<small>min")[0].rsplit("<li", 1)[1]
        assert "#repeat" in aside
        assert "#gift" not in aside
    inbox = words(ana.get("/notifications/"))
    assert "You got 25 min back from your exchange with Margaret Doyle." in inbox
    for client, headline in ((margaret, "25 min back to Ana Souza"), (ana, "25 min back from Margaret Doyle")):
        page = client.get(f"/transfers/{hold.public_id}/")
        said = words(page)
        assert headline in said
        assert "A moderator settled the dispute about your exchange" in said
        assert links(page, "Baking bread") == links(page, "See the exchange") == [exchange.get_absolute_url()]
        for button in ("Send more hours", "Send hours back", "Thank you for keeping"):
            assert button not in said


def test_what_is_disputed_says_so_while_it_is_set_aside() -> None:
    exchange = completed()
    hold = make_dispute(exchange).hold
    assert hold is not None
    said = words(seen_by(exchange.provider).get(f"/transfers/{hold.public_id}/"))
    assert "These hours are disputed." in said
    assert "once it is confirmed" not in said


def test_what_an_exchange_moved_was_sent_by_nobody(settings) -> None:
    settings.LATE_CANCEL_SHARE_PERCENT = 50
    provider, receiver = make_member(name="Ana Souza"), make_member(name="Bento Lima", minutes=240)
    exchange = make_exchange(
        state=State.ACCEPTED,
        provider=provider,
        receiver=receiver,
        minutes=45,
        listing=make_listing(provider, title="Baking bread"),
        starts_at=clock.now() + timedelta(hours=3),
    )
    operations.cancel_exchange(exchange, by=receiver)
    post_all_due()

    ana, bento = seen_by(provider), seen_by(receiver)
    assert "Exchange with Bento Lima Baking bread · today +22min" in words(ana.get("/home/"))
    assert "Exchange with Ana Souza Baking bread · today −22min" in words(bento.get("/home/"))
    assert "Baking bread From an exchange · today +22min" in words(ana.get(receiver.get_absolute_url()))
    inbox = words(ana.get("/notifications/"))
    assert "You got 22 min from your exchange with Bento Lima." in inbox
    assert "sent you" not in inbox


def test_what_was_confirmed_beyond_the_agreed_leads_to_its_exchange_too() -> None:
    exchange = make_exchange(state=State.IN_PROGRESS, minutes=60)
    operations.deliver_exchange(exchange, by=exchange.provider, minutes=75)
    operations.confirm_exchange(exchange, by=exchange.receiver)
    more = Hold.objects.get(key__endswith=":more")

    page = seen_by(exchange.receiver).get(f"/transfers/{more.public_id}/")

    assert links(page, exchange.listing.title) == [exchange.get_absolute_url()]


def granted(member: Member, minutes: int) -> Hold:
    """Hours of the fund that a coordinator gave."""
    given = {"reason": "A new roof", "by": make_coordinator(), "key": f"for-{minutes}"}
    move = grant(member.account, amount_minutes=minutes, **given)
    assert move.made is not None
    return Hold.objects.get(public_id=move.made.public_id)


def test_hours_to_begin_with_are_told_from_those_that_a_coordinator_gives() -> None:
    ana = make_member(minutes=240)
    granted(ana, 45)
    without_words = granted(ana, 30)
    Note.objects.filter(hold=without_words).update(text="", salt="", erased_at=clock.now())
    seen = seen_by(ana)

    for address in ("/home/", "/wallet/", "/wallet/?kind=grant"):
        said = words(seen.get(address))
        assert said.count("Starting hours") == said.count("A new roof") == 1
        assert "Hours from the community fund" in said
    way = words(seen.get("/wallet/hours/"))
    assert "4 h from the community fund to you Starting hours · today" in way
    assert "30 min from the community fund to you Hours from the community fund · today" in way
    choice = words(seen.get("/wallet/"))
    assert "Hours from the community fund" in choice and "Starting hours Hours given back" not in choice


def test_a_coordinators_gift_of_the_fund_says_why_and_welcomes_nobody() -> None:
    ana = make_member()
    start, more = ana.account, granted(ana, 45)
    fund = community_fund()
    first = pay_at_once(
        payer=fund, payee=start, amount_minutes=240, kind="grant", key="first", actor=fund.owner
    ).public_id  # fmt: skip
    seen = seen_by(ana)

    said = words(seen.get(f"/transfers/{more.public_id}/"))
    assert "What for Hours from the community fund" in said
    assert "Reason A new roof" in said
    assert "From the community fund." in said and "Welcome!" not in said
    said = words(seen.get(f"/transfers/{first}/"))
    assert "What for Starting hours" in said
    assert "Welcome! Spend them on a first exchange." in said


@pytest.mark.parametrize(
    "kind", ["help", "gift", "grant", "refund", "donation", "expiry", "write_off", "reversal", "?"]
)
@pytest.mark.parametrize("name", ["Ana Souza", None])
@pytest.mark.parametrize("minutes", [60, -60])
def test_every_kind_has_its_words_in_both_directions_and_with_the_fund(kind, name, minutes) -> None:
    from ledger.queries import Line

    line = Line(1, minutes, 60, kind, clock.now(), "x", has_page=True, note="", is_by_payer=True, other_name=name)

    said = (
        movements.headline(line),
        movements.with_whom(line),
        movements.direction(line),
        movements.what_for(kind, is_by_payer=True),
    )

    assert all(text and "%(" not in text and "None" not in text for text in said)
    assert movements.icon_of(kind, is_incoming=line.is_incoming)
