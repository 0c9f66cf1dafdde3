"""Asking to be paid by a code: made, paid, cancelled, expired, renewed, given back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from ledger.models import Account, Hold, Kind, PaymentRequest, Transfer
from notifications.operations import Telling, tell_all
from timebank import clock, failpoints
from timebank.durations import in_words
from timebank.errors import Refusal
from timebank.retries import retried

from .holds import LONGEST_CATEGORY, LONGEST_KEY, LONGEST_NOTE, AccountClosed, KeyReused, accept
from .reversals import reverse
from .sharing import is_repeat, key_of_part

SHORTEST_LIFE = timedelta(minutes=1)
LONGEST_LIFE = timedelta(days=7)
AT_ONCE = 200

_State = PaymentRequest.State


class WrongAmount(Refusal):
    """What is paid is not what was asked for, or nobody said how much."""

    code = "wrong_amount"
    status = 400
    field = "amount_minutes"


class RequestPaid(Refusal):
    code = "request_paid"


class RequestExpired(Refusal):
    code = "request_expired"


class RequestCancelled(Refusal):
    code = "request_cancelled"


class RequestActive(Refusal):
    """It can still be paid, so there is nothing to renew."""

    code = "request_active"


class RequestUnpaid(Refusal):
    """Nothing has arrived that could be given back."""

    code = "request_unpaid"


class TooLate(Refusal):
    """What was paid long ago is not given back by this way any more."""

    code = "too_late"


@retried
@transaction.atomic
def request_payment(
    *,
    payee: Account,
    amount_minutes: int | None,
    key: str,
    life: timedelta | None = None,
    note: str = "",
    category: str = "",
    asked_of: Any = None,
    renews: PaymentRequest | None = None,
) -> PaymentRequest:
    """Ask for whole ``amount_minutes`` to be paid to ``payee``, or for as many as the payer says (None).

    It can be paid for ``life``, of 1 minute to 7 days; REQUEST_LIFE_MINUTES where none is given. Where it is
    ``asked_of`` one person, only she can pay it, and she is told. Called again with the same ``key`` and values it
    returns the first request in its present state. Moves nothing. Raises AccountClosed, KeyReused;
    ValueError for what no form lets through.
    """
    life = timedelta(minutes=settings.REQUEST_LIFE_MINUTES) if life is None else life
    _check(amount_minutes, key, life, note, category)
    if earlier := PaymentRequest.objects.filter(payee=payee, key=key).first():
        return _the_same(earlier, amount_minutes, life, note, category, asked_of)
    if not Account.objects.get(pk=payee.pk).is_open:
        raise AccountClosed(_("That account is closed. It cannot receive hours."))
    now = clock.now()
    request = PaymentRequest.objects.create(
        payee=payee,
        key=key,
        amount_minutes=amount_minutes,
        note=note,
        category=category,
        asked_of=asked_of,
        renews=renews,
        created_at=now,
        expires_at=now + life,
    )
    if asked_of is not None:
        tell_all([_telling(request, asked_of.pk, "payment-asked", payee.owner_id, in_inbox=True, by_mail=True)])
    return request


@retried
@transaction.atomic
def request_together(
    *, payee: Account, asked: Sequence[tuple[Any, int]], key: str, **more: Any
) -> list[PaymentRequest]:
    """Ask each of several for her minutes of what is paid to ``payee``, or nobody: (person, minutes) in ``asked``.

    ``more`` is as for `request_payment`. Called again with the same ``key`` and values it returns the first
    requests in their present state. Raises what `request_payment` does; KeyReused where more or fewer were asked.
    """
    is_repeat(PaymentRequest.objects.filter(payee=payee), key, len(asked))
    return [
        request_payment(payee=payee, amount_minutes=minutes, asked_of=person, key=key_of_part(key, number), **more)
        for number, (person, minutes) in enumerate(asked)
    ]


@retried
@transaction.atomic
def pay_request(request: PaymentRequest, *, payer: Account, amount_minutes: int | None, actor: Any) -> Hold:
    """Set aside what ``request`` asks for on ``payer``, for its payee; the worker posts it at once.

    ``amount_minutes`` is what the payer means to pay; it must be what is asked for. Of several who pay at once, or of
    one who pays as its time ends, exactly one wins. Paid again by the same ``actor`` with the same amount it
    returns the first hold. Raises RequestPaid, RequestExpired, RequestCancelled, WrongAmount, and what `accept` does.
    """
    request = PaymentRequest.objects.select_related("payee").get(pk=request.pk)
    _check_amount(request, amount_minutes)
    assert amount_minutes is not None
    if request.state == _State.PAID:
        return _paid_before(request, payer, amount_minutes, actor)
    if not request.is_payable(clock.now()):
        raise _why_not_payable(request, clock.now())
    hold = accept(
        payer=payer,
        payee=request.payee,
        amount_minutes=amount_minutes,
        kind=Kind.HELP,
        key=f"request:{request.txid}",
        actor=actor,
        note=request.note,
        category=request.category,
    )
    failpoints.reached("request-half-paid")
    # Lock and test together, as the sweep's opposite. Who loses is undone whole, her hold too.
    now = clock.now()  # later than the hold, so that no hold is made after the time is over
    payable = PaymentRequest.objects.payable(now).filter(pk=request.pk)
    if not payable.update(state=_State.PAID, paid_hold=hold, ended_at=now):
        request.refresh_from_db()
        if request.state == _State.PAID:  # by another tab of hers at the same moment, or by somebody else
            return _paid_before(request, payer, amount_minutes, actor)
        raise _why_not_payable(request, now)
    return hold


def check_payable(request: PaymentRequest, *, actor: Any) -> None:
    """Raise what `pay_request` would raise now of the request's own state; who paid it herself is not refused."""
    if request.paid_hold_id is not None:
        if Hold.objects.filter(pk=request.paid_hold_id, actor=actor).exists():
            return
        raise _already_paid()
    now = clock.now()
    if not request.is_payable(now):
        raise _why_not_payable(request, now)


