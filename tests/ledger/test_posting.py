"""What was set aside arrives: once, for everybody, whatever one hold brings up."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.db import connection

from ledger import operations
from ledger.models import Account, Entry, Hold, Kind, Transfer
from ledger.operations import posting
from notifications.models import Event
from tests.factories import make_member
from timebank import clock
from timebank.jobs.registry import job_functions

from .stories import accept, available, balance, neighbours, pay, steward

pytestmark = pytest.mark.django_db

DATA_OF_20_MIN = {"amount_minutes": 20, "kind": "help"}


def test_a_due_hold_arrives_and_both_statements_say_so() -> None:
    ana, bento = neighbours(60, 0)
    hold = accept(ana, bento, 20)

    assert operations.post_due_holds() == 1

    assert (balance(ana), available(ana), balance(bento)) == (40, 40, 20)
    lines = Entry.objects.filter(transfer__hold=hold).order_by("amount_minutes")
    assert list(lines.values_list("account", "seq", "amount_minutes", "balance_after_minutes")) == [
        (ana.pk, 2, -20, 40),
        (bento.pk, 1, 20, 20),
    ]
    hold.refresh_from_db()
    assert hold.state == "posted"
    assert hold.resolved_at == hold.transfer.posted_at


def test_posting_again_changes_nothing() -> None:
    ana, bento = neighbours(60, 0)
    hold = accept(ana, bento, 20)

    first, second = operations.post(hold), operations.post(hold)

    assert first == second
    assert (operations.post_due_holds(), balance(bento), Transfer.objects.filter(hold=hold).count()) == (0, 20, 1)


def test_a_hold_that_is_not_due_waits() -> None:
    ana, bento = neighbours(60, 0)
    accept(ana, bento, 20, due=False)

    assert operations.post_due_holds() == 0
    assert balance(bento) == 0


def test_both_are_told_and_the_words_stay_out_of_it() -> None:
    ana, bento = neighbours(60, 0)
    before = Event.objects.count()

    transfer = pay(ana, bento, 20, note="Thank you")

    data = {"transfer": transfer.public_id, **DATA_OF_20_MIN}
    told = Event.objects.order_by("pk")[before:]
    assert [(e.member_id, e.type, e.about_id, e.data, e.in_inbox, e.by_mail) for e in told] == [
        (bento.owner_id, "hours-arrived", ana.owner_id, data, True, True),
        (ana.owner_id, "hours-delivered", bento.owner_id, data, False, False),
    ]


def test_the_steward_is_told_nothing_and_is_nobody() -> None:
    ana = make_member(minutes=240)
    pay(ana.account, operations.fund(), 20, kind=Kind.GIFT)

    told = Event.objects.order_by("pk").values_list("member", "type", "about", "in_inbox", "by_mail")
    assert list(told) == [
        (ana.pk, "hours-granted", None, True, False),
        (ana.pk, "hours-delivered", None, False, False),
    ]
    assert not Event.objects.filter(member=steward()).exists()


def test_a_backlog_is_posted_in_batches_that_leave_every_line_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "MOST_PER_COMMIT", 4)
    ana, bento, clara = neighbours(100, 100, 0)
    pairs = [(ana, bento), (bento, clara), (bento, ana), (ana, clara)]
    for number in range(10):
        payer, payee = pairs[number % len(pairs)]
        accept(payer, payee, number + 1)

    assert operations.post_due_holds() == 10

    assert (balance(ana), balance(bento), balance(clara)) == (100 - 27 + 10, 100 - 28 + 15, 30)


def test_a_poisoned_hold_harms_no_other_and_raises_an_alarm(caplog: pytest.LogCaptureFixture) -> None:
    ana, bento = neighbours(100, 0)
    letter = {"job": "notifications.tasks.send_letter", "args": [7]}
    for number in range(9):
        accept(ana, bento, 10, then=letter if number == 4 else None)
    poisoned = Hold.objects.exclude(then=None).get()
    forgotten = job_functions.pop("notifications.tasks.send_letter")
    try:
        with caplog.at_level(logging.ERROR, "timebank.ledger"):
            assert operations.post_due_holds() == 8
        poisoned.refresh_from_db()
        assert (poisoned.state, poisoned.tries, balance(bento)) == ("held", 1, 80)
        assert f"hold {poisoned.pk} cannot be posted (KeyError)" in caplog.text
        assert operations.post_due_holds() == 0  # not yet

        tries = []
        for _ in range(9):
            with clock.ahead_by(poisoned.try_at - clock.now() + timedelta(seconds=1)):
                operations.post_due_holds()
                poisoned.refresh_from_db()
                tries.append(round((poisoned.try_at - clock.now()).total_seconds()))
        assert tries == [10, 20, 40, 80, 160, 320, 600, 600, 600]
    finally:
        job_functions[forgotten.name] = forgotten
    with clock.ahead_by(timedelta(hours=1)):
        assert operations.post_due_holds() == 1
    assert balance(bento) == 90


def test_a_hold_of_a_busy_account_is_posted_whoever_else_is_posted_with_it(caplog: pytest.LogCaptureFixture) -> None:
    """One account many times in one batch, in both roles: the accounts are moved once, the lines one by one."""
    ana, bento = neighbours(60, 60)
    for minutes in (1, 59):
        accept(ana, bento, minutes)
    for minutes in (2, 58):
        accept(bento, ana, minutes)

    assert operations.post_due_holds() == 4
    assert not caplog.records  # all in one batch: none was halved
    assert (balance(ana), balance(bento)) == (60, 60)
    lines = Entry.objects.filter(account=ana).order_by("seq").values_list("amount_minutes", "balance_after_minutes")
    assert list(lines)[1:] == [(-1, 59), (-59, 0), (2, 2), (58, 60)]


def test_a_hold_that_was_put_off_waits_for_its_time_whatever_else_fails() -> None:
    ana, bento = neighbours(100, 0)
    letter = {"job": "notifications.tasks.send_letter", "args": [7]}
    holds = []
    for _ in range(2):
        holds.append(accept(ana, bento, 10, then=letter))
        forgotten = job_functions.pop("notifications.tasks.send_letter")
        try:
            operations.post_due_holds()
        finally:
            job_functions[forgotten.name] = forgotten

    assert [Hold.objects.get(pk=hold.pk).tries for hold in holds] == [1, 1]


@pytest.mark.sqlite_only
def test_a_payment_costs_the_same_in_a_town_that_has_grown_since_its_rows_were_counted() -> None:
    """SQLite plans by what ANALYZE counted once; a plan that is fine for fifty accounts walks through all of a thousand."""
    ana, bento = neighbours(600, 600)
    _grow(by=50)
    for _ in range(400):
        accept(ana, bento, 1)
    operations.post_due_holds()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")

    among_few = _steps_of_a_payment(ana, bento)
    _grow(by=200)
    among_many = _steps_of_a_payment(ana, bento)

    assert among_many < 1.2 * among_few


def _grow(*, by: int) -> None:
    for _ in range(by):
        make_member(minutes=60)


def _steps_of_a_payment(payer: Account, payee: Account) -> int:
    """How many steps the database's machine takes to accept and post five minutes, in tens."""
    tens = 0

    def ten_more() -> None:
        nonlocal tens
        tens += 1

    driver = connection.connection
    driver.set_progress_handler(ten_more, 10)
    try:
        accept(payer, payee, 5)
        operations.post_due_holds()
    finally:
        driver.set_progress_handler(None, 0)
    return tens
