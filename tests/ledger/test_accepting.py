"""Setting hours aside: what is refused, what a repeat gets, and what the log keeps of it."""

from __future__ import annotations

import json

import pytest

from ledger import log, operations
from ledger.models import Hold, Note, Record
from tests.factories import make_member
from timebank.jobs.models import Job
from timebank.tasks import clear_away  # noqa: F401  any module of tasks, so that jobs are known

from .stories import accept, available, balance, neighbours, now, pay

pytestmark = pytest.mark.django_db


def test_hours_set_aside_cannot_be_spent_twice() -> None:
    ana, bento = neighbours(60, 0)

    hold = accept(ana, bento, 60)

    assert (hold.state, hold.amount_minutes, hold.due) == ("held", 60, True)
    assert (balance(ana), available(ana), balance(bento)) == (60, 0, 0)
    with pytest.raises(operations.NotEnoughTime, match="^You can send up to 0 min; this needs 1 min.$"):
        accept(ana, bento, 1)


def test_the_refusal_says_how_much_there_is() -> None:
    ana, bento = neighbours(45, 0)

    with pytest.raises(operations.NotEnoughTime) as refused:
        accept(ana, bento, 60)

    assert str(refused.value) == "You can send up to 45 min; this needs 1 h."
    assert (refused.value.code, refused.value.status) == ("not_enough_time", 409)
    assert (available(ana), Hold.objects.filter(payer=ana).count()) == (45, 0)


def test_more_than_a_database_can_count_is_simply_too_much() -> None:
    ana, bento = neighbours(45, 0)

    for minutes in (2**62, 2**63, 10**400):
        with pytest.raises(operations.NotEnoughTime):
            accept(ana, bento, minutes)


@pytest.mark.parametrize("minutes", [0, -5, 1.5, True, "60", None])
def test_only_a_positive_whole_number_of_minutes_is_set_aside(minutes: object) -> None:
    ana, bento = neighbours(60, 0)

    with pytest.raises(ValueError, match="positive whole number"):
        accept(ana, bento, minutes)  # type: ignore[arg-type]


def test_nobody_sends_to_herself() -> None:
    (ana,) = neighbours(60)

    with pytest.raises(ValueError, match="two accounts"):
        accept(ana, ana, 10)


@pytest.mark.parametrize(
    "other",
    [
        {"kind": "loan"},
        {"key": ""},
        {"key": "k" * 101},
        {"note": "n" * 501},
        {"note": "\0"},
        {"then": {"job": "nobody.knows.it", "args": []}},
        {"then": {"job": "notifications.tasks.send_letter"}},
    ],
)
def test_what_no_form_lets_through_is_a_mistake_of_ours(other: dict[str, object]) -> None:
    ana, bento = neighbours(60, 0)

    with pytest.raises(ValueError):
        accept(ana, bento, 10, **other)

    assert available(ana) == 60


def test_a_closed_account_neither_sends_nor_receives() -> None:
    ana, bento, clara = neighbours(60, 0, 0)
    operations.close_account(bento, actor=bento.owner)

    with pytest.raises(operations.AccountClosed, match="cannot receive"):
        accept(ana, bento, 10)
    with pytest.raises(operations.AccountClosed, match="cannot send"):
        accept(bento, clara, 10)

    assert available(ana) == 60


def test_a_closed_account_sends_nothing_on_credit() -> None:
    ana = make_member(credit_limit_minutes=30).account
    (bento,) = neighbours(0)
    operations.close_account(ana, actor=ana.owner)

    with pytest.raises(operations.AccountClosed, match="cannot send"):
        accept(ana, bento, 10)


def test_a_repeat_gets_the_first_hold_and_sets_nothing_more_aside() -> None:
    ana, bento = neighbours(60, 0)

    first = accept(ana, bento, 40, key="send:1", note="Thank you")
    second = accept(ana, bento, 40, key="send:1", note="Thank you")

    assert first == second
    assert (available(ana), now(ana).held_minutes) == (20, 40)


def test_a_repeat_of_the_last_hour_is_not_refused_for_lack_of_it() -> None:
    ana, bento = neighbours(60, 0)

    assert accept(ana, bento, 60, key="send:1") == accept(ana, bento, 60, key="send:1")


def test_a_repeat_gets_the_hold_in_its_present_state() -> None:
    ana, bento = neighbours(60, 0)
    operations.post(accept(ana, bento, 40, key="send:1"))

    assert accept(ana, bento, 40, key="send:1").state == "posted"


