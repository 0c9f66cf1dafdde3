"""Sending hours to several people at once: all of them get theirs, or nobody does."""

from __future__ import annotations

import pytest

from accounts import operations
from ledger.models import Account, Hold
from ledger.operations import AccountFull, KeyReused, NotEnoughTime, close_account
from tests.factories import available, balance, make_coordinator, make_member
from tests.work import drain

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return make_member(minutes=240, name="Ana Souza")


@pytest.fixture
def helpers():
    return [make_member(name=name) for name in ("Bento Lima", "Carla Dias", "Dora Reis")]


def send(sender, recipients, minutes=60, **values) -> list[Hold]:
    values = {"kind": "help", "nonce": "a-form-of-ours"} | values
    return operations.send_together(sender=sender, recipients=recipients, amount_minutes=minutes, **values)


def test_hours_are_split_evenly_and_the_first_get_what_is_odd(ana, helpers):
    holds = send(ana, helpers, 200, category="sewing", note="For the hems")

    assert [(hold.payee.owner, hold.amount_minutes) for hold in holds] == list(zip(helpers, (67, 67, 66), strict=True))
    assert {(hold.kind, hold.category, hold.note.text) for hold in holds} == {("help", "sewing", "For the hems")}
    assert available(ana) == 40
    drain()
    assert [balance(member) for member in (ana, *helpers)] == [40, 67, 67, 66]


def test_or_each_gets_as_much(ana, helpers):
    send(ana, helpers, 80, each=True)

    drain()
    assert [balance(member) for member in (ana, *helpers)] == [0, 80, 80, 80]


def test_what_is_more_than_she_has_in_all_is_refused_and_nobody_gets_any(ana, helpers):
    with pytest.raises(NotEnoughTime) as refused:
        send(ana, helpers, 90, each=True)

    assert str(refused.value) == "You can send up to 4 h; this needs 4 h 30 min."
    assert (available(ana), Hold.objects.filter(actor=ana).count()) == (240, 0)


def test_everyone_gets_some(ana, helpers):
    with pytest.raises(operations.TooFewMinutes) as refused:
        send(ana, helpers, 2)

    assert str(refused.value) == "2 min is too little for 3 people: everyone gets whole minutes."


def test_a_refusal_names_whom_it_is_about_and_nobody_gets_any(ana, helpers):
    bento, carla, dora = helpers
    operations.suspend_member(bento, by=make_coordinator(), reason="")
    operations.block(ana, by=carla)
    closed = make_member(name="Elisa Nunes")
    close_account(closed.account, actor=closed)

    said = {}
    for person in (bento, carla, closed, None, make_member(state="applied", name="Fábio Melo")):
        with pytest.raises(operations.CannotReceive) as refused:
            send(ana, [dora, person])
        said[str(person)] = (str(refused.value), refused.value.number)

    assert said == {
        "Bento Lima": ("You cannot send hours to Bento Lima. Please go on without this person.", 1),
        "Carla Dias": ("You cannot send hours to Carla Dias. Please go on without this person.", 1),
        "Elisa Nunes": ("You cannot send hours to Elisa Nunes. Please go on without this person.", 1),
        "None": ("You cannot send hours to one of these people. Please go on without this person.", 1),
        "Fábio Melo": ("You cannot send hours to one of these people. Please go on without this person.", 1),
    }
    with pytest.raises(operations.ToOneself):
        send(ana, [dora, ana])
    assert not Hold.objects.filter(actor=ana).exists()


def test_whose_account_would_be_too_full_is_named(ana, helpers):
    Account.objects.filter(pk=helpers[1].account.pk).update(max_balance_minutes=15)

    for look in (operations.send_together, operations.look_ahead_together):
        more = {"nonce": "a-form-of-ours"} if look is operations.send_together else {}
        with pytest.raises(AccountFull) as refused:
            look(sender=ana, recipients=helpers, amount_minutes=60, kind="help", **more)
        assert str(refused.value).startswith("Carla Dias: That account may hold up to 15 min")
    assert available(ana) == 240


def test_who_may_not_send_does_not(helpers):
    for state in ("applied", "suspended", "left"):
        with pytest.raises(operations.CannotSend):
            send(make_member(state=state), helpers)


def test_the_same_form_again_sends_nothing_more_whatever_became_of_the_people(ana, helpers):
    first = send(ana, helpers, 240)
    operations.suspend_member(helpers[0], by=make_coordinator(), reason="")

    assert send(ana, helpers, 240) == first
    assert operations.sent_together(sender=ana, nonce="a-form-of-ours") == first
    assert operations.sent_together(sender=helpers[1], nonce="a-form-of-ours") == []
    assert available(ana) == 0


def test_the_same_form_with_other_people_or_another_amount_is_refused(ana, helpers):
    send(ana, helpers, 60)

    others = [*helpers[:2], make_member()]
    for people, minutes in ((helpers[:2], 60), ([*helpers, others[2]], 60), (others, 60), (helpers, 90)):
        with pytest.raises(KeyReused):
            send(ana, people, minutes)
    with pytest.raises(KeyReused):
        send(ana, [*helpers[:2], None], 60)
    assert available(ana) == 180


def test_as_much_to_the_same_a_moment_later_is_asked_about(ana, helpers):
    send(ana, helpers, 60)

    with pytest.raises(operations.AlreadySent) as refused:
        send(ana, [helpers[0], helpers[2], make_member()], 60, nonce="another-form")
    assert "just as much to Bento Lima and Dora Reis a moment ago" in str(refused.value)

    send(ana, helpers, 60, nonce="another-form", again=True)
    send(ana, helpers, 30, nonce="a-third-form")
    assert available(ana) == 90


def test_one_alone_too_many_or_the_same_twice_is_no_set(ana, helpers):
    for people in (helpers[:1], [helpers[0], helpers[0]], [make_member() for _ in range(21)]):
        with pytest.raises(ValueError, match="2 to 20 people"):
            send(ana, people)


def test_looking_ahead_changes_nothing(ana, helpers):
    parts, left = operations.look_ahead_together(sender=ana, recipients=helpers, amount_minutes=61, kind="help")

    assert ([minutes for _person, minutes in parts], left) == ([21, 20, 20], 179)
    assert available(ana) == 240