@retried
@transaction.atomic
def cancel_request(request: PaymentRequest) -> PaymentRequest:
    """Take ``request`` back, so that nobody can pay it; cancelling twice cancels it once, and tells once.

    Raises RequestPaid, RequestExpired.
    """
    now = clock.now()
    if not PaymentRequest.objects.payable(now).filter(pk=request.pk).update(state=_State.CANCELLED, ended_at=now):
        request = PaymentRequest.objects.get(pk=request.pk)
        if request.state == _State.CANCELLED:
            return request
        raise _why_not_payable(request, now)
    request = PaymentRequest.objects.select_related("payee").get(pk=request.pk)
    tell_all(_of_its_end(request, "payment-cancelled"))
    return request


@retried
@transaction.atomic
def renew_request(request: PaymentRequest) -> PaymentRequest:
    """Ask once more for the same, with a new code and as long a life; renewing twice renews once.

    Raises RequestPaid, RequestActive while it can still be paid, AccountClosed.
    """
    request = PaymentRequest.objects.select_related("payee", "asked_of").get(pk=request.pk)
    if request.state == _State.PAID:
        raise _already_paid()
    if request.is_payable(clock.now()):
        raise RequestActive(_("This code is still good. There is no need for a new one."))
    return request_payment(
        payee=request.payee,
        amount_minutes=request.amount_minutes,
        key=f"renew:{request.txid}",
        life=request.expires_at - request.created_at,
        note=request.note,
        category=request.category,
        asked_of=request.asked_of,
        renews=request,
    )


def refund_request(request: PaymentRequest, *, minutes: int | None = None, actor: Any, key: str) -> Transfer:
    """Give ``minutes`` of what was paid for ``request``, or all that is left of it, back to who paid: a reversal.

    Within REFUND_WITHIN_DAYS after it was paid. With the same ``key`` and values it returns the first reversal.
    Raises RequestUnpaid, TooLate, and what `reverse` does.
    """
    transfer = Transfer.objects.filter(hold__payment_request=request.pk).first()
    if transfer is None:
        raise RequestUnpaid(_("Nothing has arrived for this code that could be given back."))
    is_repeat = Hold.objects.filter(actor=actor, key=key).exists()
    if not is_repeat and not can_refund(transfer):
        raise TooLate(_("Hours can be given back this way within %(n)s days.") % {"n": settings.REFUND_WITHIN_DAYS})
    return reverse(transfer, minutes=minutes, actor=actor, key=key)


def can_refund(transfer: Transfer) -> bool:
    """Whether the time for giving it back has not gone by."""
    return clock.now() < transfer.posted_at + timedelta(days=settings.REFUND_WITHIN_DAYS)


def expire_requests() -> int:
    """Mark every request whose time is over as expired and tell its two people, each once; returns how many."""
    total = 0
    while expired := _expire_some():
        total += expired
        if expired < AT_ONCE:
            break
    return total


