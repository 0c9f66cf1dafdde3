"""What somebody sends who was signed out meanwhile: it waits for her behind the sign-in, and nobody meets a dead end."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from accounts.operations import agree
from marketplace.models import Exchange
from tests.factories import PASSWORD, make_exchange, make_listing, make_member
from tests.pages.reading import words

from .test_exchange_page import HTMX, hidden, signed_in, url

pytestmark = pytest.mark.django_db
State = Exchange.State


def sign_in_from(client: Client, answer: Any, member: Any) -> Any:
    """Sign in on the page ``answer`` leads to, and follow where that leads."""
    assert answer.status_code == 302
    assert answer.url.startswith("/account/login/?next=")
    return client.post(answer.url, {"login": member.email, "password": PASSWORD}, follow=True)


def with_password(**fields: Any) -> Any:
    """A member who can sign in, and agreed to the present terms."""
    member = make_member(password=PASSWORD, **fields)
    agree(member)
    return member


def signed_out_pair(state: str) -> tuple[Exchange, Client]:
    """An exchange, and the browser of its receiver, who is signed in no more."""
    receiver = with_password(name="Bento Lima", minutes=300)
    return make_exchange(state=state, provider=make_member(name="Ana Souza"), receiver=receiver), Client()


@pytest.mark.parametrize(
    ("state", "address", "typed"),
    [
        (State.ACCEPTED, "messages/", {"text": "Shall I bring flour?"}),
        (State.DISPUTED, "dispute/statement/", {"text": "Nobody came, I waited."}),
        (State.COMPLETED, "review/", {"stars": "4", "text": "A good teacher."}),
        (State.DELIVERED, "confirm/", {"minutes": "50 min"}),
        (State.DELIVERED, "dispute/", {"reason": "time", "statement": "It was half an hour."}),
    ],
)
def test_what_was_typed_is_there_again_after_signing_in(state: str, address: str, typed: dict[str, str]) -> None:
    exchange, client = signed_out_pair(state)

    page = sign_in_from(client, client.post(url(exchange, address), typed), exchange.receiver)

    assert page.status_code == 200
    assert "You were signed out, so this was not sent. What you wrote is still here" in words(page)
    html = page.content.decode()
    for value in typed.values():
        assert f"{value}</textarea>" in html or f'value="{value}"' in html
    for choice in {"stars", "reason"} & typed.keys():
        assert re.search(f'value="{typed[choice]}"[^>]*checked', html)
    again = client.post(url(exchange, address), hidden(page, url(exchange, address)) | typed)
    assert again.url == url(exchange)
    assert "You were signed out" not in words(client.get(url(exchange)))


def test_a_proposal_and_a_suggestion_are_kept_too() -> None:
    ana, bento = with_password(), with_password(minutes=300)
    listing = make_listing(ana)
    typed = {"when": "open", "minutes": "50 min", "place": "By the lake", "message": "Would that do?"}

    asking = Client()
    page = sign_in_from(asking, asking.post(f"/listings/{listing.public_id}/ask/", typed), bento)
    for value in ("50 min", "By the lake", "Would that do?"):
        assert value in page.content.decode()

    exchange = make_exchange(provider=ana, listing=listing)
    answering = Client()
    page = sign_in_from(answering, answering.post(url(exchange, "counter/"), typed | {"version": "1"}), ana)
    for value in ("50 min", "By the lake", "Would that do?"):
        assert value in page.content.decode()
    sent = typed | hidden(page, url(exchange, "counter/"))
    assert answering.post(url(exchange, "counter/"), sent).url == url(exchange)


def test_a_listing_and_a_profile_are_kept_too() -> None:
    ana = with_password()
    typed = {
        "kind": "request", "title": "Somebody to paint with", "category": "repairs", "description": "A whole wall.",
        "minutes": "1 h 50 min", "place": "At my home", "action": "publish", "nonce": "a-nonce-of-a-form",
    }  # fmt: skip
    mine = make_listing(ana, title="Fixing taps")
    for address in ("/listings/new/", f"/listings/{mine.public_id}/edit/"):
        client = Client()
        page = sign_in_from(client, client.post(address, typed), ana)
        html = page.content.decode()
        assert "You were signed out, so this was not sent." in words(page)
        for value in ("Somebody to paint with", "A whole wall.", "1 h 50 min", "At my home"):
            assert value in html
        assert re.search(r'<option value="repairs" selected', html)
        if "new" in address:
            assert re.search(r'value="request"[^>]*checked', html)
        assert client.post(address, typed).status_code == 302

    client = Client()
    page = sign_in_from(client, client.post("/settings/profile/", {"display_name": "Ana", "about": "I paint."}), ana)
    assert "I paint.</textarea>" in page.content.decode()


@pytest.mark.parametrize("step", ["accept/", "withdraw/", "cancel/", "dispute/files/"])
def test_a_button_leads_to_the_exchange_and_says_that_nothing_was_done(step: str) -> None:
    exchange, client = signed_out_pair(State.DISPUTED if "dispute" in step else State.PROPOSED)
    page = sign_in_from(client, client.post(url(exchange, step), {"version": "1"}), exchange.receiver)
    assert (page.status_code, page.redirect_chain[-1][0].split("?")[0]) == (200, url(exchange))
    assert "You were signed out, so nothing was done. Please press it once more." in words(page)


def test_the_address_of_a_step_opened_leads_to_the_exchange() -> None:
    exchange, _client = signed_out_pair(State.DISPUTED)
    client = signed_in(exchange.receiver)
    for step in ("accept/", "messages/", "review/", "dispute/statement/", "dispute/files/"):
        assert client.get(url(exchange, step)).url == url(exchange)
        assert client.get(url(exchange, step) + "?draft=none").url == url(exchange)


def test_an_open_page_is_told_where_to_sign_in_so_that_the_words_are_there_again() -> None:
    exchange, client = signed_out_pair(State.ACCEPTED)
    answer = client.post(url(exchange, "messages/"), {"text": "Shall I bring flour?"}, headers=HTMX)
    assert answer.status_code == 401
    page = client.post(answer["X-Sign-In"], {"login": exchange.receiver.email, "password": PASSWORD}, follow=True)
    assert "Shall I bring flour?</textarea>" in page.content.decode()


def test_whoever_else_signs_in_on_the_device_is_not_shown_what_was_typed() -> None:
    exchange, client = signed_out_pair(State.ACCEPTED)
    client.post(url(exchange, "messages/"), {"text": "Shall I bring flour?"})
    client.force_login(exchange.provider)
    assert "flour" not in client.get(url(exchange)).content.decode()


def test_only_a_few_forms_are_kept_and_none_that_is_too_long() -> None:
    exchange, client = signed_out_pair(State.ACCEPTED)
    for number in range(5):
        client.post(url(exchange, "messages/"), {"text": f"Message {number}"})
    kept = [draft["fields"]["text"] for draft in client.session["drafts"].values()]
    assert kept == ["Message 2", "Message 3", "Message 4"]
    client.post(url(exchange, "messages/"), {"text": "x" * 30_000})
    assert [*client.session["drafts"].values()][-1]["fields"] == {}
