"""Who may send hours to whom, and what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts import operations
from accounts.models import Member
from ledger.models import Account, Hold
from ledger.operations import KeyReused, NotEnoughTime, close_account
from tests.factories import available, balance, make_coordinator, make_member
from tests.work import drain
from timebank import clock

from .test_joining import at_once

pytestmark = pytest.mark.django_db


def send(sender: Member, recipient: Member | None, minutes: int = 60, **values) -> Hold:
    values = {"kind": "help", "nonce": "a-form-of-ours"} | values
    return operations.send_hours(sender=sender, recipient=recipient, amount_minutes=minutes, **values)


def test_help_of_which_nobody_says_the_kind_is_something_else_and_a_gift_is_of_none():
    ana, bento = make_member(minutes=60), make_member()

    assert send(ana, bento, 5).category == "other"
    assert send(ana, bento, 6, kind="gift", nonce="a-gift").category == ""
    assert send(ana, bento, 7, category="sewing", nonce="for-a-hem").category == "sewing"


def test_hours_leave_at_once_and_arrive_with_the_worker():
    ana, bento = make_member(minutes=240), make_member()

    send(ana, bento, 60)
    assert (available(ana), balance(bento)) == (180, 0)

    drain()
    assert (balance(ana), balance(bento)) == (180, 60)


def test_nobody_sends_to_herself():
    ana = make_member(minutes=240)

    with pytest.raises(operations.ToOneself):
        send(ana, ana)


@pytest.mark.parametrize("state", ["new", "applied", "suspended", "left"])
def test_who_is_no_active_member_cannot_receive(state):
    with pytest.raises(operations.CannotReceive) as refused:
        send(make_member(minutes=240), make_member(state=state))

    assert str(refused.value) == "You cannot send hours to this person. Please choose somebody else."


def test_unknown_closed_and_the_fund_are_refused_in_the_same_words():
    ana, closed = make_member(minutes=240), make_member()
    close_account(closed.account, actor=closed)
    steward = operations.community_fund().owner

    sentences = set()
    for nobody in (None, closed, steward):
        with pytest.raises(operations.CannotReceive) as refused:
            send(ana, nobody)
        sentences.add(str(refused.value))

    assert len(sentences) == 1


@pytest.mark.parametrize("state", ["applied", "suspended", "left"])
def test_who_is_no_active_member_cannot_send(state):
    ana = make_member(minutes=240 if state != "applied" else 0)
    Member.objects.filter(pk=ana.pk).update(state=state)

    with pytest.raises(operations.CannotSend):
        send(ana, make_member())
    assert not Hold.objects.filter(actor=ana).exists()


def test_more_than_there_is_is_refused_in_words():
    with pytest.raises(NotEnoughTime) as refused:
        send(make_member(minutes=45), make_member(), 60)

    assert str(refused.value) == "You can send up to 45 min; this needs 1 h."


def test_a_repeat_returns_the_first_and_sends_nothing_more():
    ana, bento = make_member(minutes=240), make_member()

    first, second = send(ana, bento), send(ana, bento)

    assert first == second
    assert available(ana) == 180


@pytest.mark.parametrize("other", [{"minutes": 61}, {"kind": "gift"}, {"note": "thanks"}])
def test_a_repeat_with_other_values_is_refused(other):
    ana, bento = make_member(minutes=240), make_member()
    send(ana, bento)

    with pytest.raises(KeyReused):
        send(ana, bento, **other)
    assert available(ana) == 180


def test_a_repeat_shows_the_first_even_when_the_recipient_was_suspended_since():
    ana, bento = make_member(minutes=240), make_member()
    first = send(ana, bento)
    operations.suspend_member(bento, by=make_coordinator(), reason="a test")

    assert send(ana, bento) == first


def test_the_same_again_within_a_minute_has_to_be_meant():
    ana, bento = make_member(minutes=240, name="Ana"), make_member(name="Bento")
    send(ana, bento)

    with pytest.raises(operations.AlreadySent) as asked:
        send(ana, bento, nonce="another-form")
    assert str(asked.value) == "You sent 1 h to Bento a moment ago. Do you want to send it again?"
    send(ana, bento, 30, nonce="another-amount")
    send(ana, bento, nonce="another-form", again=True)
    assert available(ana) == 90


def test_the_same_again_later_is_nothing_special():
    ana, bento = make_member(minutes=240), make_member()
    send(ana, bento)

    with clock.ahead_by(timedelta(seconds=61)):
        send(ana, bento, nonce="another-form")

    assert available(ana) == 120


def test_a_look_ahead_says_what_is_left_and_changes_nothing():
    ana, bento = make_member(minutes=240), make_member()

    assert operations.look_ahead(sender=ana, recipient=bento, amount_minutes=60, kind="help") == 180
    with pytest.raises(NotEnoughTime):
        operations.look_ahead(sender=ana, recipient=bento, amount_minutes=241, kind="help")
    with pytest.raises(operations.ToOneself):
        operations.look_ahead(sender=ana, recipient=ana, amount_minutes=60, kind="help")
    assert not Hold.objects.filter(actor=ana).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
def test_one_form_sent_many_times_at_once_pays_once():
    ana, bento = make_member(minutes=240), make_member()
    holds: list[Hold] = []

    assert at_once(lambda: holds.append(send(ana, bento)), 6) == []

    assert len({hold.pk for hold in holds}) == 1
    assert Account.objects.get(owner=ana).available_minutes == 180


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
def test_two_tabs_at_once_send_once_and_ask_once():
    ana, bento = make_member(minutes=240), make_member()
    nonces = ["the-one-tab", "the-other-tab"]

    raised = at_once(lambda: send(ana, bento, nonce=nonces.pop()), 2)

    assert [type(error) for error in raised] == [operations.AlreadySent]
    assert Account.objects.get(owner=ana).available_minutes == 180