@retried
@transaction.atomic
def _expire_some() -> int:
    now = clock.now()
    # One that is being paid at this moment is left alone; if that comes to nothing, the next sweep has it.
    skip = connection.features.has_select_for_update_skip_locked
    over = PaymentRequest.objects.over(now).select_for_update(skip_locked=skip, of=("self",))
    requests = list(over.select_related("payee")[:AT_ONCE])
    PaymentRequest.objects.filter(pk__in=[one.pk for one in requests]).update(state=_State.EXPIRED, ended_at=now)
    failpoints.reached("request-half-expired")
    tell_all([telling for one in requests for telling in _of_its_end(one, "payment-expired", in_inbox=True)])
    return len(requests)


# --- Telling -----------------------------------------------------------------------------------------


def tell_of_payment(request: PaymentRequest, *, payer_id: int, payee_id: int, transfer: str) -> list[Telling]:
    """What the two people are told when what was paid has arrived. Their inbox has the hours themselves."""
    told = []
    for member_id, about_id in ((payee_id, payer_id), (payer_id, payee_id)):
        telling = _telling(request, member_id, "payment-confirmed", about_id)
        telling.data["transfer"] = transfer
        told.append(telling)
    return told


def _of_its_end(request: PaymentRequest, type_: str, *, in_inbox: bool = False) -> list[Telling]:
    told = [_telling(request, request.payee.owner_id, type_, request.asked_of_id, in_inbox=in_inbox)]
    if request.asked_of_id:
        told.append(_telling(request, request.asked_of_id, type_, request.payee.owner_id, in_inbox=not in_inbox))
    return told


def _telling(
    request: PaymentRequest,
    member_id: int,
    type_: str,
    about_id: int | None,
    *,
    in_inbox: bool = False,
    by_mail: bool = False,
) -> Telling:
    data: dict[str, Any] = {"payment": request.pk, "txid": request.txid}
    if request.amount_minutes:
        data["amount_minutes"] = request.amount_minutes
    return Telling(member_id, type_, about_id, data, in_inbox=in_inbox, by_mail=by_mail)


# --- Refusing ----------------------------------------------------------------------------------------


def _check(amount_minutes: int | None, key: str, life: timedelta, note: str, category: str) -> None:
    if amount_minutes is not None and (type(amount_minutes) is not int or amount_minutes <= 0):
        raise ValueError("a request asks for a positive whole number of minutes, or for any")
    if not SHORTEST_LIFE <= life <= LONGEST_LIFE:
        raise ValueError("a request can be paid for one minute to seven days")
    if not 0 < len(key) <= LONGEST_KEY or len(note) > LONGEST_NOTE or "\0" in key + note:
        raise ValueError("a key or note is too long, or no text")
    if len(category) > LONGEST_CATEGORY:
        raise ValueError("a category is a short code")


def _the_same(
    earlier: PaymentRequest, amount_minutes: int | None, life: timedelta, note: str, category: str, asked_of: Any
) -> PaymentRequest:
    """The earlier request, if it asks for the same."""
    asked = (amount_minutes, life, note, category, None if asked_of is None else asked_of.pk)
    had_life = earlier.expires_at - earlier.created_at
    if asked != (earlier.amount_minutes, had_life, earlier.note, earlier.category, earlier.asked_of_id):
        raise KeyReused(_("This form was already sent with other values."))
    return earlier


def _check_amount(request: PaymentRequest, amount_minutes: int | None) -> None:
    if amount_minutes is None:
        raise WrongAmount(_("Say how much time you pay."))
    if type(amount_minutes) is not int or amount_minutes <= 0:
        raise ValueError("a positive whole number of minutes is paid")
    if request.amount_minutes is not None and request.amount_minutes != amount_minutes:
        raise WrongAmount(_("This code asks for %(amount)s.") % {"amount": in_words(request.amount_minutes)})


def _paid_before(request: PaymentRequest, payer: Account, amount_minutes: int, actor: Any) -> Hold:
    """The payment, for whoever made it; everybody else is refused."""
    assert request.paid_hold_id is not None, "what is paid names its payment"
    hold = Hold.objects.get(pk=request.paid_hold_id)
    if (hold.actor_id, hold.payer_id, hold.amount_minutes) != (actor.pk, payer.pk, amount_minutes):
        raise _already_paid()
    return hold


def _already_paid() -> RequestPaid:
    return RequestPaid(_("This code was paid already. Nothing more was sent."))


def _why_not_payable(request: PaymentRequest, now: datetime) -> Refusal:
    """Why ``request`` cannot be paid, in words: the refusal to raise."""
    if request.state == _State.PAID:
        return _already_paid()
    if request.state == _State.CANCELLED:
        return RequestCancelled(_("This code was taken back by whoever made it."))
    assert request.is_over(now), "it is neither paid nor cancelled nor over, so it can be paid"
    return RequestExpired(_("The time of this code is over. Please ask for a new one."))
