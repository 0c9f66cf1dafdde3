"""Each invariant broken on purpose, past the triggers, and found by name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from ledger import check, operations, triggers
from ledger.log import seal_records
from ledger.models import Account, Hold
from timebank import clock
from timebank.jobs.models import Job

from .stories import accept, neighbours, pay

pytestmark = [pytest.mark.django_db, pytest.mark.broken_books]

HELP = "(SELECT id FROM ledger_transfer WHERE kind = 'help')"
REVERSED = (
    "INSERT INTO ledger_transfer (public_id, kind, payer_id, payee_id, amount_minutes, posted_at, category, reverses_id)"
    " SELECT 'x', 'reversal', {}, amount_minutes, posted_at, '', id FROM ledger_transfer WHERE kind = 'help'"
)
HELD = "(SELECT id FROM ledger_hold WHERE state = 'held')"
ANA = "(SELECT payer_id FROM ledger_hold WHERE state = 'held')"
JOINING = '{{"account":"{account}","at":"2026-11-22T08:15:00.000000Z","kind":"joining","nonce":"' + "0" * 32 + '"}}'


@pytest.fixture(autouse=True)
def books() -> Iterator[None]:
    """Sound books, and no trigger in the way of breaking them."""
    ana, bento = neighbours(120, 0)
    pay(ana, bento, 20, note="Thank you")
    operations.void(accept(ana, bento, 20, due=False), actor=ana.owner)
    accept(ana, bento, 30, due=False)
    seal_records()
    connection.check_constraints()  # done with what PostgreSQL would check at the commit
    assert check.faults() == []
    triggers.remove()
    yield


def execute(sql: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        assert cursor.rowcount >= 1


# What is done to the books, and the invariants that no longer hold.
TAMPERINGS = {
    "a balance raised": (f"UPDATE ledger_account SET balance_minutes = balance_minutes + 1 WHERE id = {ANA}", "I1 I3 I6 I14"),
    "a balance moved without a transfer": (
        (f"UPDATE ledger_account SET balance_minutes = balance_minutes + CASE WHEN id = {ANA} THEN 5 ELSE -5 END"
        f" WHERE id = {ANA} OR kind = 'fund'"),
        "I3 I6 I7 I14",
    ),
    "a transfer's amount raised": (
        f"UPDATE ledger_transfer SET amount_minutes = amount_minutes + 1 WHERE id = {HELP}",
        "I2 I10 I11 I14",
    ),
    "a transfer dated back": (
        f"UPDATE ledger_transfer SET posted_at = '2020-01-01 00:00:00+00' WHERE id = {HELP}",
        "I11",
    ),
    "a credit limit raised": (
        f"UPDATE ledger_account SET credit_limit_minutes = 999, floor_minutes = -999 WHERE id = {ANA}",
        "I4",
    ),
    "a transfer's kind changed": (f"UPDATE ledger_transfer SET kind = 'gift' WHERE id = {HELP}", "I11 I14"),
    "a transfer's parties exchanged": (
        f"UPDATE ledger_transfer SET payer_id = payee_id, payee_id = payer_id WHERE id = {HELP}",
        "I2 I9 I10 I11 I14",
    ),
    "a line's amount raised": (
        f"UPDATE ledger_entry SET amount_minutes = amount_minutes + 1 WHERE transfer_id = {HELP}",
        "I2 I3 I14",
    ),
    "a line's balance changed": (
        f"UPDATE ledger_entry SET balance_after_minutes = 7 WHERE transfer_id = {HELP} AND amount_minutes > 0",
        "I3 I14",
    ),
    "a line taken away": (f"DELETE FROM ledger_entry WHERE transfer_id = {HELP} AND amount_minutes > 0", "I2 I3 I14"),
    "a line given to another": (
        ("UPDATE ledger_entry SET account_id = (SELECT id FROM ledger_account WHERE kind = 'fund'), seq = 2"
        f" WHERE transfer_id = {HELP} AND amount_minutes > 0"),
        "I2 I3 I14",
    ),
    "a line's number changed": (
        f"UPDATE ledger_entry SET seq = 9 WHERE transfer_id = {HELP} AND amount_minutes < 0",
        "I3 I14",
    ),
    "lines counted wrong": (f"UPDATE ledger_account SET last_seq = last_seq + 1 WHERE id = {ANA}", "I3 I14"),
    "a floor raised": (
        f"UPDATE ledger_account SET credit_limit_minutes = 50, floor_minutes = -10 WHERE id = {ANA}",
        "I4",
    ),
    "a floor lowered": (f"UPDATE ledger_account SET floor_minutes = -10 WHERE id = {ANA}", "I4"),
    "held minutes forgotten": (f"UPDATE ledger_account SET held_minutes = 0 WHERE id = {ANA}", "I5"),
    "a hold's amount raised": (
        f"UPDATE ledger_hold SET amount_minutes = amount_minutes + 1 WHERE id = {HELD}",
        "I5",
    ),
    "a hold posted without a transfer": (
        f"UPDATE ledger_hold SET state = 'posted', resolved_at = created_at WHERE id = {HELD}",
        "I5 I11",
    ),
    "a posted hold given back": (("UPDATE ledger_hold SET state = 'voided' WHERE id IN (SELECT hold_id FROM"
        " ledger_transfer WHERE kind = 'help')"), "I11 I13"),
    "a posted hold held again": (("UPDATE ledger_hold SET state = 'held', resolved_at = NULL WHERE id IN (SELECT hold_id"
        " FROM ledger_transfer WHERE kind = 'help')"), "I5 I11"),
    "a record changed": (
        ("UPDATE ledger_record SET body = replace(body, '\"amount_minutes\":20', '\"amount_minutes\":10')"
        " WHERE kind = 'transfer'"),
        "I13",
    ),
    "a leaf's number changed": (
        "UPDATE ledger_leaf SET number = number + 10 WHERE number IN (SELECT max(number) FROM ledger_leaf)",
        "I13",
    ),
    "a leaf's hash changed": ("UPDATE ledger_leaf SET hash = 'f' WHERE number = 2", "I13"),
    "a leaf taken away": ("DELETE FROM ledger_leaf WHERE number = 2", "I13"),
    "a name in a record": (
        "UPDATE ledger_record SET body = replace(body, '\"for\":\"help\"', '\"for\":\"Ana Souza\"') WHERE kind = 'hold'",
        "I13 I15",
    ),
    "a lot's minutes raised": (
        "UPDATE ledger_lot SET amount_minutes = amount_minutes + 1 WHERE spent_in_id IS NULL AND owner_id = " + ANA,
        "I6 I7 I8 I10 I14",
    ),
    "minutes moved from one lot to another owner's": (
        (f"UPDATE ledger_lot SET amount_minutes = amount_minutes + CASE WHEN owner_id = {ANA} THEN -1 ELSE 1 END"
        " WHERE spent_in_id IS NULL"),
        "I6 I10 I14",
    ),
    "a lot given to another": (
        (f"UPDATE ledger_lot SET owner_id = {ANA}, expires_at = '2020-01-01 00:00:00'"
        f" WHERE spent_in_id IS NULL AND owner_id <> {ANA}"),
        "I6 I10 I14",
    ),
    "a lot spent and forgotten": (
        f"UPDATE ledger_lot SET spent_in_id = born_in_id, how = 'passed_on' WHERE spent_in_id IS NULL AND owner_id = {ANA}",
        "I6 I7 I8 I9 I14",
    ),
    "a lot said to be redeemed": ("UPDATE ledger_lot SET how = 'redeemed' WHERE how = 'passed_on'", "I8 I9 I10 I14"),
    "a lot taken away": ("DELETE FROM ledger_lot WHERE how = 'passed_on'", "I10 I14"),
    "an expiry put off": (
        f"UPDATE ledger_lot SET expires_at = '2090-01-01 00:00:00' WHERE spent_in_id IS NULL AND owner_id = {ANA}",
        "I14",
    ),
    "a mint's minutes raised": ("UPDATE ledger_mint SET amount_minutes = amount_minutes + 1", "I8 I10 I14"),
    "a mint's issuer changed": (f"UPDATE ledger_mint SET issuer_id = {ANA}", "I14"),
    "a mint's reason changed": ("UPDATE ledger_mint SET reason = 'credit'", "I14"),
    "a reversal the wrong way round": (REVERSED.format("payer_id, payee_id"), "I2 I10 I12 I13 I14"),
    "an address in a key": ("UPDATE ledger_hold SET \"key\" = 'send:ana@example.org' WHERE state = 'held'", "I15"),
    "a name in what comes then": (
        'UPDATE ledger_hold SET "then" = \'{"job": "x", "args": ["Ana"]}\' WHERE state = \'held\'',
        "I15",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERINGS)
def test_each_tampering_is_found(name: str) -> None:
    sql, invariants = TAMPERINGS[name]

    execute(sql)

    assert [fault.invariant for fault in check.faults()] == invariants.split()


def test_a_balance_below_the_floor_is_found() -> None:
    """No statement gets there past the constraint; a bad disk or a hand in the file would."""
    if connection.vendor == "sqlite":
        execute_unchecked("PRAGMA ignore_check_constraints = ON")
    else:
        execute_unchecked("ALTER TABLE ledger_account DROP CONSTRAINT account_above_floor")
    try:
        execute(f"UPDATE ledger_account SET held_minutes = 1000 WHERE id = {ANA}")
        assert [fault.invariant for fault in check.faults()] == ["I4", "I5"]
        execute(f"UPDATE ledger_account SET held_minutes = 30 WHERE id = {ANA}")
    finally:
        if connection.vendor == "sqlite":
            execute_unchecked("PRAGMA ignore_check_constraints = OFF")


def execute_unchecked(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_a_hold_posted_twice_is_found() -> None:
    if connection.vendor == "sqlite":
        return  # the unique key cannot be put aside there
    execute_unchecked("ALTER TABLE ledger_transfer DROP CONSTRAINT ledger_transfer_hold_id_key")
    columns = "kind, payer_id, payee_id, amount_minutes, hold_id, posted_at, category"
    execute(
        f"INSERT INTO ledger_transfer (public_id, {columns}) SELECT 'x', {columns} FROM ledger_transfer WHERE kind = 'help'"
    )

    assert [fault.invariant for fault in check.faults()] == ["I2", "I10", "I11", "I13", "I14"]


def test_a_due_hold_that_nobody_posts_is_found() -> None:
    ana, bento = Account.objects.filter(kind="member").order_by("pk")
    hold = accept(ana, bento, 10)

    assert check.faults() == []
    with clock.ahead_by(timedelta(minutes=16)):
        (fault,) = check.faults()

    assert (fault.invariant, fault.row) == ("I11", f"ledger_hold {hold.pk}")


@pytest.mark.parametrize("args", [["ana@example.org"], ["Ana"], [{"name": 1}], [[7, "Ana"]]])
def test_a_person_in_a_jobs_arguments_is_found(args: list[Any]) -> None:
    job = Job.objects.create(name="x", queue="audit", args=args, created_at=clock.now(), not_before=clock.now())

    assert [(fault.invariant, fault.row) for fault in check.faults()] == [("I15", f"jobs_job {job.pk}")]


def test_an_address_in_a_jobs_error_is_found() -> None:
    now = clock.now()
    Job.objects.create(
        name="x", queue="audit", args=[1], created_at=now, not_before=now, last_error="no such user: ana@example.org"
    )

    assert [fault.invariant for fault in check.faults()] == ["I15"]


def test_the_command_names_the_first_bad_row_of_each_invariant() -> None:
    execute(f"UPDATE ledger_account SET balance_minutes = balance_minutes + 1 WHERE id = {ANA}")
    triggers.install()
    ana = Hold.objects.get(state="held").payer_id

    with pytest.raises(CommandError) as refused:
        call_command("check_ledger")

    assert refused.value.returncode == 1
    assert str(refused.value).splitlines() == [
        "The books are not sound.",
        "I1 ledger_account: all 1: the sum of all balances is not zero",
        f"I3 ledger_account {ana}: an account whose balance or number of lines is not that of its statement",
        f"I6 ledger_account {ana}: an account whose open lots do not add up to what it has",
        f"I14 ledger_account {ana}: its balance or number of lines is not what follows from all transfers",
    ]


def test_the_command_says_that_sound_books_are_sound(capsys: pytest.CaptureFixture[str]) -> None:
    triggers.install()

    call_command("check_ledger")

    assert capsys.readouterr().out == "The books are sound.\n"
