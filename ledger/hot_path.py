"""Accept and post as a handful of plain statements each, on SQLite and PostgreSQL.

Written with the ORM they cost several times more than the database itself. The rules are in
ledger/operations, which calls these steps in order inside one transaction; tests/ledger/oracle.py
says the same with the ORM, and a test holds both to leaving the same rows.

Locks: an account's UPDATE is its row lock. `accept` takes the payer's, `post` all of its accounts
in the order of their ids before anything else. On SQLite the transaction locks the whole database.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connections

from . import log
from .hot_path_sql import SQL
from .lots import Movement, NewMint, Piece, Purses
from .models import Account, Kind

_FUND = Account.Kind.FUND


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
    category: str
    reverses_id: int | None
    expires_at: datetime | None


class Side(NamedTuple):
    """One account as it is when a batch has moved it."""

    id: int
    public_id: str
    kind: str
    owner_id: int
    balance_minutes: int
    last_seq: int


class Resolved(NamedTuple):
    """One hold that this transaction took out of the state held."""

    id: int
    public_id: str
    kind: str
    payer_id: int
    payee_id: int
    amount_minutes: int  # that move
    held_minutes: int  # that were set aside; the rest goes back
    then: str | None
    category: str
    reverses_id: int | None
    actor_id: int
    request_id: int | None  # that it pays


@dataclass(frozen=True, slots=True)
class Posted:
    """One hold that this batch posted."""

    public_id: str
    kind: str
    payer: Side
    payee: Side
    amount_minutes: int
    then: dict[str, Any] | None
    category: str = ""
    is_reversal: bool = False
    actor_id: int = 0
    request_id: int | None = None  # the payment request that is paid by it


# When the minutes of a transfer of this kind, posted now, expire; None: never.
Expiries = Mapping[str, datetime | None]


@contextmanager
def statements() -> Iterator[SQLite | PostgreSQL]:
    """The steps of accept and post, in the present transaction."""
    database = connections[DEFAULT_DB_ALIAS]  # what ``connection`` looks up each time it is asked something
    database.ensure_connection()
    # Past Django's cursors, which would translate every statement anew on the one engine and have the server plan it
    # anew on the other; the errors stay Django's.
    with database.wrap_database_errors:
        if database.vendor == "postgresql":
            from psycopg import Cursor

            with Cursor(database.connection) as cursor:
                yield PostgreSQL(cursor)
        else:
            yield SQLite(database.connection)


class _Steps:
    """What both engines do alike. ``_run`` executes one statement and returns the cursor."""

    _sql: dict[str, str]

    def _run(self, name: str, values: Sequence[Any]) -> Any:
        raise NotImplementedError

    def _run_many(self, name: str, rows: list[tuple[Any, ...]]) -> None:
        raise NotImplementedError

    def _among(self, ids: Sequence[int]) -> Any:
        raise NotImplementedError

    def _move_each(self, moved: dict[int, list[int]]) -> list[tuple[Any, ...]]:
        """Change each account by its sums, of minutes, freed minutes and lines; the changed rows."""
        raise NotImplementedError

    def _moment(self, at: datetime) -> Any:
        """``at`` as Django would write it in a column."""
        raise NotImplementedError

    # --- accept ---

    def set_aside(self, account_id: int, minutes: int) -> bool:
        """Hold ``minutes`` on an open account; whether they were available."""
        return bool(self._run("set_aside", (minutes, account_id, minutes)).rowcount)

    def write_hold(self, hold: NewHold, *, fits: bool = False) -> int | None:
        """Write the hold and return its id; None, with nothing written, when the key is taken or the payee closed.

        Nor is it written where the payee has a largest balance, unless the caller saw that it ``fits``.
        """
        at = self._moment(hold.created_at)
        row = self._run(
            "write_hold",
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
                hold.category,
                hold.reverses_id,
                None if hold.expires_at is None else self._moment(hold.expires_at),
                hold.payee_id,
                fits,
            ),
        ).fetchone()
        return row[0] if row else None

    def find(self, actor_id: int, key: str) -> Earlier | None:
        """What ``actor`` asked for under ``key`` before."""
        row = self._run("find", (actor_id, key)).fetchone()
        return Earlier(*row) if row else None

    def write_note(self, hold_id: int, text: str, salt: str) -> None:
        self._run("write_note", (hold_id, text, salt))

    def write_record(self, kind: str, body: str, at: datetime) -> None:
        self._run("write_record", (kind, body, self._moment(at)))

    # --- post ---

    def due(self, at: datetime, limit: int) -> list[int]:
        """The ids of holds to be posted by ``at``, longest waiting first."""
        return [row[0] for row in self._run("due", (self._moment(at), limit)).fetchall()]

    def _write_posted(self, rows: list[tuple[Any, ...]], at: datetime, expire_at: Expiries) -> list[Posted]:
        """Move what the resolved holds set aside, in the order of their ids, and write it all down."""
        holds = [Resolved(*row) for row in sorted(rows)]
        if not holds:
            return []
        sides = self._move(holds)
        expiries = {kind: None if end is None else self._moment(end) for kind, end in expire_at.items()}
        written = self._run(
            "write_transfers",
            (expiries[Kind.HELP], expiries[Kind.GRANT], self._among([hold.id for hold in holds])),
        ).fetchall()
        transfers = {hold_id: id_ for id_, hold_id in written}
        self._run_many("write_entries", _lines(holds, sides, transfers))
        mints = self._write_lots(_movements(holds, sides, transfers, expiries))
        posted = [
            Posted(
                hold.public_id,
                hold.kind,
                sides[hold.payer_id],
                sides[hold.payee_id],
                hold.amount_minutes,
                json.loads(hold.then) if hold.then else None,
                hold.category,
                hold.reverses_id is not None,
                hold.actor_id,
                hold.request_id,
            )
            for hold in holds
        ]
        said_at, moment = log.moment(at), self._moment(at)
        records = [("transfer", _record_of(one, said_at), moment) for one in posted]
        if mints:
            named = {transfers[hold.id]: hold.public_id for hold in holds}
            for mint in mints:
                issuer = sides[mint.issuer_id].public_id
                body = log.mint_body(said_at, named[mint.transfer_id], issuer, mint.amount_minutes, mint.reason)
                records.append(("mint", body, moment))
        self._run_many("write_records", records)
        return posted

    def _write_lots(self, movements: list[Movement]) -> list[NewMint]:
        """Cut, pass on and join the lots behind each movement, in their order; returns what was minted."""
        purses = Purses()
        purses.put(self._lots_behind(movements))
        for movement in movements:
            purses.move(movement)
        if purses.mints:
            self._write_mints(purses.mints)
        if purses.spent:
            self._run_many("spend_lots", [(piece.spent_in, piece.how, piece.id) for piece in purses.spent])
        self._run_many(
            "write_lots",
            [
                (
                    piece.mint_id,
                    piece.owner_id,
                    piece.amount_minutes,
                    piece.expires_at,
                    piece.born_in,
                    piece.spent_in,
                    piece.how,
                )
                for piece in purses.born
            ],
        )
        return purses.mints

    def _lots_behind(self, movements: list[Movement]) -> list[Piece]:
        """The open lots that these movements spend or join: of someone who has many, few."""
        pays: dict[int, int] = {}
        for one in movements:
            pays[one.payer_id] = pays.get(one.payer_id, 0) + one.amount_minutes
        rows = self._lots_to_spend(pays)
        # What they join follows from what they spend, which a rehearsal tells.
        rehearsal = Purses()
        rehearsal.put(map(_piece, rows))
        for one in movements:
            rehearsal.move(one)
        given = {(piece.owner_id, piece.mint) for piece in rehearsal.born if isinstance(piece.mint, int)}
        if given:
            pairs = self._rows(list(given))
            rows += self._run("lots_to_join", (*pairs, *pairs)).fetchall()
        return list(map(_piece, rows))

    def _lots_to_spend(self, pays: dict[int, int]) -> list[tuple[Any, ...]]:
        """Of each payer the lots she spends first, as many as these minutes reach."""
        raise NotImplementedError

    def _write_mints(self, mints: list[NewMint]) -> None:
        rows = [(mint.transfer_id, mint.issuer_id, mint.amount_minutes, mint.reason) for mint in mints]
        ids = dict(self._run("write_mints", self._rows(rows)).fetchall())
        for mint in mints:
            mint.id = ids[mint.transfer_id]

    def _rows(self, rows: list[tuple[Any, ...]]) -> Sequence[Any]:
        """Many rows as the values of one statement."""
        raise NotImplementedError

    def _move(self, holds: list[Resolved]) -> dict[int, Side]:
        """Change each account once, by the sum of what the batch moves on it."""
        moved: dict[int, list[int]] = {}  # minutes, freed minutes, lines
        for hold in holds:
            for account_id, minutes, freed in (
                (hold.payer_id, -hold.amount_minutes, hold.held_minutes),
                (hold.payee_id, hold.amount_minutes, 0),
            ):
                sums = moved.setdefault(account_id, [0, 0, 0])
                sums[0] += minutes
                sums[1] += freed
                sums[2] += 1
        return {row[0]: Side(*row) for row in self._move_each(moved)}


class SQLite(_Steps):
    _sql = SQL["sqlite"]

    def __init__(self, driver: Any) -> None:
        self._driver = driver

    def lock_two(self, one_id: int, other_id: int) -> None:
        """Nothing to do: the transaction has locked all."""

    def lock_all(self, account_ids: Collection[int]) -> None:
        """Nothing to do either."""

    def take_turns(self, lock: int) -> None:
        """Nor here."""

    def post_due(self, at: datetime, limit: int, expire_at: Expiries) -> tuple[int, list[Posted]]:
        """How many holds were due by ``at``, of at most ``limit``, and those that were posted: all of them."""
        moment = self._moment(at)
        rows = self._run("resolve_due", (moment, moment, limit)).fetchall()
        return len(rows), self._write_posted(rows, at, expire_at)

    def post(self, hold_ids: Sequence[int], at: datetime, expire_at: Expiries) -> list[Posted]:
        """Post those of the holds that are still held."""
        return self._write_posted(
            self._run("resolve", (self._moment(at), self._among(hold_ids))).fetchall(), at, expire_at
        )

    def _run(self, name: str, values: Sequence[Any]) -> Any:
        return self._driver.execute(self._sql[name], values)

    def _run_many(self, name: str, rows: list[tuple[Any, ...]]) -> None:
        self._driver.executemany(self._sql[name], rows)

    def _lots_to_spend(self, pays: dict[int, int]) -> list[tuple[Any, ...]]:
        rows = []
        for payer_id, minutes in pays.items():
            reached = 0
            for row in self._run("lots_to_spend", (payer_id, payer_id)):
                rows.append(row)
                reached += row[3]
                if reached >= minutes:
                    break
        return rows

    def _among(self, ids: Sequence[int]) -> str:
        return json.dumps(list(ids))

    def _moment(self, at: datetime) -> str:
        return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ")

    def _move_each(self, moved: dict[int, list[int]]) -> list[tuple[Any, ...]]:
        rows = []
        for account_id, (minutes, freed, lines) in moved.items():
            rows += self._run("move", (minutes, freed, lines, minutes, freed, account_id)).fetchall()
        return rows

    def _rows(self, rows: list[tuple[Any, ...]]) -> Sequence[Any]:
        return (json.dumps(rows),)


class PostgreSQL(_Steps):
    _sql = SQL["postgresql"]

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def lock_two(self, one_id: int, other_id: int) -> None:
        """Lock both accounts, in the order of their ids."""
        self._run("lock_two", (one_id, other_id))

    def lock_all(self, account_ids: Collection[int]) -> None:
        """Lock all these accounts, in the order of their ids."""
        self._run("lock_all", (list(account_ids),))

    def take_turns(self, lock: int) -> None:
        """Wait until no other transaction has this lock, and have it until the end of the present one."""
        self._cursor.execute("SELECT pg_advisory_xact_lock(%s)", (lock,))

    def post_due(self, at: datetime, limit: int, expire_at: Expiries) -> tuple[int, list[Posted]]:
        """How many holds were due by ``at``, of at most ``limit``, and those that were posted."""
        ids = self.due(at, limit)
        return len(ids), self.post(ids, at, expire_at) if ids else []

    def post(self, hold_ids: Sequence[int], at: datetime, expire_at: Expiries) -> list[Posted]:
        """Post those of the holds that are still held."""
        ids = self._among(hold_ids)
        self._run("lock_accounts", (ids, ids))
        return self._write_posted(self._run("resolve", (at, ids)).fetchall(), at, expire_at)

    def _run(self, name: str, values: Sequence[Any]) -> Any:
        return self._cursor.execute(self._sql[name], values, prepare=True)

    def _run_many(self, name: str, rows: list[tuple[Any, ...]]) -> None:
        self._run(name, self._rows(rows))

    def _lots_to_spend(self, pays: dict[int, int]) -> list[tuple[Any, ...]]:
        pairs = self._rows(list(pays.items()))
        return list(self._run("lots_to_spend", pairs).fetchall())

    def _among(self, ids: Sequence[int]) -> list[int]:
        return list(ids)

    def _moment(self, at: datetime) -> datetime:
        return at

    def _move_each(self, moved: dict[int, list[int]]) -> list[tuple[Any, ...]]:
        columns = (list(moved), *(list(column) for column in zip(*moved.values(), strict=True)))
        return list(self._run("move", columns).fetchall())

    def _rows(self, rows: list[tuple[Any, ...]]) -> Sequence[Any]:
        return [list(column) for column in zip(*rows, strict=True)]


def _lines(holds: list[Resolved], sides: dict[int, Side], transfers: dict[int, int]) -> list[tuple[Any, ...]]:
    """The statements' new lines in order, counted back from what the accounts say after them."""
    lines = []
    seqs, balances = {}, {}
    for id_, side in sides.items():
        seqs[id_], balances[id_] = side.last_seq, side.balance_minutes
    for hold in reversed(holds):
        for id_, minutes in ((hold.payee_id, hold.amount_minutes), (hold.payer_id, -hold.amount_minutes)):
            lines.append((id_, seqs[id_], transfers[hold.id], minutes, balances[id_]))
            seqs[id_] -= 1
            balances[id_] -= minutes
    lines.reverse()
    return lines


