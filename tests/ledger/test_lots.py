"""Where minutes come from: what is passed on, split, minted, joined and burnt, told with three neighbours."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import override_settings

from ledger import operations
from ledger.models import Account, Lot, Mint
from timebank import clock

from .stories import accept, balance, neighbours, now, pay

pytestmark = pytest.mark.django_db


def lots(account: Account) -> list[tuple[str, int]]:
    """Its open lots in the order in which they are used: who issued them, and minutes."""
    names = {operations.fund().pk: "fund"}
    found = Lot.objects.open().filter(owner=account).in_order_of_use().select_related("mint__issuer__owner")
    return [(names.get(lot.mint.issuer_id, lot.mint.issuer.owner.display_name), lot.amount_minutes) for lot in found]


def expiries(account: Account) -> list[tuple[datetime | None, int]]:
    found = Lot.objects.open().filter(owner=account).in_order_of_use()
    return list(found.values_list("expires_at", "amount_minutes"))


def name(account: Account) -> str:
    return account.owner.display_name


def test_a_lot_is_split_and_the_change_stays_hers():
    ana, bento = neighbours(120, 0)

    paid = pay(ana, bento, 30)

    assert (lots(ana), lots(bento)) == ([("fund", 90)], [("fund", 30)])
    assert list(Lot.objects.filter(spent_in=paid).values_list("owner", "amount_minutes", "how")) == [
        (ana.pk, 120, "passed_on")
    ]
    assert not Mint.objects.filter(transfer=paid).exists()


def test_a_change_of_one_minute_stays_hers_too():
    ana, bento = neighbours(60, 0)
    pay(ana, bento, 59)
    assert (lots(ana), lots(bento)) == ([("fund", 1)], [("fund", 59)])


def test_what_she_lacks_is_minted_by_her():
    ana, bento = neighbours(20, 0)
    operations.set_credit_limit(ana, 60, actor=ana.owner)

    paid = pay(ana, bento, 50)

    assert (lots(ana), lots(bento)) == ([], [("fund", 20), (name(ana), 30)])
    assert (paid.mint.amount_minutes, paid.mint.reason) == (30, "credit")


def test_who_owes_repays_first_and_what_repaid_is_gone():
    ana, bento, carla = neighbours(0, 100, 0)
    operations.set_credit_limit(ana, 60, actor=ana.owner)
    pay(ana, carla, 40)  # ana owes 40

    paid = pay(bento, ana, 50)

    assert (balance(ana), lots(ana)) == (10, [("fund", 10)])
    assert list(Lot.objects.filter(born_in=paid, how="redeemed").values_list("owner", "amount_minutes")) == [
        (ana.pk, 40)
    ]
    assert lots(carla) == [(name(ana), 40)]  # what she issued is still in somebody's pocket


def test_what_comes_back_to_the_fund_is_retired():
    [ana] = neighbours(100)

    paid = pay(ana, operations.fund(), 30, kind="donation")

    assert lots(ana) == [("fund", 70)]
    assert list(Lot.objects.filter(spent_in=paid, how="retired").values_list("amount_minutes", flat=True)) == [30]


def test_pieces_of_the_same_mint_become_one_lot():
    ana, bento = neighbours(120, 0)

    pay(ana, bento, 30)
    second = pay(ana, bento, 20)

    assert lots(bento) == [("fund", 50)]
    assert list(Lot.objects.filter(spent_in=second, how="merged").values_list("amount_minutes", flat=True)) == [30]


def test_help_makes_minutes_lasting_and_gifts_hand_on_their_day():
    ana, bento, carla = neighbours(120, 0, 0)
    [(day, _)] = expiries(ana)
    assert day is not None

    pay(ana, bento, 30, kind="gift")
    pay(ana, carla, 30, kind="help")

    assert expiries(bento) == [(day, 30)]
    assert expiries(carla) == [(None, 30)]


def test_what_expires_first_is_used_first():
    ana, bento, carla = neighbours(60, 60, 0)
    pay(bento, ana, 60)  # lasting, and older than what comes next
    with clock.ahead_by(timedelta(days=10)):
        pay(ana, carla, 70)

    assert expiries(ana) == [(None, 50)]


def test_the_oldest_mint_is_used_first_and_all_of_it_before_the_next():
    ana, bento, carla, dora = neighbours(0, 60, 60, 0)
    pay(carla, ana, 40)
    pay(bento, ana, 20)

    pay(ana, dora, 21)

    assert [minutes for _, minutes in lots(ana)] == [39]
    assert [minutes for _, minutes in lots(dora)] == [20, 1]


def test_the_settings_say_how_long():
    with override_settings(GRANTED_HOURS_EXPIRE_DAYS=0, EARNED_HOURS_EXPIRE_DAYS=10):
        ana, bento = neighbours(60, 0)
        assert expiries(ana) == [(None, 60)]
        pay(ana, bento, 60)
        [(day, _)] = expiries(bento)
        assert day is not None
        assert timedelta(days=9) < day - clock.now() < timedelta(days=10)


def test_a_batch_that_passes_minutes_on_twice_leaves_their_way():
    ana, bento, carla = neighbours(60, 0, 0)
    operations.set_credit_limit(bento, 60, actor=bento.owner)
    for payer, payee in ((ana, bento), (bento, carla), (carla, ana)):
        operations.set_credit_limit(payer, 60, actor=payer.owner)
        operations.accept(payer=payer, payee=payee, amount_minutes=40, kind="help", key="round", actor=payer.owner)

    assert operations.post_due_holds() == 3

    assert [now(account).balance_minutes for account in (ana, bento, carla)] == [60, 0, 0]
    assert lots(ana) == [("fund", 20), ("fund", 40)]  # what came back was earned, and lasts
    assert Mint.objects.count() == 1  # each had by then what she passed on


def test_of_many_lots_the_front_ones_are_spent_and_a_deep_one_grows():
    ana, *others, carla = neighbours(0, 60, 60, 60, 60, 0)
    for other in others:
        pay(other, ana, 20)
    operations.set_credit_limit(carla, 60, actor=carla.owner)
    for payer, payee, minutes in ((others[-1], ana, 10), (ana, carla, 50), (carla, ana, 45)):
        accept(payer, payee, minutes)

    operations.post_due_holds()

    assert [minutes for _, minutes in lots(ana)] == [20, 20, 15, 30]
    assert [minutes for _, minutes in lots(carla)] == [5]
