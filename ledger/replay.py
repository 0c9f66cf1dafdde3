"""Playing all transfers again from zero, to see that balances, statements and lots are what follows from them (I14).

Nothing is remembered but the open lots and balances of the moment, so books of any length can be
played again. What is asked of the rows is plain SQL; what should be there is `ledger.lots`.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from timebank import clock

from . import log
from .lots import Movement, NewMint, Piece, Purses
from .models import Account

_ROWS_AT_ONCE = 2000

_TRANSFERS = """
    SELECT transfer.id, transfer.kind, payer_id, payee_id, amount_minutes, payer.kind, payee.kind, {raw_expiry}
    FROM ledger_transfer AS transfer
    JOIN ledger_account AS payer ON payer.id = payer_id JOIN ledger_account AS payee ON payee.id = payee_id
    ORDER BY transfer.id"""
_MINTS = "SELECT transfer_id, issuer_id, amount_minutes, reason FROM ledger_mint ORDER BY transfer_id"
_LOTS = """
    SELECT lot.{moment}, mint.transfer_id, lot.owner_id, lot.amount_minutes, {raw_expiry}, {how}
    FROM ledger_lot AS lot JOIN ledger_mint AS mint ON mint.id = lot.mint_id
    WHERE lot.{moment} IS NOT NULL ORDER BY lot.{moment}"""
_LINES = """
    SELECT transfer_id, account_id, seq, amount_minutes, balance_after_minutes FROM ledger_entry
    ORDER BY transfer_id"""
_ACCOUNTS = "SELECT id, balance_minutes, last_seq FROM ledger_account ORDER BY id"


@dataclass(slots=True)
class Step:
    """What one transfer does: to be found in the rows as it is here."""

    movement: Movement
    lines: Counter[tuple[Any, ...]]  # account, seq, minutes, balance after
    mints: list[NewMint]
    born: list[Piece]
    spent: list[Piece]


@dataclass(slots=True)
class Replay:
    """The books as they follow from the transfers alone."""

    balances: Counter[int] = field(default_factory=Counter)
    last_seqs: Counter[int] = field(default_factory=Counter)
    _purses: Purses = field(default_factory=Purses)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def steps(self) -> Iterator[Step]:
        """Every transfer, oldest first, with what it does."""
        for id_, kind, payer, payee, minutes, payer_kind, payee_kind, expires_at in _rows(
            _TRANSFERS, "minutes_expire_at"
        ):
            movement = Movement(
                id_,
                kind,
                payer,
                payee,
                minutes,
                self.balances[payer],
                self.balances[payee],
                payer_kind == Account.Kind.FUND,
                payee_kind == Account.Kind.FUND,
                expires_at,
            )
            yield self._step(movement)

    def _step(self, movement: Movement) -> Step:
        lines: Counter[tuple[Any, ...]] = Counter()
        for account_id, minutes in (
            (movement.payer_id, -movement.amount_minutes),
            (movement.payee_id, movement.amount_minutes),
        ):
            self.balances[account_id] += minutes
            self.last_seqs[account_id] += 1
            lines[account_id, self.last_seqs[account_id], minutes, self.balances[account_id]] += 1
        purses = self._purses
        purses.mints, purses.born, purses.spent = [], [], []
        purses.move(movement)
        for piece in purses.born:
            piece.id = next(self._numbers)  # so that spending it later is told
        for mint in purses.mints:
            mint.turn = movement.transfer_id
        return Step(movement, lines, purses.mints, purses.born, purses.spent)


def differences() -> Iterator[str]:
    """Where the rows are not what follows from the transfers: each as a sentence that names the row."""
    replay = Replay()
    lines, mints = _Groups(_rows(_LINES)), _Groups(_rows(_MINTS))
    births = _Groups(_rows(_LOTS, "lot.expires_at", moment="born_in_id", how="''"))
    spendings = _Groups(_rows(_LOTS, "lot.expires_at", moment="spent_in_id", how="lot.how"))
    for step in replay.steps():
        id_ = step.movement.transfer_id
        burnt = [piece for piece in step.born if piece.spent_in is not None]
        for what, rows, should in (
            ("lines", lines, step.lines),
            ("mint", mints, Counter((mint.issuer_id, mint.amount_minutes, mint.reason) for mint in step.mints)),
            ("births of lots", births, Counter((*_said(piece), "") for piece in step.born)),
            ("spent lots", spendings, Counter((*_said(piece), piece.how) for piece in (*step.spent, *burnt))),
        ):
            if rows.of(id_) != should:
                yield f"ledger_transfer {id_}: its {what} are not what follows from the transfers before it"
    for rows in (lines, mints, births, spendings):
        if (left := rows.left()) is not None:
            yield f"ledger_transfer {left}: there are rows of a transfer that there is not"
    for id_, balance, last_seq in _rows(_ACCOUNTS):
        if (replay.balances[id_], replay.last_seqs[id_]) != (balance, last_seq):
            yield f"ledger_account {id_}: its balance or number of lines is not what follows from all transfers"


@contextmanager
def one_moment() -> Iterator[None]:
    """Within the block all is read as it is at its beginning, while others write on."""
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")  # not Django's, which would keep all writers waiting
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")


def write_lots() -> int:
    """Write the mints and lots of books that were kept without; returns how many lots.

    For a migration, in its transaction and with the triggers away. Each mint gets its record.
    """
    replay, count = Replay(), 0
    with connection.cursor() as cursor:
        for step in list(replay.steps()):
            for piece in step.spent:
                cursor.execute(_SPEND, [piece.spent_in, piece.how, piece.id])
            for mint in step.mints:
                mint.id = _written(cursor, _MINT, [mint.transfer_id, mint.issuer_id, mint.amount_minutes, mint.reason])
                _write_record(cursor, mint)
            for piece in step.born:
                piece.id = _written(cursor, _LOT, [piece.mint_id, *_said(piece)[1:], piece.born_in, *_end_of(piece)])
            count += len(step.born)
    return count


_SPEND = "UPDATE ledger_lot SET spent_in_id = %s, how = %s WHERE id = %s"
_MINT = "INSERT INTO ledger_mint (transfer_id, issuer_id, amount_minutes, reason) VALUES (%s, %s, %s, %s) RETURNING id"
_LOT = """
    INSERT INTO ledger_lot (mint_id, owner_id, amount_minutes, expires_at, born_in_id, spent_in_id, how)
    VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id"""
_NAMES = """
    SELECT transfer.public_id, issuer.public_id FROM ledger_transfer AS transfer
    JOIN ledger_account AS issuer ON issuer.id = transfer.payer_id WHERE transfer.id = %s"""
_RECORD = "INSERT INTO ledger_record (kind, body, created_at) VALUES ('mint', %s, %s)"


def _written(cursor: Any, sql: str, values: list[Any]) -> int:
    cursor.execute(sql, values)
    return int(cursor.fetchone()[0])


def _end_of(piece: Piece) -> tuple[int | None, str]:
    """How a lot ends that is burnt in the transfer it is born in; others are open when they are written."""
    is_burnt = piece.spent_in == piece.born_in
    return (piece.spent_in, piece.how) if is_burnt else (None, "")


def _write_record(cursor: Any, mint: NewMint) -> None:
    at = clock.now()
    cursor.execute(_NAMES, [mint.transfer_id])
    transfer, issuer = cursor.fetchone()
    body = log.mint_body(log.moment(at), transfer, issuer, mint.amount_minutes, mint.reason)
    cursor.execute(_RECORD, [body, connection.ops.adapt_datetimefield_value(at)])


def _said(piece: Piece) -> tuple[int, int, int, Any]:
    mint = piece.mint
    return (
        mint.transfer_id if isinstance(mint, NewMint) else mint,
        piece.owner_id,
        piece.amount_minutes,
        piece.expires_at,
    )


class _Groups:
    """Rows that come in the order of the transfer they begin with, read transfer by transfer."""

    def __init__(self, rows: Iterator[tuple[Any, ...]]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def of(self, transfer_id: int) -> Counter[tuple[Any, ...]]:
        """Those of this transfer; those of earlier ones, which there should not be, are left for `left`."""
        found: Counter[tuple[Any, ...]] = Counter()
        while self._next is not None and self._next[0] == transfer_id:
            found[self._next[1:]] += 1
            self._next = next(self._rows, None)
        return found

    def left(self) -> int | None:
        """The transfer of the first row that was never asked for."""
        return None if self._next is None else self._next[0]


def _rows(sql: str, expiry: str = "", **words: str) -> Iterator[tuple[Any, ...]]:
    """The rows of ``sql``, some at a time; an expiry as the database writes it, so that it only compares."""
    raw_expiry = f"{expiry} || ''" if connection.vendor == "sqlite" else expiry
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql.format(raw_expiry=raw_expiry, **words))
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            yield from rows
