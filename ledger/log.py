"""The log: what happened, one `Record` each, and its place in it, one `Leaf` each.

A record is canonical JSON (RFC 8785) with pseudonymous ids, written in the transaction it tells
of. Words people write never enter it, only a salted commitment to them. Sealing gives records
their gap-free numbers and their leaf hashes (RFC 6962), later and elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from timebank import clock, failpoints
from timebank.jobs import ring
from timebank.retries import retried

from .models import Leaf, Record
from .tasks import seal_records

logger = logging.getLogger("timebank.ledger")

__all__ = ["canonical", "commitment", "leaf_hash", "seal_records", "write_record"]

# --- Canonical JSON --------------------------------------------------------------------------

LARGEST_NUMBER = 2**53 - 1  # what a JSON reader anywhere can hold exactly

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def canonical(value: Any) -> str:
    """``value`` as RFC 8785 JSON: keys in order, no spaces. Raises ValueError for what it cannot hold exactly."""
    text = _encode(_in_order(value))
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("half a character cannot be written down") from error
    return text


def _in_order(value: Any) -> Any:
    match value:
        case None | bool() | str():
            return value
        case int():
            if abs(value) > LARGEST_NUMBER:
                raise ValueError(f"{value} cannot be held exactly by every reader of JSON")
            return value
        case dict():
            if not all(isinstance(key, str) for key in value):
                raise ValueError("keys are text")
            return {key: _in_order(value[key]) for key in sorted(value, key=_utf_16)}
        case list() | tuple():
            return [_in_order(item) for item in value]
    raise ValueError(f"{type(value).__name__} has no exact form in the log")


def _utf_16(key: str) -> bytes:
    """What RFC 8785 sorts keys by."""
    return key.encode("utf-16-be", "surrogatepass")


# --- What a record may say -------------------------------------------------------------------

_ID = re.compile(r"[0-9a-z]{12,22}")
_HASH = re.compile(r"[0-9a-f]{64}")
_WORD = re.compile(r"[a-z]+(?:[-_][a-z]+)*")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_NONCE = re.compile(r"[0-9a-f]{32}")


def _matching(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _or_none(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


def _is_minutes(value: Any) -> bool:
    return type(value) is int


def _is_claim(value: Any) -> bool:
    return isinstance(value, bool)


_an_id, _a_word = _matching(_ID), _matching(_WORD)
_ALWAYS = {"at": _matching(_MOMENT), "kind": _a_word, "nonce": _matching(_NONCE)}

# Every kind of record with all it says: ids and numbers, so that no name can slip in (I15).
SHAPES: dict[str, Mapping[str, Callable[[Any], bool]]] = {
    "account": {"account": _an_id, "change": _a_word, "by": _or_none(_an_id), "limit_minutes": _is_minutes},
    "limit": {"account": _an_id, "by": _or_none(_an_id), "limit_minutes": _is_minutes, "floor_minutes": _is_minutes},
    "hold": {
        "hold": _an_id,
        "payer": _an_id,
        "payee": _an_id,
        "amount_minutes": _is_minutes,
        "for": _a_word,
        "due": _is_claim,
        "by": _or_none(_an_id),
        "words": _or_none(_matching(_HASH)),
    },
    "release": {"hold": _an_id, "amount_minutes": _is_minutes, "by": _or_none(_an_id)},
    "void": {"hold": _an_id, "by": _or_none(_an_id)},
    "expire": {"hold": _an_id},
    "freeze": {"hold": _an_id, "until": _or_none(_matching(_MOMENT)), "by": _or_none(_an_id)},
    "transfer": {"transfer": _an_id, "payer": _an_id, "payee": _an_id, "amount_minutes": _is_minutes, "for": _a_word},
    # A transfer mints once at most, so it names the mint.
    "mint": {"transfer": _an_id, "issuer": _an_id, "amount_minutes": _is_minutes, "reason": _a_word},
    "joining": {"account": _an_id},
    "role": {"member": _an_id, "role": _a_word, "given": _is_claim, "by": _or_none(_an_id)},
    "listing": {"listing": _an_id, "change": _a_word, "by": _or_none(_an_id)},
    "reading": {"case": _an_id, "by": _an_id},
    "ruling": {
        "case": _an_id,
        "outcome": _a_word,
        "provider_minutes": _is_minutes,
        "receiver_minutes": _is_minutes,
        "by": _or_none(_an_id),
    },
    "staff": {"transfer": _an_id, "asked_by": _an_id, "approved_by": _or_none(_an_id)},
    "suspension": {"member": _an_id, "state": _a_word, "by": _or_none(_an_id)},
}


def misfits(body: Mapping[str, Any]) -> list[str]:
    """The keys of ``body`` that no record of its kind has, lacks, or fills with something else."""
    facts = SHAPES.get(str(body.get("kind")))
    if facts is None:
        return ["kind"]
    shape = _ALWAYS | dict(facts)
    common = shape.keys() & body.keys()
    return sorted((shape.keys() ^ body.keys()) | {key for key in common if not shape[key](body[key])})


# --- Writing ---------------------------------------------------------------------------------


def write_record(kind: str, **facts: Any) -> Record:
    """Write down in the log, in the present transaction, that something of ``kind`` happened.

    ``facts`` are those of `SHAPES`: public ids, whole numbers and fixed words. Raises ValueError
    for others, and outside of a transaction.
    """
    if not connection.in_atomic_block:
        raise ValueError("a record is written in the transaction it tells of")
    at = clock.now()
    body = {"at": moment(at), "kind": kind, "nonce": nonce()} | facts
    if wrong := misfits(body):
        raise ValueError(f"a record of {kind} does not say {', '.join(wrong)} like this")
    record = Record.objects.create(kind=kind, body=canonical(body), created_at=at)
    ring(seal_records)
    return record


def hold_body(
    at: str, hold: str, payer: str, payee: str, minutes: int, kind: str, due: bool, by: str | None, words: str | None
) -> str:
    """The record of a hold, as `canonical` would write it; the hot path has no time to sort."""
    return (
        f'{{"amount_minutes":{minutes:d},"at":"{at}","by":{_quoted(by)},"due":{"true" if due else "false"},"for":"{kind}",'
        f'"hold":"{hold}","kind":"hold","nonce":"{nonce()}","payee":"{payee}","payer":"{payer}","words":{_quoted(words)}}}'
    )


def transfer_body(at: str, transfer: str, payer: str, payee: str, minutes: int, kind: str) -> str:
    """The record of a transfer, as `canonical` would write it."""
    return (
        f'{{"amount_minutes":{minutes:d},"at":"{at}","for":"{kind}","kind":"transfer","nonce":"{nonce()}",'
        f'"payee":"{payee}","payer":"{payer}","transfer":"{transfer}"}}'
    )


def mint_body(at: str, transfer: str, issuer: str, minutes: int, reason: str) -> str:
    """The record of a mint, as `canonical` would write it."""
    return (
        f'{{"amount_minutes":{minutes:d},"at":"{at}","issuer":"{issuer}","kind":"mint","nonce":"{nonce()}",'
        f'"reason":"{reason}","transfer":"{transfer}"}}'
    )


def _quoted(value: str | None) -> str:
    return "null" if value is None else f'"{value}"'


def moment(at: datetime) -> str:
    """``at`` in UTC with microseconds: "2026-11-22T08:15:00.000000Z"."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def nonce() -> str:
    """Random, so that nobody can guess a record from its hash."""
    return secrets.token_hex(16)