@pytest.mark.parametrize("changed", [{"amount_minutes": 41}, {"note": "Other words"}, {"kind": "gift"}, {"due": False}])
def test_the_same_key_with_other_values_is_refused(changed: dict[str, object]) -> None:
    ana, bento = neighbours(60, 0)
    accept(ana, bento, 10, key="send:1", note="Thank you")

    with pytest.raises(operations.KeyReused, match="^This form was already sent with other values.$") as refused:
        accept(**{"payer": ana, "payee": bento, "amount_minutes": 10, "key": "send:1", "note": "Thank you", **changed})

    assert refused.value.status == 422
    assert available(ana) == 50


def test_the_same_key_for_somebody_else_is_refused() -> None:
    ana, bento, clara = neighbours(60, 0, 0)
    accept(ana, bento, 10, key="send:1")

    with pytest.raises(operations.KeyReused):
        accept(ana, clara, 10, key="send:1")


def test_a_key_is_its_actors_own() -> None:
    ana, bento = neighbours(60, 60)

    assert accept(ana, bento, 10, key="send:1") != accept(bento, ana, 10, key="send:1")


def test_a_repeat_after_its_words_were_erased_still_gets_the_first_hold() -> None:
    ana, bento = neighbours(60, 0)
    first = accept(ana, bento, 10, key="send:1", note="Thank you")
    Note.objects.filter(hold=first).update(text="", salt="", erased_at=first.created_at)

    assert accept(ana, bento, 10, key="send:1", note="Thank you") == first


def test_the_log_keeps_a_commitment_to_the_words_and_never_the_words() -> None:
    ana, bento = neighbours(60, 0)

    hold = accept(ana, bento, 10, note="Thank you, Bento!")

    body = json.loads(Record.objects.get(kind="hold", body__contains=hold.public_id).body)
    assert body["words"] == log.commitment("Thank you, Bento!", hold.note.salt)
    assert (body["payer"], body["payee"], body["by"]) == (ana.public_id, bento.public_id, ana.public_id)
    assert "Bento" not in json.dumps(body)


def test_the_log_says_who_acted_for_another() -> None:
    ana, bento, clara = neighbours(60, 0, 0)

    hold = accept(ana, bento, 10, actor=clara.owner)

    assert json.loads(Record.objects.get(kind="hold", body__contains=hold.public_id).body)["by"] == clara.public_id


def test_what_comes_back_can_be_spent_again() -> None:
    ana, bento = neighbours(60, 0)
    hold = accept(ana, bento, 60, due=False)

    voided = operations.void(hold, actor=ana.owner)
    again = operations.void(hold, actor=ana.owner)

    assert (voided.state, again.state) == ("voided", "voided")
    assert (balance(ana), available(ana)) == (60, 60)
    assert Record.objects.filter(kind="void").count() == 1


def test_what_arrived_is_not_given_back() -> None:
    ana, bento = neighbours(60, 0)
    hold = accept(ana, bento, 60)
    operations.post(hold)

    with pytest.raises(operations.AlreadyPosted, match="^These hours have arrived already.$"):
        operations.void(hold, actor=ana.owner)


def test_what_was_given_back_does_not_arrive() -> None:
    ana, bento = neighbours(60, 0)
    hold = operations.void(accept(ana, bento, 60), actor=ana.owner)

    with pytest.raises(operations.AlreadyVoided, match="^These hours went back to their owner.$"):
        operations.post(hold)

    assert operations.post_due_holds() == 0
    assert balance(bento) == 0


@pytest.mark.parametrize("resolve", [operations.post, lambda hold: operations.void(hold, actor=hold.actor)])
def test_the_job_a_hold_carries_is_enqueued_when_it_is_resolved(resolve: object) -> None:
    ana, bento = neighbours(60, 0)
    hold = accept(ana, bento, 60, due=False, then={"job": "notifications.tasks.send_letter", "args": [7]})
    assert not Job.objects.filter(args=[7]).exists()

    resolve(hold)  # type: ignore[operator]

    assert Job.objects.get(args=[7]).name == "notifications.tasks.send_letter"


def test_paying_at_once_twice_pays_once() -> None:
    ana, bento = neighbours(60, 0)

    assert pay(ana, bento, 20, key="grant:1") == pay(ana, bento, 20, key="grant:1")
    assert balance(bento) == 20


def test_a_payment_has_one_public_id_from_accept_on() -> None:
    ana, bento = neighbours(60, 0)
    hold = accept(ana, bento, 20)

    assert operations.post(hold).public_id == hold.public_id
