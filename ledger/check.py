"""Walking the books from end to end: the invariants that hold after every commit.

`manage.py check_ledger` runs it, every night too, and so does the end of every test that used the
ledger. Each invariant is asked of the rows themselves, without the code that wrote them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection

from timebank import clock
from timebank.jobs.models import Job

from . import log, replay
from .models import Account, Hold, PaymentRequest, Record

# A due hold that failed is tried again within ten minutes; past this nobody is at work.
LONGEST_WAIT = timedelta(minutes=15)
_ROWS_AT_ONCE = 2000


@dataclass(frozen=True)
class Fault:
    """The first row that breaks an invariant."""

    invariant: str
    row: str
    what: str

    def __str__(self) -> str:
        return f"{self.invariant} {self.row}: {self.what}"


@dataclass(frozen=True)
class _Question:
    """One query whose first row, a table's name and key, breaks ``invariant``."""

    invariant: str
    what: str
    sql: str


_QUESTIONS = (
    _Question(
        "I1",
        "the sum of all balances is not zero",
        "SELECT 'ledger_account: all', sum(balance_minutes) FROM ledger_account HAVING sum(balance_minutes) <> 0",
    ),
    _Question(
        "I2",
        "a transfer without the line −n of its payer and the line +n of its payee",
        """
        SELECT 'ledger_transfer', transfer.id FROM ledger_transfer AS transfer
        LEFT JOIN ledger_entry AS paid ON paid.transfer_id = transfer.id AND paid.account_id = transfer.payer_id
        LEFT JOIN ledger_entry AS got ON got.transfer_id = transfer.id AND got.account_id = transfer.payee_id
        WHERE paid.amount_minutes IS DISTINCT FROM -transfer.amount_minutes
            OR got.amount_minutes IS DISTINCT FROM transfer.amount_minutes
        ORDER BY transfer.id LIMIT 1""",
    ),
    _Question(
        "I2",
        "a line of an account that is no party to its transfer",
        """
        SELECT 'ledger_entry', entry.id FROM ledger_entry AS entry
        LEFT JOIN ledger_transfer AS transfer ON transfer.id = entry.transfer_id
            AND entry.account_id IN (transfer.payer_id, transfer.payee_id)
        WHERE transfer.id IS NULL ORDER BY entry.id LIMIT 1""",
    ),
    _Question(
        "I3",
        "a line that does not continue the statement: its number, or its balance",
        """
        SELECT 'ledger_entry', line.id FROM (
            SELECT id, seq, balance_after_minutes,
                row_number() OVER (PARTITION BY account_id ORDER BY seq, id) AS counted,
                sum(amount_minutes) OVER (PARTITION BY account_id ORDER BY seq, id) AS added_up
            FROM ledger_entry) AS line
        WHERE line.seq <> line.counted OR line.balance_after_minutes <> line.added_up ORDER BY line.id LIMIT 1""",
    ),
    _Question(
        "I3",
        "an account whose balance or number of lines is not that of its statement",
        """
        SELECT 'ledger_account', account.id FROM ledger_account AS account
        LEFT JOIN (SELECT account_id, max(seq) AS lines, sum(amount_minutes) AS added_up
            FROM ledger_entry GROUP BY account_id) AS statement ON statement.account_id = account.id
        WHERE account.balance_minutes <> coalesce(statement.added_up, 0)
            OR account.last_seq <> coalesce(statement.lines, 0)
        ORDER BY account.id LIMIT 1""",
    ),
    _Question(
        "I4",
        "an account below its floor, or a floor that is not where its limit and its earnings put it",
        """
        SELECT 'ledger_account', id FROM ledger_account
        WHERE balance_minutes - held_minutes < floor_minutes OR floor_minutes > -credit_limit_minutes
            OR (floor_minutes < -credit_limit_minutes AND floor_minutes < balance_minutes - held_minutes)
        ORDER BY id LIMIT 1""",
    ),
    _Question(
        "I5",
        "an account whose held minutes are not the sum of its live holds",
        """
        SELECT 'ledger_account', account.id FROM ledger_account AS account
        LEFT JOIN (SELECT payer_id, sum(amount_minutes) AS live FROM ledger_hold WHERE state = 'held'
            GROUP BY payer_id) AS held ON held.payer_id = account.id
        WHERE account.held_minutes <> coalesce(held.live, 0) ORDER BY account.id LIMIT 1""",
    ),
    _Question(
        "I6",
        "an account whose open lots do not add up to what it has",
        """
        SELECT 'ledger_account', account.id FROM ledger_account AS account
        LEFT JOIN (SELECT owner_id, sum(amount_minutes) AS minutes FROM ledger_lot WHERE spent_in_id IS NULL
            GROUP BY owner_id) AS lots ON lots.owner_id = account.id
        WHERE coalesce(lots.minutes, 0) <>
            CASE WHEN account.balance_minutes > 0 THEN account.balance_minutes ELSE 0 END
        ORDER BY account.id LIMIT 1""",
    ),
    _Question(
        "I7",
        "the open lots do not add up to what is owed",
        """
        SELECT 'ledger_lot: all', lots.minutes FROM
            (SELECT coalesce(sum(amount_minutes), 0) AS minutes FROM ledger_lot WHERE spent_in_id IS NULL) AS lots,
            (SELECT coalesce(sum(-balance_minutes), 0) AS minutes FROM ledger_account WHERE balance_minutes < 0) AS owed
        WHERE lots.minutes <> owed.minutes""",
    ),
    _Question(
        "I8",
        "a mint whose lots, open or burnt, do not add up to what was minted",
        """
        SELECT 'ledger_mint', mint.id FROM ledger_mint AS mint
        LEFT JOIN (SELECT mint_id, sum(amount_minutes) AS minutes FROM ledger_lot
            WHERE spent_in_id IS NULL OR how IN ('redeemed', 'retired')
            GROUP BY mint_id) AS lots ON lots.mint_id = mint.id
        WHERE mint.amount_minutes IS DISTINCT FROM lots.minutes ORDER BY mint.id LIMIT 1""",
    ),
    _Question(
        "I9",
        "a lot that was born or spent in a transfer where its owner had no such part",
        """
        SELECT 'ledger_lot', lot.id FROM ledger_lot AS lot
        LEFT JOIN ledger_transfer AS birth ON birth.id = lot.born_in_id
        LEFT JOIN ledger_transfer AS spending ON spending.id = lot.spent_in_id
        WHERE birth.id IS NULL OR lot.owner_id NOT IN (birth.payer_id, birth.payee_id)
            OR (lot.spent_in_id IS NULL) <> (lot.how = '')
            OR (lot.spent_in_id IS NOT NULL AND (spending.id IS NULL
                OR lot.owner_id <> (CASE WHEN lot.how = 'passed_on' THEN spending.payer_id ELSE spending.payee_id END)
                OR (lot.how IN ('redeemed', 'retired')) <> (lot.born_in_id = lot.spent_in_id)))
        ORDER BY lot.id LIMIT 1""",
    ),
    _Question(
        "I9",
        "minutes burnt as if by another: only the fund retires, only members redeem",
        """
        SELECT 'ledger_lot', lot.id FROM ledger_lot AS lot JOIN ledger_account AS account ON account.id = lot.owner_id
        WHERE (lot.how = 'retired' AND account.kind <> 'fund') OR (lot.how = 'redeemed' AND account.kind = 'fund')
        ORDER BY lot.id LIMIT 1""",
    ),
    _Question(
        "I10",
        "a transfer in which minutes of lots were lost or made",
        """
        SELECT 'ledger_transfer', moved.id FROM (
            SELECT id, sum(minutes) AS minutes, sum(given) AS given FROM (
                SELECT spent_in_id AS id, amount_minutes AS minutes,
                    CASE how WHEN 'passed_on' THEN amount_minutes ELSE 0 END AS given
                    FROM ledger_lot WHERE spent_in_id IS NOT NULL AND spent_in_id <> born_in_id
                UNION ALL SELECT transfer_id, amount_minutes, amount_minutes FROM ledger_mint
                UNION ALL SELECT lot.born_in_id, -lot.amount_minutes, CASE WHEN lot.owner_id = birth.payer_id
                    THEN -lot.amount_minutes ELSE 0 END
                    FROM ledger_lot AS lot JOIN ledger_transfer AS birth ON birth.id = lot.born_in_id) AS parts
            GROUP BY id) AS moved
        LEFT JOIN ledger_transfer AS transfer ON transfer.id = moved.id
        WHERE moved.minutes <> 0 OR moved.given IS DISTINCT FROM transfer.amount_minutes ORDER BY moved.id LIMIT 1""",
    ),
    _Question(
        "I10",
        "a transfer that moved no lots",
        """
        SELECT 'ledger_transfer', transfer.id FROM ledger_transfer AS transfer
        LEFT JOIN (SELECT DISTINCT born_in_id FROM ledger_lot) AS lot ON lot.born_in_id = transfer.id
        WHERE lot.born_in_id IS NULL ORDER BY transfer.id LIMIT 1""",
    ),
    _Question(
        "I12",
        "a transfer undone the wrong way round, by more than it moved, or itself an undoing",
        """
        SELECT 'ledger_transfer', first.id FROM ledger_transfer AS first
        JOIN (SELECT reverses_id, sum(amount_minutes) AS minutes,
            min(payer_id) AS payer_id, max(payer_id) AS other_payer_id,
            min(payee_id) AS payee_id, max(payee_id) AS other_payee_id FROM ledger_transfer
            WHERE reverses_id IS NOT NULL GROUP BY reverses_id) AS back ON back.reverses_id = first.id
        WHERE back.minutes > first.amount_minutes OR first.reverses_id IS NOT NULL
            OR back.payer_id <> first.payee_id OR back.other_payer_id <> first.payee_id
            OR back.payee_id <> first.payer_id OR back.other_payee_id <> first.payer_id
        ORDER BY first.id LIMIT 1""",
    ),
    _Question(
        "I16",
        "an expiry that took minutes that were not there",
        """
        SELECT 'ledger_transfer', transfer.id FROM ledger_transfer AS transfer
        JOIN ledger_entry AS line ON line.transfer_id = transfer.id AND line.account_id = transfer.payer_id
        WHERE transfer.kind = 'expiry' AND line.balance_after_minutes < 0 ORDER BY transfer.id LIMIT 1""",
    ),
    _Question(
        "I16",
        "minutes that expired before their day",
        """
        SELECT 'ledger_lot', lot.id FROM ledger_lot AS lot
        JOIN ledger_transfer AS transfer ON transfer.id = lot.spent_in_id
        WHERE transfer.kind = 'expiry' AND lot.owner_id = transfer.payer_id
            AND (lot.expires_at IS NULL OR lot.expires_at > transfer.posted_at) ORDER BY lot.id LIMIT 1""",
    ),
    _Question(
        "I11",
        "a hold whose transfer is not what it set aside, or is missing, or should not be",
        """
        SELECT 'ledger_hold', hold.id FROM ledger_hold AS hold
        LEFT JOIN ledger_transfer AS transfer ON transfer.hold_id = hold.id
        WHERE (hold.state = 'posted') <> (transfer.id IS NOT NULL)
            OR (transfer.id IS NOT NULL AND (transfer.payer_id <> hold.payer_id OR transfer.payee_id <> hold.payee_id
                OR transfer.amount_minutes <> coalesce(hold.post_minutes, hold.amount_minutes)
                OR transfer.kind <> hold.kind OR transfer.public_id <> hold.public_id
                OR transfer.posted_at <> hold.resolved_at
                OR transfer.category <> hold.category OR transfer.reverses_id IS DISTINCT FROM hold.reverses_id))
            OR (hold.state = 'held') <> (hold.resolved_at IS NULL)
        ORDER BY hold.id LIMIT 1""",
    ),
    _Question(
        "I11",
        "a hold that was posted more than once",
        """
        SELECT 'ledger_hold', hold_id FROM ledger_transfer WHERE hold_id IS NOT NULL
        GROUP BY hold_id HAVING count(*) > 1 ORDER BY hold_id LIMIT 1""",
    ),
    _Question(
        "I13",
        "a leaf whose number leaves a gap",
        """
        SELECT 'ledger_leaf', leaf.number FROM (
            SELECT number, row_number() OVER (ORDER BY number, record_id) - 1 AS counted FROM ledger_leaf) AS leaf
        WHERE leaf.number <> leaf.counted ORDER BY leaf.number LIMIT 1""",
    ),
    *(
        _Question(
            "I13",
            f"there is not one record of each {noun}",
            f"SELECT '{table}: all', rows.n FROM (SELECT count(*) AS n FROM {table} WHERE {which}) AS rows,"  # noqa: S608
            f" (SELECT count(*) AS n FROM ledger_record WHERE kind = '{noun}') AS records WHERE rows.n <> records.n",
        )
        for noun, table, which in (
            ("hold", "ledger_hold", "id IS NOT NULL"),
            ("void", "ledger_hold", "state = 'voided'"),
            ("expire", "ledger_hold", "state = 'expired'"),
            ("mint", "ledger_mint", "id IS NOT NULL"),
            ("transfer", "ledger_transfer", "id IS NOT NULL"),
        )
    ),
    _Question(
        "I11",
        "a payment request that is paid by another payment than it asks for",
        """
        SELECT 'ledger_paymentrequest', request.id FROM ledger_paymentrequest AS request
        JOIN ledger_hold AS hold ON hold.id = request.paid_hold_id
        WHERE hold.payee_id <> request.payee_id OR hold.created_at >= request.expires_at
            OR hold.amount_minutes <> coalesce(request.amount_minutes, hold.amount_minutes)
        ORDER BY request.id LIMIT 1""",
    ),
)


