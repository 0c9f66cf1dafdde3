"""The stories of the API once more, with every POST sent twice: they end as they do when each is sent once.

Each test of `twice.MODULES` that posts something is run again so (by `conftest.py`, as ``[twice]``), but for those that
are marked ``once("why")``. What a story says of the end (balances, rows, what is told) it says then too; and the books
are sound. Here is what the stories leave out.
"""

from __future__ import annotations

import importlib

import pytest

from accounts.models import Consent, Member
from ledger.models import Hold, PaymentRequest
from tests.factories import PASSWORD, available, balance, make_member
from tests.work import drain

from . import twice
from .programs import Program
from .test_coming_in import NEW, App, signed_in

pytestmark = pytest.mark.django_db


def stories() -> list[object]:
    """Those that are told twice."""
    modules = [importlib.import_module(name) for name in sorted(twice.MODULES)]
    return [
        test
        for module in modules
        for name, test in vars(module).items()
        if name.startswith("test_") and hasattr(test, "__code__") and twice.is_told_again(test)
    ]


def test_most_stories_of_the_api_are_told_twice():
    assert len(stories()) > 100


# --- Asking by /payments/pix has no key, so that two calls are two codes --------------------------------


def pix(program: Program, path: str, body: object) -> object:
    """One call of a program, sent twice."""
    send = [
        program._client.post(f"/payments/pix{path}", body, content_type="application/json", headers=program._headers)
        for _ in range(2)
    ]
    assert send[0].status_code == send[1].status_code, send[1].content
    return [one.json() for one in send]


def test_asked_for_twice_by_pix_there_are_two_codes_and_nothing_moved():
    ana, bento = make_member(minutes=120), make_member(name="Bento Lima")

    first, second = (one["payment"] for one in pix(Program(bento), "", {"value": 0.5}))

    assert first["id"] != second["id"]
    assert (Hold.objects.filter(payer=ana.account).count(), balance(bento)) == (0, 0)
    body = {"bank_payment_id": first["bank_payment_id"], "value": 0.5}
    said = pix(Program(ana), "/confirmation", body)
    drain()
    assert said == [{"message": "You paid 30 min to Bento Lima."}] * 2
    assert (available(ana), balance(bento)) == (90, 30)
    assert [request.state for request in PaymentRequest.objects.order_by("pk")] == ["paid", "active"]


# --- Coming in has no keys: what it changes is done once, and a session more is only a door more ---------


def test_signed_up_twice_she_is_one_person_who_agreed_once(mailoutbox):
    for _ in range(2):
        App().call("auth/signup", NEW)

    bia = Member.objects.people().get()
    assert (bia.email, Consent.objects.filter(member=bia).count()) == ("bia@example.org", 2)


def test_signed_in_twice_either_session_is_ended_by_the_other():
    ana = make_member(email="ana@example.org", password=PASSWORD)
    lost, kept = signed_in(ana), signed_in(ana)
    listed = kept.call("auth/sessions", method="GET").json()["data"]
    [other] = [one["id"] for one in listed if not one["is_current"]]

    for _ in range(2):  # the second time there is nothing left to end
        kept.call("auth/sessions", {"sessions": [other]}, method="DELETE")

    assert lost.api("me/").status_code == 401
    assert kept.api("me/").status_code == 200
