"""Sending hours to several people at once: all of them get theirs, or nobody does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from accounts.models import Member
from ledger import operations as ledger
from ledger.models import Account, Hold
from timebank.durations import in_words
from timebank.retries import retried

from .refusals import AlreadySent, CannotReceive, TooFewMinutes, ToOneself
from .sending import check_may_receive, just_sent, may_send

FEWEST_TOGETHER, MOST_TOGETHER = 2, 20  # people


class Share(NamedTuple):
    """What one of several people gets, or is asked for."""

    person: Member
    minutes: int


def shares_of(people: Sequence[Member], minutes: int, *, each: bool) -> list[Share]:
    """``minutes`` for ``each`` of the people, or in all, split evenly; the odd ones go to the first.

    Raises TooFewMinutes where somebody would get none.
    """
    if not FEWEST_TOGETHER <= len(set(people)) == len(people) <= MOST_TOGETHER:
        raise ValueError(f"{FEWEST_TOGETHER} to {MOST_TOGETHER} people, each once")
    if not each and minutes < len(people):
        raise TooFewMinutes(
            _("%(amount)s is too little for %(n)s people: everyone gets whole minutes.")
            % {"amount": in_words(minutes), "n": len(people)}
        )
    parts = [minutes] * len(people) if each else ledger.shares(minutes, [1] * len(people))
    return [Share(person, part) for person, part in zip(people, parts, strict=True)]


@retried
@transaction.atomic
def send_together(
    *,
    sender: Member,
    recipients: Sequence[Member | None],
    amount_minutes: int,
    each: bool = False,
    kind: str,
    note: str = "",
    category: str = "",
    nonce: str,
    again: bool = False,
) -> list[Hold]:
    """Set ``amount_minutes`` of ``sender``, for ``each`` or in all, aside for several; the worker posts them at once.

    Returns a hold for each of the ``recipients``, in their order. None is one whom nobody knows. With the same
    ``nonce`` and values it returns the first result and sends nothing more; other values raise KeyReused. ``again``
    says that second payments like those of a moment ago are meant. Raises CannotSend, CannotReceive, ToOneself,
    TooFewMinutes, AlreadySent, AccountFull, each with the name of whom it is about, and NotEnoughTime of the whole.
    """
    # Locked in the order of their keys, so that of two tabs at once the second sees what the first sent.
    accounts = by_owner(accounts_of(sender, recipients).select_for_update(no_key=True).order_by("pk"))
    # The books answer a repeat, whatever has become of the people since.
    is_repeat = bool(sent_together(sender=sender, nonce=nonce))
    if is_repeat:
        people = _as_before(recipients, accounts)
    else:
        may_send(sender, accounts.get(sender.pk))
        people = who_may_receive(sender, recipients, accounts)
    parts = shares_of(people, amount_minutes, each=each)
    if not is_repeat:
        if not again:
            _check_not_just_sent(accounts[sender.pk], parts, accounts)
        _check_room(parts, accounts, kind)
    return ledger.pay_together(
        [ledger.Part(accounts[sender.pk], accounts[part.person.pk], part.minutes) for part in parts],
        kind=kind,
        key=_key(nonce),
        actor=sender,
        note=note,
        category=category,
    )


def look_ahead_together(
    *, sender: Member, recipients: Sequence[Member | None], amount_minutes: int, each: bool = False, kind: str
) -> tuple[list[Share], int]:
    """What each would get, and the minutes ``sender`` would have left to send then; changes nothing.

    Raises what `send_together` would raise now, but for AlreadySent.
    """
    accounts = by_owner(accounts_of(sender, recipients))
    payer = may_send(sender, accounts.get(sender.pk))
    parts = shares_of(who_may_receive(sender, recipients, accounts), amount_minutes, each=each)
    total = sum(part.minutes for part in parts)
    if total > payer.available_minutes:
        raise ledger.why_not(payer, total)
    _check_room(parts, accounts, kind)
    return parts, payer.available_minutes - total


def sent_together(*, sender: Member, nonce: str) -> list[Hold]:
    """What ``sender`` has sent with this ``nonce`` already, in the order of the people; with them."""
    keys = [ledger.key_of_part(_key(nonce), number) for number in range(MOST_TOGETHER)]
    return list(Hold.objects.filter(actor=sender, key__in=keys).select_related("payee__owner").order_by("pk"))


def _key(nonce: str) -> str:
    return f"several:{nonce}"


def accounts_of(sender: Member, people: Sequence[Member | None]) -> QuerySet[Account]:
    return Account.objects.filter(owner__in=[sender, *(person for person in people if person is not None)])


def by_owner(accounts: QuerySet[Account]) -> dict[int, Account]:
    return {account.owner_id: account for account in accounts}


def who_may_receive(sender: Member, recipients: Sequence[Member | None], accounts: dict[int, Account]) -> list[Member]:
    """The ``recipients``, if hours may go to every one of them. Raises ToOneself, CannotReceive."""
    reachable = Member.objects.reachable_by(sender).in_bulk([one.pk for one in recipients if one is not None])
    people = []
    for number, person in enumerate(recipients):
        account = None if person is None else accounts.get(person.pk)
        try:
            check_may_receive(person, account, sender, is_reachable=person is not None and person.pk in reachable)
        except CannotReceive as refusal:
            raise CannotReceive(_said_of(person), number=number) from refusal
        except ToOneself as refusal:
            raise ToOneself(str(refusal), number=number) from refusal
        assert person is not None
        people.append(person)
    return people


def _said_of(person: Member | None) -> str:
    """Of whom it is: by the name she had here as a member, if she ever was one."""
    if person is None or not was_a_member(person):
        return _("You cannot send hours to one of these people. Please go on without this person.")
    return _("You cannot send hours to %(name)s. Please go on without this person.") % {"name": person}


def was_a_member(person: Member) -> bool:
    """Whether she was ever let in, so that her name is known here."""
    return person.joined_at is not None


def _as_before(recipients: Sequence[Member | None], accounts: dict[int, Account]) -> list[Member]:
    """The ``recipients`` of something sent before. Raises KeyReused where it went to nobody of them."""
    people = [person for person in recipients if person is not None and person.pk in accounts]
    if len(people) < len(recipients):
        raise ledger.KeyReused(_("This form was already sent with other values."))
    return people


def _check_not_just_sent(payer: Account, parts: Sequence[Share], accounts: dict[int, Account]) -> None:
    lately = just_sent(payer, [accounts[part.person.pk] for part in parts])
    sent = set(lately.values_list("payee__owner", "amount_minutes"))
    names = [str(part.person) for part in parts if (part.person.pk, part.minutes) in sent]
    if names:
        raise AlreadySent(
            _("You sent just as much to %(names)s a moment ago. Do you want to send it again?")
            % {"names": get_text_list(names, _("and"))}
        )


def _check_room(parts: Sequence[Share], accounts: dict[int, Account], kind: str) -> None:
    """Raise AccountFull of the first whose account does not take her share."""
    for part in parts:
        try:
            ledger.check_room(accounts[part.person.pk], part.minutes, kind)
        except ledger.AccountFull as refusal:
            raise ledger.AccountFull(f"{part.person}: {refusal}") from refusal
