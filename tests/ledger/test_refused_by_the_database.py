"""What the database refuses by itself, whoever asks: rules seen in one row, and changing what is written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from ledger import operations, triggers
from ledger.log import seal_records
from ledger.models import Account

from .stories import accept, balance, neighbours, pay

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def some_books() -> Iterator[list[Account]]:
    """Two members, with a payment posted, one given back and one on its way; the log numbered."""
    ana, bento = neighbours(120, 0)
    pay(ana, bento, 20, note="Thank you")
    operations.void(accept(ana, bento, 20, due=False), actor=ana.owner)
    accept(ana, bento, 30, due=False)
    seal_records()
    connection.check_constraints()  # done with what PostgreSQL would check at the commit
    yield [ana, bento]
    assert balance(bento) == 20


def execute(sql: str, *values: Any) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.rowcount


def is_refused(sql: str, *values: Any) -> str:
    with pytest.raises(DatabaseError) as refused:
        execute(sql, *values)
    return str(refused.value)


@pytest.mark.parametrize("table", ["transfer", "entry", "record", "leaf", "mint"])
def test_what_is_written_once_is_never_changed_or_deleted(table: str) -> None:
    column = {"transfer": "amount_minutes", "entry": "balance_after_minutes", "record": "kind", "leaf": "hash"}.get(
        table, "amount_minutes"
    )

    assert "never changed" in is_refused(f"UPDATE ledger_{table} SET {column} = {column}")
    assert "never deleted" in is_refused(f"DELETE FROM ledger_{table}")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite replaces rows")
@pytest.mark.parametrize("recursive", ["ON", "OFF"], ids=["by us", "by another program"])
@pytest.mark.parametrize("table", ["account", "hold", "transfer", "entry", "record", "leaf", "mint", "lot"])
def test_what_is_written_is_never_replaced(table: str, recursive: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA recursive_triggers = {recursive}")
        cursor.execute(f"SELECT * FROM ledger_{table} LIMIT 1")
        row = cursor.fetchone()
    said = is_refused(f"REPLACE INTO ledger_{table} VALUES ({', '.join(['%s'] * len(row))})", *row)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA recursive_triggers = ON")
    assert "never replaced" in said or (table == "hold" and "begins held" in said)


@pytest.mark.parametrize("table", ["account", "hold", "lot"])
def test_accounts_holds_and_lots_are_never_deleted(table: str) -> None:
    assert "never deleted" in is_refused(f"DELETE FROM ledger_{table}")


@pytest.mark.parametrize("table", ["account", "hold", "transfer", "entry", "record", "leaf", "mint", "lot"])
def test_no_table_of_the_books_is_emptied(table: str) -> None:
    if connection.vendor == "postgresql":
        assert "never emptied" in is_refused(f"TRUNCATE ledger_{table} CASCADE")
    else:
        is_refused(f"DELETE FROM ledger_{table}")  # SQLite knows no other way


@pytest.mark.parametrize(
    "change",
    [
        "amount_minutes = amount_minutes + 1",
        "payer_id = payee_id, payee_id = payer_id",
        "public_id = 'another'",
        "kind = 'gift'",
        "actor_id = actor_id + 1",
        "\"key\" = 'another'",
        "request_hash = 'another'",
        "\"then\" = '{}'",
        "created_at = '2020-01-01 00:00:00'",
        "category = 'another'",
        "reverses_id = (SELECT min(id) FROM ledger_transfer)",
        "expires_at = '2040-01-01 00:00:00'",
        "state = 'voided', resolved_at = created_at, frozen_until = '2040-01-01 00:00:00'",
    ],
)
def test_what_a_hold_says_never_changes(change: str) -> None:
    assert "only the state of a held hold changes" in is_refused(
        f"UPDATE ledger_hold SET {change} WHERE state = 'held'"
    )


@pytest.mark.parametrize(("before", "after"), [("posted", "held"), ("posted", "voided"), ("voided", "posted")])
def test_a_resolved_hold_stays_resolved(before: str, after: str) -> None:
    assert "only the state of a held hold changes" in is_refused(
        "UPDATE ledger_hold SET state = %s WHERE state = %s", after, before
    )


def test_a_held_hold_can_be_put_off_and_made_due() -> None:
    assert execute("UPDATE ledger_hold SET due = %s, tries = tries + 1 WHERE state = 'held'", True) == 1
    assert operations.post_due_holds() == 1
    ana, bento = Account.objects.filter(kind="member").order_by("pk")
    pay(bento, ana, 30)


def test_a_hold_begins_held(some_books: list[Account]) -> None:
    ana, bento = some_books

    assert "begins held" in is_refused(
        'INSERT INTO ledger_hold (public_id, kind, payer_id, payee_id, amount_minutes, state, actor_id, "key",'
        " request_hash, due, try_at, tries, created_at, resolved_at, category) SELECT 'x', kind, payer_id, payee_id,"
        " amount_minutes, 'posted', actor_id, 'x', request_hash, due, try_at, 0, created_at, created_at, category"
        " FROM ledger_hold WHERE state = 'held'"
    )


def test_an_account_stays_its_owners(some_books: list[Account]) -> None:
    ana, bento = some_books

    for change in ("owner_id = owner_id + 100000", "public_id = 'another'", "kind = 'fund'", "last_seq = last_seq - 1"):
        assert "stays its owner's" in is_refused(f"UPDATE ledger_account SET {change} WHERE id = %s", ana.pk)


@pytest.mark.parametrize(
    ("constraint", "change"),
    [
        ("account_above_floor", "balance_minutes = floor_minutes + held_minutes - 1"),
        ("account_above_floor", "held_minutes = balance_minutes - floor_minutes + 1"),
        ("account_holds_no_less_than_nothing", "held_minutes = -1"),
        ("account_limit_not_negative", "credit_limit_minutes = -1"),
        ("account_floor_not_positive", "floor_minutes = 1"),
        ("account_closed_is_empty", "state = 'closed'"),
    ],
)
def test_each_rule_of_an_account_is_a_constraint(constraint: str, change: str, some_books: list[Account]) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        execute(f"UPDATE ledger_account SET {change} WHERE id = %s", some_books[0].pk)


def test_there_is_one_fund(some_books: list[Account]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Account.objects.create(
            kind="fund", owner=some_books[0].owner, opened_at=some_books[0].opened_at, public_id="another"
        )


HOLD = (
    'INSERT INTO ledger_hold (public_id, kind, payer_id, payee_id, amount_minutes, state, actor_id, "key",'
    " request_hash, due, try_at, tries, created_at, resolved_at, category, frozen_until) SELECT 'x', kind, payer_id, {payee},"
    " {amount}, 'held', actor_id, {key}, request_hash, {due}, try_at, 0, created_at, {resolved}, category, {frozen}"
    " FROM ledger_hold"
    " WHERE state = 'held'"
)


@pytest.mark.parametrize(
    ("constraint", "changed"),
    [
        ("hold_sets_time_aside", {"amount": "0"}),
        ("hold_between_two_accounts", {"payee": "payer_id"}),
        ("hold_resolved_when_not_held", {"resolved": "created_at"}),
        ("hold_key_once|actor_id", {"key": '"key"'}),
        ("hold_due_is_not_frozen", {"due": "true", "frozen": "created_at"}),
    ],
)
def test_each_rule_of_a_hold_is_a_constraint(constraint: str, changed: dict[str, str]) -> None:
    usual = {
        "payee": "payee_id",
        "amount": "amount_minutes",
        "key": "'another'",
        "resolved": "NULL",
        "due": "due",
        "frozen": "NULL",
    }

    with pytest.raises(IntegrityError, match=constraint):
        execute(HOLD.format(**usual | changed))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("payer_id", "payee_id"),
        ("amount_minutes", "amount_minutes + 1"),
        ("kind", "'gift'"),
        ("public_id", "'another'"),
        ("category", "'another'"),
        ("hold_id", "(SELECT id FROM ledger_hold WHERE state = 'voided')"),
        ("hold_id", "(SELECT id FROM ledger_hold WHERE state = 'held')"),
    ],
)
def test_a_transfer_moves_what_its_posted_hold_set_aside(column: str, value: str) -> None:
    columns = ["public_id", "kind", "payer_id", "payee_id", "amount_minutes", "hold_id", "posted_at", "category"]
    values = [value if name == column else name for name in columns]

    assert "what its posted hold set aside" in is_refused(
        f"INSERT INTO ledger_transfer ({', '.join(columns)}) SELECT {', '.join(values)} FROM ledger_transfer"
        " WHERE kind = 'help'"
    )


def test_a_hold_is_posted_once() -> None:
    columns = "kind, payer_id, payee_id, amount_minutes, hold_id, posted_at, public_id, category"

    with pytest.raises(IntegrityError):
        execute(f"INSERT INTO ledger_transfer ({columns}) SELECT {columns} FROM ledger_transfer WHERE kind = 'help'")


@pytest.mark.parametrize(
    ("constraint", "changed"),
    [
        ("transfer_moves_time", {"amount_minutes": "0"}),
        ("transfer_between_two_accounts", {"payee_id": "payer_id"}),
        ("transfer_reversal_names_the_first", {"kind": "'reversal'"}),
    ],
)
def test_each_rule_of_a_transfer_is_a_constraint(constraint: str, changed: dict[str, str]) -> None:
    columns = ["public_id", "kind", "payer_id", "payee_id", "amount_minutes", "posted_at", "category"]
    values = [changed.get(name, "'another'" if name == "public_id" else name) for name in columns]

    with pytest.raises(IntegrityError, match=constraint):
        execute(
            f"INSERT INTO ledger_transfer ({', '.join(columns)}) SELECT {', '.join(values)} FROM ledger_transfer"
            " WHERE kind = 'help'"
        )


ANA = "(SELECT payer_id FROM ledger_hold WHERE state = 'held')"
BENTO = "(SELECT payee_id FROM ledger_hold WHERE state = 'held')"
FUND = "(SELECT id FROM ledger_account WHERE kind = 'fund')"


def _line(account: str, seq: int, amount: int, after: int, *, kind: str = "gift") -> str:
    """A new line of an account."""
    return (
        "INSERT INTO ledger_entry (account_id, transfer_id, seq, amount_minutes, balance_after_minutes)"
        f" SELECT {account}, transfer.id, {seq}, {amount}, {after} FROM ledger_transfer AS transfer"
        f" WHERE transfer.kind = '{kind}'"
    )


@pytest.fixture
def a_gift_without_lines() -> Iterator[None]:
    """Ana (two lines, 100 min) gave 20 more to Bento (one line, 20 min): moved, and not on their statements yet."""
    with transaction.atomic():
        execute(
            "INSERT INTO ledger_transfer (public_id, kind, payer_id, payee_id, amount_minutes, posted_at, category)"
            " SELECT 'x', 'gift', payer_id, payee_id, 20, posted_at, '' FROM ledger_transfer WHERE kind = 'help'"
        )
        move = "UPDATE ledger_account SET last_seq = last_seq + 1, balance_minutes = balance_minutes + %s WHERE id = "
        execute(move + ANA, -20)
        execute(move + BENTO, 20)
        yield
        transaction.set_rollback(True)


@pytest.mark.usefixtures("a_gift_without_lines")
def test_lines_that_match_are_taken() -> None:
    assert execute(_line(ANA, 3, -20, 80)) == execute(_line(BENTO, 2, 20, 40)) == 1


@pytest.mark.parametrize(
    "line",
    [
        _line(ANA, 3, 20, 120),  # the payer's line is negative
        _line(BENTO, 2, -20, 0),  # and the payee's positive
        _line(BENTO, 2, 21, 41),  # of the same amount
        _line(BENTO, 2, 20, 41),  # with the balance the account has
        _line(BENTO, 3, 20, 40),  # and the number it counts
        _line(FUND, 2, -20, -140),  # of a party to the transfer
    ],
)
@pytest.mark.usefixtures("a_gift_without_lines")
def test_a_line_matches_its_account_and_its_transfer(line: str) -> None:
    assert "a line continues its statement" in is_refused(line)


@pytest.mark.usefixtures("a_gift_without_lines")
def test_a_line_continues_the_line_before_it() -> None:
    execute(f"UPDATE ledger_account SET last_seq = last_seq + 1 WHERE id = {BENTO}")

    assert "a line continues its statement" in is_refused(_line(BENTO, 3, 20, 40))  # there is no second line
    assert "a line continues its statement" in is_refused(_line(BENTO, 2, 20, 41))  # the first one said 20


@pytest.mark.usefixtures("a_gift_without_lines")
def test_the_last_line_says_what_the_account_says() -> None:
    execute(f"UPDATE ledger_account SET balance_minutes = balance_minutes + 1 WHERE id = {BENTO}")

    assert "a line continues its statement" in is_refused(
        _line(BENTO, 2, 20, 40)
    )  # as the line before it would have it


@pytest.mark.usefixtures("a_gift_without_lines")
def test_each_rule_of_a_line_is_a_constraint() -> None:
    with triggers.suspended():
        for line in (_line(BENTO, 1, 20, 20), _line(BENTO, 2, 20, 40, kind="help")):
            with pytest.raises(IntegrityError):
                execute(line)
        for constraint, line in (
            ("entry_moves_time", _line(BENTO, 2, 0, 20)),
            ("entry_lines_count_from_one", _line(BENTO, 0, 20, 20)),
        ):
            with pytest.raises(IntegrityError, match=constraint):
                execute(line)


@pytest.mark.parametrize(
    "change",
    [
        "amount_minutes = amount_minutes - 1",
        f"owner_id = {FUND}",
        "expires_at = NULL, amount_minutes = amount_minutes",
        "mint_id = mint_id + 1",
        "born_in_id = born_in_id + 1",
    ],
)
def test_what_a_lot_is_never_changes(change: str) -> None:
    anas = f"(SELECT id FROM ledger_lot WHERE owner_id = {ANA} AND spent_in_id IS NULL)"
    spent = f"how = 'passed_on', spent_in_id = (SELECT max(id) FROM ledger_transfer WHERE payer_id = {ANA})"
    for changed in (change, f"{change}, {spent}"):
        assert "nothing of a lot changes" in is_refused(f"UPDATE ledger_lot SET {changed} WHERE id = {anas}")


def test_a_lot_is_spent_by_who_had_that_part_in_the_transfer() -> None:
    anas = f"(SELECT id FROM ledger_lot WHERE owner_id = {ANA} AND spent_in_id IS NULL)"
    spent = f"how = 'merged', spent_in_id = (SELECT max(id) FROM ledger_transfer WHERE payer_id = {ANA})"
    assert "nothing of a lot changes" in is_refused(f"UPDATE ledger_lot SET {spent} WHERE id = {anas}")


@pytest.mark.parametrize(
    ("payer", "payee", "minutes"),
    [
        ("payee_id", "payer_id", 21),  # more than there was
        ("payer_id", "payee_id", 20),  # the same way once more
        ("payer_id", FUND, 20),  # to a third
    ],
)
def test_a_reversal_undoes_no_more_than_there_was(payer: str, payee: str, minutes: int) -> None:
    def reversal(payer: str, payee: str, minutes: int) -> str:
        return (
            "INSERT INTO ledger_transfer (public_id, kind, payer_id, payee_id, amount_minutes, posted_at, category,"
            f" reverses_id) SELECT 'x', 'reversal', {payer}, {payee}, {minutes}, posted_at, '', id"
            " FROM ledger_transfer WHERE kind = 'help'"
        )

    assert "never exceed what they undo" in is_refused(reversal(payer, payee, minutes))
    with transaction.atomic():
        assert execute(reversal("payee_id", "payer_id", 20)) == 1
        transaction.set_rollback(True)


def test_a_lot_that_is_spent_stays_spent() -> None:
    for change in ("spent_in_id = NULL, how = ''", "how = 'merged'", "spent_in_id = spent_in_id"):
        assert "nothing of a lot changes" in is_refused(
            f"UPDATE ledger_lot SET {change} WHERE spent_in_id IS NOT NULL AND owner_id = {ANA}"
        )


def _lot(**changed: str) -> str:
    """Another lot like Bento's, whatever is ``changed``."""
    usual = {
        name: name
        for name in ("mint_id", "owner_id", "amount_minutes", "expires_at", "born_in_id", "spent_in_id", "how")
    }
    return (
        f"INSERT INTO ledger_lot ({', '.join(usual)}) SELECT {', '.join((usual | changed).values())} FROM ledger_lot"
        f" WHERE owner_id = {BENTO} AND spent_in_id IS NULL"
    )


