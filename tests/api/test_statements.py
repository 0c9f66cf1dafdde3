"""What a program takes along of its member's books: files, the balance over time, where hours come from; and the community's."""

from __future__ import annotations

import io
import json

import pytest
import zxingcpp
from django.utils import timezone
from PIL import Image

from accounts.operations import ask_for_hours, send_hours
from ledger.models import Transfer
from tests.factories import make_member
from tests.ledger.stories import pay
from tests.work import drain

from .programs import Person, Program, problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return make_member(minutes=600, name="Ana Souza")


@pytest.fixture
def bento():
    return make_member(minutes=60, name="Bento Lima")


@pytest.fixture
def program(ana):
    return Program(ana)


def sent(ana, bento):
    send_hours(sender=ana, recipient=bento, amount_minutes=30, kind="help", note="Thanks", nonce="for-the-hems")
    drain()
    return Transfer.objects.get(amount_minutes=30)


@pytest.mark.parametrize(
    ("ending", "beginning"), [("pdf", b"%PDF"), ("csv", b"\xef\xbb\xbf"), ("journal", b";"), ("beancount", b"option")]
)
def test_the_statement_as_a_file(program, ana, bento, ending, beginning):
    sent(ana, bento)

    response = program.get(f"account/statement/{ending}/")

    content = response.getvalue()
    assert (response.status_code, content[: len(beginning)]) == (200, beginning)
    assert response["Content-Disposition"] == f'attachment; filename="statement-{timezone.localdate()}.{ending}"'
    assert ending == "pdf" or b"Bento Lima" in content


def test_of_the_statement_what_is_chosen(program, ana, bento):
    sent(ana, bento)

    def lines(query: str) -> list[int]:
        read = json.loads(program.get(f"account/statement/json/?{query}").getvalue())
        return [line["amount_minutes"] for line in read["lines"]]

    assert lines("") == [600, -30]
    assert lines("show=out") == lines("person=bento") == lines("q=thanks") == lines("kind=help") == [-30]
    assert lines(f"person={bento.public_id}") == [-30]  # as in the lists
    assert lines("to=2020-01-01") == lines(f"person={ana.public_id}") == []


def test_what_cannot_be_chosen_is_refused_by_its_name(program):
    for query, field in (
        ("from=yesterday", "from"),
        ("kind=magic", "kind"),
        ("show=up", "show"),
        ("color=red", "color"),
    ):
        refused = program.get(f"account/statement/csv/?{query}")
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, field)
    backwards = program.get("account/balance/?from=2026-02-01&to=2026-01-01")
    assert (backwards.status_code, backwards.json()["field"]) == (400, "to")
    assert problem(program.get("account/statement/exe/")) == (404, "not_found")


def test_too_many_files_have_to_wait_together_with_those_of_the_page(program, ana, client, settings):
    settings.STATEMENT_FILE_RATE_LIMIT = "1/h/user"
    client.force_login(ana)
    client.get("/wallet/statement.csv").getvalue()

    refused = program.get("account/statement/csv/")

    assert problem(refused) == (429, "too_often")
    assert 0 < int(refused["Retry-After"]) <= 3600


def test_the_balance_over_time(program, ana, bento):
    sent(ana, bento)

    points = program.get("account/balance/").json()

    assert points[-1] == {"on": f"{timezone.localdate()}", "balance_minutes": 570}


def test_where_hours_come_from_by_the_names_she_may_see(program, ana, bento):
    came = pay(bento.account, ana.account, 20)
    pay(ana.account, bento.account, 5)

    told = program.get("account/hours/").json()

    assert sum(lot["amount_minutes"] for lot in told["lots"]) == 615
    steps = [step for lot in told["lots"] for step in lot["steps"]]
    from_bento = next(step for step in steps if step["transfer"] == came.public_id)
    assert from_bento["payer"] == {"is_me": False, "is_fund": False, "name": "Bento Lima"}
    assert from_bento["payee"] == {"is_me": True, "is_fund": False, "name": ""}
    handed = {name: from_bento[name] for name in ("amount_minutes", "kind", "is_first", "is_split", "is_joined")}
    assert handed == {
        "amount_minutes": 20,
        "kind": "help",
        "is_first": False,
        "is_split": True,
        "is_joined": False,
    }


def test_with_what_kind_of_help_is_told_to_its_two_people_alone(program, ana, bento):
    clara = make_member(minutes=60)
    others = pay(clara.account, bento.account, 60, category="plumbing")
    hers = pay(bento.account, ana.account, 100, category="gardening")

    told = program.get("account/hours/").json()["lots"]

    of_both = [[(step["transfer"], step["category"]) for step in lot["steps"]] for lot in told]
    assert [(hers.public_id, "gardening"), (None, None), (None, None)] in of_both
    assert others.public_id not in str(told)


def test_a_receipt_is_for_the_two(program, ana, bento):
    path = f"transfers/{sent(ana, bento).public_id}/receipt/"

    assert program.get(path).content.startswith(b"%PDF")
    assert Program(bento).get(path).status_code == 200
    assert problem(Program(make_member()).get(path)) == (404, "not_found")


def test_qr_codes_say_their_addresses(program, ana, bento):
    asked = ask_for_hours(asker=bento, amount_minutes=15, nonce="shown-as-a-picture")

    def said(path: str) -> str:
        response = program.get(path)
        assert response["Content-Type"] == "image/png"
        return zxingcpp.read_barcode(Image.open(io.BytesIO(response.content))).text

    assert said(f"payment-requests/{asked.txid}/qr/") == asked.address
    assert said("me/qr/") == program.get("me/").json()["pay_me_address"]


def test_the_picture_of_a_code_asked_of_another_is_not_there(ana, bento):
    asked = ask_for_hours(asker=bento, amount_minutes=15, nonce="of-one-only", asked_of=ana)

    assert problem(Program(make_member()).get(f"payment-requests/{asked.txid}/qr/")) == (404, "no_such_code")


def test_the_books_of_the_community_show_nobody(program, ana, bento):
    sent(ana, bento)

    figures = program.get("community/").json()
    assert (figures["sum_minutes"], figures["in_circulation_minutes"]) == (0, 660)
    lines = program.get("community/entries/").json()["results"]
    assert [line["amount_minutes"] for line in lines] == [-60, -600]
    assert "Souza" not in json.dumps([figures, lines])


def test_how_many_are_unread(ana, bento):
    sent(ana, bento)
    program = Program(bento)

    before = program.get("notifications/unread/").json()
    Person(bento).post("notifications/read/")

    assert before["unread"] == 2  # of the fund, and of a neighbour
    assert program.get("notifications/unread/").json() == {"unread": 0, "seq": before["seq"]}
