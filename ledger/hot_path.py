"""Accept and post as a handful of plain statements each, the same on SQLite and PostgreSQL.

Written with the ORM they cost six times more than the database itself. The rules are in
ledger/operations, which calls these steps in order inside one transaction; tests/ledger/oracle.py
says the same with the ORM, and a test holds both to leaving the same rows.

Locks: an account's UPDATE is its row lock. `accept` takes one account, `post` takes all of its
accounts in the order of their ids, before anything else.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from . import log

# What differs between the engines; `{…}` in the statements below.
_WORDS = {
    "sqlite": {
        "greatest": "max",
        "least": "min",
        "lock_accounts": "",
        "lock_payee": "",
        "json": "%s",
        "among": "IN (SELECT value FROM json_each(%s))",
    },
    "postgresql": {
        "greatest": "greatest",
        "least": "least",
        "lock_accounts": "FOR NO KEY UPDATE",
        # Conflicts with closing an account (FOR UPDATE) and with nothing else, posting to it least of all.
        "lock_payee": "FOR KEY SHARE",
        "json": "%s::jsonb",
        "among": "= ANY(%s)",
    },
}

_STATEMENTS = {
    "find": """
        SELECT hold.id, hold.request_hash, note.text, note.erased_at FROM ledger_hold AS hold
        LEFT JOIN ledger_note AS note ON note.hold_id = hold.id WHERE hold.actor_id = %s AND hold.key = %s""",
    # One conditional UPDATE is lock and test together: nobody can spend the same minutes in between.
    "set_aside": """
        UPDATE ledger_account SET held_minutes = held_minutes + %s,
            floor_minutes = {greatest}(floor_minutes, {least}(-credit_limit_minutes, balance_minutes - held_minutes - %s))
        WHERE id = %s AND state = 'open' AND balance_minutes - held_minutes - %s >= floor_minutes""",
    "write_hold": """
        INSERT INTO ledger_hold (public_id, kind, payer_id, payee_id, amount_minutes, state, actor_id, "key",
            request_hash, "then", due, try_at, tries, created_at)
        SELECT %s, %s, %s, id, %s, 'held', %s, %s, %s, {json}, %s, %s, 0, %s
        FROM ledger_account WHERE id = %s AND state = 'open' {lock_payee} RETURNING id""",
    "write_note": "INSERT INTO ledger_note (hold_id, text, salt) VALUES (%s, %s, %s)",
    "write_record": "INSERT INTO ledger_record (kind, body, created_at) VALUES (%s, %s, %s)",
    "due": """
        SELECT id FROM ledger_hold WHERE due AND state = 'held' AND try_at <= %s ORDER BY try_at, id LIMIT %s""",
    "lock_two": "SELECT id FROM ledger_account WHERE id IN (%s, %s) ORDER BY id {lock_accounts}",
    "lock_accounts": """
        SELECT id, public_id, kind, owner_id, balance_minutes, last_seq FROM ledger_account WHERE id IN (
            SELECT payer_id FROM ledger_hold WHERE id {among} UNION SELECT payee_id FROM ledger_hold WHERE id {among}
        ) ORDER BY id {lock_accounts}""",
    "resolve": """
        UPDATE ledger_hold SET state = 'posted', resolved_at = %s WHERE id {among} AND state = 'held'
        RETURNING id, public_id, kind, payer_id, payee_id, amount_minutes, "then" """,
    "write_transfers": """
        INSERT INTO ledger_transfer (public_id, kind, payer_id, payee_id, amount_minutes, hold_id, posted_at)
        SELECT public_id, kind, payer_id, payee_id, amount_minutes, id, resolved_at FROM ledger_hold
        WHERE id {among} ORDER BY id RETURNING id, hold_id""",
}

# Many rows at once: prepared once and run for each row by SQLite, one statement on PostgreSQL.
_MANY = {
    "sqlite": {
        "move": """
            UPDATE ledger_account SET balance_minutes = balance_minutes + %s, held_minutes = held_minutes - %s,
                last_seq = last_seq + %s, floor_minutes = max(floor_minutes,
                    min(-credit_limit_minutes, balance_minutes + %s - held_minutes + %s))
            WHERE id = %s""",
        "write_entries": """
            INSERT INTO ledger_entry (account_id, seq, transfer_id, amount_minutes, balance_after_minutes)
            VALUES (%s, %s, %s, %s, %s)""",
        "write_records": "INSERT INTO ledger_record (kind, body, created_at) VALUES (%s, %s, %s)",
    },
    "postgresql": {
        "move": """
            UPDATE ledger_account AS account SET balance_minutes = balance_minutes + moved.minutes,
                held_minutes = held_minutes - moved.freed, last_seq = last_seq + moved.lines,
                floor_minutes = greatest(floor_minutes,
                    least(-credit_limit_minutes, balance_minutes + moved.minutes - held_minutes + moved.freed))
            FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
                AS moved (minutes, freed, lines, minutes_again, freed_again, id)
            WHERE account.id = moved.id""",
        "write_entries": """
            INSERT INTO ledger_entry (account_id, seq, transfer_id, amount_minutes, balance_after_minutes)
            SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])""",
        "write_records": """
            INSERT INTO ledger_record (kind, body, created_at)
            SELECT * FROM unnest(%s::text[], %s::text[], %s::timestamptz[])""",
    },
}

_SQL = {vendor: {name: text.format(**words) for name, text in _STATEMENTS.items()} for vendor, words in _WORDS.items()}


class Earlier(NamedTuple):
    """What was asked for under a key before."""

    hold_id: int
    request_hash: str
    text: str | None
    erased_at: Any


@dataclass(frozen=True, slots=True)
class NewHold:
    """All that a hold says when it is made."""

    public_id: str
    kind: str
    payer_id: int
    payee_id: int
    amount_minutes: int
    actor_id: int
    key: str
    request_hash: str
    then: dict[str, Any] | None
    due: bool
    created_at: datetime


@dataclass(slots=True)
class Side:
    """One account as it was when a batch began, and what the batch has moved on it so far."""

    id: int
    public_id: str
    kind: str
    owner_id: int
    balance_minutes: int
    last_seq: int
    moved_minutes: int = 0
    freed_minutes: int = 0
    lines: int = 0


@dataclass(frozen=True, slots=True)
class Posted:
    """One hold that this batch posted."""

    hold_id: int
    public_id: str
    kind: str
    payer: Side
    payee: Side
    amount_minutes: int
    then: dict[str, Any] | None


class Statements:
    """The steps of accept and post, on one cursor of the present transaction."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self._vendor = connection.vendor
        self._sql = _SQL[self._vendor]

    # --- accept ---

    def find(self, actor_id: int, key: str) -> Earlier | None:
        """What ``actor`` asked for under ``key`` before."""
        self._cursor.execute(self._sql["find"], (actor_id, key))
        row = self._cursor.fetchone()
        return Earlier(*row) if row else None

    def set_aside(self, account_id: int, minutes: int) -> bool:
        """Hold ``minutes`` on an open account; whether they were available."""
        self._cursor.execute(self._sql["set_aside"], (minutes, minutes, account_id, minutes))
        return bool(self._cursor.rowcount)

    def write_hold(self, hold: NewHold) -> int | None:
        """Write the hold and return its id; None, and nothing is written, when the payee is closed."""
        at = _moment(hold.created_at)
        self._cursor.execute(
            self._sql["write_hold"],
            (
                hold.public_id,
                hold.kind,
                hold.payer_id,
                hold.amount_minutes,
                hold.actor_id,
                hold.key,
                hold.request_hash,
                None if hold.then is None else json.dumps(hold.then),
                hold.due,
                at,
                at,
                hold.payee_id,
            ),
        )
        row = self._cursor.fetchone()
        return row[0] if row else None

    def write_note(self, hold_id: int, text: str, salt: str) -> None:
        self._cursor.execute(self._sql["write_note"], (hold_id, text, salt))

    def write_record(self, kind: str, body: str, at: datetime) -> None:
        self._cursor.execute(self._sql["write_record"], (kind, body, _moment(at)))

    # --- post ---

    def due(self, at: datetime, limit: int) -> list[int]:
        """The ids of holds to be posted by ``at``, longest waiting first."""
        self._cursor.execute(self._sql["due"], (_moment(at), limit))
        return [row[0] for row in self._cursor.fetchall()]

    def lock_two(self, one_id: int, other_id: int) -> None:
        """Lock both accounts, in the order of their ids (SQLite: the transaction has locked all)."""
        if self._vendor == "postgresql":
            self._cursor.execute(self._sql["lock_two"], (one_id, other_id))
            self._cursor.fetchall()

    def post(self, hold_ids: Sequence[int], at: datetime) -> list[Posted]:
        """Post those of the holds that are still held, in the order of their ids, and write their records."""
        ids = self._ids(hold_ids)
        self._cursor.execute(self._sql["lock_accounts"], (ids, ids))
        sides = {row[0]: Side(*row) for row in self._cursor.fetchall()}
        self._cursor.execute(self._sql["resolve"], (_moment(at), ids))
        rows = sorted(self._cursor.fetchall())
        if not rows:
            return []
        posted = [
            Posted(id_, public_id, kind, sides[payer], sides[payee], minutes, json.loads(then) if then else None)
            for id_, public_id, kind, payer, payee, minutes, then in rows
        ]
        lines = self._lines(posted)
        self._many(
            "move",
            [
                (side.moved_minutes, side.freed_minutes, side.lines, side.moved_minutes, side.freed_minutes, side.id)
                for side in sides.values()
                if side.lines
            ],
        )
        self._cursor.execute(self._sql["write_transfers"], (self._ids([row[0] for row in rows]),))
        transfers = {hold_id: id_ for id_, hold_id in self._cursor.fetchall()}
        self._many(
            "write_entries",
            [(account, seq, transfers[hold_id], minutes, after) for account, seq, hold_id, minutes, after in lines],
        )
        self._write_records(posted, at)
        return posted

    def _lines(self, posted: list[Posted]) -> list[tuple[int, int, int, int, int]]:
        """The statements' new lines in order, while adding up what moves on each account."""
        lines = []
        for one in posted:
            one.payer.freed_minutes += one.amount_minutes
            for side, minutes in ((one.payer, -one.amount_minutes), (one.payee, one.amount_minutes)):
                side.moved_minutes += minutes
                side.lines += 1
                after = side.balance_minutes + side.moved_minutes
                lines.append((side.id, side.last_seq + side.lines, one.hold_id, minutes, after))
        return lines

    def _write_records(self, posted: list[Posted], at: datetime) -> None:
        said_at, moment = log.moment(at), _moment(at)
        self._many(
            "write_records",
            [
                (
                    "transfer",
                    log.transfer_body(
                        said_at, one.public_id, one.payer.public_id, one.payee.public_id, one.amount_minutes, one.kind
                    ),
                    moment,
                )
                for one in posted
            ],
        )

    # --- the engines ---

    def _ids(self, ids: Sequence[int]) -> Any:
        return list(ids) if self._vendor == "postgresql" else json.dumps(list(ids))

    def _many(self, name: str, rows: list[tuple[Any, ...]]) -> None:
        if self._vendor == "postgresql":
            self._cursor.execute(_MANY["postgresql"][name], [list(column) for column in zip(*rows, strict=True)])
        else:
            self._cursor.executemany(_MANY["sqlite"][name], rows)


def _moment(at: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(at)
