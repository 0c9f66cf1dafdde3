"""What ends by itself: holds whose time is over, frozen ones later, and minutes that nobody used."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger import operations
from ledger.models import ExpiryNotice, Lot
from ledger.tasks import keep_expiry
from notifications.models import Event
from timebank import clock

from .stories import accept, available, balance, neighbours, now, pay

pytestmark = pytest.mark.django_db
A_YEAR = timedelta(days=365)


def in_an_hour():
    return clock.now() + timedelta(hours=1)


# --- Holds ---------------------------------------------------------------------------------------


def test_a_hold_gives_its_minutes_back_when_its_time_is_over():
    ana, bento = neighbours(120, 0)
    hold = accept(ana, bento, 50, due=False, expires_at=in_an_hour())

    assert (operations.expire_holds(), available(ana)) == (0, 70)
    with clock.ahead_by(timedelta(hours=2)):
        assert keep_expiry.is_due()
        assert (operations.expire_holds(), operations.expire_holds()) == (1, 0)
        hold.refresh_from_db()
        assert (hold.state, available(ana)) == ("expired", 120)
        with pytest.raises(operations.AlreadyVoided):
            operations.release(hold, actor=ana.owner)


def test_what_was_released_in_time_arrives():
    ana, bento = neighbours(120, 0)
    hold = accept(ana, bento, 50, due=False, expires_at=in_an_hour())
    operations.release(hold, actor=ana.owner)

    with clock.ahead_by(timedelta(hours=2)):
        assert operations.expire_holds() == 0
        operations.post_due_holds()
    assert balance(bento) == 50


def test_what_is_due_does_not_expire():
    ana, bento = neighbours(120, 0)
    with pytest.raises(ValueError, match="does not expire"):
        accept(ana, bento, 50, expires_at=in_an_hour())


def test_a_frozen_hold_waits_for_whoever_froze_it():
    ana, bento = neighbours(120, 0)
    hold = accept(ana, bento, 50, due=False, expires_at=in_an_hour())
    operations.freeze(hold, until=clock.now() + timedelta(days=30), actor=bento.owner)

    with pytest.raises(operations.Frozen):
        operations.release(hold, actor=ana.owner)
    with pytest.raises(operations.Frozen):
        operations.void(hold, actor=ana.owner)
    with clock.ahead_by(timedelta(hours=2)):
        assert operations.expire_holds() == 0
    operations.unfreeze(hold, actor=bento.owner)
    operations.unfreeze(hold, actor=bento.owner)
    assert operations.void(hold, actor=ana.owner).state == "voided"
    with pytest.raises(operations.AlreadyVoided):
        operations.freeze(hold, until=in_an_hour(), actor=bento.owner)


def test_what_is_on_its_way_is_not_frozen():
    ana, bento = neighbours(120, 0)
    hold = accept(ana, bento, 50)

    with pytest.raises(operations.AlreadyPosted):
        operations.freeze(hold, until=in_an_hour(), actor=bento.owner)


def test_a_freeze_ends_at_its_own_deadline():
    ana, bento = neighbours(120, 0)
    hold = accept(ana, bento, 50, due=False, expires_at=in_an_hour())
    operations.freeze(hold, until=clock.now() + timedelta(hours=3), actor=bento.owner)

    with clock.ahead_by(timedelta(hours=4)):
        assert operations.expire_holds() == 1
    assert available(ana) == 120


# --- Minutes -------------------------------------------------------------------------------------


def test_minutes_nobody_used_go_to_the_fund_and_she_is_told():
    ana, bento = neighbours(120, 0)
    pay(ana, bento, 20)

    assert (keep_expiry.is_due(), operations.expire_minutes()) == (False, 0)
    with clock.ahead_by(A_YEAR):
        assert keep_expiry.is_due()
        assert (operations.expire_minutes(), operations.expire_minutes()) == (1, 0)
        assert not keep_expiry.is_due()

    assert (balance(ana), balance(bento)) == (0, 20)  # what he earned lasts
    event = Event.objects.filter(member=ana.owner).latest("pk")
    assert (event.type, event.data["amount_minutes"], event.in_inbox) == ("hours-expired", 100, True)
    assert Lot.objects.filter(how="retired").get().amount_minutes == 100


def test_nothing_is_swept_but_what_expired():
    ana, bento = neighbours(20, 60)
    pay(bento, ana, 10)  # lasting
    with clock.ahead_by(timedelta(hours=12)):
        pay(operations.fund(), ana, 30, kind="grant")

    with clock.ahead_by(A_YEAR + timedelta(hours=1)):
        operations.expire_minutes()
        assert balance(ana) == 40
    with clock.ahead_by(A_YEAR + timedelta(hours=13)):
        operations.expire_minutes()
        assert balance(ana) == 10


def test_what_is_held_is_never_swept():
    ana, bento = neighbours(120, 0)
    hold = accept(ana, bento, 90, due=False)

    with clock.ahead_by(A_YEAR):
        assert operations.expire_minutes() == 1
        assert (balance(ana), now(ana).held_minutes) == (90, 90)
        assert operations.expire_minutes() == 0
        operations.void(hold, actor=ana.owner)
        assert operations.expire_minutes() == 1
    assert balance(ana) == 0


def test_until_they_are_swept_they_can_still_be_spent():
    ana, bento = neighbours(120, 0)
    with clock.ahead_by(A_YEAR):
        pay(ana, bento, 50)
        operations.expire_minutes()
    assert (balance(ana), balance(bento)) == (0, 50)


@pytest.mark.parametrize(("days_left", "notices"), [(31, []), (30, [30]), (8, [30]), (7, [7]), (1, [7])], ids=str)
def test_she_is_told_before(days_left, notices):
    [ana] = neighbours(120)
    Event.objects.all().delete()

    with clock.ahead_by(A_YEAR - timedelta(days=days_left)):
        assert (operations.warn_of_expiry(), operations.warn_of_expiry()) == (len(notices), 0)

    assert list(ExpiryNotice.objects.filter(account=ana).values_list("days_before", flat=True)) == notices
    told = Event.objects.filter(member=ana.owner).values_list("type", "data__amount_minutes", "by_mail")
    assert list(told) == [("hours-expiring", 120, True)] * len(notices)


def test_both_notices_come_in_their_time():
    neighbours(120)
    for days_left in (30, 20, 7, 3):
        with clock.ahead_by(A_YEAR - timedelta(days=days_left)):
            operations.warn_of_expiry()
    assert list(ExpiryNotice.objects.order_by("pk").values_list("days_before", flat=True)) == [30, 7]
