"""Sending hours to a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Member
from ledger import operations as ledger
from ledger.models import Account, Hold
from timebank import clock
from timebank.durations import in_words
from timebank.retries import retried

from .refusals import AlreadySent, CannotReceive, CannotSend, ToOneself

A_MOMENT = timedelta(seconds=60)


@retried
@transaction.atomic
def send_hours(
    *,
    sender: Member,
    recipient: Member | None,
    amount_minutes: int,
    kind: str,
    note: str = "",
    category: str = "",
    nonce: str,
    again: bool = False,
) -> Hold:
    """Set ``amount_minutes`` of ``sender`` aside for ``recipient``; the worker posts them at once.

    ``category`` is the code of the kind of help, where it is said.

    With the same ``nonce`` and values it returns the first result and sends nothing more; other
    values raise KeyReused. ``again`` says that a second payment like the last one is meant.
    Raises CannotSend, CannotReceive, ToOneself, AlreadySent, NotEnoughTime.
    """
    key = _key(nonce)
    # Locked, so that of two tabs at once the second sees what the first sent.
    payer = Account.objects.select_for_update(no_key=True).filter(owner=sender).first()
    payee = account_of(recipient)
    # The books answer a repeat, whatever has become of the two people since.
    if payer is None or payee is None or not Hold.objects.filter(actor=sender, key=key).exists():
        payer, payee = may_send(sender, payer), may_receive(recipient, payee, sender)
        if not again:
            _check_not_just_sent(payer, payee, amount_minutes, recipient)
    return ledger.accept(
        payer=payer,
        payee=payee,
        amount_minutes=amount_minutes,
        kind=kind,
        key=key,
        actor=sender,
        note=note,
        category=category,
    )


def look_ahead(*, sender: Member, recipient: Member | None, amount_minutes: int, kind: str) -> int:
    """The minutes ``sender`` would have left to send after this; changes nothing.

    Raises what `send_hours` would raise now, but for AlreadySent.
    """
    payer = may_send(sender, account_of(sender))
    payee = may_receive(recipient, account_of(recipient), sender)
    if amount_minutes > payer.available_minutes:
        raise ledger.why_not(payer, amount_minutes)
    ledger.check_room(payee, amount_minutes, kind)
    return payer.available_minutes - amount_minutes


def sent_before(*, sender: Member, nonce: str) -> Hold | None:
    """What ``sender`` has sent with this ``nonce`` already."""
    found: Hold | None = Hold.objects.filter(actor=sender, key=_key(nonce)).first()
    return found


def may_send(sender: Member, payer: Account | None) -> Account:
    """The account to send from, if she may. Raises CannotSend."""
    state = Member.objects.values_list("state", flat=True).get(pk=sender.pk)
    if state == Member.State.SUSPENDED:
        raise CannotSend(_("Your membership is suspended, so you cannot send hours now."))
    if state in {Member.State.NEW, Member.State.APPLIED}:
        raise CannotSend(_("You can send hours once a coordinator has approved you."))
    if state != Member.State.ACTIVE or payer is None or not payer.is_open:
        raise CannotSend(_("Your account is closed, so you cannot send hours."))
    return payer


def _key(nonce: str) -> str:
    return f"send:{nonce}"


# One sentence for whoever cannot be sent hours: who she is or why is nobody else's business.
NOBODY = _("You cannot send hours to this person. Please choose somebody else.")


def account_of(member: Member | None) -> Account | None:
    """Her account, if she has one; one query."""
    return Account.objects.filter(owner=member).first() if member is not None else None


def may_receive(recipient: Member | None, payee: Account | None, sender: Member) -> Account:
    """The account to send to, if hours may go there. Raises ToOneself, CannotReceive."""
    is_reachable = recipient is not None and Member.objects.reachable_by(sender).filter(pk=recipient.pk).exists()
    return check_may_receive(recipient, payee, sender, is_reachable=is_reachable)


def check_may_receive(
    recipient: Member | None, payee: Account | None, sender: Member, *, is_reachable: bool
) -> Account:
    """As `may_receive`, of somebody of whom it is known whether ``sender`` may turn to her."""
    if recipient == sender:
        raise ToOneself(_("You cannot send hours to yourself. Please choose a neighbour."))
    if recipient is None or payee is None or not payee.is_open or not is_reachable:
        raise CannotReceive(NOBODY)
    return payee


def just_sent(payer: Account, payees: Sequence[Account]) -> QuerySet[Hold]:
    """What went from ``payer`` to the ``payees`` a moment ago, and was not called off."""
    lately = Hold.objects.filter(payer=payer, payee__in=payees, created_at__gt=clock.now() - A_MOMENT)
    return lately.exclude(state=Hold.State.VOIDED)


def _check_not_just_sent(payer: Account, payee: Account, amount_minutes: int, recipient: Member | None) -> None:
    if just_sent(payer, [payee]).filter(amount_minutes=amount_minutes).exists():
        raise AlreadySent(
            _("You sent %(amount)s to %(name)s a moment ago. Do you want to send it again?")
            % {"amount": in_words(amount_minutes), "name": recipient}
        )
