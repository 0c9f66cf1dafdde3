"""Taking the statement along: a spreadsheet, JSON, paper, and journals for hledger and Beancount."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
from datetime import timedelta

import pypdfium2
import pytest
from beancount import loader
from beancount.core import realization
from beancount.parser import printer
from django.utils import timezone

from accounts.operations import grant
from ledger import exports, queries
from ledger.models import Note
from ledger.operations import pay_at_once
from timebank import clock

from ..factories import balance, make_coordinator, make_member
from .moving import send
from .reading import words

pytestmark = pytest.mark.django_db

ENDINGS = ("csv", "json", "pdf", "journal", "beancount")


@pytest.fixture
def ana(client):
    member = make_member(name="Ana Souza", minutes=600)
    client.force_login(member)
    return member


@pytest.fixture
def bento():
    return make_member(name='=Bento "José"; Lima', minutes=600)


@pytest.fixture
def a_lively_month(ana, bento):
    send(ana, bento, 90, note='Curtains; "at last" | \\ a:b')
    send(bento, ana, 30, kind="gift", note="two\nlines  = 5")
    pay_at_once(
        payer=ana.account, payee=bento.account, amount_minutes=20, kind="help", key="x", actor=ana, category="cooking-lessons"
    )  # fmt: skip
    with clock.ahead_by(timedelta(days=40)):
        send(bento, ana, 45, note="−1 h, praça")
        send(ana, bento, 15, note="* (bread)")


def taken(client, ending, query=""):
    answer = client.get(f"/wallet/statement.{ending}{query}")
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    assert answer["Cache-Control"] == "no-store"
    assert answer.streaming
    return b"".join(answer.streaming_content)


def rows(client, query="", delimiter=","):
    text = taken(client, "csv", query).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def test_a_spreadsheet_has_what_the_statement_shows_oldest_first(client, ana, bento, a_lively_month):
    titles, *lines = rows(client)

    assert titles[3:8] == ["Minutes", "Balance (minutes)", "With", "Kind", "Category"]
    assert [(line[0], line[3], line[4]) for line in lines] == [
        ("1", "600", "600"), ("2", "-90", "510"), ("3", "30", "540"), ("4", "-20", "520"), ("5", "45", "565"), ("6", "-15", "550"),
    ]  # fmt: skip
    assert [lines[0][5], lines[0][6]] == ["Community fund", "Hours from the community fund"]
    assert lines[3][7] == "Learning to cook"
    assert lines[2][8] == "two\nlines  = 5"


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_with_words_begins_a_formula(client, ana, begin):
    cell = exports.FILES["csv"].write(None, [line_with_note(f"{begin}cmd|'/c calc'!A1")])
    row = list(csv.reader(io.StringIO("".join(cell), newline="")))[1]
    assert row[8] == f"'{begin}cmd|'/c calc'!A1"
    assert row[3] == "-5"  # a number stays one


def line_with_note(note):
    ana, bento = make_member(minutes=60), make_member()
    send(ana, bento, 5)
    (line, _first) = queries.statement(ana.account, limit=2).entries
    return type(line)(**{field: getattr(line, field) for field in line.__slots__} | {"note": note})


def test_a_name_that_begins_a_formula_is_quoted_too(client, ana, bento, a_lively_month):
    assert rows(client)[2][5] == '\'=Bento "José"; Lima'


def test_a_spreadsheet_speaks_the_members_language_and_has_its_separator(client, bento):
    ana = make_member(minutes=60, language="pt-br")
    client.force_login(ana)
    send(ana, bento, 10)

    titles, _first, line = rows(client, delimiter=";")

    assert titles[3] == "Minutos"
    assert line[6] == "Ajuda"


def test_json_is_for_programs_whatever_the_language(client, ana, bento, a_lively_month):
    found = json.loads(taken(client, "json", "?person=bento&show=out"))

    assert found["unit"] == "minutes"
    assert found["chosen"] == {"show": "out", "person": "bento"}
    assert [line["amount_minutes"] for line in found["lines"]] == [-90, -20, -15]
    assert found["lines"][1] | {"at": "", "number": ""} == {
        "line": 4,
        "at": "",
        "amount_minutes": -20,
        "balance_after_minutes": 520,
        "kind": "help",
        "category": "cooking-lessons",
        "category_name": "Learning to cook",
        "with": '=Bento "José"; Lima',
        "message": None,
        "number": "",
    }
    assert json.loads(taken(client, "json", "?q=nothing"))["lines"] == []


def read_by_beancount(text):
    found, errors, _options = loader.load_string(text)
    assert errors == [], printer.format_errors(errors)
    accounts = realization.realize(found)
    position = realization.get(accounts, "Assets:Timebank")
    return int(position.balance.get_currency_units("MIN").number) if position is not None else None


def read_by_hledger(text, *arguments):
    command = ["hledger", "-f", "-", "--strict", *arguments]
    run = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_beancount_reads_the_ledger_and_comes_to_our_balance(client, ana, bento, a_lively_month):
    text = taken(client, "beancount").decode()
    assert read_by_beancount(text) == balance(ana) == 550
    assert "Expenses:Help:Cooking-lessons  20 MIN" in text


@pytest.mark.needs("hledger")
def test_hledger_reads_the_journal_and_comes_to_our_balance(client, ana, bento, a_lively_month):
    text = taken(client, "journal").decode()
    assert "550 MIN" in read_by_hledger(text, "balance", "assets:timebank", "--flat")
    assert '| Curtains, "at last" / \\ a:b' in read_by_hledger(text, "print")


@pytest.mark.parametrize("query", ["", "?show=out", "?q=bread", "?kind=gift", "?period=month", "?person=fund"])
def test_a_part_of_the_statement_still_comes_to_the_balance_after_its_last_line(
    client, ana, bento, a_lively_month, query
):
    with clock.ahead_by(timedelta(days=40)):
        lines = json.loads(taken(client, "json", query))["lines"]
        assert read_by_beancount(taken(client, "beancount", query).decode()) == lines[-1]["balance_after_minutes"]
        if shutil.which("hledger"):
            read_by_hledger(taken(client, "journal", query).decode(), "check")


def test_a_journal_of_nothing_is_sound(client, ana):
    assert read_by_beancount(taken(client, "beancount", "?q=nothing").decode()) is None
    assert "MIN" in taken(client, "journal", "?q=nothing").decode()


def test_paper_has_portuguese_letters_and_the_minus_sign(client, bento, a_lively_month):
    ana = make_member(minutes=60, language="pt-br", name="Ângela Conceição")
    client.force_login(ana)
    send(ana, bento, 10, note="Pão de queijo à moda da vovó")

    paper = taken(client, "pdf")

    assert paper.startswith(b"%PDF-")
    assert b"/ToUnicode" in paper
    assert b"AtkinsonHyperlegibleNext" in paper.replace(b" ", b"")


def test_what_it_was_for_is_what_the_pages_say(client, ana, bento, a_lively_month):
    grant(ana.account, amount_minutes=30, reason="A new roof", by=make_coordinator(), key="more")
    Note.objects.filter(text="A new roof").update(text="", salt="", erased_at=clock.now())

    text = taken(client, "journal").decode()
    [page] = on_paper(client)

    for said in ("Starting hours", "Hours from the community fund", "two lines = 5", "Help"):
        assert f"| {said}\n" in text
        assert sum(f" {said} · " in line for line in page) == 1
    assert "Gift" not in text


def on_paper(client, query=""):
    """The words of each page, line by line."""
    paper = pypdfium2.PdfDocument(taken(client, "pdf", query))
    return [page.get_textpage().get_text_bounded().splitlines() for page in paper]


def days_from_now(days):
    day = timezone.localtime(clock.now() + timedelta(days=days)).date()
    return day, f"{day.day} {day:%B %Y}"


def test_paper_says_with_what_balance_the_statement_begins_and_ends(client, ana, bento, a_lively_month):
    _first, opened = days_from_now(0)
    with clock.ahead_by(timedelta(days=40)):
        [page] = on_paper(client)
    _last, today = days_from_now(40)

    assert f"Opening balance on {opened}, when the account was opened: 0 min" in page
    assert f"Closing balance on {today}: 9 h 10 min" in page
    assert not any("not only of the lines" in line for line in page)


@pytest.mark.parametrize(
    ("since", "until", "opening", "closing"),
    [
        (1, None, 520, 550),
        (1, 39, 520, 520),
        (0, 0, 0, 520),
        (40, 40, 520, 550),
        (-9, -2, 0, 0),
        (41, 90, 550, 550),
        (None, 20, 0, 520),
    ],
)
def test_balances_at_both_ends_are_of_the_period_and_of_everything_in_it(
    client, ana, bento, a_lively_month, since, until, opening, closing
):
    ends = {"from": since, "to": until}
    period = "&".join(f"{name}={days_from_now(days)[0]}" for name, days in ends.items() if days is not None)
    with clock.ahead_by(timedelta(days=40, minutes=1)):
        for more in ("", "&show=out&q=bread"):
            found = json.loads(taken(client, "json", f"?{period}{more}"))
            said = found["opening_balance_minutes"], found["closing_balance_minutes"]
            assert said == (opening, closing)
            moved = sum(line["amount_minutes"] for line in found["lines"])
            assert more or opening + moved == closing


def test_where_lines_were_chosen_the_balances_say_that_they_are_of_all(client, ana, bento, a_lively_month):
    [page] = on_paper(client, "?show=out")
    said = "Both are of all your hours, not only of the lines you chose."

    assert page[page.index(said) - 1].startswith("Closing balance on")
    for ending in ("journal", "beancount"):
        assert f"; {said}\n" in taken(client, ending, "?show=out").decode()
        assert said not in taken(client, ending).decode()


def test_what_moves_while_a_file_is_written_is_not_in_it(client, ana, bento):
    send(ana, bento, 60)
    answer = client.get("/wallet/statement.json")
    send(ana, bento, 30)

    found = json.loads(b"".join(answer.streaming_content))

    assert [line["balance_after_minutes"] for line in found["lines"]] == [600, 540]
    assert found["closing_balance_minutes"] == 540


def test_columns_are_named_again_on_top_of_each_page(client, bento):
    ana = make_member(minutes=600, language="pt-br")
    client.force_login(ana)
    for minutes in range(1, 101):
        send(ana, bento, 1, note=f"Linha {minutes}")
    heads = "Data Para quê, com quem Entrada ou saída Saldo"

    pages = on_paper(client)

    assert len(pages) == 3
    assert [page.count(heads) for page in pages] == [1, 1, 1]
    assert [page[0] for page in pages[1:]] == [heads, heads]
    assert sum("Linha " in line for page in pages for line in page) == 100


def test_more_lines_than_paper_holds_are_refused_in_words(client, ana, bento, monkeypatch):
    monkeypatch.setitem(exports.FILES, "pdf", exports.File("application/pdf", exports.FILES["pdf"].write, 2))
    for minutes in (1, 2):
        send(ana, bento, minutes)

    answer = client.get("/wallet/statement.pdf?show=", follow=True)

    assert answer.redirect_chain == [("/wallet/?", 302)]
    assert "A PDF holds up to 2 lines." in words(answer)
    assert taken(client, "pdf", "?show=out").startswith(b"%PDF-")


def test_a_long_statement_is_read_some_lines_at_a_time(ana, bento, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(queries, "LINES_AT_A_TIME", 4)
    for minutes in range(1, 11):
        send(ana, bento, minutes)
    account = ana.account

    with django_assert_num_queries(4) as asked:
        seen = [line.amount_minutes for line in queries.whole_statement(account)]

    assert seen == [600, *range(-1, -11, -1)]
    assert not any("OFFSET" in query["sql"] for query in asked.captured_queries)
    assert [line.seq for line in queries.whole_statement(account, limit=5)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_cannot_be_chosen_leads_to_the_page_that_says_why(client, ana, ending):
    answer = client.get(f"/wallet/statement.{ending}?from=banana&q=bread")
    assert answer.status_code == 302
    assert answer["Location"] == "/wallet/?from=banana&q=bread"


def test_another_kind_of_file_is_not_there_nor_one_for_who_has_no_account(client, ana):
    assert client.get("/wallet/statement.xls").status_code == 404
    client.force_login(make_member(state="applied"))
    assert client.get("/wallet/statement.csv").status_code == 404


def test_files_are_limited_by_the_hour(client, ana, settings):
    settings.STATEMENT_FILE_RATE_LIMIT = "2/h/user"
    assert [client.get("/wallet/statement.csv").status_code for _ in range(3)] == [200, 200, 429]


def test_the_page_offers_files_of_what_is_chosen(client, ana):
    page = client.get("/wallet/?kind=grant&show=in").content.decode()
    assert re.findall(r'href="/wallet/statement\.(\w+)\?show=in&amp;kind=grant"', page) == [
        "pdf", "csv",  # in the menu on top
        "pdf", "csv", "json", "journal", "beancount",
    ]  # fmt: skip
