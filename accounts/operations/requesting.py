"""Asking neighbours for hours by a code, and paying by one."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Member
from ledger import operations as ledger
from ledger.models import Account, Hold, Kind, PaymentRequest, Transfer
from timebank.retries import retried

from .refusals import AskedOfAnother, CannotAsk, CannotReceive, OwnRequest
from .sending import account_of, may_receive, may_send


@retried
@transaction.atomic
def ask_for_hours(
    *,
    asker: Member,
    amount_minutes: int | None,
    nonce: str,
    life: timedelta | None = None,
    note: str = "",
    category: str = "",
    asked_of: Member | None = None,
) -> PaymentRequest:
    """Make a code by which ``asker`` is paid: see `ledger.operations.request_payment`.

    ``asked_of`` is the one person she asks, who is told; None: whoever has the code. With the same ``nonce``
    and values it returns the first. Raises CannotAsk, ToOneself, CannotReceive, KeyReused.
    """
    if asked_of is not None:
        may_receive(asked_of, account_of(asked_of), asker)  # whom she may send to, she may ask
    return ledger.request_payment(
        payee=may_ask(asker),
        amount_minutes=amount_minutes,
        key=f"ask:{nonce}",
        life=life,
        note=note,
        category=category,
        asked_of=asked_of,
    )


def pay_request(request: PaymentRequest, *, payer: Member, amount_minutes: int | None) -> Hold:
    """Pay ``request`` from ``payer``'s account: see `ledger.operations.pay_request`.

    Paid again by her with the same amount it returns the first payment, whatever became of the two people since.
    Raises OwnRequest, AskedOfAnother, CannotSend, CannotReceive, and what the ledger does.
    """
    ledger.check_payable(request, actor=payer)
    account = account_of(payer)
    if request.state != PaymentRequest.State.PAID or account is None:
        account = _may_pay(request, payer)
    return ledger.pay_request(request, payer=account, amount_minutes=amount_minutes, actor=payer)


def look_ahead_of_request(request: PaymentRequest, *, payer: Member, amount_minutes: int | None) -> int | None:
    """The minutes ``payer`` would have left after paying, None where nobody said how many; changes nothing.

    Raises what `pay_request` would raise now.
    """
    ledger.check_payable(request, actor=payer)
    account = _may_pay(request, payer)
    if amount_minutes is None:
        return None
    if amount_minutes > account.available_minutes:
        raise ledger.why_not(account, amount_minutes)
    ledger.check_room(request.payee, amount_minutes, Kind.HELP)
    return account.available_minutes - amount_minutes


@retried
@transaction.atomic
def renew_request(request: PaymentRequest) -> PaymentRequest:
    """Ask for the same once more: see `ledger.operations.renew_request`. Raises CannotAsk besides."""
    may_ask(Member.objects.get(pk=request.payee.owner_id))
    return ledger.renew_request(request)


def give_back_request(request: PaymentRequest, *, by: Member, minutes: int | None, nonce: str) -> Transfer:
    """Let ``by``, who was paid, give it or ``minutes`` of it back. Raises CannotSend, and what the ledger does."""
    may_send(by, account_of(by))
    return ledger.refund_request(request, minutes=minutes, actor=by, key=f"give-back:{nonce}")


def check_may_see(request: PaymentRequest, member: Member) -> None:
    """What was asked of one person is for the two of them to read. Raises AskedOfAnother."""
    if request.asked_of_id not in {None, member.pk} and request.payee.owner_id != member.pk:
        raise AskedOfAnother(_("This code is for somebody else. Please ask for one of your own."))


def may_ask(asker: Member) -> Account:
    """The account to be paid to, if she may receive hours. Raises CannotAsk."""
    account = account_of(asker)
    if account is None or not account.is_open or not Member.objects.active().filter(pk=asker.pk).exists():
        raise CannotAsk(_("You can ask for hours once your membership is active."))
    return account


def _may_pay(request: PaymentRequest, payer: Member) -> Account:
    payee: Member = request.payee.owner
    if payee == payer:
        raise OwnRequest(_("This is your own code. Show it to the person who pays you."))
    check_may_see(request, payer)
    account = may_send(payer, account_of(payer))
    try:
        may_receive(payee, request.payee, payer)
    except CannotReceive as refusal:
        raise CannotReceive(_("You cannot pay this code.")) from refusal
    return account