def _piece(row: tuple[Any, ...]) -> Piece:
    id_, mint_id, owner_id, minutes, expires_at = row
    return Piece(mint_id, owner_id, minutes, expires_at, id_)


def _movements(
    holds: list[Resolved], sides: dict[int, Side], transfers: dict[int, int], expiries: Mapping[str, Any]
) -> list[Movement]:
    """Each transfer with what both accounts had before it."""
    had = {id_: side.balance_minutes for id_, side in sides.items()}
    for hold in holds:
        had[hold.payer_id] += hold.amount_minutes
        had[hold.payee_id] -= hold.amount_minutes
    movements = []
    for hold in holds:
        payer, payee, minutes = hold.payer_id, hold.payee_id, hold.amount_minutes
        movements.append(
            Movement(
                transfers[hold.id],
                hold.kind,
                payer,
                payee,
                minutes,
                had[payer],
                had[payee],
                sides[payer].kind == _FUND,
                sides[payee].kind == _FUND,
                expiries.get(hold.kind),
            )
        )
        had[payer] -= minutes
        had[payee] += minutes
    return movements


def _record_of(one: Posted, said_at: str) -> str:
    return log.transfer_body(
        said_at, one.public_id, one.payer.public_id, one.payee.public_id, one.amount_minutes, one.kind
    )
