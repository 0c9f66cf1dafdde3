"""A member who has some of everything there is; and stories that are told again with every POST sent twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.operations import ask_for_hours, make_token, pay_request
from ledger.models import Hold, Transfer
from marketplace import operations
from notifications.webhooks import make_webhook
from tests.factories import make_dispute, make_exchange, make_listing, make_member
from tests.needs import thorough
from tests.work import drain

from . import twice
from .programs import Program, everything_twice


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.module.__name__ in twice.MODULES and twice.is_told_again(metafunc.function):
        metafunc.parametrize("how_often", ["once", thorough("twice")], indirect=True)


@pytest.fixture(autouse=True)
def how_often(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each POST is sent once, or twice."""
    if getattr(request, "param", "once") == "once":
        yield
        return
    with everything_twice():
        yield


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
        "another": make_member().public_id,
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