def faults() -> list[Fault]:
    """The first bad row of every invariant that does not hold; empty while the books are sound."""
    first: dict[str, Fault] = {}
    for look in (_broken_in_sql, _unlike_its_limit, _overdue, _unlike_a_replay, _unlike_its_leaf, _personal):
        for fault in look():
            first.setdefault(fault.invariant, fault)
    return sorted(first.values(), key=lambda fault: int(fault.invariant[1:]))


def _broken_in_sql() -> Iterator[Fault]:
    with connection.cursor() as cursor:
        for question in _QUESTIONS:
            sql = question.sql
            if connection.vendor == "sqlite":  # older libraries know only this spelling
                sql = sql.replace("IS DISTINCT FROM", "IS NOT")
            cursor.execute(sql)
            if row := cursor.fetchone():
                yield Fault(question.invariant, f"{row[0]} {row[1]}", question.what)


def _unlike_its_limit() -> Iterator[Fault]:
    """A credit limit is the one that the log says last of it."""
    said: dict[str, int] = {}
    for body in Record.objects.filter(kind__in=["account", "limit"]).order_by("pk").values_list("body", flat=True):
        record = json.loads(body)
        if record.get("limit_minutes") is not None:
            said[record["account"]] = record["limit_minutes"]
    limits = Account.objects.order_by("pk").values_list("pk", "public_id", "credit_limit_minutes")
    for pk, public_id, limit_minutes in limits.iterator(_ROWS_AT_ONCE):
        if said.get(public_id, limit_minutes) != limit_minutes:
            yield Fault(
                "I4", f"ledger_account {pk}", f"its credit limit is not the {said[public_id]} that the log says"
            )
            return


