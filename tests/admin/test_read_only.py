"""The ledger is read-only in the admin, for superusers too: the words on the page and the POSTs behind it."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Member
from accounts.operations import send_hours
from ledger.admin import RECORD_KINDS
from ledger.models import Account, Entry, Hold, Record, Transfer
from ledger.operations import post
from notifications.models import Event, Letter
from notifications.operations import Words, write_letter
from tests.factories import make_coordinator, make_member, make_superuser
from timebank.durations import in_words
from timebank.jobs.models import Job

pytestmark = pytest.mark.django_db

LEDGER = (Account, Hold, Transfer, Entry, Record)
SECRET = "the words between the two of them"


def make_payment(number: int = 1) -> Hold:
    return pay(make_member(minutes=120), make_member(), number)


def pay(payer: Member, payee: Member, number: int = 1) -> Hold:
    hold = send_hours(
        sender=payer, recipient=payee, amount_minutes=60, kind="help", note=SECRET, nonce=f"n-{number}-{payer.pk}"
    )
    post(hold)
    return hold


def address(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.mark.parametrize("model", LEDGER, ids=lambda model: model.__name__)
def test_nobody_adds_changes_or_deletes_a_ledger_row(signed_in, model):
    make_payment()
    browser = signed_in(make_superuser())
    row = model.objects.order_by("pk").last()
    before = model.objects.filter(pk=row.pk).values().get()

    assert browser.get(address(model, "changelist")).status_code == 200
    assert browser.get(address(model, "change", row.pk)).status_code == 200
    refused = [
        browser.get(address(model, "add")),
        browser.post(address(model, "add"), {"amount_minutes": 5}),
        browser.post(address(model, "change", row.pk), {"amount_minutes": 5, "balance_minutes": 99, "body": "{}"}),
        browser.get(address(model, "delete", row.pk)),
        browser.post(address(model, "delete", row.pk), {"post": "yes"}),
    ]
    assert [answer.status_code for answer in refused] == [403] * 5
    browser.post(
        address(model, "changelist"), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    )

    assert model.objects.filter(pk=row.pk).values().get() == before


@pytest.mark.parametrize("model", [*LEDGER, Job, Event], ids=lambda model: model.__name__)
def test_no_one_may_delete_many_at_once(rf, model):
    request = rf.get("/")
    request.user = make_superuser()
    model_admin = admin.site._registry[model]
    assert "delete_selected" not in model_admin.get_actions(request)


def test_words_between_members_are_nowhere(signed_in):
    hold = make_payment()
    browser = signed_in(make_superuser())
    pages = [address(model, "changelist") for model in (*LEDGER, Event, Letter)]
    pages += [address(Hold, "change", hold.pk), address(Transfer, "change", hold.transfer.pk)]
    pages += [address(Record, "change", record.pk) for record in Record.objects.all()]
    for page in pages:
        assert SECRET not in browser.get(page).content.decode(), page


def test_a_letter_shows_when_and_to_whom_but_never_its_words(signed_in):
    letter = write_letter("rosa@example.org", Words("A private subject", "A private text"))
    browser = signed_in(make_coordinator())
    page = browser.get(address(Letter, "changelist")).content.decode()
    assert "rosa@example.org" in page
    assert "private" not in page
    assert browser.get(address(Letter, "change", letter.pk)).status_code == 403


# session, member, her second step, the rows; of members also their roles, of jobs which queues there are
QUERIES = dict.fromkeys((Account, Hold, Transfer, Entry, Record, Event, Letter), 4) | {Member: 5, Job: 5}


def test_each_list_takes_its_number_of_queries_at_one_three_and_fifty_rows(signed_in):
    browser = signed_in(make_superuser())
    for model in QUERIES:
        browser.get(address(model, "changelist"))  # content types and the like are read once
    for rows, more in ((1, 1), (3, 2), (50, 47)):
        for number in range(more):
            make_payment(number)
            write_letter(f"{number}@example.org", Words("A subject", "A text"))
        assert {model: queries_of_list(browser, model) for model in QUERIES} == QUERIES, rows


def queries_of_list(browser: Client, model: type[Model]) -> int:
    with CaptureQueriesContext(connection) as asked:
        page = browser.get(address(model, "changelist"))
    assert page.context["cl"].result_list
    table = model._meta.db_table
    assert not [query for query in asked if f'COUNT(*) AS "__count" FROM "{table}"' in query["sql"]]
    return len(asked)


def test_codes_are_said_in_words(signed_in):
    make_payment()
    browser = signed_in(make_superuser())
    records = browser.get(address(Record, "changelist"), {"kind": "transfer"})
    assert {record.kind for record in records.context["cl"].result_list} == {"transfer"}
    events = browser.get(address(Event, "changelist"), {"type": "hours-arrived"}).content.decode()
    assert "hours arrived" in events
    assert not Record.objects.exclude(kind__in=RECORD_KINDS).exists()


def test_a_payment_is_called_by_its_amount(signed_in):
    transfer = make_payment().transfer
    page = signed_in(make_coordinator()).get(address(Transfer, "change", transfer.pk)).content.decode()
    assert f"{in_words(transfer.amount_minutes)} · {transfer.public_id}" in page


@pytest.mark.parametrize("model", [Account, Hold, Transfer, Entry])
def test_rows_of_the_ledger_are_found_by_the_names_of_their_people(signed_in, model):
    ana, ze = make_member(name="Ana Souza", minutes=60), make_member(name="José Zeferino")
    pay(ana, ze)
    browser = signed_in(make_coordinator())

    def found(words):
        page = browser.get(address(model, "changelist"), {"q": words})
        assert 'placeholder="Name, e-mail or number"' in page.content.decode()
        return len(page.context["cl"].result_list)

    assert [found(words) for words in ("José", "jose", "zeferino jose", ze.email)] == [1, 1, 1, 1]
    assert found("nobody of this name") == 0


def test_who_pays_and_who_is_paid_lead_to_their_accounts(signed_in):
    ana, bento = make_member(minutes=60), make_member()
    pay(ana, bento)
    page = signed_in(make_coordinator()).get(address(Transfer, "changelist")).content.decode()
    for person in (ana, bento):
        assert f'href="{address(Account, "change", person.account.pk)}">{person}</a>' in page


@pytest.mark.parametrize("model", [Member, Transfer], ids=lambda model: model.__name__)
def test_no_list_says_how_many_rows_there_are_for_nobody_counts_them(signed_in, model):
    make_payment()
    page = signed_in(make_superuser()).get(address(model, "changelist"))
    assert page.context["cl"].result_list
    assert b"99999" not in page.content
