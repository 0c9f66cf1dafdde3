"""Asking several neighbours for their share: each of them is asked, or nobody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Member
from ledger import operations as ledger
from ledger.models import PaymentRequest
from timebank.retries import retried

from .refusals import CannotReceive
from .requesting import may_ask
from .sending_together import MOST_TOGETHER, accounts_of, by_owner, shares_of, was_a_member, who_may_receive

_BEGINNING = "ask-several:"


@retried
@transaction.atomic
def ask_several(
    *,
    asker: Member,
    people: Sequence[Member | None],
    amount_minutes: int,
    each: bool = False,
    nonce: str,
    life: timedelta | None = None,
    note: str = "",
    category: str = "",
) -> list[PaymentRequest]:
    """Ask every one of ``people`` for an even share of ``amount_minutes``, or ``each`` for as many; each is told.

    Returns a request for each, in their order, which she alone can pay: see `ledger.operations.request_payment`. None
    is one whom nobody knows. With the same ``nonce`` and values it returns the first. Raises CannotAsk, ToOneself,
    CannotReceive with the name of whom it is about, TooFewMinutes, KeyReused.
    """
    payee = may_ask(asker)
    try:
        known = who_may_receive(
            asker, people, by_owner(accounts_of(asker, people))
        )  # whom she may send to, she may ask
    except CannotReceive as refusal:
        raise CannotReceive(_said_of(people[refusal.number or 0]), number=refusal.number) from refusal
    return ledger.request_together(
        payee=payee,
        asked=shares_of(known, amount_minutes, each=each),
        key=f"{_BEGINNING}{nonce}",
        life=life,
        note=note,
        category=category,
    )


def asked_together(*, asker: Member, nonce: str) -> list[PaymentRequest]:
    """What ``asker`` asked several for with this ``nonce``, in the order of the people; with them."""
    keys = [ledger.key_of_part(f"{_BEGINNING}{nonce}", number) for number in range(MOST_TOGETHER)]
    asked = PaymentRequest.objects.made_by(asker).filter(key__in=keys)
    return list(asked.select_related("asked_of", "paid_hold").order_by("pk"))


def nonce_of_set(request: PaymentRequest) -> str:
    """The nonce that ``request`` was made with, together with others; "" of one that was made alone."""
    return request.key.removeprefix(_BEGINNING).rpartition(":")[0] if request.key.startswith(_BEGINNING) else ""


def _said_of(person: Member | None) -> str:
    if person is None or not was_a_member(person):
        return _("You cannot ask one of these people for hours. Please go on without this person.")
    return _("You cannot ask %(name)s for hours. Please go on without this person.") % {"name": person}