def _overdue() -> Iterator[Fault]:
    """Everything due ends: no due hold waits for longer than the longest pause between two tries."""
    if hold := Hold.objects.due(clock.now() - LONGEST_WAIT).first():
        yield Fault("I11", f"ledger_hold {hold.pk}", f"due since {log.moment(hold.try_at)} and not posted")
    if request := PaymentRequest.objects.over(clock.now() - LONGEST_WAIT).first():
        row, since = f"ledger_paymentrequest {request.pk}", log.moment(request.expires_at)
        yield Fault("I11", row, f"over since {since} and not marked so")


def _unlike_a_replay() -> Iterator[Fault]:
    with replay.one_moment():
        for difference in replay.differences():
            row, what = difference.split(": ", 1)
            yield Fault("I14", row, what)
            return


def _unlike_its_leaf() -> Iterator[Fault]:
    sealed = Record.objects.filter(leaf__isnull=False).order_by("leaf__number")
    rows = sealed.values_list("leaf__number", "body", "leaf__hash").iterator(_ROWS_AT_ONCE)
    for number, body, hash_ in rows:
        if log.leaf_hash(body) != hash_:
            yield Fault("I13", f"ledger_leaf {number}", "its hash is not that of its record")
            return


# --- I15: no personal data -----------------------------------------------------------------------

