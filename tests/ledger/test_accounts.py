"""Opening, limiting and closing accounts."""

from __future__ import annotations

import json

import pytest

from ledger import operations
from ledger.models import Account, Record
from tests.factories import make_member

from .stories import accept, available, balance, neighbours, now, pay

pytestmark = pytest.mark.django_db


def test_opening_twice_opens_once() -> None:
    ana = make_member(minutes=60)

    assert operations.open_account(ana, credit_limit_minutes=30) == ana.account
    assert (Account.objects.filter(owner=ana).count(), available(ana.account)) == (1, 60)


def test_there_is_no_fund_before_one_is_opened() -> None:
    with pytest.raises(Account.DoesNotExist):
        operations.fund()


def test_a_credit_limit_lets_an_account_go_below_zero_and_no_further() -> None:
    ana = make_member(credit_limit_minutes=30).account
    (bento,) = neighbours(0)

    pay(ana, bento, 30)

    assert (balance(ana), available(ana)) == (-30, 0)
    with pytest.raises(operations.NotEnoughTime):
        accept(ana, bento, 1)


def test_a_limit_cut_below_a_debt_lets_no_new_debt_through_while_it_is_earned_back() -> None:
    ana = make_member(credit_limit_minutes=100).account
    bento, clara = neighbours(200, 0)
    pay(ana, clara, 80)

    operations.set_credit_limit(ana, 20, actor=ana.owner)
    assert (available(ana), now(ana).floor_minutes) == (0, -80)

    pay(bento, ana, 50)  # −30: earned, and not to be spent again
    assert (balance(ana), available(ana), now(ana).floor_minutes) == (-30, 0, -30)
    pay(bento, ana, 20)  # −10: above the limit
    assert (balance(ana), available(ana), now(ana).floor_minutes) == (-10, 10, -20)
    with pytest.raises(operations.NotEnoughTime):
        accept(ana, clara, 11)


def test_hours_given_back_to_an_account_beyond_its_limit_are_not_spent_again() -> None:
    ana = make_member(credit_limit_minutes=100).account
    (bento,) = neighbours(0)
    hold = accept(ana, bento, 80, due=False)
    operations.set_credit_limit(ana, 20, actor=ana.owner)

    operations.void(hold, actor=ana.owner)

    assert (now(ana).floor_minutes, available(ana)) == (-20, 20)


def test_a_raised_limit_lowers_the_floor_with_a_record() -> None:
    (ana,) = neighbours(0)
    coordinator = make_member()

    raised = operations.set_credit_limit(ana, 45, actor=coordinator)

    assert (raised.floor_minutes, raised.available_minutes) == (-45, 45)
    body = json.loads(Record.objects.get(kind="limit", body__contains=ana.public_id).body)
    assert (body["account"], body["by"]) == (ana.public_id, coordinator.account.public_id)
    assert (body["limit_minutes"], body["floor_minutes"]) == (45, -45)


def test_a_limit_is_never_negative() -> None:
    (ana,) = neighbours(0)

    with pytest.raises(ValueError, match="negative"):
        operations.set_credit_limit(ana, -1, actor=ana.owner)


def test_an_empty_account_is_closed_once() -> None:
    (ana,) = neighbours(0)

    operations.close_account(ana, actor=ana.owner)
    closed = operations.close_account(ana, actor=ana.owner)

    assert closed.state == "closed"
    assert Record.objects.filter(kind="account", body__contains='"change":"closed"').count() == 1


def test_an_account_in_use_is_not_closed() -> None:
    ana, bento, clara, davi = neighbours(60, 0, 0, 60)
    indebted = make_member(credit_limit_minutes=10).account
    pay(indebted, clara, 10)
    accept(davi, bento, 10, due=False)

    for account in (ana, bento, davi, indebted):  # hours on it, coming to it, leaving it, owed by it
        with pytest.raises(operations.AccountInUse, match="balance is zero and nothing is on its way"):
            operations.close_account(account, actor=account.owner)
        assert now(account).is_open


def test_the_fund_is_never_closed() -> None:
    neighbours(60)

    with pytest.raises(ValueError, match="never closed"):
        operations.close_account(operations.fund(), actor=operations.fund().owner)
