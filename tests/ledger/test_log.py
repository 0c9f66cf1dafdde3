"""The log: records that say exactly one thing in one way, and numbers without gaps."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest
import rfc8785
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as some

from ledger import log, operations
from ledger.models import Kind, Leaf, Record
from timebank import clock
from timebank.ids import public_id

from .stories import accept, neighbours, pay

text = some.text(some.characters(exclude_categories=["Cs"]))
exact = some.none() | some.booleans() | some.integers(-(2**53) + 1, 2**53 - 1) | text
anything = some.recursive(exact, lambda inner: some.lists(inner) | some.dictionaries(text, inner), max_leaves=20)


@given(anything)
def test_canonical_json_is_that_of_rfc_8785(value: Any) -> None:
    assert log.canonical(value).encode() == rfc8785.dumps(value)


def test_keys_are_in_the_order_of_utf_16() -> None:
    value = {"\ufb33": 1, "\U0001f600": 2, "a": 3}  # U+1F600 is a pair that begins with U+D83D, before U+FB33

    assert log.canonical(value) == '{"a":3,"\U0001f600":2,"\ufb33":1}'


@pytest.mark.parametrize("value", [0.5, 2**53, {1: "a"}, "\ud800", b"bytes", {"a": {"b": 1.0}}])
def test_what_has_no_exact_form_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):
        log.canonical(value)


@given(some.integers(1, 10**9), some.sampled_from(Kind.values), some.booleans(), some.none() | some.just("a" * 64))
def test_the_hot_path_writes_records_as_canonical_json_would(
    minutes: int, kind: str, due: bool, words: str | None
) -> None:
    at = log.moment(clock.now())
    by = public_id() if due else None

    for body in (
        log.hold_body(at, public_id(), public_id(), public_id(), minutes, kind, due, by, words),
        log.transfer_body(at, public_id(), public_id(), public_id(), minutes, kind),
    ):
        assert log.canonical(json.loads(body)) == body
        assert log.misfits(json.loads(body)) == []


def test_a_commitment_proves_the_words_only_with_its_salt() -> None:
    assert log.commitment("Thank you", "5a17") == hashlib.sha256(b"5a17:Thank you").hexdigest()
    assert log.commitment("Thank you", "") != log.commitment("Thank you", "5a17")


def test_a_leaf_hash_is_that_of_rfc_6962() -> None:
    # The leaf hashes of "" and of the byte 0x00 in the test vectors of Certificate Transparency.
    assert log.leaf_hash("") == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert log.leaf_hash("\0") == "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        ("party", {}),
        ("void", {"hold": public_id()}),
        ("void", {"hold": public_id(), "by": None, "why": "tired"}),
        ("void", {"hold": "Ana Souza", "by": None}),
        ("void", {"hold": public_id(), "by": "ana@example.org"}),
        ("role", {"member": public_id(), "role": "Ana Souza", "given": True, "by": None}),
        ("limit", {"account": public_id(), "by": None, "limit_minutes": True, "floor_minutes": 0}),
    ],
)
def test_a_record_says_only_what_its_kind_says(kind: str, facts: dict[str, Any]) -> None:
    with transaction.atomic(), pytest.raises(ValueError, match="a record of"):
        log.write_record(kind, **facts)


@pytest.mark.django_db(transaction=True)
def test_a_record_shares_the_fate_of_what_it_tells() -> None:
    with pytest.raises(ValueError, match="in the transaction"):
        log.write_record("joining", account=public_id())


@pytest.mark.django_db
def test_every_record_says_when_and_is_unlike_any_other() -> None:
    first, second = (log.write_record("joining", account="2" * 18) for _ in range(2))

    assert re.fullmatch(
        r'\{"account":"2{18}","at":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z","kind":"joining","nonce":"[0-9a-f]{32}"\}',
        first.body,
    )
    assert first.body != second.body


@pytest.mark.django_db
def test_records_are_numbered_from_zero_without_gaps_and_once() -> None:
    ana, bento = neighbours(60, 0)
    pay(ana, bento, 20)
    assert log.is_unsealed()

    sealed = log.seal_records()

    assert (sealed, log.seal_records(), log.is_unsealed()) == (Record.objects.count(), 0, False)
    leaves = Leaf.objects.order_by("number").select_related("record")
    assert [leaf.number for leaf in leaves] == list(range(sealed))
    assert all(leaf.hash == hashlib.sha256(b"\0" + leaf.record.body.encode()).hexdigest() for leaf in leaves)


@pytest.mark.django_db
def test_a_long_log_is_sealed_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "SEALED_AT_ONCE", 3)
    for _ in range(10):
        log.write_record("joining", account="2" * 18)

    assert log.seal_records() == 10
    assert list(Leaf.objects.order_by("number").values_list("number", flat=True)) == list(range(10))


def _late_record(pk: int) -> Record:
    """A record whose transaction took its id early and committed late."""
    at = clock.now()
    body = {"account": "2" * 18, "at": log.moment(at), "kind": "joining", "nonce": log.nonce()}
    return Record.objects.create(pk=pk, kind="joining", body=log.canonical(body), created_at=at)


@pytest.mark.django_db
def test_a_record_that_committed_late_is_numbered_after_the_others() -> None:
    _late_record(50_002)
    log.seal_records()
    late = _late_record(50_001)

    assert log.is_unsealed()
    assert log.seal_records() == 1
    assert late.leaf.number == 1


@pytest.mark.django_db
def test_a_process_that_starts_looks_at_the_whole_log_once(monkeypatch: pytest.MonkeyPatch) -> None:
    _late_record(50_000)
    log.seal_records()
    forgotten = _late_record(50_000 - log.LOOK_BACK_IDS - 1)
    assert (log.is_unsealed(), log.seal_records()) == (False, 0)  # too far behind to be looked for every second

    monkeypatch.setattr(log._sweep, "is_done", False)  # as in a process just started

    assert log.seal_records() == 1
    assert forgotten.leaf.number == 1


@pytest.mark.django_db
def test_looking_for_unsealed_records_never_reads_the_whole_log() -> None:
    log.write_record("joining", account="2" * 18)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")  # small tables are read whole otherwise
            cursor.execute(f"EXPLAIN {log._UNSEALED}", [5, 1])
        else:
            cursor.execute(f"EXPLAIN QUERY PLAN {log._UNSEALED}", [5, 1])
        plan = str(cursor.fetchall())

    assert ("ledger_record_pkey" in plan) if connection.vendor == "postgresql" else ("(rowid>?)" in plan)


@pytest.mark.django_db
def test_names_addresses_and_words_stay_out_of_the_log() -> None:
    ana, bento = neighbours(60, 0)
    operations.post(accept(ana, bento, 20, note="For the garden"))
    everything = " ".join(Record.objects.values_list("body", flat=True))

    for account in (ana, bento):
        assert account.owner.email not in everything
        assert account.owner.display_name not in everything
    assert "garden" not in everything
