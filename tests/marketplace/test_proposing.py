"""Asking for what a listing offers, and suggesting something else, by plain forms."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from accounts.operations import suspend_member
from marketplace import operations
from marketplace.models import Exchange, Listing, Message
from tests.factories import make_coordinator, make_exchange, make_listing, make_member
from tests.pages.reading import links, words
from timebank import clock

from .test_exchange_page import hidden, signed_in, url

pytestmark = pytest.mark.django_db


@pytest.fixture
def bento() -> Any:
    return make_member(name="Bento Lima", minutes=240)


@pytest.fixture
def bread() -> Listing:
    return make_listing(make_member(name="Ana Souza"), title="Pão de queijo lesson", minutes=120, place="At your home")


def ask_at(listing: Listing) -> str:
    return f"/listings/{listing.public_id}/ask/"


def tomorrow(member: Any, **delta: int) -> str:
    moment = clock.now().astimezone(ZoneInfo(member.time_zone)) + timedelta(**(delta or {"days": 1}))
    return moment.strftime("%Y-%m-%dT%H:%M")


def typed(member: Any, **changes: str) -> dict[str, str]:
    return {
        "when": "date", "starts_at": tomorrow(member), "minutes": "1 h 30 min", "place": "At my home",
        "message": "I bring the cheese.", "nonce": "a-nonce-of-a-form",
    } | changes  # fmt: skip


def test_the_form_comes_filled_with_what_the_listing_says(bento: Any, bread: Listing) -> None:
    page = signed_in(bento).get(ask_at(bread))
    html = page.content.decode()
    assert "Ask Ana for this" in words(page)
    assert 'name="minutes" value="2 h"' in html
    assert 'value="At your home"' in html
    assert "Available now 4h" in words(page)
    assert html.count('data-opening="#id_message"') == 3
    assert "maxlength" not in html  # a browser would cut a place short in silence


def test_asking_leads_to_the_new_exchange(bento: Any, bread: Listing) -> None:
    client = signed_in(bento)
    starts_at = tomorrow(bento)
    answer = client.post(ask_at(bread), typed(bento, starts_at=starts_at))

    exchange = Exchange.objects.get(listing=bread)
    assert answer.url == url(exchange)
    assert (exchange.minutes, exchange.place, exchange.receiver) == (90, "At my home", bento)
    assert exchange.starts_at is not None
    assert exchange.starts_at.astimezone(ZoneInfo(bento.time_zone)).strftime("%Y-%m-%dT%H:%M") == starts_at
    assert Message.objects.get(exchange=exchange).text == "I bring the cheese."
    assert client.post(ask_at(bread), typed(bento, starts_at=starts_at)).url == url(exchange)  # pressed twice
    assert Exchange.objects.count() == 1


def test_we_will_agree_needs_no_date(bento: Any, bread: Listing) -> None:
    signed_in(bento).post(ask_at(bread), typed(bento, when="open", starts_at="nonsense"))
    assert Exchange.objects.get().starts_at is None


def test_a_request_is_answered_with_help_and_asks_for_no_hours(bread: Listing) -> None:
    request = make_listing(make_member(name="Clara Dias", minutes=60), kind="request")
    helper = make_member()
    page = signed_in(helper).get(ask_at(request))
    assert "Offer Clara your help" in words(page)
    assert "Available now" not in words(page)
    signed_in(helper).post(ask_at(request), typed(helper))
    assert Exchange.objects.get().provider == helper


@pytest.mark.parametrize(
    ("changes", "status", "why"),
    [
        ({"starts_at": "2020-01-01T10:00"}, 409, "This date and time is over."),
        ({"starts_at": "9999-12-31T23:59"}, 409, "This is more than a year away."),
        ({"starts_at": ""}, 422, "Choose a date and a time, or “We will agree on it”."),
        ({"starts_at": "soon"}, 422, "Choose a date and a time."),
        ({"minutes": "5 h"}, 409, "You can send up to 4 h; this needs 5 h."),
        ({"minutes": "2"}, 422, "2 h or 2 min?"),
        ({"minutes": "101 h"}, 422, "At most 100 h."),
        ({"message": "x" * 10_000}, 422, "up to 2,000 characters fit here, and it has 10,000"),
        ({"place": "x" * 121}, 422, "up to 120 characters fit here, and it has 121"),
    ],
)
def test_what_is_refused_stays_as_it_was_typed(
    bento: Any, bread: Listing, changes: dict[str, str], status: int, why: str
) -> None:
    sent = typed(bento, **changes)
    answer = signed_in(bento).post(ask_at(bread), sent)
    html = answer.content.decode()

    assert answer.status_code == status
    assert why in words(answer)
    for name in ("starts_at", "minutes", "place", "nonce"):
        assert f'value="{sent[name]}"' in html, name
    assert sent["message"] in html
    assert not Exchange.objects.exists()


def test_a_date_that_is_over_is_said_together_with_what_else_is_wrong(bento: Any, bread: Listing) -> None:
    long_ago = typed(bento, starts_at="2020-01-01T10:00", message="x" * 10_000)
    answer = signed_in(bento).post(ask_at(bread), long_ago)
    assert answer.status_code == 422
    assert "This date and time is over." in words(answer)
    assert "up to 2,000 characters fit here, and it has 10,000" in words(answer)

    agreed_later = signed_in(bento).post(ask_at(bread), long_ago | {"when": "open"})
    assert "This date and time is over." not in words(agreed_later)


def test_what_changed_while_she_was_writing_is_said_in_place(bento: Any, bread: Listing) -> None:
    client = signed_in(bento)
    operations.pause_listing(bread, by=bread.owner)
    closed = client.post(ask_at(bread), typed(bento))
    assert closed.status_code == 409
    assert "This is not on the list any more, so nobody can ask for it now." in words(closed)
    assert "I bring the cheese." in closed.content.decode()

    gone = make_listing()
    suspend_member(gone.owner, by=make_coordinator(), reason="")
    answer = client.post(ask_at(gone), typed(bento))
    assert answer.status_code == 409
    assert "suspended" not in words(answer)
    assert client.get(ask_at(bread)).status_code == 404


def test_who_asked_already_is_led_to_that_exchange(bento: Any, bread: Listing) -> None:
    client = signed_in(bento)
    client.post(ask_at(bread), typed(bento))
    answer = client.post(ask_at(bread), typed(bento, nonce="another-nonce"))
    assert answer.status_code == 409
    assert links(answer, "Go to that exchange") == [url(Exchange.objects.get())]
    assert "I bring the cheese." in answer.content.decode()


def test_one_form_sent_with_other_words_keeps_them_and_leads_to_what_it_made(bento: Any, bread: Listing) -> None:
    client = signed_in(bento)
    client.post(ask_at(bread), typed(bento))
    answer = client.post(ask_at(bread), typed(bento, message="And the milk too."))
    assert answer.status_code == 409
    assert "And the milk too." in answer.content.decode()
    assert links(answer, "Go to that exchange") == [Exchange.objects.get().get_absolute_url()]


def test_too_many_proposals_in_an_hour_wait_with_their_words(bento: Any, settings: Any) -> None:
    settings.PROPOSAL_RATE_LIMIT = "2/h/user"
    client, listings = signed_in(bento), [make_listing(minutes=15) for _ in range(3)]
    answers = [client.post(ask_at(one), typed(bento, minutes="15 min", nonce=f"n-{one.pk:08}")) for one in listings]
    assert [answer.status_code for answer in answers] == [302, 302, 429]
    assert "That is a lot in a short while." in words(answers[2])
    assert "I bring the cheese." in answers[2].content.decode()
    assert Exchange.objects.count() == 2


def test_ones_own_and_who_is_no_member_gets_a_kind_word_instead(bread: Listing) -> None:
    assert "This is your own: neighbours ask you for it." in words(signed_in(bread.owner).get(ask_at(bread)))
    assert signed_in(bread.owner).post(ask_at(bread), typed(bread.owner)).status_code == 409
    suspended = signed_in(make_member(state="suspended")).get(ask_at(bread))
    assert suspended.status_code == 403
    assert "you cannot ask for exchanges now" in words(suspended)
    assert Client().get(ask_at(bread)).url.startswith("/account/login/")


# --- Something else -------------------------------------------------------------------------------------------


def counter(client: Client, exchange: Exchange, **changes: str) -> Any:
    page = client.get(url(exchange, "counter/"))
    sent = hidden(page, url(exchange, "counter/")) | {"when": "open", "minutes": "45 min", "place": "", "message": ""}
    return client.post(url(exchange, "counter/"), sent | changes)


def test_suggesting_something_else_turns_the_question_round() -> None:
    exchange = make_exchange(minutes=60)
    ana, bento = signed_in(exchange.provider), signed_in(exchange.receiver)
    assert "On the table now" in words(ana.get(url(exchange, "counter/")))

    assert counter(ana, exchange, message="Is less all right?").url == url(exchange)

    said = words(bento.get(url(exchange)))
    assert "Accept 45 min" in said
    assert "Is less all right?" in said


def test_a_counter_to_terms_that_changed_keeps_its_words_and_shows_the_new_ones() -> None:
    exchange = make_exchange(minutes=60)
    ana = signed_in(exchange.provider)
    stale = counter_form(ana, exchange)
    change_twice(exchange)

    answer = ana.post(url(exchange, "counter/"), stale | {"message": "Is less all right?"})

    assert answer.status_code == 409
    assert "The proposal changed meanwhile." in words(answer)
    assert "How long 20 min" in words(answer)
    assert "Is less all right?" in answer.content.decode()
    again = hidden(answer, url(exchange, "counter/")) | {"when": "open", "minutes": "45 min", "message": "Now?"}
    assert ana.post(url(exchange, "counter/"), again).status_code == 302


def counter_form(client: Client, exchange: Exchange) -> dict[str, str]:
    page = client.get(url(exchange, "counter/"))
    return hidden(page, url(exchange, "counter/")) | {"when": "open", "minutes": "45 min", "place": ""}


def change_twice(exchange: Exchange) -> None:
    for minutes, by in ((30, exchange.provider), (20, exchange.receiver)):
        now = Exchange.objects.get(pk=exchange.pk)
        operations.counter(
            now, by=by, minutes=minutes, starts_at=None, place="", version=now.version, nonce=f"nonce-{minutes}"
        )


def test_a_counter_out_of_turn_names_the_state_and_keeps_what_was_typed() -> None:
    exchange = make_exchange(minutes=60)
    ana = signed_in(exchange.provider)
    stale = counter_form(ana, exchange)
    operations.accept_exchange(exchange, by=exchange.provider, version=exchange.version)

    answer = ana.post(url(exchange, "counter/"), stale | {"message": "Is less all right?"})
    assert answer.status_code == 409
    assert "This exchange is agreed and has not begun." in words(answer)
    assert "Is less all right?" in answer.content.decode()
    late = ana.get(url(exchange, "counter/"))
    assert late.status_code == 409
    assert "This exchange is agreed and has not begun." in words(late)


def test_a_partner_who_takes_no_part_any_more_is_said_without_the_reason() -> None:
    exchange = make_exchange(minutes=60)
    ana = signed_in(exchange.provider)
    form = counter_form(ana, exchange)
    suspend_member(exchange.receiver, by=make_coordinator(), reason="")
    answer = ana.post(url(exchange, "counter/"), form)
    assert answer.status_code == 409
    assert f"{exchange.receiver} cannot take part in exchanges just now." in words(answer)


OWES = "counting what is set aside for others, you would owe more than 30 min."


def owing(**fields: Any) -> Any:
    """A member with an hour, who is warned when she would owe more than half of one."""
    member = make_member(minutes=60, credit_limit_minutes=600, **fields)
    type(member.account).objects.filter(pk=member.account.pk).update(soft_limit_minutes=30)
    return member


def test_who_would_owe_much_by_asking_is_told_before(bread: Listing) -> None:
    bento = owing()
    assert OWES in words(signed_in(bento).get(ask_at(bread)))  # two hours, as the listing says

    less = signed_in(bento).post(ask_at(bread), typed(bento, minutes="1 h 30 min", starts_at=""))
    assert (less.status_code, OWES in words(less)) == (422, False)
    more = signed_in(bento).post(ask_at(bread), typed(bento, minutes="1 h 31 min", starts_at=""))
    assert (more.status_code, OWES in words(more)) == (422, True)


def test_who_would_owe_much_by_saying_yes_is_told_before() -> None:
    bento = owing()
    exchange = make_exchange(kind="request", receiver=bento, minutes=120)

    page = signed_in(bento).get(url(exchange))
    assert OWES in words(page)
    assert "Accept 2 h" in words(page)
    assert OWES in words(signed_in(bento).get(url(exchange, "counter/")))
    assert OWES not in words(signed_in(exchange.provider).get(url(exchange)))
