"""How far accounts may go: now or from a day on, one or all of them, with a warning before, and with a largest balance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ledger import operations
from ledger.models import Account, LimitChange
from ledger.operations import Limits, limits
from notifications.models import Event
from timebank import clock

from .stories import accept, balance, neighbours, now, pay, steward

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 12, 1, tzinfo=UTC)


def change(limits: Limits, **how: object) -> LimitChange:
    return operations.change_limits(limits, **{"reason": "The assembly of May", "by": steward(), **how})


def test_one_account_may_go_further_with_a_reason():
    ana, bento = neighbours(0, 0)

    made = change(Limits(120, soft_minutes=60), account=ana)

    assert (now(ana).credit_limit_minutes, now(ana).soft_limit_minutes, now(ana).available_minutes) == (120, 60, 120)
    assert (made.reason, made.applied_at is not None) == ("The assembly of May", True)
    assert now(bento).credit_limit_minutes == 0


def test_what_was_written_of_limits_is_never_written_over():
    made = change(Limits(120), account=neighbours(0)[0])

    for done in (
        lambda: LimitChange.objects.filter(pk=made.pk).update(credit_limit_minutes=999),
        lambda: LimitChange.objects.filter(pk=made.pk).update(applied_at=None),
        lambda: LimitChange.objects.filter(pk=made.pk).delete(),
    ):
        with pytest.raises(IntegrityError, match="ledger_limitchange"), transaction.atomic():
            done()


def test_a_change_for_all_leaves_those_alone_that_have_their_own():
    ana, bento = neighbours(0, 0)
    change(Limits(240), account=ana)

    change(Limits(60, 30, 600))

    assert [now(account).credit_limit_minutes for account in (ana, bento)] == [240, 60]
    assert (now(bento).max_balance_minutes, operations.usual_limits(0)) == (600, Limits(60, 30, 600))
    assert steward().account.credit_limit_minutes > 600


def test_a_change_for_later_waits_for_its_day_and_happens_once():
    [ana] = neighbours(0)
    made = change(Limits(60), account=ana, takes_effect_at=clock.now() + timedelta(days=3))

    assert operations.apply_due_limits() == 0
    assert now(ana).credit_limit_minutes == 0
    with clock.ahead_by(timedelta(days=3)):
        assert (operations.apply_due_limits(), operations.apply_due_limits()) == (1, 0)
    made.refresh_from_db()
    assert (now(ana).credit_limit_minutes, made.applied_at is not None) == (60, True)


def call_off(made: LimitChange, **how: object) -> LimitChange:
    return operations.call_off_limits(made, **{"reason": "The assembly thought better of it", "by": steward(), **how})


def told(account: Account) -> list[dict[str, Any]]:
    """What its owner was told of limits, oldest first, and in her inbox."""
    events = Event.objects.filter(member=account.owner_id, type="limits-changed").order_by("seq")
    assert all(event.in_inbox and not event.by_mail for event in events)
    return [event.public_data for event in events]


def day_of(moment: datetime) -> str:
    return timezone.localtime(moment, timezone.get_default_timezone()).date().isoformat()


def test_what_was_called_off_never_takes_effect_and_is_kept():
    [ana] = neighbours(0)
    made = change(Limits(60), account=ana, takes_effect_at=clock.now() + timedelta(days=3))

    gone = call_off(made)

    assert (gone.state, gone.called_off_by, gone.called_off_because) == (
        LimitChange.State.CALLED_OFF,
        steward(),
        "The assembly thought better of it",
    )
    with clock.ahead_by(timedelta(days=4)):
        assert operations.apply_due_limits() == 0
    assert (now(ana).credit_limit_minutes, LimitChange.objects.get().applied_at) == (0, None)
    for done in (
        lambda: LimitChange.objects.filter(pk=made.pk).update(called_off_because="Something else"),
        lambda: LimitChange.objects.filter(pk=made.pk).update(
            called_off_at=None, called_off_by=None, called_off_because=""
        ),
        lambda: LimitChange.objects.filter(pk=made.pk).update(applied_at=clock.now()),
        lambda: LimitChange.objects.filter(pk=made.pk).delete(),
    ):
        with pytest.raises(IntegrityError, match="ledger_limitchange"), transaction.atomic():
            done()


def test_what_is_called_off_as_its_day_comes_is_left_by_whoever_found_it_due():
    [ana] = neighbours(0)
    made = change(Limits(60), account=ana, takes_effect_at=clock.now() + timedelta(days=3))

    with clock.ahead_by(timedelta(days=4)):
        assert LimitChange.objects.due(clock.now()).get() == made
        call_off(made)
        assert limits._apply(made.pk).state == LimitChange.State.CALLED_OFF

    assert now(ana).credit_limit_minutes == 0


def test_only_what_is_planned_is_called_off_and_once():
    [ana] = neighbours(0)
    made = change(Limits(120), account=ana)
    planned = change(Limits(60), account=ana, takes_effect_at=clock.now() + timedelta(days=3))
    call_off(planned)

    with pytest.raises(operations.LimitsInForce):
        call_off(made)
    with pytest.raises(operations.CalledOffAlready):
        call_off(planned, reason="And once more")

    assert LimitChange.objects.get(pk=planned.pk).called_off_because == "The assembly thought better of it"
    assert now(ana).credit_limit_minutes == 120


def follow_common(account: Account, **how: object) -> LimitChange:
    usual = {"default_credit_minutes": 30, "reason": "As everybody", "by": steward()}
    return operations.follow_common_limits(account, **{**usual, **how})


def test_an_account_returns_to_the_common_limits_and_follows_them():
    ana, bento = neighbours(0, 0)
    change(Limits(60, 30, 600))
    change(Limits(240), account=ana)

    made = follow_common(ana)

    assert (made.account, made.returns_to_common, made.reason) == (ana, True, "As everybody")
    for account in (ana, bento):
        has = now(account)
        assert (has.credit_limit_minutes, has.soft_limit_minutes, has.max_balance_minutes) == (60, 30, 600)
        assert not has.has_own_limits
    change(Limits(90))
    assert [now(account).credit_limit_minutes for account in (ana, bento)] == [90, 90]
    with pytest.raises(operations.NoLimitsOfItsOwn):
        follow_common(ana)


def test_where_nothing_was_ever_decided_for_all_one_returns_to_what_newcomers_get():
    ana, bento = neighbours(0, 0)
    change(Limits(240), account=ana)
    pay(ana, bento, 100)

    follow_common(ana)

    assert (now(ana).credit_limit_minutes, now(ana).floor_minutes, now(ana).available_minutes) == (30, -100, 0)


def test_whoever_has_other_limits_now_is_told_once_and_nobody_else():
    ana, bento, clara = neighbours(0, 0, 0)
    change(Limits(240), account=ana)

    change(Limits(60, 30, 600))
    change(Limits(60, 30, 600))
    follow_common(ana)

    today = day_of(clock.now())
    said = {
        "state": "made", "from_day": today, "credit_limit_minutes": 60, "soft_limit_minutes": 30,
        "max_balance_minutes": 600, "returns_to_common": False,
    }  # fmt: skip
    assert told(bento) == told(clara) == [said]
    own = {**said, "credit_limit_minutes": 240, "soft_limit_minutes": None, "max_balance_minutes": None}
    assert told(ana) == [own, {**said, "returns_to_common": True}]
    assert not Event.objects.filter(member=steward()).exists()


def test_of_what_is_planned_for_her_alone_she_is_told_at_once_and_when_it_happens():
    [ana] = neighbours(0)
    moment = clock.now() + timedelta(days=3)

    change(Limits(60), account=ana, takes_effect_at=moment)
    with clock.ahead_by(timedelta(days=3)):
        operations.apply_due_limits()
        operations.apply_due_limits()

    assert [(data["state"], data["from_day"]) for data in told(ana)] == [
        ("planned", day_of(moment)),
        ("made", day_of(moment)),
    ]


def test_of_what_is_planned_for_her_alone_she_is_told_that_it_is_called_off():
    ana, bento = neighbours(0, 0)
    moment = clock.now() + timedelta(days=3)

    call_off(change(Limits(60), account=ana, takes_effect_at=moment))
    call_off(change(Limits(60), takes_effect_at=moment))

    assert [(data["state"], data["from_day"]) for data in told(ana)] == [
        ("planned", day_of(moment)),
        ("called_off", day_of(moment)),
    ]
    assert told(bento) == []


@pytest.mark.parametrize("people", [1, 4])
def test_all_are_told_by_the_same_two_statements(people):
    neighbours(*[0] * people)

    with CaptureQueriesContext(connection) as asked:
        change(Limits(60))

    assert sum("notifications_" in query["sql"] for query in asked) == 2
    assert Event.objects.filter(type="limits-changed").count() == people


def test_a_soft_limit_warns_before_the_limit_refuses():
    ana, bento = neighbours(0, 0)
    change(Limits(120, 60), account=ana)

    assert not now(ana).is_below_soft_limit(less=60)
    assert now(ana).is_below_soft_limit(less=61)
    accept(ana, bento, 61, due=False)
    assert now(ana).is_below_soft_limit()
    with pytest.raises(operations.LimitsDisagree):
        change(Limits(60, 60), account=ana)


def test_more_than_the_largest_balance_is_refused_and_the_payer_is_told_why():
    ana, bento = neighbours(240, 0)
    change(Limits(0, None, 100), account=bento)
    pay(ana, bento, 60)
    accept(ana, bento, 30, due=False)  # on its way counts too

    with pytest.raises(operations.AccountFull, match="may hold up to 1 h 40 min"):
        accept(ana, bento, 11)

    assert now(ana).held_minutes == 30
    accept(ana, bento, 10)
    operations.post_due_holds()
    assert balance(bento) == 70


def test_what_is_given_back_arrives_however_much_there_is():
    ana, bento = neighbours(240, 0)
    paid = pay(ana, bento, 60)
    change(Limits(0, None, 200), account=ana)

    operations.reverse(paid, key="undo", actor=steward())

    assert balance(ana) == 240


def test_a_repeat_is_answered_although_the_account_is_full_now():
    ana, bento = neighbours(240, 0)
    change(Limits(0, None, 60), account=bento)

    first = accept(ana, bento, 60, key="same")

    assert accept(ana, bento, 60, key="same") == first
    assert now(ana).held_minutes == 60


@pytest.mark.parametrize(
    ("rule", "changed"),
    [
        ("limit_change_not_negative", {"credit_limit_minutes": -1}),
        ("limit_change_soft_not_negative", {"soft_limit_minutes": -1}),
        ("limit_change_most_is_some", {"max_balance_minutes": 0}),
        ("limit_change_has_a_reason", {"reason": ""}),
        ("limit_change_returns_one_account", {"returns_to_common": True}),
        ("limit_change_called_off_by_whom_and_why", {"called_off_at": NOW}),
        ("limit_change_called_off_by_whom_and_why", {"called_off_because": "Nobody knows when"}),
        ("limit_change_made_or_called_off", {"applied_at": NOW, "called_off_at": NOW, "called_off_because": "Both"}),
    ],
)
def test_each_rule_of_a_change_is_a_constraint(rule, changed):
    moment = clock.now()
    somebody = neighbours(0)[0].owner
    usual = {"kind": Account.Kind.MEMBER, "credit_limit_minutes": 0, "reason": "x", "by": somebody}
    if rule == "limit_change_made_or_called_off":
        usual["called_off_by"] = somebody
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        LimitChange.objects.create(created_at=moment, takes_effect_at=moment, **{**usual, **changed})
