"""What a program reads: its member's own, in pages, and of neighbours what they show."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from urllib.parse import quote

import pytest
from django.test import Client

from accounts import operations
from ledger.models import Transfer
from ledger.operations import Limits
from tests.factories import make_coordinator, make_exchange, make_member
from tests.ledger.stories import pay
from tests.work import drain

from .programs import Program, fire, problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return make_member(minutes=600, name="Ana Souza")


@pytest.fixture
def bento():
    return make_member(name="Bento Lima")


def test_herself_and_her_account(ana):
    program = Program(ana)

    me = program.get("me/").json()
    assert (me["id"], me["display_name"], me["email"], me["state"]) == (ana.public_id, "Ana Souza", ana.email, "active")
    account = program.get("account/").json()
    assert (account["balance_minutes"], account["held_minutes"], account["available_minutes"]) == (600, 0, 600)


def test_her_statement_goes_on_page_by_page(ana, bento):
    for number in range(5):
        pay(ana.account, bento.account, 10 + number)
    program = Program(ana)

    first = program.get("entries/?page_size=3").json()
    assert [line["amount_minutes"] for line in first["results"]] == [-14, -13, -12]
    second = program.get("entries/" + first["next"].partition("entries/")[2]).json()
    assert [line["amount_minutes"] for line in second["results"]] == [-11, -10, 600]
    assert (second["next"], second["results"][-1]["balance_after_minutes"]) == (None, 600)


def test_a_line_says_what_its_page_shows(client, ana, bento):
    ana.language = "pt-br"
    ana.save(update_fields=["language"])
    operations.send_hours(
        sender=ana, recipient=bento, amount_minutes=30, kind="help", note="The garden gate", category="", nonce="a-gate"
    )
    drain()
    operations.send_hours(sender=bento, recipient=ana, amount_minutes=10, kind="gift", nonce="a-gift")
    exchanged = make_exchange(provider=bento, receiver=ana, state="completed")
    drain()

    lines = Program(ana).get("entries/").json()["results"]

    assert [(line["what_for"], line["with_whom"], line["note"], line["category"], line["other"]) for line in lines] == [
        (exchanged.title, "Troca com Bento Lima", exchanged.title, exchanged.listing.category.slug, party(bento)),
        ("Um presente", "Bento Lima", "", "", party(bento)),
        ("The garden gate", "Bento Lima", "The garden gate", "other", party(bento)),
        ("Horas de boas-vindas", "Fundo da comunidade", "", "", None),
    ]
    client.force_login(ana)
    page = client.get("/wallet/").content.decode()
    assert all(line["what_for"] in page and line["with_whom"] in page for line in lines)


def party(member):
    return {"id": member.public_id, "name": member.display_name}


def test_where_a_page_begins_tells_nobody_how_many_rows_there_are(ana, bento):
    for _ in range(4):
        pay(ana.account, bento.account, 10)
    program = Program(ana)

    first = program.get("transfers/?page_size=2")
    cursor = first.json()["next"].partition("cursor=")[2].partition("&")[0]
    readable = urlsafe_b64decode(f"{cursor}==")
    assert b"false" not in readable  # as what is sealed says of its direction
    again = program.get("transfers/?page_size=2", **{"If-None-Match": first["ETag"]})
    assert again.status_code == 304  # the same place is sealed the same
    assert len(program.get(f"transfers/?page_size=2&cursor={cursor}").json()["results"]) == 2
    another = f"{'B' if cursor[0] == 'A' else 'A'}{cursor[1:]}"
    assert problem(program.get(f"transfers/?page_size=2&cursor={another}")) == (400, "no_such_page")
    assert problem(program.get(f"members/?cursor={cursor}")) == (400, "no_such_page")


def test_transfers_are_filtered_by_direction_and_kind(ana, bento):
    pay(ana.account, bento.account, 10)
    pay(bento.account, ana.account, 4, kind="gift")
    program = Program(ana)

    def amounts(query: str) -> list[int]:
        return [row["amount_minutes"] for row in program.get(f"transfers/?{query}").json()["results"]]

    assert amounts("direction=out") == [10]
    assert amounts("direction=in") == [4, 600]
    assert amounts("kind=gift") == [4]


def test_what_moved_is_filtered_by_time_and_by_person(ana, bento):
    clara = make_member(name="Clara")
    pay(ana.account, bento.account, 10)
    pay(ana.account, clara.account, 5)
    program = Program(ana)
    moment = quote(Transfer.objects.get(amount_minutes=5).posted_at.isoformat())

    def amounts(path: str, query: str) -> list[int]:
        return [row["amount_minutes"] for row in program.get(f"{path}/?{query}").json()["results"]]

    assert amounts("transfers", f"person={bento.public_id}") == [10]
    assert amounts("holds", f"person={clara.public_id}") == [5]
    assert amounts("transfers", f"after={moment}") == [5]
    assert amounts("transfers", f"before={moment}") == [10, 600]
    assert amounts("entries", f"after={moment}") == [-5]
    assert amounts("entries", f"before={moment}&kind=help") == [-10]
    assert amounts("transfers", "person=nobody") == []
    for unclear in ("yesterday", "2026-11-01T00:00:00", "2026-11-01", "20261101T000000Z0"):
        assert problem(program.get(f"transfers/?after={unclear}")) == (400, "invalid"), unclear


def test_her_lots_add_up_to_what_she_has(ana):
    lots = Program(ana).get("lots/").json()["results"]

    assert sum(lot["amount_minutes"] for lot in lots) == 600
    assert lots[0]["reason"] == "grant"


def test_of_limits_days_and_minutes_are_told_and_why_where_things_are_named(ana):
    operations.change_limits(Limits(300, 180), account=ana.account, reason="The assembly of May", by=make_coordinator())

    [line] = Program(ana).get("notifications/?unread=true&page_size=1").json()["results"]

    assert (line["type"], line["title"]) == ("limits-changed", "The assembly of May")
    assert line["text"].endswith("you may owe up to 5 h. You are warned before you owe more than 3 h.")
    assert {**line["data"], "from_day": ""} == {
        "state": "made", "from_day": "", "credit_limit_minutes": 300, "soft_limit_minutes": 180,
        "max_balance_minutes": None, "returns_to_common": False,
    }  # fmt: skip


def test_nobody_elses(ana, bento):
    hold = operations.send_hours(sender=ana, recipient=bento, amount_minutes=5, kind="gift", nonce="between-the-two")
    drain()
    stranger = Program(make_member())

    for path in (f"holds/{hold.public_id}/", f"transfers/{hold.public_id}/"):
        assert problem(stranger.get(path)) == (404, "not_found")
        assert Program(bento).get(path).status_code == 200
    assert stranger.get("holds/").json()["results"] == []


def test_neighbours_by_name_and_only_what_they_show(ana, bento):
    found = Program(ana).get("members/?name=bento").json()["results"]

    assert found == [
        {"id": bento.public_id, "display_name": "Bento Lima", "about": "", "joined_at": found[0]["joined_at"]}
    ]
    assert problem(Program(ana).get(f"members/{make_member(state='suspended').public_id}/")) == (404, "not_found")


def test_by_the_session_of_the_site_too_and_then_only_with_its_token_against_forgery(ana, bento):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ana)

    assert browser.get("/api/v1/me/").status_code == 200
    body = {"to": bento.public_id, "amount_minutes": 5}
    refused = fire(lambda: browser.post("/api/v1/transfers/", body, content_type="application/json"))
    assert problem(refused)[0] == 403


def test_a_suspended_member_still_reads_what_is_hers_by_her_session(ana, client):
    type(ana).objects.filter(pk=ana.pk).update(state="suspended")
    client.force_login(type(ana).objects.get(pk=ana.pk))

    assert client.get("/api/v1/account/").json()["balance_minutes"] == 600


@pytest.mark.parametrize("said", ["", "Bearer", "Bearer tb_no", "Bearer a b", "Basic x", "Bearer \xff"])
def test_strangers_are_told_to_sign_in(client, said):
    refused = client.get("/api/v1/me/", headers={"Authorization": said} if said else {})

    assert problem(refused)[0] == 401
    has_token = said.startswith("Bearer")
    assert refused["WWW-Authenticate"] == ('Bearer error="invalid_token"' if has_token else "Bearer")


def test_sentences_are_in_her_language():
    refused = Program(make_member(language="pt-br")).post("transfers/", {"to": "x"})

    assert refused.json()["detail"] == "Este campo é obrigatório."


@pytest.mark.parametrize("rows", [1, 3, 50])
@pytest.mark.parametrize(("path", "queries"), [
    ("entries/", 2), ("transfers/", 2), ("holds/", 2), ("lots/", 2), ("members/", 2), ("payment-requests/", 2),
])  # fmt: skip
def test_a_list_takes_the_same_queries_however_many_rows(ana, rows, path, queries, django_assert_num_queries):
    for number in range(rows):
        other = make_member(minutes=60)
        pay(ana.account, other.account, 1)
        operations.ask_for_hours(asker=ana, amount_minutes=5, nonce=f"number-{number}", asked_of=other)
    program = Program(ana)
    program.get(path)

    with django_assert_num_queries(queries):
        shown = program.get(f"{path}?page_size=100").json()["results"]
    assert len(shown) >= (1 if path == "lots/" else rows)


def test_what_has_not_changed_is_not_sent_again(ana):
    program = Program(ana)
    first = program.get("account/")
    assert first["Cache-Control"] == "private, no-cache"
    assert {"Authorization", "Cookie"} <= set(first["Vary"].split(", "))

    again = program.get("account/", **{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    type(ana.account).objects.filter(pk=ana.account.pk).update(soft_limit_minutes=-5)
    assert program.get("account/", **{"If-None-Match": first["ETag"]}).status_code == 200
