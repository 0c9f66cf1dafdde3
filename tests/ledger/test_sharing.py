"""One to many and many to one: whole minutes, an exact sum, and all or none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from ledger import operations
from ledger.models import Hold
from ledger.operations import Part, shares

from .stories import balance, neighbours


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (60, [1, 1, 1], [20, 20, 20]),
        (61, [1, 1, 1], [21, 20, 20]),
        (1, [1, 1, 1], [1, 0, 0]),
        (100, [2, 1, 1], [50, 25, 25]),
        (10, [6, 5, 5], [4, 3, 3]),
        (0, [3, 4], [0, 0]),
    ],
)
def test_the_odd_minutes_go_to_the_largest_remainders(total, weights, parts):
    assert shares(total, weights) == parts


@given(some.integers(0, 10_000), some.lists(some.integers(0, 100), min_size=1, max_size=12).filter(any))
def test_shares_add_up_and_nobody_is_a_minute_off(total, weights):
    parts = shares(total, weights)

    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        exact = total * weight
        assert abs(part * sum(weights) - exact) < sum(weights)
        assert weight or not part


@pytest.mark.parametrize(("total", "weights"), [(-1, [1]), (5, []), (5, [0, 0]), (5, [2, -1])])
def test_nothing_is_cut_by_nothing(total, weights):
    with pytest.raises(ValueError, match="whole minutes"):
        shares(total, weights)


@pytest.mark.django_db
def test_a_class_is_paid_by_all_or_by_nobody():
    ana, bento, carla, teacher = neighbours(60, 60, 10, 0)
    payers = [ana, bento, carla]
    parts = [Part(payer, teacher, minutes) for payer, minutes in zip(payers, shares(61, [1, 1, 1]), strict=True)]

    with pytest.raises(operations.NotEnoughTime):
        operations.pay_together(parts, kind="help", key="class:1", actor=teacher.owner)
    assert [balance(account) for account in (*payers, teacher)] == [60, 60, 10, 0]

    parts = [Part(payer, teacher, minutes) for payer, minutes in zip(payers, shares(25, [1, 1, 1]), strict=True)]
    holds = operations.pay_together(parts, kind="help", key="class:2", actor=teacher.owner, category="english")
    assert operations.pay_together(parts, kind="help", key="class:2", actor=teacher.owner, category="english") == holds
    operations.post_due_holds()
    assert [balance(account) for account in (*payers, teacher)] == [51, 52, 2, 25]


@pytest.mark.django_db
def test_a_work_party_is_paid_by_one():
    ana, bento, carla = neighbours(60, 0, 0)
    parts = [Part(ana, helper, minutes) for helper, minutes in zip([bento, carla], shares(45, [2, 1]), strict=True)]

    operations.pay_together(parts, kind="help", key="party", actor=ana.owner)
    operations.post_due_holds()

    assert [balance(account) for account in (ana, bento, carla)] == [15, 30, 15]


@pytest.mark.django_db
def test_parts_of_no_minutes_are_left_out():
    ana, bento, carla = neighbours(60, 0, 0)

    holds = operations.pay_together([Part(ana, bento, 0), Part(ana, carla, 5)], kind="help", key="x", actor=ana.owner)

    assert [hold.payee_id for hold in holds] == [carla.pk]
    with pytest.raises(ValueError, match="nothing is to be paid"):
        operations.pay_together([Part(ana, bento, 0)], kind="help", key="y", actor=ana.owner)


@pytest.mark.django_db
def test_what_one_cannot_pay_is_told_of_the_whole():
    ana, bento, carla = neighbours(100, 0, 0)

    with pytest.raises(operations.NotEnoughTime) as refused:
        operations.pay_together([Part(ana, bento, 60), Part(ana, carla, 60)], kind="help", key="x", actor=ana.owner)

    assert str(refused.value) == "You can send up to 1 h 40 min; this needs 2 h."


@pytest.mark.django_db
@pytest.mark.parametrize("others", [(60,), (60, 60, 60), (60, 30), (30, 60)])
def test_the_same_key_with_fewer_more_or_other_parts_is_refused(others):
    ana, *helpers = neighbours(240, 0, 0, 0)

    def pay(amounts):
        parts = [Part(ana, helper, minutes) for helper, minutes in zip(helpers, amounts, strict=False)]
        return operations.pay_together(parts, kind="help", key="x", actor=ana.owner)

    holds = pay((60, 60))
    with pytest.raises(operations.KeyReused):
        pay(others)
    assert pay((60, 60)) == holds
    operations.post_due_holds()
    assert [balance(account) for account in (ana, *helpers)] == [120, 60, 60, 0]


@pytest.mark.django_db
def test_a_repeat_is_answered_though_nothing_is_left():
    ana, bento, carla = neighbours(60, 0, 0)
    parts = [Part(ana, bento, 30), Part(ana, carla, 30)]

    first = operations.pay_together(parts, kind="help", key="x", actor=ana.owner)

    assert operations.pay_together(parts, kind="help", key="x", actor=ana.owner) == first


@pytest.mark.django_db
def test_where_one_of_them_takes_no_hours_nobody_gets_any():
    ana, bento, carla = neighbours(60, 0, 0)
    operations.close_account(carla, actor=carla.owner)
    parts = [Part(ana, bento, 30), Part(ana, carla, 30)]

    with pytest.raises(operations.AccountClosed):
        operations.pay_together(parts, kind="help", key="x", actor=ana.owner)

    ana.refresh_from_db()
    assert ana.held_minutes == 0
    assert not Hold.objects.live().exists()