def commitment(text: str, salt: str) -> str:
    """What the log keeps of ``text``: proves it while the salt is kept, tells nothing once it is erased."""
    return hashlib.sha256(f"{salt}:{text}".encode()).hexdigest()


# --- Numbering -------------------------------------------------------------------------------

SEALED_AT_ONCE = 1000
# Transactions commit in another order than they take ids. None is open while so many others end.
LOOK_BACK_IDS = 10_000
_SEAL_LOCK = 7_014_201  # PostgreSQL advisory lock: one sealer at a time

_UNSEALED = """
    SELECT record.id, record.body FROM ledger_record AS record
    LEFT JOIN ledger_leaf AS leaf ON leaf.record_id = record.id
    WHERE record.id > %s AND leaf.number IS NULL ORDER BY record.id LIMIT %s
"""


@dataclass
class _Sweep:
    """Whether this process has looked at the whole log once, for what the look-back cannot see."""

    is_done: bool = False


_sweep = _Sweep()


def is_unsealed() -> bool:
    """Whether any record waits for its number; cheap however long the log is."""
    sealed_up_to = _largest_sealed()
    newest = Record.objects.aggregate(newest=Max("pk"))["newest"] or 0
    return newest > sealed_up_to or bool(_unsealed(sealed_up_to - LOOK_BACK_IDS, limit=1))


def seal() -> int:
    """Number every record that has no number yet; returns how many. Called by the standing work `seal_records`."""
    after = _largest_sealed() - LOOK_BACK_IDS if _sweep.is_done else 0
    total = 0
    while found := _unsealed(after, limit=SEALED_AT_ONCE):
        # Hashed before the write lock is taken: nobody waits for it.
        total += _append([(record_id, leaf_hash(body)) for record_id, body in found])
        if len(found) < SEALED_AT_ONCE:
            break
    _sweep.is_done = True
    return total


def leaf_hash(body: str) -> str:
    """The RFC 6962 hash of a leaf, in hex: SHA-256 of a zero byte and the record's body."""
    return hashlib.sha256(b"\x00" + body.encode()).hexdigest()


def _unsealed(after: int, *, limit: int) -> list[tuple[int, str]]:
    with connection.cursor() as cursor:
        cursor.execute(_UNSEALED, [after, limit])
        return list(cursor.fetchall())


def _largest_sealed() -> int:
    return Leaf.objects.aggregate(largest=Max("record_id"))["largest"] or 0


@retried
@transaction.atomic
def _append(hashes: list[tuple[int, str]]) -> int:
    """Give the records of these ids the next numbers, but for those another sealer was quicker with."""
    _be_the_only_sealer()
    taken = set(Leaf.objects.filter(record_id__in=[pk for pk, _ in hashes]).values_list("record_id", flat=True))
    first = Leaf.objects.aggregate(last=Max("number"))["last"]
    number = 0 if first is None else first + 1
    fresh = [(record_id, hash_) for record_id, hash_ in hashes if record_id not in taken]
    Leaf.objects.bulk_create(
        Leaf(number=number + offset, record_id=record_id, hash=hash_) for offset, (record_id, hash_) in enumerate(fresh)
    )
    failpoints.reached("seal-before-commit")
    return len(fresh)


def _be_the_only_sealer() -> None:
    """Until the transaction ends. On SQLite every write transaction is alone already."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_SEAL_LOCK])
