"""A hold is let go: all of it arrives, or a part of it while the rest goes back."""

from __future__ import annotations

import json

import pytest
from django.db import DatabaseError, transaction

from ledger import operations
from ledger.models import Hold, Record, Transfer

from .stories import accept, available, balance, neighbours, steward

pytestmark = pytest.mark.django_db


def test_what_is_released_arrives_whole() -> None:
    ana, bento = neighbours(60, 0)
    hold = accept(ana, bento, 20, due=False)

    operations.release(hold, actor=ana.owner)

    assert operations.post_due_holds() == 1
    assert (balance(ana), available(ana), balance(bento)) == (40, 40, 20)


@pytest.mark.parametrize("minutes", [1, 19])
def test_a_part_arrives_and_the_rest_goes_back_at_once(minutes: int) -> None:
    ana, bento = neighbours(60, 0)
    hold = accept(ana, bento, 20, due=False)

    released = operations.release(hold, minutes=minutes, actor=ana.owner)
    assert (available(ana), released.due, released.post_minutes) == (40, True, minutes)
    operations.post_due_holds()

    assert (balance(ana), available(ana), balance(bento)) == (60 - minutes, 60 - minutes, minutes)
    assert Transfer.objects.get(hold=hold).amount_minutes == minutes


def test_released_twice_it_arrives_once() -> None:
    ana, bento = neighbours(60, 0)
    hold = accept(ana, bento, 20, due=False)

    for _ in range(2):
        operations.release(hold, minutes=15, actor=ana.owner)
    operations.post_due_holds()
    operations.release(hold, minutes=15, actor=ana.owner)

    assert (operations.post_due_holds(), balance(bento)) == (0, 15)


def test_other_minutes_than_were_released_are_refused() -> None:
    ana, bento = neighbours(60, 0)
    hold = operations.release(accept(ana, bento, 20, due=False), minutes=15, actor=ana.owner)

    with pytest.raises(operations.AlreadyPosted):
        operations.release(hold, actor=ana.owner)


def test_what_went_back_is_not_released() -> None:
    ana, bento = neighbours(60, 0)
    hold = operations.void(accept(ana, bento, 20, due=False), actor=ana.owner)

    with pytest.raises(operations.AlreadyVoided):
        operations.release(hold, actor=ana.owner)


@pytest.mark.parametrize("minutes", [0, -1, 21, True, 1.5])
def test_nothing_and_more_than_is_held_cannot_be_released(minutes: int) -> None:
    ana, bento = neighbours(60, 0)
    hold = accept(ana, bento, 20, due=False)

    with pytest.raises(ValueError, match="whole or in part"):
        operations.release(hold, minutes=minutes, actor=ana.owner)


def test_the_log_says_how_much_and_by_whom() -> None:
    ana, bento = neighbours(60, 0)
    hold = accept(ana, bento, 20, due=False)

    operations.release(hold, minutes=5, actor=steward())

    body = json.loads(Record.objects.get(kind="release").body)
    assert (body["hold"], body["amount_minutes"]) == (hold.public_id, 5)
    assert body["by"] == operations.fund().public_id


@pytest.mark.parametrize("change", [{"due": False}, {"post_minutes": 6}, {"post_minutes": None}])
def test_the_database_keeps_what_was_released(change: dict[str, object]) -> None:
    ana, bento = neighbours(60, 0)
    hold = operations.release(accept(ana, bento, 20, due=False), minutes=5, actor=ana.owner)

    with pytest.raises(DatabaseError), transaction.atomic():
        Hold.objects.filter(pk=hold.pk).update(**change)


@pytest.mark.parametrize("minutes", [0, 20, 21])
def test_the_database_knows_no_part_that_is_none_or_all(minutes: int) -> None:
    ana, bento = neighbours(60, 0)
    hold = accept(ana, bento, 20, due=False)

    with pytest.raises(DatabaseError), transaction.atomic():
        Hold.objects.filter(pk=hold.pk).update(due=True, post_minutes=minutes)
