"""All transfers played again from zero: the rows are what follows from them, and can be written from them."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from ledger import check, operations, replay, triggers
from ledger.models import Lot, Mint, Record

from .stories import neighbours, pay, steward

pytestmark = pytest.mark.django_db


def a_long_story() -> None:
    """Minutes that were granted, earned, owed, repaid, given, joined, expired and undone."""
    ana, bento, carla = neighbours(120, 60, 0)
    operations.set_credit_limit(carla, 90, actor=carla.owner)
    pay(ana, bento, 45)
    pay(carla, ana, 70)
    lent = pay(bento, carla, 90)
    pay(ana, bento, 30, kind="gift")
    pay(ana, bento, 30)
    operations.reverse(lent, minutes=20, key="undo", actor=steward(), override=True)
    pay(bento, operations.fund(), 5, kind="donation")


def lots() -> list[tuple[Any, ...]]:
    found = Lot.objects.values_list(
        "mint__transfer", "owner", "amount_minutes", "expires_at", "born_in", "spent_in", "how"
    )
    return sorted(found, key=str)


def mints() -> list[tuple[Any, ...]]:
    return list(Mint.objects.order_by("transfer").values_list("transfer", "issuer", "amount_minutes", "reason"))


@pytest.mark.broken_books
def test_books_that_were_kept_without_lots_get_those_they_would_have():
    a_long_story()
    had = lots(), mints()
    connection.check_constraints()
    with triggers.suspended(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM ledger_lot")
        cursor.execute("DELETE FROM ledger_mint")
        cursor.execute("DELETE FROM ledger_record WHERE kind = 'mint'")
        assert replay.write_lots() == len(had[0])

    assert (lots(), mints()) == had
    assert Record.objects.filter(kind="mint").count() == len(had[1])
    connection.check_constraints()
    assert check.faults() == []


def test_the_command_finds_that_all_follows(capsys):
    a_long_story()

    call_command("rebuild_ledger", "--verify")

    assert capsys.readouterr().out == "The books are what follows from their transfers.\n"


@pytest.mark.broken_books
def test_the_command_names_what_does_not_follow():
    a_long_story()
    lot = Lot.objects.open().order_by("pk").last()
    connection.check_constraints()
    with triggers.suspended(), connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_lot SET amount_minutes = amount_minutes + 1 WHERE id = %s", [lot.pk])

    with pytest.raises(CommandError) as refused:
        call_command("rebuild_ledger", "--verify")

    assert refused.value.returncode == 1
    assert str(refused.value).splitlines()[1:] == [
        f"ledger_transfer {lot.born_in_id}: its births of lots are not what follows from the transfers before it"
    ]


@pytest.mark.django_db(transaction=True)
def test_it_is_one_moment_that_is_read(capsys):
    """Outside of any transaction, as the command runs: nothing is locked, and nothing is left open."""
    a_long_story()
    operations.post_due_holds()

    call_command("rebuild_ledger", "--verify")

    assert not connection.in_atomic_block
    ana, bento = neighbours(60, 0)
    pay(ana, bento, 10)
