"""What staff move: grants, debts written off, payments undone; with a second person where it is much, never for oneself."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts import operations
from accounts.models import Member, StaffMove
from accounts.operations import (
    AlreadyDecided,
    DayIsPast,
    MoreThanOwed,
    NotAllowed,
    TooFewMinutes,
    approve_move,
    call_off_limits,
    change_limits,
    decline_move,
    follow_common_limits,
    grant,
    grant_together,
    propose_reversal,
    write_off,
)
from ledger.models import Account, Kind, LimitChange, Record, Transfer
from ledger.operations import (
    AccountFull,
    KeyReused,
    Limits,
    MoreThanMoved,
    NotEnoughTime,
    NothingToReverse,
    apply_due_limits,
    pay_at_once,
)
from notifications.models import Event
from timebank import clock

from ..factories import balance, make_coordinator, make_member, make_moderator, make_superuser

pytestmark = pytest.mark.django_db
State = StaffMove.State
_number = itertools.count(1)


def give(member: Member, minutes: int, by: Member, do: Any = grant, **more: Any) -> StaffMove:
    asked = {"reason": "A new roof", "key": f"story-{next(_number)}", **more}
    return do(member.account, amount_minutes=minutes, by=by, **asked)


def paid(payer: Member, payee: Member, minutes: int = 60) -> Transfer:
    key = f"paid-{next(_number)}"
    return pay_at_once(
        payer=payer.account, payee=payee.account, amount_minutes=minutes, kind="help", key=key, actor=payer
    )


def undo(transfer: Transfer, by: Member, minutes: int | None = None, may_pass_limit: bool = False) -> StaffMove:
    return propose_reversal(
        transfer,
        minutes=minutes,
        may_pass_limit=may_pass_limit,
        reason="Sent to the wrong Ana",
        by=by,
        key=f"story-{next(_number)}",
    )


def test_a_little_is_given_at_once_and_she_is_told(settings):
    lourdes, ana = make_coordinator(), make_member(minutes=60)

    move = give(ana, 600, lourdes)

    assert (move.state, move.decided_by, balance(ana)) == (State.DONE, None, 660)
    assert (move.made.kind, move.made.hold.note.text, move.made.hold.actor) == (Kind.GRANT, "A new roof", lourdes)
    told = Event.objects.filter(member=ana, type="hours-granted").latest("seq")
    assert told.data["by_staff"]
    assert Record.objects.filter(kind="staff").count() == 1


def test_much_waits_for_another_coordinator():
    lourdes, rosa, ana = make_coordinator(), make_coordinator(), make_member()

    move = give(ana, 601, lourdes)
    assert (move.state, balance(ana)) == (State.WAITING, 0)
    with pytest.raises(NotAllowed):
        approve_move(move, by=lourdes)
    with pytest.raises(NotAllowed):
        approve_move(move, by=make_moderator())
    done = approve_move(move, by=rosa)

    assert (done.state, done.decided_by, balance(ana)) == (State.DONE, rosa, 601)
    with pytest.raises(AlreadyDecided):
        approve_move(move, by=rosa)
    assert balance(ana) == 601


def test_small_parts_are_no_way_around_the_second_person():
    lourdes, ana = make_coordinator(), make_member()

    assert give(ana, 400, lourdes).state == State.DONE
    assert give(ana, 201, lourdes).state == State.WAITING
    with clock.ahead_by(timedelta(days=31)):
        assert give(ana, 600, lourdes).state == State.DONE


def test_nobody_gives_herself_anything_or_approves_what_is_hers():
    lourdes, rosa = make_coordinator(), make_coordinator()
    with pytest.raises(NotAllowed):
        give(lourdes, 10, lourdes)
    with pytest.raises(NotAllowed):
        give(rosa, 10, make_member())
    move = give(rosa, 6000, lourdes)
    with pytest.raises(NotAllowed):
        approve_move(move, by=rosa)
    assert approve_move(move, by=make_superuser()).state == State.DONE


def test_the_same_form_gives_once():
    lourdes, ana = make_coordinator(), make_member()

    moves = [give(ana, 30, lourdes, key="the-same") for _ in range(2)]

    assert moves[0] == moves[1]
    assert balance(ana) == 30


def test_of_a_debt_no_more_is_written_off_than_there_is():
    lourdes, ana, bento = make_coordinator(), make_member(credit_limit_minutes=120), make_member()
    paid(ana, bento, 90)

    with pytest.raises(MoreThanOwed, match="1 h 30 min"):
        give(ana, 91, lourdes, write_off)
    give(ana, 90, lourdes, write_off)

    assert balance(ana) == 0
    assert Transfer.objects.latest("pk").kind == Kind.WRITE_OFF
    with pytest.raises(MoreThanOwed):
        give(bento, 1, lourdes, write_off)


def test_what_was_repaid_meanwhile_is_not_written_off_as_well(settings):
    settings.STAFF_ALONE_UP_TO_HOURS = 0
    lourdes, ana, bento = make_coordinator(), make_member(credit_limit_minutes=120), make_member()
    paid(ana, bento, 90)
    move = give(ana, 90, lourdes, write_off)
    paid(bento, ana, 60)

    with pytest.raises(MoreThanOwed):
        approve_move(move, by=make_coordinator())
    assert decline_move(move, by=lourdes).state == State.DECLINED
    assert balance(ana) == -30


def test_a_payment_is_undone_when_a_coordinator_asks_and_a_moderator_agrees():
    lourdes, daniel = make_coordinator(), make_moderator()
    ana, bento = make_member(minutes=120), make_member()
    first = paid(ana, bento, 60)

    move = undo(first, lourdes, 20)
    assert (balance(ana), balance(bento), move.state) == (60, 60, State.WAITING)
    with pytest.raises(NotAllowed):
        approve_move(move, by=make_coordinator())
    move = approve_move(move, by=daniel)

    assert (balance(ana), balance(bento), move.made.reverses) == (80, 40, first)
    assert Event.objects.filter(member=bento, type="hours-reversed").exists()
    assert Event.objects.filter(member=ana, type="hours-arrived", data__transfer=move.made.public_id).exists()
    with pytest.raises(MoreThanMoved):
        undo(first, lourdes, 41)
    with pytest.raises(NothingToReverse):
        undo(move.made, lourdes)


def test_below_a_limit_only_where_that_was_asked_for():
    lourdes, daniel = make_coordinator(), make_moderator()
    ana, bento, clara = make_member(minutes=120), make_member(), make_member()
    first = paid(ana, bento, 60)
    paid(bento, clara, 60)

    with pytest.raises(NotEnoughTime) as refused:
        approve_move(undo(first, lourdes), by=daniel)
    assert str(refused.value) == (
        f"{bento} has only 0 min to give back; this needs 1 h."
        " Decline this, and it can be asked for again with “even below the limit”."
    )
    approve_move(undo(first, lourdes, may_pass_limit=True), by=daniel)

    assert (balance(ana), balance(bento)) == (120, -60)


def test_who_took_part_neither_asks_nor_approves():
    lourdes, daniel = make_coordinator(), make_moderator(minutes=60)
    first, second = paid(daniel, make_member()), paid(make_member(minutes=60), lourdes)

    with pytest.raises(NotAllowed):
        undo(second, lourdes)
    with pytest.raises(NotAllowed):
        undo(second, daniel)
    with pytest.raises(NotAllowed):
        approve_move(undo(first, lourdes), by=daniel)


def test_who_administers_the_site_may_be_the_second_person_for_a_payment_undone():
    ana, bento = make_member(minutes=120), make_member()

    approve_move(undo(paid(ana, bento), make_coordinator()), by=make_superuser())

    assert (balance(ana), balance(bento)) == (120, 0)


def test_the_database_refuses_one_who_approves_her_own():
    lourdes, ana = make_coordinator(), make_member()
    move = give(ana, 6000, lourdes)

    for wrong in ({"decided_by": lourdes}, {"state": "done"}, {"reason": ""}, {"amount_minutes": 0}):
        with pytest.raises(IntegrityError), transaction.atomic():
            StaffMove.objects.filter(pk=move.pk).update(**wrong)


def test_a_coordinator_changes_limits_but_never_her_own():
    lourdes, ana = make_coordinator(), make_member()
    how = {"reason": "The assembly of May", "by": lourdes}

    change_limits(Limits(120, 60, 600), account=ana.account, **how)
    later = change_limits(Limits(30), account=None, from_day=date(2100, 1, 1), **how)

    assert Account.objects.get(owner=ana).credit_limit_minutes == 120
    assert (later.applied_at, apply_due_limits()) == (None, 0)
    for account, by in ((lourdes.account, lourdes), (ana.account, make_moderator()), (ana.account, ana)):
        with pytest.raises(NotAllowed):
            change_limits(Limits(10), account=account, reason="Because", by=by)
    with pytest.raises(NotAllowed):
        change_limits(Limits(10), account=operations.community_fund(), **how)
    with pytest.raises(DayIsPast, match="Choose today or a later day."):
        change_limits(Limits(10), account=ana.account, from_day=date(2020, 12, 24), **how)


def planned(account: Account | None, by: Member) -> LimitChange:
    return change_limits(Limits(30), account=account, from_day=date(2100, 1, 1), reason="The assembly of May", by=by)


def test_a_coordinator_calls_off_what_another_one_planned_but_never_in_her_own_case():
    lourdes, rosa, ana = make_coordinator(), make_coordinator(), make_member()
    for_all, of_ana, of_lourdes = (planned(whose, rosa) for whose in (None, ana.account, lourdes.account))
    how = {"reason": "The assembly of June"}

    for change, by in ((of_lourdes, lourdes), (of_ana, make_moderator()), (of_ana, ana), (for_all, ana)):
        with pytest.raises(NotAllowed):
            call_off_limits(change, by=by, **how)
    done = [call_off_limits(change, by=lourdes, **how) for change in (for_all, of_ana)]

    assert [(change.state, change.called_off_by) for change in done] == [("called_off", lourdes)] * 2
    assert LimitChange.objects.planned().get() == of_lourdes


def test_a_coordinator_lets_others_follow_the_common_limits_but_not_herself(settings):
    settings.MEMBER_CREDIT_LIMIT_MINUTES = 90
    lourdes, rosa, ana = make_coordinator(), make_coordinator(), make_member()
    for whose, by in ((ana, lourdes), (lourdes, rosa)):
        change_limits(Limits(300), account=whose.account, reason="A new roof", by=by)

    for whose, by in ((lourdes, lourdes), (ana, make_moderator()), (ana, ana)):
        with pytest.raises(NotAllowed):
            follow_common_limits(whose.account, reason="The roof is on", by=by)
    follow_common_limits(ana.account, reason="The roof is on", by=lourdes)

    assert [Account.objects.get(owner=her).credit_limit_minutes for her in (ana, lourdes)] == [90, 300]


# --- Several at once ------------------------------------------------------------------------------


def give_all(members: list[Member], minutes: int, by: Member, **more: Any) -> list[StaffMove]:
    asked = {"each": True, "reason": "After the flood", "key": f"story-{next(_number)}", **more}
    return grant_together([member.account for member in members], amount_minutes=minutes, by=by, **asked)


def test_several_get_as_much_each_or_a_split_of_it():
    lourdes, people = make_coordinator(), [make_member() for _ in range(3)]

    moves = give_all(people, 60, lourdes)
    assert [(move.state, move.account.owner, move.reason) for move in moves] == [
        (State.DONE, person, "After the flood") for person in people
    ]
    give_all(people, 100, lourdes, each=False)

    assert [balance(person) for person in people] == [94, 93, 93]


def test_of_several_what_is_much_for_one_waits_for_another_coordinator():
    lourdes, ana, bento = make_coordinator(), make_member(), make_member()
    give(ana, 570, lourdes)

    moves = give_all([ana, bento], 60, lourdes)

    assert [move.state for move in moves] == [State.WAITING, State.DONE]
    assert (balance(ana), balance(bento)) == (570, 60)


def test_nobody_gets_any_where_one_cannot_and_it_is_said_who(settings):
    lourdes, ana, bento = make_coordinator(), make_member(name="Ana Souza"), make_member(name="Bento Lima")
    Account.objects.filter(pk=bento.account.pk).update(max_balance_minutes=30)

    with pytest.raises(AccountFull, match="Bento Lima: That account may hold up to 30 min"):
        give_all([ana, bento], 60, lourdes)
    with pytest.raises(NotAllowed, match=f"{lourdes}: Only a coordinator"):
        give_all([ana, lourdes], 60, lourdes)
    with pytest.raises(NotAllowed, match="Ana Souza: Only a coordinator"):
        give_all([ana], 60, make_moderator())
    with pytest.raises(TooFewMinutes):
        give_all([ana, make_member()], 1, lourdes, each=False)
    settings.FUND_BUDGET_HOURS = 1
    with pytest.raises(NotEnoughTime, match="this needs 1 h 20 min"):
        give_all([ana, make_member()], 40, lourdes)
    assert (balance(ana), StaffMove.objects.count()) == (0, 0)


def test_several_asked_for_again_with_the_same_key_get_it_once():
    lourdes, people = make_coordinator(), [make_member() for _ in range(3)]

    first = give_all(people, 60, lourdes, key="one-and-the-same")

    assert give_all(people[::-1], 60, lourdes, key="one-and-the-same") == first
    for others, minutes in ((people[:2], 60), ([*people, make_member()], 60), (people, 61)):
        with pytest.raises(KeyReused):
            give_all(others, minutes, lourdes, key="one-and-the-same")
    assert [balance(person) for person in people] == [60, 60, 60]
