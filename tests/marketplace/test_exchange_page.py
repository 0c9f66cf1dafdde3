"""The page of an exchange, through the door its two people use."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.operations import suspend_member
from marketplace import operations
from marketplace.models import Exchange, Message
from notifications.models import Event
from tests.factories import (
    available,
    balance,
    make_coordinator,
    make_exchange,
    make_listing,
    make_member,
    make_moderator,
)
from tests.pages.reading import links, words
from tests.work import drain
from timebank import clock

pytestmark = pytest.mark.django_db
State = Exchange.State
# session, member, exchange with its people, is there something unread, steps, messages, what is unread
QUERIES = 7
HTMX = {"HX-Request": "true", "HX-Target": "exchange"}


def pair(state: str = State.PROPOSED, **fields: Any) -> tuple[Exchange, Client, Client]:
    """An exchange between Ana, who helps, and Bento, each with a browser."""
    provider = make_member(name="Ana Souza", minutes=60)
    receiver = make_member(name="Bento Lima", minutes=300)
    exchange = make_exchange(state=state, provider=provider, receiver=receiver, **fields)
    return exchange, signed_in(provider), signed_in(receiver)


def signed_in(member: Any) -> Client:
    client = Client()
    client.force_login(member)
    return client


def url(exchange: Exchange, step: str = "") -> str:
    return f"/exchanges/{exchange.public_id}/{step}"


def hidden(page: Any, action: str) -> dict[str, str]:
    """What the form that posts to ``action`` would send without anybody typing."""
    form = page.content.decode().split(f'action="{action}"')[1].split("</form>")[0]
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    return {name: value for name, value in fields if name != "csrfmiddlewaretoken"}


def test_from_a_proposal_to_settled_hours_by_plain_forms() -> None:
    exchange, ana, bento = pair(minutes=120)
    page = ana.get(url(exchange))
    assert "Waiting for you" in words(page)
    assert "Bento asks you for 2 h of your time." in words(page)
    assert "Please answer by" in words(page)

    answer = ana.post(url(exchange, "accept/"), hidden(page, url(exchange, "accept/")))
    assert answer.url == url(exchange)
    assert available(exchange.receiver) == 300 - 120
    assert "Held hours" in words(bento.get(url(exchange)))

    assert ana.post(url(exchange, "start/")).url == url(exchange)
    assert "Is it done?" in words(ana.get(url(exchange)))
    assert ana.post(url(exchange, "deliver/"), {"minutes": "1 h 30 min"}).url == url(exchange)
    page = bento.get(url(exchange))
    assert "Ana marked this as done. Confirm to send 1 h 30 min of what you set aside." in words(page)
    assert "It took a different time" in words(page)
    assert bento.post(url(exchange, "confirm/"), hidden(page, url(exchange, "confirm/"))).url == url(exchange)
    drain()

    assert (balance(exchange.provider), available(exchange.receiver)) == (60 + 90, 300 - 90)
    assert "How was it with Ana?" in words(bento.get(url(exchange)))


@pytest.mark.parametrize("state", State.values)
def test_both_see_every_state_with_one_thing_that_is_next(state: str) -> None:
    exchange, ana, bento = pair(state)
    for client in (ana, bento):
        page = client.get(url(exchange))
        assert page.status_code == 200
        html = page.content.decode()
        assert html.count('<h2 id="next-step"') == 1
        assert html.count("btn primary") <= 3  # what is next, to write a message, to write a review or statement
        assert "Progress" in words(page)


def test_before_the_slot_no_button_is_pressed_for_her_and_the_way_names_every_step() -> None:
    exchange, ana, bento = pair(State.ACCEPTED, starts_at=timezone.now() + timedelta(days=2))
    for client, says in ((ana, "You say that it is done"), (bento, "Ana says that it is done")):
        page = client.get(url(exchange))
        now = page.content.decode().split('id="now"')[1].split('id="talk"')[0]
        assert "btn primary" not in now
        assert "When you meet, you can press “It has begun”." in words(page)
        assert says in words(page)


def test_without_a_date_nobody_is_asked_whether_it_is_done_but_to_settle_a_date() -> None:
    exchange, ana, bento = pair(State.ACCEPTED)
    for client in (ana, bento):
        page = client.get(url(exchange))
        now = page.content.decode().split('id="now"')[1].split('id="talk"')[0]
        assert "btn primary" not in now
        assert "All is agreed Settle a date with" in words(page)
        assert "You settle a date" in words(page)
        for pressing in ("Waiting for you", "Is it done?", "It has just begun"):
            assert pressing not in words(page)
    assert "It is done already" in words(ana.get(url(exchange)))
    assert "Waiting for you" not in words(ana.get("/exchanges/"))
    assert "Is it done?" not in words(ana.get("/home/"))


def test_the_listing_it_is_about_is_told_and_linked() -> None:
    listing = make_listing(make_member(name="Ana Souza"), description="Bread with a sourdough.")
    exchange = make_exchange(listing=listing, provider=listing.owner)
    page = signed_in(exchange.receiver).get(url(exchange))
    assert "Bread with a sourdough." in words(page)
    assert links(page, "See the offer") == [listing.get_absolute_url()]


def test_the_time_shown_is_what_is_to_be_confirmed_and_then_what_was() -> None:
    exchange, ana, bento = pair(State.ACCEPTED, minutes=45)
    operations.deliver_exchange(exchange, by=exchange.provider, minutes=30)
    assert " 30 min · At home" in words(bento.get(url(exchange)))
    assert "Date to be agreed" not in words(bento.get(url(exchange)))
    assert "45 min" not in words(bento.get("/exchanges/"))
    operations.confirm_exchange(exchange, by=exchange.receiver, minutes=20)
    assert " 20 min · At home" in words(ana.get(url(exchange)))


def test_hours_held_in_a_dispute_wait_for_it_to_be_settled() -> None:
    exchange, ana, bento = pair(State.DISPUTED)
    assert "Set aside from Bento’s wallet until the dispute is settled." in words(ana.get(url(exchange)))
    assert "Set aside from your wallet until the dispute is settled." in words(bento.get(url(exchange)))


@pytest.mark.parametrize("state", State.values)
def test_nothing_more_is_written_where_it_ended_with_nothing_given(state: str) -> None:
    exchange, ana, bento = pair(state)
    is_over = state in {State.DECLINED, State.WITHDRAWN, State.EXPIRED, State.CANCELLED}
    page = ana.get(url(exchange))
    assert (f'action="{url(exchange, "messages/")}"' in page.content.decode()) != is_over
    assert ("nothing more is written here" in words(page)) or not is_over
    typed = {"text": "One more word", "nonce": "12345678"}
    answer = bento.post(url(exchange, "messages/"), typed)
    assert answer.status_code == (409 if is_over else 302)
    if is_over:
        assert "One more word" in answer.content.decode()
        assert 'id="composer"' in ana.get(url(exchange), headers=HTMX).content.decode()  # an open page closes it too
    assert Message.objects.filter(exchange=exchange).exists() != is_over


def test_a_suggestion_that_comes_too_late_keeps_its_words_and_is_not_asked_for_again() -> None:
    exchange, ana, bento = pair()
    page = ana.get(url(exchange, "counter/"))
    bento.post(url(exchange, "withdraw/"))
    typed = hidden(page, url(exchange, "counter/")) | {
        "when": "open",
        "minutes": "45 min",
        "message": "How about less?",
    }
    answer = ana.post(url(exchange, "counter/"), typed)
    assert answer.status_code == 409
    assert "This proposal was withdrawn." in words(answer)
    assert "How about less?" in answer.content.decode()
    assert "Suggest this" not in words(answer)
    assert "On the table now" not in words(answer)


@pytest.mark.parametrize("state", State.values)
def test_what_the_page_offers_is_what_the_rules_allow(state: str) -> None:
    exchange, ana, bento = pair(state)
    for client, member in ((ana, exchange.provider), (bento, exchange.receiver)):
        html = client.get(url(exchange)).content.decode()
        for action in ("accept", "decline", "withdraw", "start", "deliver", "confirm", "cancel"):
            allowed = operations_allow(action, member, exchange)
            assert (f'action="{url(exchange, action)}/"' in html) == allowed, (state, action)


def operations_allow(action: str, member: Any, exchange: Exchange) -> bool:
    from marketplace.rules import Action, may

    return may(member, Action(action), exchange)


def test_nobody_else_finds_it_not_even_staff() -> None:
    exchange, _ana, _bento = pair()
    for stranger in (make_member(), make_moderator(), make_coordinator()):
        client = signed_in(stranger)
        assert client.get(url(exchange)).status_code == 404
        assert client.post(url(exchange, "accept/"), {"version": 1}).status_code == 404
        assert client.post(url(exchange, "messages/"), {"text": "Hello", "nonce": "12345678"}).status_code == 404
    assert Client().get(url(exchange)).url.startswith("/account/login/")


def test_a_step_out_of_turn_shows_how_it_really_is_and_why() -> None:
    exchange, ana, bento = pair()
    version = {"version": exchange.version}
    bento.post(url(exchange, "withdraw/"))

    answer = ana.post(url(exchange, "accept/"), version)

    assert answer.status_code == 409
    assert "This proposal was withdrawn." in words(answer)
    assert "This exchange is over" in words(answer)


@pytest.mark.parametrize("step", ["deliver/", "confirm/"])
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_time_for_what_was_cancelled_meanwhile_is_answered_with_that(step: str, headers: dict[str, str]) -> None:
    exchange, ana, bento = pair(State.CANCELLED)
    answer = (ana if step == "deliver/" else bento).post(url(exchange, step), {"minutes": "1 h"}, headers=headers)
    assert answer.status_code == 409
    assert "This exchange was cancelled." in words(answer)


def test_a_step_that_is_the_others_to_take_says_so() -> None:
    exchange, _ana, bento = pair()
    answer = bento.post(url(exchange, "accept/"), {"version": exchange.version})
    assert answer.status_code == 403
    assert "What you proposed is on the table: it waits for the answer of Ana Souza." in words(answer)


def test_a_step_that_is_the_others_to_take_names_the_state_too() -> None:
    exchange, _ana, bento = pair(State.ACCEPTED)
    answer = bento.post(url(exchange, "deliver/"), {"minutes": "1 h"})
    assert answer.status_code == 403
    said = "This exchange is agreed and has not begun. This is not for you to do, but for Ana Souza."
    assert said in words(answer)


def test_who_suggested_something_in_another_tab_is_told_so_and_keeps_what_she_wrote() -> None:
    exchange, ana, _bento = pair()
    first, second = (hidden(ana.get(url(exchange, "counter/")), url(exchange, "counter/")) for _tab in range(2))
    ana.post(url(exchange, "counter/"), first | {"when": "open", "minutes": "45 min"})

    answer = ana.post(url(exchange, "counter/"), second | {"when": "open", "minutes": "30 min", "message": "Shorter?"})

    assert answer.status_code == 403
    assert "What you proposed is on the table: it waits for the answer of Bento Lima." in words(answer)
    assert "Shorter?" in answer.content.decode()
    assert Exchange.objects.get(pk=exchange.pk).minutes == 45


def test_who_accepts_what_was_changed_meanwhile_is_shown_the_new_terms() -> None:
    exchange, ana, _bento = pair(minutes=60)
    old = exchange.version
    operations.counter(
        exchange, by=exchange.provider, minutes=30, starts_at=None, place="", version=old, nonce="another-1"
    )
    operations.counter(
        Exchange.objects.get(pk=exchange.pk), by=exchange.receiver, minutes=45, starts_at=None, place="",
        version=old + 1, nonce="another-2",
    )  # fmt: skip

    answer = ana.post(url(exchange, "accept/"), {"version": old})

    assert answer.status_code == 409
    assert "The proposal changed meanwhile." in words(answer)
    assert "Bento asks you for 45 min" in words(answer)


def test_fewer_minutes_are_confirmed_and_what_cannot_be_read_is_asked_back() -> None:
    exchange, _ana, bento = pair(State.DELIVERED, minutes=120)

    unclear = bento.post(url(exchange, "confirm/"), {"minutes": "2"})
    assert unclear.status_code == 422
    assert "2 h or 2 min?" in words(unclear)
    assert 'name="minutes" value="2 min"' in unclear.content.decode()
    too_many = bento.post(url(exchange, "confirm/"), {"minutes": "3 h"})
    assert too_many.status_code == 409
    assert "Ana Souza said it took 2 h: confirm that or less." in words(too_many)
    assert 'value="3 h"' in too_many.content.decode()
    assert bento.post(url(exchange, "confirm/"), {"minutes": "1h45"}).status_code == 302
    drain()

    assert balance(exchange.provider) == 60 + 105


def test_no_hours_move_for_a_time_nobody_stated() -> None:
    exchange, _ana, bento = pair(State.DELIVERED)
    for typed in ({}, {"minutes": ""}, {"minutes": " "}):
        assert bento.post(url(exchange, "confirm/"), typed).status_code == 422
    exchange.refresh_from_db()
    assert exchange.state == State.DELIVERED


def test_every_form_says_itself_that_it_is_not_swapped() -> None:
    """Its page may have put it away when the answer comes, and what it inherited with it."""
    for state in State.values:
        exchange, ana, bento = pair(state)
        for client in (ana, bento):
            forms = re.findall(r"<form [^>]*hx-post[^>]*>", client.get(url(exchange)).content.decode())
            assert all('hx-swap="none"' in form for form in forms), state


def test_more_than_agreed_is_explained_before_it_is_confirmed() -> None:
    exchange, _ana, bento = pair(State.ACCEPTED, minutes=60)
    operations.deliver_exchange(exchange, by=exchange.provider, minutes=90)

    said = words(bento.get(url(exchange)))

    assert "Ana says it took 1 h 30 min: 30 min more than you agreed." in said
    assert "sends the 1 h that are set aside and 30 min more from your wallet" in said
    assert re.search(r"If you say nothing by .*, Ana gets 1 h\.", said)


def test_short_of_hours_is_said_in_place_on_both_sides() -> None:
    exchange, ana, _bento = pair(minutes=200)
    make_exchange(state=State.ACCEPTED, receiver=exchange.receiver, minutes=200)

    answer = ana.post(url(exchange, "accept/"), {"version": exchange.version})

    assert answer.status_code == 409
    assert "Bento Lima does not have enough hours available just now." in words(answer)


def test_who_has_fewer_hours_than_it_takes_reads_so_before_she_says_yes() -> None:
    receiver = make_member(minutes=40)
    exchange = make_exchange(kind="request", receiver=receiver, minutes=60)
    bento = signed_in(receiver)

    page = bento.get(url(exchange))

    assert "This takes 1 h and you have 40 min available" in words(page)
    assert f'<a class="btn primary" href="{url(exchange, "counter/")}">' in page.content.decode()
    assert '<button class="btn" type="submit" id="press-accept">' in page.content.decode()
    enough = make_exchange(kind="request", receiver=make_member(minutes=60), minutes=60)
    assert 'class="btn primary big" type="submit" id="press-accept"' in (
        signed_in(enough.receiver).get(url(enough)).content.decode()
    )
    assert "available" not in words(signed_in(exchange.provider).get(url(exchange)))


def test_amounts_and_dates_stay_on_one_line() -> None:
    starts_at = timezone.now() + timedelta(days=3)
    exchange, ana, _bento = pair(minutes=75, starts_at=starts_at)
    side = ana.get(url(exchange)).content.decode().split('id="side"')[1]
    assert re.search("proposed: 1\xa0h\xa015\xa0min · \\w+\xa0\\d+\xa0\\w+(\xa0\\d+)?, ", side)
    short = make_exchange(kind="request", receiver=make_member(minutes=40), minutes=75)
    refused = signed_in(short.receiver).post(url(short, "accept/"), {"version": "1"}).content.decode()
    assert "up to 40\xa0min; this needs 1\xa0h\xa015\xa0min." in refused


# --- The thread -----------------------------------------------------------------------------------------


def test_what_is_written_and_what_happened_stand_together_by_day() -> None:
    exchange, ana, bento = pair(State.ACCEPTED)
    write(bento, exchange, "Shall I bring <b>flour</b>?\nOr sugar?")
    said = words(ana.get(url(exchange)))

    assert "Bento proposed: 1 h · date to be agreed" in said
    assert "You accepted. Set aside: 1 h." in said
    assert "Bento: Shall I bring <b>flour</b>?" in said
    assert said.index("You accepted.") < said.index("Shall I bring")
    assert "You: Shall I bring" in words(bento.get(url(exchange)))


def write(client: Client, exchange: Exchange, text: str, **headers: str) -> Any:
    page = client.get(url(exchange))
    fields = hidden(page, url(exchange, "messages/")) | {"text": text}
    return client.post(url(exchange, "messages/"), fields, headers=headers)


def test_a_message_sent_twice_stands_there_once() -> None:
    exchange, ana, _bento = pair()
    for _time in range(2):
        assert ana.post(url(exchange, "messages/"), {"text": "Hello", "nonce": "a-nonce-1"}).status_code == 302
    assert Message.objects.filter(exchange=exchange).count() == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x" * 10_000, "This is too long: up to 2,000 characters fit here, and it has 10,000."),
        (" \n ", "Write something first."),
        ("turned \u202e around", "Please remove the invisible control characters from this text."),
    ],
)
def test_a_message_that_is_refused_stays_in_its_field(text: str, why: str) -> None:
    exchange, ana, _bento = pair()
    answer = write(ana, exchange, text)
    assert answer.status_code == 422
    assert why in words(answer)
    assert text.strip() in answer.content.decode()
    assert not Message.objects.filter(exchange=exchange).exists()


def test_exactly_as_long_as_may_be_is_sent() -> None:
    exchange, ana, _bento = pair()
    assert write(ana, exchange, "é" * 1999 + "\r\n").status_code == 302
    assert write(ana, exchange, "\r\n".join(["x"] * 1000)).status_code == 302  # a line's end counts once


def test_other_words_from_a_form_that_was_sent_are_kept_and_sent_when_pressed_once_more() -> None:
    exchange, ana, bento = pair()
    address = url(exchange, "messages/")
    sent = hidden(ana.get(url(exchange)), address)
    ana.post(address, sent | {"text": "Hello"})

    answer = ana.post(address, sent | {"text": "Hello again"})  # gone back to, say

    assert answer.status_code == 409
    assert "You sent this form before, with other words in it." in words(answer)
    assert "Hello again</textarea>" in answer.content.decode()
    assert ana.post(address, hidden(answer, address) | {"text": "Hello again"}).url == url(exchange)
    assert "Hello again" in words(bento.get(url(exchange)))


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_too_many_messages_in_an_hour_wait_with_their_words(settings: Any, headers: dict[str, str]) -> None:
    settings.MESSAGE_RATE_LIMIT = "2/h/user"
    exchange, ana, bento = pair()
    for text in ("One", "Two"):
        write(ana, exchange, text)

    answer = write(ana, exchange, "And three", **headers)

    assert answer.status_code == 429
    assert 3500 < int(answer["Retry-After"]) <= 3600  # when the first of the hour is an hour ago
    assert "That is a lot in a short while." in words(answer)
    assert "And three</textarea>" in answer.content.decode()
    write(bento, exchange, "Mine")
    assert list(exchange.messages.values_list("text", flat=True).order_by("pk")) == ["One", "Two", "Mine"]


def test_a_broken_nonce_is_replaced_and_the_words_stay() -> None:
    exchange, ana, _bento = pair()
    answer = ana.post(url(exchange, "messages/"), {"text": "Hello there", "nonce": "?"})
    assert answer.status_code == 422
    assert "Hello there" in answer.content.decode()
    assert len(hidden(answer, url(exchange, "messages/"))["nonce"]) > 8


def test_a_long_thread_shows_its_end_and_all_of_it_when_asked() -> None:
    exchange, ana, _bento = pair()
    for number in range(60):
        operations.send_message(exchange, by=exchange.provider, text=f"line {number:02}.", nonce=f"nonce-{number}")

    short, whole = words(ana.get(url(exchange))), words(ana.get(url(exchange) + "?whole"))

    assert "line 59." in short
    assert "line 10." in short
    assert "line 09." not in short
    assert "proposed" not in short.split("Messages")[1].split("Progress")[0]
    assert "line 00." in whole


@pytest.mark.parametrize("rows", [1, 3, 50])
def test_the_same_few_queries_for_any_number_of_messages(rows: int, django_assert_num_queries: Any) -> None:
    exchange, ana, _bento = pair(State.DELIVERED)
    for number in range(rows):
        author = (exchange.provider, exchange.receiver)[number % 2]
        operations.send_message(exchange, by=author, text="Hello", nonce=f"nonce-{number}")
    ana.get(url(exchange))  # has read what her inbox says
    with django_assert_num_queries(QUERIES):
        ana.get(url(exchange))


# --- Live, and as parts -----------------------------------------------------------------------------------


def test_a_step_by_htmx_is_answered_with_all_parts_but_not_with_what_is_being_written() -> None:
    exchange, ana, _bento = pair()
    answer = ana.post(url(exchange, "accept/"), {"version": exchange.version}, headers=HTMX)
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "<html" not in html
    for part in ("now", "chat", "side", "after"):
        assert re.search(rf'id="{part}"[^>]* hx-swap-oob="true"', html), part
    assert 'id="composer"' not in html
    assert "You accepted" in html


def test_a_refused_step_by_htmx_is_answered_with_how_it_is_and_why() -> None:
    exchange, ana, bento = pair()
    bento.post(url(exchange, "withdraw/"))
    answer = ana.post(url(exchange, "decline/"), headers=HTMX)
    assert answer.status_code == 409
    assert "This proposal was withdrawn." in words(answer)
    assert "data-answers" in answer.content.decode()


def test_a_message_by_htmx_is_answered_with_the_thread_and_an_empty_field() -> None:
    exchange, ana, _bento = pair()
    answer = write(ana, exchange, "Until tomorrow", **HTMX)
    html = answer.content.decode()
    assert "Until tomorrow" in html
    assert re.search(r'id="composer"[^>]* hx-swap-oob="true"', html)
    assert "Until tomorrow" not in html.split('id="composer"')[1]


def test_the_open_page_asks_for_its_parts_and_a_stranger_gets_none() -> None:
    exchange, ana, _bento = pair()
    parts = ana.get(url(exchange), headers=HTMX)
    assert 'id="chat"' in parts.content.decode()
    assert "<html" not in parts.content.decode()
    assert Client().get(url(exchange), headers=HTMX).status_code == 401


def test_opening_the_page_marks_what_the_inbox_says_of_it_as_read() -> None:
    exchange, ana, bento = pair()
    other = make_exchange(provider=exchange.provider)
    write(bento, exchange, "Hello")
    unread = Event.objects.unread(exchange.provider).filter(type__startswith="exchange-")
    assert unread.count() == 3

    page = ana.get(url(exchange), headers={"Sec-Fetch-Dest": "document"})

    assert [event.data["exchange"] for event in unread] == [other.public_id]
    assert "News: 2 unread" in page.content.decode()
    write(bento, exchange, "Are you there?")
    assert ana.get(url(exchange), headers=HTMX)["HX-Trigger"] == "inbox-changed"
    assert "HX-Trigger" not in ana.get(url(exchange), headers=HTMX)


def test_two_who_write_on_open_pages_get_one_mail_for_it() -> None:
    exchange, ana, bento = pair()
    for number in range(4):
        write((ana, bento)[number % 2], exchange, f"line {number}")  # each reads before writing
    mails = Event.objects.filter(type="exchange-message", by_mail=True)
    assert sorted(mails.values_list("member", flat=True)) == sorted([exchange.provider_id, exchange.receiver_id])

    with clock.ahead_by(timedelta(hours=2)):
        ana.get(url(exchange))
        operations.send_message(exchange, by=exchange.receiver, text="Tomorrow, then?", nonce="much-later")
    assert mails.count() == 3


# --- Reviews ----------------------------------------------------------------------------------------------


def test_reviews_stay_hidden_until_both_wrote() -> None:
    exchange, ana, bento = pair(State.COMPLETED)
    assert ana.post(url(exchange, "review/"), {"stars": "5", "text": "A joy."}).url == url(exchange)
    assert "A joy." in words(ana.get(url(exchange)))
    assert "Thank you for your review" in words(ana.get(url(exchange)))
    assert "A joy." not in words(bento.get(url(exchange)))

    bento.post(url(exchange, "review/"), {"stars": "4", "text": "She knows how."})

    assert "She knows how." in words(ana.get(url(exchange)))
    assert "A joy." in words(bento.get(url(exchange)))


def test_a_hidden_review_shows_when_the_time_to_write_is_over() -> None:
    exchange, ana, bento = pair(State.COMPLETED)
    ana.post(url(exchange, "review/"), {"stars": "5", "text": "A joy."})
    with clock.ahead_by(timedelta(days=14, minutes=1)):
        operations.keep_deadlines()
        assert "A joy." in words(bento.get(url(exchange)))
        late = bento.post(url(exchange, "review/"), {"stars": "2", "text": "Too late, I know."})
    assert late.status_code == 409
    assert "Too late, I know." in late.content.decode()


@pytest.mark.parametrize(
    "typed", [{"text": "No stars"}, {"stars": "6", "text": "Six"}, {"stars": "5", "text": "x" * 601}]
)
def test_a_review_that_is_refused_keeps_its_words(typed: dict[str, str]) -> None:
    exchange, ana, _bento = pair(State.COMPLETED)
    answer = ana.post(url(exchange, "review/"), typed)
    assert answer.status_code == 422
    assert typed["text"] in answer.content.decode()
    assert not exchange.reviews.exists()


def test_a_second_review_is_told_that_there_is_one() -> None:
    exchange, ana, _bento = pair(State.COMPLETED)
    ana.post(url(exchange, "review/"), {"stars": "5"})
    again = ana.post(url(exchange, "review/"), {"stars": "1"})
    assert again.status_code == 409
    assert "You reviewed this exchange already." in words(again)


# --- Who takes no part now ----------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [State.PROPOSED, State.ACCEPTED, State.DELIVERED, State.COMPLETED])
def test_a_suspended_member_reads_kind_words_where_the_buttons_were(state: str) -> None:
    exchange, ana, bento = pair(state)
    suspend_member(exchange.receiver, by=make_coordinator(), reason="")
    bento = signed_in(Exchange.objects.get(pk=exchange.pk).receiver)

    page = bento.get(url(exchange))

    assert "Your membership is suspended, so you cannot go on with this exchange just now." in words(page)
    assert f'action="{url(exchange)}' not in page.content.decode()
    for step in ("withdraw/", "start/", "messages/", "review/"):
        typed = {"text": "But I want to", "nonce": "12345678", "stars": "5"}
        answer = bento.post(url(exchange, step), typed)
        assert answer.status_code in {403, 409}
        if step in {"messages/", "review/"}:
            assert "But I want to" in answer.content.decode()
    assert not Message.objects.filter(exchange=exchange).exists()
    html = ana.get(url(exchange)).content.decode().split('<div class="split exchange">')[1]
    assert "suspended" not in html
    assert ("Bento cannot take part in exchanges just now" in html) == exchange.is_live
    assert "Bento cannot be written to just now." in html
    assert "You meet on" not in html
    for step in ("accept", "counter", "start", "messages"):
        assert f'"{url(exchange, step)}/"' not in html
    assert ana.post(url(exchange, "messages/"), {"text": "Are you there?", "nonce": "12345678"}).status_code == 409
    if state == State.ACCEPTED:
        assert ana.post(url(exchange, "start/")).status_code == 409


@pytest.mark.parametrize(
    ("state", "provider_reads", "receiver_reads"),
    [
        (State.PROPOSED, "Nothing can be agreed just now You can decline, or leave it", "Without an answer by"),
        (State.ACCEPTED, "Agreed, and left open for now", "Agreed, and left open for now"),
        (State.IN_PROGRESS, "Is it done?", "If Ana cannot say by"),
        (State.DELIVERED, "It is confirmed by itself You said it took", "Did it go as agreed?"),
    ],
)
def test_with_a_suspended_partner_the_page_asks_for_nothing_that_cannot_be(
    state: str, provider_reads: str, receiver_reads: str
) -> None:
    for side, reads in (("receiver", provider_reads), ("provider", receiver_reads)):
        exchange, ana, bento = pair(state)
        suspend_member(getattr(exchange, side), by=make_coordinator(), reason="")
        said = words((ana if side == "receiver" else bento).get(url(exchange)))
        assert reads in said
        for asked in ("when you accept", "Please answer by", "can answer until", "Settle a date", "confirms now"):
            assert asked not in said


def test_an_open_page_learns_at_once_that_the_other_one_takes_no_part() -> None:
    exchange, ana, _bento = pair(State.ACCEPTED)
    make_exchange(provider=exchange.provider, state=State.COMPLETED)
    before = Event.objects.filter(member=exchange.provider).count()

    suspend_member(exchange.receiver, by=make_coordinator(), reason="")

    told = Event.objects.filter(member=exchange.provider, type="exchange-changed").order_by("-seq")[0]
    assert Event.objects.filter(member=exchange.provider).count() == before + 1
    assert (told.data["exchange"], told.in_inbox, told.by_mail) == (exchange.public_id, False, False)
    assert "Bento cannot take part in exchanges just now" in words(ana.get(url(exchange), headers=HTMX))


def test_a_late_cancellation_says_what_it_costs_before_and_after(settings: Any) -> None:
    settings.LATE_CANCEL_SHARE_PERCENT = 50
    soon = timezone.now() + timedelta(hours=3)
    exchange, ana, bento = pair(State.ACCEPTED, starts_at=soon)
    assert "as you agreed, Ana gets 30 min of the held hours" in words(bento.get(url(exchange)))
    assert "You meet on" in words(ana.get(url(exchange)))

    bento.post(url(exchange, "cancel/"))

    assert "You cancelled late: as agreed, 30 min of the hours were kept for Ana." in words(bento.get(url(exchange)))
    assert "Bento cancelled late: as agreed, you get 30 min of the hours." in words(ana.get(url(exchange)))
    for client, where in ((ana, "30 min went from Bento to you, and the rest went back."),
                          (bento, "30 min went from you to Ana, and the rest came back.")):  # fmt: skip
        assert f"It was cancelled late: as agreed, {where}" in words(client.get(url(exchange)))
        assert " · 30 min · At home" in words(client.get(url(exchange)))


def test_cancelled_in_time_the_page_says_that_the_hours_went_back() -> None:
    exchange, ana, bento = pair(State.CANCELLED)
    assert "The exchange was cancelled. The hours went back to Bento." in words(ana.get(url(exchange)))
    assert "The exchange was cancelled. The hours came back to you." in words(bento.get(url(exchange)))


def test_in_portuguese_the_page_stands_too() -> None:
    exchange = make_exchange(provider=make_member(language="pt-br"), state=State.DELIVERED)
    assert signed_in(exchange.provider).get(url(exchange)).status_code == 200


def test_the_partner_is_linked_and_a_listing_of_a_request_pays_the_other_way() -> None:
    exchange = make_exchange(kind="request", listing=None)
    page = signed_in(exchange.receiver).get(url(exchange))
    assert "offers you 1 h; when you accept, this time is set aside from your wallet." in words(page)
    assert links(page, exchange.provider.display_name) == [exchange.provider.get_absolute_url()]
    assert make_listing().is_open