_IMPERSONAL = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-hj-np-z]{18}|[0-9]+")
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.\w+")


def _personal() -> Iterator[Fault]:
    """Rows that hold anything but ids, numbers and fixed words, so that no name or address can be in them."""
    records = Record.objects.order_by("pk").values_list("pk", "kind", "body")
    yield from _first("ledger_record", records, _wrong_in_record)
    holds = Hold.objects.order_by("pk").values_list("pk", "key", "then")
    yield from _first("ledger_hold", holds, _wrong_in_hold)
    jobs = Job.objects.order_by("pk").values_list("pk", "args", "last_error")
    yield from _first("jobs_job", jobs, _wrong_in_job)


def _first(table: str, rows: Any, wrong_in: Callable[[Any, Any], str]) -> Iterator[Fault]:
    for pk, one, other in rows.iterator(_ROWS_AT_ONCE):
        if wrong := wrong_in(one, other):
            yield Fault("I15", f"{table} {pk}", wrong)
            return


def _wrong_in_record(kind: str, text: str) -> str:
    try:
        body = json.loads(text)
    except ValueError:
        return "its body is not JSON"
    if not isinstance(body, dict) or body.get("kind") != kind:
        return "its body is of another kind"
    if wrong := log.misfits(body):
        return f"it says something no record of its kind says, or says it otherwise: {', '.join(wrong)}"
    return "" if log.canonical(body) == text else "its body is not in canonical form"


def _wrong_in_hold(key: str, then: Any) -> str:
    if _ADDRESS.search(key) or any(character.isspace() for character in key):
        return "its key may name a person"
    return "" if then is None or _is_impersonal(then.get("args")) else "what comes then may name a person"


def _wrong_in_job(args: Any, last_error: str) -> str:
    if not _is_impersonal(args):
        return "its arguments are not only ids"
    return "its last error holds an address" if _ADDRESS.search(last_error) else ""


def _is_impersonal(value: Any) -> bool:
    match value:
        case None | bool() | int():
            return True
        case str():
            return _IMPERSONAL.fullmatch(value) is not None
        case list():
            return all(_is_impersonal(item) for item in value)
    return False