@pytest.mark.parametrize(
    ("rule", "lot"),
    [
        ("lot_open_once_lasting|mint_id", _lot()),
        ("lot_holds_time", _lot(amount_minutes="0", expires_at="'2040-01-01 00:00:00'")),
        ("lot_spent_somehow", _lot(how="'merged'", expires_at="'2040-01-01 00:00:00'")),
        ("born in a transfer of its owner", _lot(owner_id=FUND)),
    ],
)
def test_each_rule_of_a_lot_is_kept_by_the_database(rule: str, lot: str) -> None:
    with pytest.raises(DatabaseError, match=rule):
        execute(lot)


@pytest.mark.parametrize(
    "values",
    [
        f"id, {BENTO}, amount_minutes, 'credit'",  # by another than the payer
        "id, payer_id, amount_minutes + 1, 'credit'",  # more than it moved
        "-1, payer_id, 1, 'credit'",
    ],
)
def test_a_payer_mints_in_her_transfer_no_more_than_it_moves(values: str) -> None:
    assert "mints what she lacked" in is_refused(
        "INSERT INTO ledger_mint (transfer_id, issuer_id, amount_minutes, reason)"
        f" SELECT {values} FROM ledger_transfer WHERE kind = 'help'"
    )


def test_a_mint_makes_time_and_once_in_a_transfer() -> None:
    insert = "INSERT INTO ledger_mint (transfer_id, issuer_id, amount_minutes, reason) SELECT {} FROM ledger_transfer WHERE kind = '{}'"

    with pytest.raises(IntegrityError, match="mint_makes_time"):
        execute(insert.format("id, payer_id, 0, 'credit'", "help"))
    with pytest.raises(IntegrityError, match="transfer_id|never replaced"):
        execute(insert.format("id, payer_id, 1, 'grant'", "grant"))


def test_an_erased_note_is_empty() -> None:
    with pytest.raises(IntegrityError, match="note_erased_is_empty"):
        execute("UPDATE ledger_note SET erased_at = '2026-01-01 00:00:00'")
    assert execute("UPDATE ledger_note SET erased_at = '2026-01-01 00:00:00', text = '', salt = ''") == 1


def test_the_log_is_numbered_from_zero_and_each_record_once() -> None:
    insert = "INSERT INTO ledger_leaf (number, record_id, hash) SELECT {number}, record_id, hash FROM ledger_leaf WHERE number = 0"

    with triggers.suspended(), pytest.raises(IntegrityError, match="leaf_numbers_from_zero"):
        execute(insert.format(number=-1))
    with pytest.raises(IntegrityError):
        execute(insert.format(number=1000))
