"""Each list and each thing takes as many queries as are written here, however many rows there are."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.operations import ask_for_hours, make_token, pay_request
from ledger.models import Hold, Transfer
from marketplace import operations
from notifications.webhooks import make_webhook
from tests.factories import make_dispute, make_exchange, make_listing, make_member
from tests.work import drain

from .conforming import schema
from .programs import Person, Program

pytestmark = pytest.mark.django_db


@pytest.fixture(params=[1, 6], ids=["one of each", "six of each"])
def things(request: pytest.FixtureRequest, settings: Any, tmp_path: Any) -> tuple[Program, dict[str, str]]:
    """A member with so many of everything, and the ids of some of hers."""
    settings.MEDIA_ROOT = tmp_path
    ana = make_member(minutes=6000, name="Ana Souza")
    for number in range(request.param):
        other = make_member(minutes=600)
        listing = make_listing(other, title=f"Number {number}")
        make_listing(ana, title=f"Of hers {number}")
        done = make_exchange(provider=other, receiver=ana, state="completed")
        operations.review_exchange(done, by=other, stars=5, text="Kind")
        operations.review_exchange(done, by=ana, stars=4, text="Good")
        exchange = make_exchange(provider=other, receiver=ana, state="delivered")
        for turn in range(request.param):
            operations.send_message(exchange, by=other, text=f"Hello {turn}", nonce=f"message-{number}-{turn}")
        dispute = make_dispute(exchange)
        for turn in range(min(request.param, 4)):
            paper = SimpleUploadedFile("receipt.pdf", b"%PDF-1.4 a receipt" + bytes([turn]))
            operations.add_evidence(dispute, by=other, upload=paper)
        make_token(ana, name=f"number {number}", days=1, may_pay=False)
    to_confirm = make_exchange(provider=other, receiver=ana, state="delivered")
    asked = make_exchange(provider=ana, receiver=make_member(minutes=600), state="proposed")
    code = ask_for_hours(asker=other, amount_minutes=15, nonce="a-code-to-be-paid")
    hers = ask_for_hours(asker=ana, amount_minutes=15, nonce="a-code-to-be-given-back")
    pay_request(hers, payer=other, amount_minutes=15)
    taken_back = ask_for_hours(asker=ana, amount_minutes=15, nonce="a-code-to-be-taken-back")

    def deal(state: str, *, helps: bool = False) -> str:
        two = {"provider": ana, "receiver": make_member(minutes=600)} if helps else {"provider": other, "receiver": ana}
        return make_exchange(state=state, **two).public_id

    drain()
    for _ in range(min(request.param, 5)):
        make_webhook(ana, address="https://example.org/timebank")
    ids = {
        "ending": "csv",
        "other": make_member().public_id,
        "code": code.txid,
        "mine": make_listing(ana).public_id,
        "proposed": asked.public_id,
        "to_confirm": to_confirm.public_id,
        "to_counter": deal("proposed", helps=True),
        "to_decline": deal("proposed", helps=True),
        "to_withdraw": deal("proposed"),
        "to_start": deal("accepted", helps=True),
        "to_deliver": deal("in_progress", helps=True),
        "to_cancel": deal("accepted"),
        "to_review": deal("completed"),
        "paid": hers.txid,
        "taken_back": taken_back.txid,
        "to_close": make_listing(ana).public_id,
        "hold": Hold.objects.filter(payer__owner=ana).first().public_id,
        "transfer": Transfer.objects.filter(payee__owner=ana).first().public_id,
        "token": ana.tokens.first().public_id,
        "evidence": dispute.evidence.first().public_id,
        "listing": listing.public_id,
        "exchange": exchange.public_id,
        "completed": done.public_id,
        "dispute": dispute.public_id,
        "hers": ana.public_id,
        "hook": ana.webhooks.first().public_id,
        "line": str(ana.events.filter(in_inbox=True).latest("seq").seq),
    }
    return Program(ana), ids


# One of each is for the token.
QUERIES = {
    "": 1,
    "me/": 1,
    "me/agreement/": 2,
    "account/": 2,
    "holds/": 2,
    "transfers/": 2,
    "entries/": 2,
    "lots/": 2,
    "account/balance/": 4,
    "account/hours/": 7,
    "account/statement/{ending}/": 6,
    "community/": 5,
    "community/entries/": 2,
    "transfers/{transfer}/receipt/": 3,
    "me/qr/": 1,
    "notifications/unread/": 2,
    "payment-requests/{code}/qr/": 2,
    "members/": 2,
    "members/blocked/": 2,
    "members/{hers}/": 2,
    "members/{hers}/reviews/": 3,
    "members/{hers}/reputation/": 4,
    "categories/": 2,
    "listings/": 2,
    "listings/?mine=true": 2,
    "listings/?category=home&q=number": 3,
    "listings/{listing}/": 2,
    "exchanges/": 2,
    "exchanges/{exchange}/": 4,
    "exchanges/{exchange}/steps/": 3,
    "exchanges/{exchange}/messages/": 3,
    "exchanges/{completed}/reviews/": 3,
    "disputes/": 6,
    "disputes/{dispute}/": 6,
    "notifications/?page_size=100": 4,
    "notifications/{line}/": 3,
    "events/?since=0": 3,
    "tokens/": 2,
    "webhooks/": 2,
    "webhooks/{hook}/": 2,
    "webhooks/{hook}/answers/": 3,
    "payment-requests/": 2,
    "holds/{hold}/": 2,
    "transfers/{transfer}/": 2,
    "tokens/{token}/": 2,
    "evidence/{evidence}/": 2,
    "payment-requests/find/?code={code}": 2,
    "payment-requests/{code}/": 2,
    "holds/?person={other}&after=2026-01-01T00:00:00Z": 2,
}


def test_so_many_queries(things):
    program, ids = things
    program.get("me/")  # which notes that the token is used, every five minutes

    assert {path: queries_of(program, path.format(**ids)) for path in QUERIES} == QUERIES


# Those of a session, of the key and of the savepoints with them.
ACTS: tuple[tuple[str, dict[str, Any], int], ...] = (
    ("transfers/", {"to": "{other}", "amount_minutes": 20}, 18),
    ("donations/", {"amount_minutes": 5}, 15),
    ("payment-requests/", {"amount_minutes": 30}, 16),
    ("payment-requests/{code}/pay/", {"amount_minutes": 15}, 18),
    ("listings/", {"kind": "offer", "title": "Sewing", "minutes": 60, "publish": False}, 11),
    ("listings/{mine}/pause/", {}, 13),
    ("listings/{mine}/publish/", {}, 14),
    ("exchanges/", {"listing": "{listing}", "minutes": 45}, 23),
    ("exchanges/{proposed}/accept/", {"version": 1}, 28),
    ("exchanges/{exchange}/messages/", {"text": "Hello"}, 19),
    ("exchanges/{to_confirm}/confirm/", {"minutes": 60}, 30),
    ("exchanges/{to_confirm}/dispute/", {"reason": "time", "statement": "Too long"}, 41),
    ("disputes/{dispute}/statements/", {"text": "It was so."}, 21),
    ("members/{other}/block/", {}, 13),
    ("notifications/read/", {}, 7),
    ("tokens/", {"name": "another"}, 11),
    ("tokens/{token}/end/", {}, 9),
    ("members/{other}/unblock/", {}, 8),
    ("me/agreement/", {}, 16),
    ("payment-requests/{paid}/give-back/", {}, 27),
    ("payment-requests/{taken_back}/cancel/", {}, 14),
    ("payment-requests/{taken_back}/renew/", {}, 21),
    ("listings/{to_close}/close/", {}, 13),
    ("exchanges/{to_counter}/counter/", {"version": 1, "minutes": 45}, 20),
    ("exchanges/{to_decline}/decline/", {}, 20),
    ("exchanges/{to_withdraw}/withdraw/", {}, 20),
    ("exchanges/{to_start}/start/", {}, 20),
    ("exchanges/{to_deliver}/deliver/", {"minutes": 30}, 19),
    ("exchanges/{to_cancel}/cancel/", {}, 31),
    ("exchanges/{to_review}/reviews/", {"stars": 5}, 17),
    ("webhooks/{hook}/ping/", {}, 11),
    ("webhooks/{hook}/new-secret/", {}, 8),
    ("webhooks/{hook}/resume/", {}, 11),
    ("webhooks/{hook}/remove/", {}, 10),
    ("webhooks/", {"address": "https://example.org/another"}, 12),
)


def test_so_many_queries_to_act(things):
    program, ids = things
    person = Person(program.token.member)

    assert [(path, body, queries_to_act(person, path, body, ids)) for path, body, _count in ACTS] == list(ACTS)


# A PATCH takes the savepoint of its operation only.
CHANGES: tuple[tuple[str, dict[str, Any], int], ...] = (
    ("me/profile/", {"about": "I sew"}, 6),
    ("me/preferences/", {"units": "minutes"}, 6),
    ("listings/{mine}/", {"title": "Another"}, 10),
    ("webhooks/{hook}/", {"address": "https://example.org/elsewhere"}, 8),
)
UNPINNED = {"/api/v1/disputes/{id}/evidence/"}  # a file: how long it takes is not the database's


def test_so_many_queries_to_change(things):
    program, ids = things
    person = Person(program.token.member)

    counted = [(path, body, queries_to_act(person, path, body, ids, change=True)) for path, body, _count in CHANGES]
    assert counted == list(CHANGES)


def test_every_call_is_counted_here():
    counted = {
        "get": [path.partition("?")[0] for path in QUERIES],
        "post": [path for path, _body, _count in ACTS],
        "patch": [path for path, _body, _count in CHANGES],
    }
    for path, ways in schema()["paths"].items():
        here = path.removeprefix("/api/v1/")
        pattern = re.compile(re.sub(r"\{\w+\}", lambda _id: r"\{\w+\}", here))
        for method in ways if path.startswith("/api/v1/") and path not in UNPINNED else ():
            assert any(pattern.fullmatch(one) for one in counted[method]), f"{method} {path}"


def queries_of(program: Program, path: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        response = program.get(path)
        if response.streaming:
            response.getvalue()
    assert response.status_code == 200, path
    return len(asked)


def queries_to_act(
    person: Person, path: str, body: dict[str, Any], ids: dict[str, str], *, change: bool = False
) -> int:
    said = {name: value.format(**ids) if isinstance(value, str) else value for name, value in body.items()}
    with CaptureQueriesContext(connection) as asked:
        response = (person.patch if change else person.post)(path.format(**ids), said)
    assert response.status_code < 300, (path, response.content)
    return len(asked)
