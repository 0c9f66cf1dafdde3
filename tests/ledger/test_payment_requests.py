"""Asking to be paid by a code: it is paid once, or taken back, or its time goes by; never two of these."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from ledger import check, operations
from ledger.models import Account, Hold, PaymentRequest, Transfer
from notifications.models import Event
from timebank import clock

from .stories import balance, neighbours

pytestmark = pytest.mark.django_db


def ask(payee: Account, minutes: int | None = 60, key: str = "ask:1", **more: Any) -> PaymentRequest:
    return operations.request_payment(payee=payee, amount_minutes=minutes, key=key, **more)


def pay(request: PaymentRequest, payer: Account, minutes: int | None = 60) -> Hold:
    return operations.pay_request(request, payer=payer, amount_minutes=minutes, actor=payer.owner)


def told(account: Account) -> list[str]:
    return [event.frame["type"] for event in Event.objects.filter(member=account.owner_id).order_by("seq")]


def state(request: PaymentRequest) -> str:
    return PaymentRequest.objects.get(pk=request.pk).state


def test_paid_it_moves_what_it_asks_for_and_both_are_told_when_it_arrives():
    ana, bento = neighbours(120, 0)
    request = ask(bento, 50, note="Trouser hems", category="garden")

    hold = pay(request, ana, 50)

    assert (state(request), balance(ana)) == ("paid", 120)
    assert f"payment-confirmed-{request.pk}" not in told(bento)
    operations.post_due_holds()
    assert (balance(ana), balance(bento)) == (70, 50)
    transfer = Transfer.objects.get(hold=hold)
    assert (transfer.kind, transfer.category, hold.note.text) == ("help", "garden", "Trouser hems")
    for account in (ana, bento):
        event = Event.objects.get(member=account.owner_id, type="payment-confirmed")
        assert event.frame["type"] == f"payment-confirmed-{request.pk}"
        assert (event.data["txid"], event.data["transfer"]) == (request.txid, hold.public_id)
        assert not event.in_inbox  # the hours themselves are


def test_its_codes_are_random_and_as_the_architecture_says():
    _ana, bento = neighbours(0, 0)
    made = [ask(bento, key=f"ask:{number}") for number in range(20)]

    assert len({one.txid for one in made}) == 20
    assert all(26 <= len(one.txid) <= 35 and one.txid.isalnum() and one.txid.isascii() for one in made)
    assert len({one.spoken_code for one in made}) == 20
    assert made[0].expires_at - made[0].created_at == timedelta(minutes=30)


def test_asked_for_twice_by_one_form_it_is_one():
    _ana, bento = neighbours(0, 0)

    assert ask(bento, 45) == ask(bento, 45)
    with pytest.raises(operations.KeyReused):
        ask(bento, 46)
    assert PaymentRequest.objects.count() == 1


def test_an_open_amount_is_what_the_payer_says():
    ana, bento = neighbours(120, 0)
    request = ask(bento, None)

    with pytest.raises(operations.WrongAmount, match="Say how much time you pay."):
        pay(request, ana, None)
    assert pay(request, ana, 25).amount_minutes == 25


def test_another_amount_than_asked_for_is_refused():
    ana, bento = neighbours(120, 0)
    request = ask(bento, 60)

    with pytest.raises(operations.WrongAmount, match="This code asks for 1 h."):
        pay(request, ana, 59)
    assert (state(request), Hold.objects.filter(payer=ana).count()) == ("active", 0)


def test_paid_again_by_the_payer_it_is_the_first_payment_and_by_another_it_is_refused():
    ana, bento = neighbours(120, 0)
    clara, _ = neighbours(120, 0)
    request = ask(bento)

    assert pay(request, ana) == pay(request, ana)
    with pytest.raises(operations.RequestPaid):
        pay(request, clara)
    operations.post_due_holds()
    assert pay(request, ana).state == Hold.State.POSTED
    assert (balance(ana), balance(bento), balance(clara)) == (60, 60, 120)


def test_with_too_few_hours_nothing_changes():
    ana, bento = neighbours(45, 0)
    request = ask(bento)

    with pytest.raises(operations.NotEnoughTime, match="You can send up to 45 min; this needs 1 h."):
        pay(request, ana)
    assert state(request) == "active"


def test_when_its_time_is_over_it_is_not_paid_even_before_the_sweep_came():
    ana, bento = neighbours(120, 0)
    request = ask(bento, life=timedelta(minutes=1))

    with clock.ahead_by(timedelta(minutes=1)):
        with pytest.raises(operations.RequestExpired):
            pay(request, ana)
        assert operations.expire_requests() == 1
        with pytest.raises(operations.RequestExpired):
            pay(request, ana)


def test_each_expiry_is_told_once_to_who_asked_and_to_who_was_asked():
    ana, bento = neighbours(120, 0)
    request = ask(bento, life=timedelta(minutes=5), asked_of=ana.owner)

    assert operations.expire_requests() == 0
    with clock.ahead_by(timedelta(minutes=5)):
        assert (operations.expire_requests(), operations.expire_requests()) == (1, 0)
    assert told(ana)[-2:] == [f"payment-asked-{request.pk}", f"payment-expired-{request.pk}"]
    assert told(bento).count(f"payment-expired-{request.pk}") == 1
    assert Event.objects.get(member=bento.owner_id, type="payment-expired").in_inbox
    assert not Event.objects.get(member=ana.owner_id, type="payment-expired").in_inbox


def test_more_than_one_sweep_holds_all_expire():
    _ana, bento = neighbours(0, 0)
    for number in range(operations.payment_requests.AT_ONCE + 3):
        ask(bento, key=f"ask:{number}", life=timedelta(minutes=1))

    with clock.ahead_by(timedelta(hours=1)):
        assert operations.expire_requests() == operations.payment_requests.AT_ONCE + 3


def test_what_is_paid_does_not_expire():
    ana, bento = neighbours(120, 0)
    request = ask(bento, life=timedelta(minutes=1))
    pay(request, ana)

    with clock.ahead_by(timedelta(hours=1)):
        assert operations.expire_requests() == 0
    assert state(request) == "paid"


def test_taken_back_it_is_not_paid():
    ana, bento = neighbours(120, 0)
    request = ask(bento, asked_of=ana.owner)

    assert operations.cancel_request(request) == operations.cancel_request(request)
    with pytest.raises(operations.RequestCancelled):
        pay(request, ana)
    assert told(ana).count(f"payment-cancelled-{request.pk}") == 1


def test_what_is_paid_or_over_is_not_taken_back():
    ana, bento = neighbours(120, 0)
    paid, over = ask(bento), ask(bento, key="ask:2", life=timedelta(minutes=1))
    pay(paid, ana)

    with pytest.raises(operations.RequestPaid):
        operations.cancel_request(paid)
    with clock.ahead_by(timedelta(minutes=2)), pytest.raises(operations.RequestExpired):
        operations.cancel_request(over)


def test_renewed_it_asks_for_the_same_once():
    ana, bento = neighbours(120, 0)
    request = ask(bento, 45, note="Hems", life=timedelta(minutes=2), asked_of=ana.owner)
    with pytest.raises(operations.RequestActive):
        operations.renew_request(request)

    with clock.ahead_by(timedelta(minutes=3)):
        renewed = operations.renew_request(request)
        assert operations.renew_request(request) == renewed
        asked = (renewed.amount_minutes, renewed.note, renewed.asked_of, renewed.renews)
        assert asked == (45, "Hems", ana.owner, request)
        assert renewed.txid != request.txid
        assert pay(renewed, ana, 45).amount_minutes == 45
        with pytest.raises(operations.RequestPaid):
            operations.renew_request(renewed)


def test_given_back_in_part_then_the_rest_and_no_more():
    ana, bento = neighbours(120, 0)
    request = ask(bento)
    give_back = {"actor": bento.owner}
    with pytest.raises(operations.RequestUnpaid):
        operations.refund_request(request, key="back:0", **give_back)
    pay(request, ana)
    operations.post_due_holds()

    operations.refund_request(request, minutes=20, key="back:1", **give_back)
    with pytest.raises(operations.MoreThanMoved, match="Up to 40 min can still go back."):
        operations.refund_request(request, minutes=41, key="back:2", **give_back)
    operations.refund_request(request, key="back:3", **give_back)

    assert (balance(ana), balance(bento)) == (120, 0)
    with pytest.raises(operations.NothingToReverse):
        operations.refund_request(request, key="back:4", **give_back)
    back = Event.objects.filter(member=ana.owner_id, type="hours-arrived").order_by("seq").last()
    assert back is not None
    assert back.data["given_back"]
    # She gave it back herself, and is not told of it as of something that was done to her.
    assert "hours-reversed" not in told(bento)


def test_after_ninety_days_it_is_not_given_back_but_a_repeat_still_finds_the_first():
    ana, bento = neighbours(120, 0)
    request = ask(bento)
    pay(request, ana)
    operations.post_due_holds()
    first = operations.refund_request(request, minutes=10, actor=bento.owner, key="back:1")

    with clock.ahead_by(timedelta(days=90)):
        with pytest.raises(operations.TooLate, match="within 90 days"):
            operations.refund_request(request, minutes=10, actor=bento.owner, key="back:2")
        assert operations.refund_request(request, minutes=10, actor=bento.owner, key="back:1") == first


def test_a_closed_account_asks_for_nothing():
    _ana, bento = neighbours(0, 0)
    operations.close_account(bento, actor=bento.owner)

    with pytest.raises(operations.AccountClosed):
        ask(bento)


@pytest.mark.parametrize("changes", [
    {"minutes": 0}, {"minutes": -5}, {"minutes": True}, {"key": ""}, {"note": "x" * 501}, {"category": "x" * 41},
    {"life": timedelta(seconds=59)}, {"life": timedelta(days=7, seconds=1)},
])  # fmt: skip
def test_what_no_form_lets_through_is_a_mistake_of_ours(changes: dict[str, Any]):
    _ana, bento = neighbours(0, 0)

    with pytest.raises(ValueError, match=r"request|key|category"):
        ask(bento, **changes)


# --- What the database itself refuses ----------------------------------------------------------------


@pytest.mark.parametrize("changes", [
    {"amount_minutes": 0}, {"state": "paid"}, {"state": "expired"}, {"ended_at": "2026-01-01T00:00Z"},
    {"expires_at": "2001-01-01T00:00Z"},
])  # fmt: skip
def test_rows_that_cannot_be(changes: dict[str, Any]):
    _ana, bento = neighbours(0, 0)
    request = ask(bento)

    with pytest.raises(IntegrityError), transaction.atomic():
        PaymentRequest.objects.filter(pk=request.pk).update(**changes)


def test_two_active_requests_never_share_a_spoken_code():
    _ana, bento = neighbours(0, 0)
    first, second = ask(bento), ask(bento, key="ask:2")

    with pytest.raises(IntegrityError), transaction.atomic():
        PaymentRequest.objects.filter(pk=second.pk).update(spoken_code=first.spoken_code)
    operations.cancel_request(first)
    PaymentRequest.objects.filter(pk=second.pk).update(spoken_code=first.spoken_code)


# --- What the check of the books finds ---------------------------------------------------------------


@pytest.mark.broken_books
def test_the_check_names_a_request_paid_by_another_payment():
    ana, bento = neighbours(120, 0)
    request = ask(bento)
    pay(request, ana)
    PaymentRequest.objects.filter(pk=request.pk).update(amount_minutes=59)

    assert [fault.row for fault in check.faults() if fault.invariant == "I11"] == [
        f"ledger_paymentrequest {request.pk}"
    ]


@pytest.mark.broken_books
def test_the_check_names_a_request_that_was_never_ended():
    _ana, bento = neighbours(0, 0)
    request = ask(bento, life=timedelta(minutes=1))

    with clock.ahead_by(timedelta(hours=1)):
        faults = [fault for fault in check.faults() if fault.invariant == "I11"]
    assert [fault.row for fault in faults] == [f"ledger_paymentrequest {request.pk}"]
