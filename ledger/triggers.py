"""What the database itself refuses, whoever asks: changing the books once they are written.

The triggers are data, one list for each engine. Migrations take them away before they begin and
put them back when they end (SQLite drops a table's triggers when a migration rebuilds it, and a
trigger elsewhere that mentions the table makes the rebuild fail). A start compares names and
bodies, and refuses to run without them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction

PREFIX = "books_"  # every trigger of ours, and nothing else, is named so


class TriggersMissing(ImproperlyConfigured):
    """The database would let the books be changed."""


@dataclass(frozen=True)
class Trigger:
    """When rows of ``table`` are changed, refuse with ``message`` what ``refused_when`` describes.

    ``refused_when`` is one SQL condition per engine over NEW and OLD; empty means always.
    """

    name: str
    table: str
    moment: str  # BEFORE or AFTER
    event: str  # INSERT, UPDATE, DELETE or TRUNCATE
    message: str
    refused_when: str = ""
    only_on_sqlite: bool = False

    def sqlite(self) -> list[str]:
        """The statements that make it on SQLite; none for TRUNCATE, which it does not have."""
        if self.event == "TRUNCATE":
            return []
        when = f" WHEN {_for_sqlite(self.refused_when)}" if self.refused_when else ""
        return [
            (
                f"CREATE TRIGGER {self.name} {self.moment} {self.event} ON {self.table} FOR EACH ROW{when}"
                f" BEGIN SELECT RAISE(ABORT, '{self.message}'); END"
            )
        ]

    def postgresql(self) -> list[str]:
        """The statements that make it on PostgreSQL: a function and a trigger of the same name; none for REPLACE."""
        if self.only_on_sqlite:
            return []
        return [
            f"CREATE OR REPLACE FUNCTION {self.name}() RETURNS trigger LANGUAGE plpgsql AS $${self.function_body}$$",
            self.postgresql_definition,
        ]

    @property
    def function_body(self) -> str:
        refuse = f"RAISE EXCEPTION '{self.message}' USING ERRCODE = 'restrict_violation';"
        if self.refused_when:
            refuse = f"IF {self.refused_when} THEN {refuse} END IF;"
        passed = "RETURN NULL;" if self.moment == "AFTER" or self.event == "TRUNCATE" else "RETURN NEW;"
        return f"BEGIN {refuse} {passed} END"

    @property
    def postgresql_definition(self) -> str:
        """As PostgreSQL itself prints it, so that both can be compared."""
        each = "STATEMENT" if self.event == "TRUNCATE" else "ROW"
        return (
            f"CREATE TRIGGER {self.name} {self.moment} {self.event} ON {self.table}"
            f" FOR EACH {each} EXECUTE FUNCTION {self.name}()"
        )


def _for_sqlite(condition: str) -> str:
    """In the spelling that older libraries know too."""
    return condition.replace("IS NOT DISTINCT FROM", "IS").replace("IS DISTINCT FROM", "IS NOT")


def _never(table: str, *events: str) -> list[Trigger]:
    noun = table.removeprefix("ledger_")
    done = {"UPDATE": "changed", "DELETE": "deleted", "TRUNCATE": "emptied"}
    return [
        Trigger(f"{PREFIX}{noun}_never_{done[e]}", table, "BEFORE", e, f"{table}: what is written is never {done[e]}")
        for e in events
    ]


def _never_replaced(table: str, *keys: str) -> Trigger:
    """SQLite's REPLACE deletes what is in the way without a word to the triggers for that.

    ``keys`` are unique, those of several columns written with commas.
    """
    in_the_way = (" AND ".join(f"written.{column} = NEW.{column}" for column in key.split(",")) for key in keys)
    return Trigger(
        f"{PREFIX}{table.removeprefix('ledger_')}_never_replaced",
        table,
        "BEFORE",
        "INSERT",
        f"{table}: what is written is never replaced",
        " OR ".join(f"EXISTS (SELECT 1 FROM {table} AS written WHERE {same})" for same in in_the_way),  # noqa: S608
        only_on_sqlite=True,
    )


def _any_differs(*columns: str) -> str:
    return " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns)


_WHAT_A_HOLD_SAYS = (
    "id", "public_id", "kind", "payer_id", "payee_id", "amount_minutes", "actor_id", '"key"', "request_hash",
    '"then"', "created_at", "category", "reverses_id", "expires_at",
)  # fmt: skip
_WHAT_A_LOT_IS = ("id", "mint_id", "owner_id", "amount_minutes", "expires_at", "born_in_id")
_WHAT_AN_ACCOUNT_IS = ("id", "public_id", "kind", "owner_id", "opened_at")
_WHAT_A_LIMIT_CHANGE_SAYS = (
    "id", "account_id", "kind", "credit_limit_minutes", "soft_limit_minutes", "max_balance_minutes", "reason", "by_id",
    "created_at", "takes_effect_at", "returns_to_common",
)  # fmt: skip

TRIGGERS: tuple[Trigger, ...] = (
    *_never("ledger_transfer", "UPDATE", "DELETE", "TRUNCATE"),
    *_never("ledger_entry", "UPDATE", "DELETE", "TRUNCATE"),
    *_never("ledger_record", "UPDATE", "DELETE", "TRUNCATE"),
    *_never("ledger_leaf", "UPDATE", "DELETE", "TRUNCATE"),
    *_never("ledger_mint", "UPDATE", "DELETE", "TRUNCATE"),
    *_never("ledger_lot", "DELETE", "TRUNCATE"),
    *_never("ledger_hold", "DELETE", "TRUNCATE"),
    *_never("ledger_account", "DELETE", "TRUNCATE"),
    *_never("ledger_limitchange", "DELETE", "TRUNCATE"),
    # (Where a hold's key or an open lot is in the way, the triggers for deleting are asked: PRAGMA recursive_triggers.)
    _never_replaced("ledger_transfer", "id", "hold_id"),
    _never_replaced("ledger_entry", "id", "account_id,seq", "transfer_id,account_id"),
    _never_replaced("ledger_record", "id"),
    _never_replaced("ledger_leaf", "number", "record_id"),
    _never_replaced("ledger_mint", "id", "transfer_id"),
    _never_replaced("ledger_lot", "id"),
    _never_replaced("ledger_hold", "id", "public_id"),
    _never_replaced("ledger_account", "id", "public_id", "owner_id"),
    _never_replaced("ledger_limitchange", "id"),
    Trigger(
        f"{PREFIX}limitchange_stays_itself",
        "ledger_limitchange",
        "BEFORE",
        "UPDATE",
        "ledger_limitchange: nothing of a change of limits changes but that it takes effect or is called off, once",
        f"OLD.applied_at IS NOT NULL OR OLD.called_off_at IS NOT NULL OR {_any_differs(*_WHAT_A_LIMIT_CHANGE_SAYS)}",
    ),
    Trigger(
        f"{PREFIX}account_stays_itself",
        "ledger_account",
        "BEFORE",
        "UPDATE",
        "ledger_account: an account stays its owner''s, and its lines are never fewer",
        f"{_any_differs(*_WHAT_AN_ACCOUNT_IS)} OR NEW.last_seq < OLD.last_seq",
    ),
    Trigger(
        f"{PREFIX}hold_begins_held",
        "ledger_hold",
        "BEFORE",
        "INSERT",
        "ledger_hold: a hold begins held",
        "NEW.state <> 'held'",
    ),
    Trigger(
        f"{PREFIX}hold_stays_itself",
        "ledger_hold",
        "BEFORE",
        "UPDATE",
        "ledger_hold: only the state of a held hold changes, and what is due stays due as it is",
        f"OLD.state <> 'held' OR {_any_differs(*_WHAT_A_HOLD_SAYS)}"
        " OR (OLD.due AND (NOT NEW.due OR NEW.post_minutes IS DISTINCT FROM OLD.post_minutes))"
        " OR (NEW.state <> 'held' AND NEW.frozen_until IS NOT NULL)",
    ),
    Trigger(
        f"{PREFIX}transfer_matches_its_hold",
        "ledger_transfer",
        "BEFORE",
        "INSERT",
        "ledger_transfer: a transfer moves what its posted hold set aside",
        "NEW.hold_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ledger_hold AS hold WHERE hold.id = NEW.hold_id"
        " AND hold.state = 'posted' AND hold.payer_id = NEW.payer_id AND hold.payee_id = NEW.payee_id"
        " AND coalesce(hold.post_minutes, hold.amount_minutes) = NEW.amount_minutes"
        " AND hold.kind = NEW.kind AND hold.public_id = NEW.public_id"
        " AND hold.category = NEW.category AND hold.reverses_id IS NOT DISTINCT FROM NEW.reverses_id)",
    ),
    # AFTER, so that what is written with it counts too.
    Trigger(
        f"{PREFIX}transfer_undoes_no_more_than_there_was",
        "ledger_transfer",
        "AFTER",
        "INSERT",
        "ledger_transfer: reversals go the other way and never exceed what they undo",
        "NEW.reverses_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ledger_transfer AS first"
        " WHERE first.id = NEW.reverses_id AND first.reverses_id IS NULL"
        " AND first.payer_id = NEW.payee_id AND first.payee_id = NEW.payer_id"
        " AND first.amount_minutes >= (SELECT sum(back.amount_minutes) FROM ledger_transfer AS back"
        " WHERE back.reverses_id = first.id))",
    ),
    Trigger(
        f"{PREFIX}mint_matches_its_transfer",
        "ledger_mint",
        "BEFORE",
        "INSERT",
        "ledger_mint: the payer of a transfer mints what she lacked, no more than it moves",
        "NOT EXISTS (SELECT 1 FROM ledger_transfer AS transfer WHERE transfer.id = NEW.transfer_id"
        " AND transfer.payer_id = NEW.issuer_id AND transfer.amount_minutes >= NEW.amount_minutes)",
    ),
    Trigger(
        f"{PREFIX}lot_is_born_in_a_transfer_of_its_owner",
        "ledger_lot",
        "BEFORE",
        "INSERT",
        "ledger_lot: a lot is born in a transfer of its owner",
        "NOT EXISTS (SELECT 1 FROM ledger_transfer AS transfer WHERE transfer.id = NEW.born_in_id"
        " AND NEW.owner_id IN (transfer.payer_id, transfer.payee_id))",
    ),
    Trigger(
        f"{PREFIX}lot_is_spent_once",
        "ledger_lot",
        "BEFORE",
        "UPDATE",
        "ledger_lot: nothing of a lot changes but that its owner spends it, once",
        f"OLD.spent_in_id IS NOT NULL OR {_any_differs(*_WHAT_A_LOT_IS)}"  # noqa: S608  # columns named above
        " OR NOT EXISTS (SELECT 1 FROM ledger_transfer AS transfer WHERE transfer.id = NEW.spent_in_id"
        " AND NEW.owner_id = (CASE WHEN NEW.how = 'passed_on' THEN transfer.payer_id ELSE transfer.payee_id END))",
    ),
    # A batch moves each account once and then writes its lines, so a line continues the line before it, and
    # the last one says what the account says. AFTER: on PostgreSQL it sees the whole statement.
    Trigger(
        f"{PREFIX}entry_matches_its_account",
        "ledger_entry",
        "AFTER",
        "INSERT",
        "ledger_entry: a line continues its statement and says what its transfer and its account say",
        "NOT EXISTS (SELECT 1 FROM ledger_transfer AS transfer WHERE transfer.id = NEW.transfer_id"
        " AND ((transfer.payer_id = NEW.account_id AND NEW.amount_minutes = -transfer.amount_minutes)"
        " OR (transfer.payee_id = NEW.account_id AND NEW.amount_minutes = transfer.amount_minutes)))"
        " OR NOT EXISTS (SELECT 1 FROM ledger_account AS account WHERE account.id = NEW.account_id"
        " AND (NEW.seq < account.last_seq"
        " OR (NEW.seq = account.last_seq AND NEW.balance_after_minutes = account.balance_minutes)))"
        " OR NEW.balance_after_minutes - NEW.amount_minutes IS DISTINCT FROM"
        " (CASE WHEN NEW.seq = 1 THEN 0 ELSE (SELECT line.balance_after_minutes FROM ledger_entry AS line"
        " WHERE line.account_id = NEW.account_id AND line.seq = NEW.seq - 1) END)",
    ),
)


@transaction.atomic  # at no moment do others see the books without their triggers
def install() -> None:
    """Make every trigger, in place of whatever has its name. Tables that do not exist yet are left out."""
    remove()
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        for trigger in TRIGGERS:
            if trigger.table in tables:
                for statement in _statements(trigger):
                    cursor.execute(statement)


def remove() -> None:
    """Take every trigger of ours away, those of other versions too."""
    with connection.cursor() as cursor:
        for name, table in _installed_names(cursor):
            if connection.vendor == "postgresql":
                cursor.execute(f"DROP TRIGGER {name} ON {table}")
                cursor.execute(f"DROP FUNCTION IF EXISTS {name}()")
            else:
                cursor.execute(f"DROP TRIGGER {name}")


def missing() -> list[str]:
    """The names of triggers that are absent, switched off, or say something else than they should."""
    with connection.cursor() as cursor:
        installed = _installed_bodies(cursor)
    return [trigger.name for trigger in TRIGGERS if _expected(trigger) not in (None, installed.get(trigger.name))]


def verify() -> None:
    """Raise TriggersMissing, naming them, when the database would let the books be changed."""
    if names := missing():
        raise TriggersMissing(
            "The database does not guard the books: these triggers are missing or differ: "
            f"{', '.join(names)}. Run 'manage.py migrate' to put them back, then 'manage.py check_ledger'."
        )


@contextmanager
def suspended() -> Iterator[None]:
    """Within the block nothing is refused. For emptying tables between tests; the product never calls it."""
    remove()
    try:
        yield
    finally:
        install()


def _statements(trigger: Trigger) -> list[str]:
    return trigger.postgresql() if connection.vendor == "postgresql" else trigger.sqlite()


def _expected(trigger: Trigger) -> str | None:
    """What the database should answer when asked for this trigger; None where it has no such thing."""
    if connection.vendor == "postgresql":
        return None if trigger.only_on_sqlite else _squeezed(f"{trigger.postgresql_definition} {trigger.function_body}")
    statements = trigger.sqlite()
    return _squeezed(statements[0]) if statements else None


def _installed_names(cursor: Any) -> list[tuple[str, str]]:
    if connection.vendor == "postgresql":
        cursor.execute(
            "SELECT t.tgname, t.tgrelid::regclass::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE NOT t.tgisinternal AND starts_with(t.tgname::text, %s)"
            " AND c.relnamespace = current_schema()::regnamespace",
            [PREFIX],
        )
    else:
        cursor.execute(
            "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' AND substr(name, 1, %s) = %s",
            [len(PREFIX), PREFIX],
        )
    return list(cursor.fetchall())


def _installed_bodies(cursor: Any) -> dict[str, str]:
    """Each trigger that is there and switched on, as the database tells it."""
    if connection.vendor == "postgresql":
        cursor.execute(
            "SELECT t.tgname, pg_get_triggerdef(t.oid, true) || ' ' || p.prosrc FROM pg_trigger t"
            " JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')"
            " AND c.relnamespace = current_schema()::regnamespace"
        )
    else:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    return {name: _squeezed(body) for name, body in cursor.fetchall()}


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
