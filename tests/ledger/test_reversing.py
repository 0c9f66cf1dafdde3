"""Undoing a payment: in part or whole, never more than it moved, and past a limit only when that is said."""

from __future__ import annotations

import pytest

from ledger import operations
from ledger.models import Record, Transfer
from notifications.models import Event

from .stories import balance, neighbours, now, pay, steward

pytestmark = pytest.mark.django_db


def reverse(paid: Transfer, key: str = "undo:1", **how: object) -> Transfer:
    return operations.reverse(paid, key=key, actor=steward(), **how)


def test_all_of_it_goes_back_and_both_lead_to_each_other():
    ana, bento = neighbours(120, 0)
    paid = pay(ana, bento, 50, category="garden")

    back = reverse(paid)

    assert (balance(ana), balance(bento)) == (120, 0)
    assert (back.reverses, list(paid.reversals.all())) == (paid, [back])
    assert (back.kind, back.category, back.amount_minutes) == ("reversal", "garden", 50)
    assert operations.reversible_minutes(paid) == 0


def test_parts_add_up_to_no_more_than_it_moved():
    ana, bento = neighbours(120, 0)
    paid = pay(ana, bento, 50)
    reverse(paid, minutes=20)

    with pytest.raises(operations.MoreThanMoved, match="Up to 30 min can still go back."):
        reverse(paid, "undo:2", minutes=31)
    assert reverse(paid, "undo:3").amount_minutes == 30
    with pytest.raises(operations.NothingToReverse):
        reverse(paid, "undo:4")
    assert (balance(ana), balance(bento)) == (120, 0)


def test_asked_twice_it_goes_back_once():
    ana, bento = neighbours(120, 0)
    paid = pay(ana, bento, 50)

    assert reverse(paid) == reverse(paid)
    assert balance(ana) == 120


def test_a_reversal_is_not_reversed():
    ana, bento = neighbours(120, 0)
    back = reverse(pay(ana, bento, 50))

    with pytest.raises(operations.NothingToReverse):
        reverse(back, "undo:2")


def test_what_was_spent_since_goes_back_only_past_the_limit_and_only_when_that_is_said():
    ana, bento, carla = neighbours(120, 0, 0)
    paid = pay(ana, bento, 50)
    pay(bento, carla, 40)

    with pytest.raises(operations.NotEnoughTime):
        reverse(paid)
    assert balance(ana) == 70

    reverse(paid, override=True)

    assert (balance(ana), balance(bento), now(bento).floor_minutes) == (120, -40, -40)
    assert Record.objects.filter(kind="limit", body__contains='"floor_minutes":-40').exists()
    pay(carla, bento, 15)  # he earns his way back
    assert (now(bento).floor_minutes, now(bento).available_minutes) == (-25, 0)


def test_both_are_told():
    ana, bento = neighbours(120, 0)
    reverse(pay(ana, bento, 50))

    told = Event.objects.order_by("pk").values_list("member", "type")
    assert (bento.owner_id, "hours-reversed") in told
    assert list(told)[-2] == (ana.owner_id, "hours-arrived")


def test_what_he_lacked_is_minted_again():
    ana, bento, carla = neighbours(120, 0, 0)
    paid = pay(ana, bento, 50)
    pay(bento, carla, 40)

    back = reverse(paid, override=True)

    assert (back.mint.amount_minutes, back.mint.reason) == (40, "reissue")
