"""Hours that staff move: grants from the fund, debts written off, payments undone; never in one's own case."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from accounts.models import Member, StaffMove
from ledger import operations as ledger
from ledger.log import write_record
from ledger.models import Account, Transfer
from timebank import clock
from timebank.durations import in_words
from timebank.retries import retried

from .fund import community_fund
from .refusals import AlreadyDecided, MoreThanOwed, NotAllowed, TooFewMinutes

ALONE_WITHIN = timedelta(days=30)


@retried
@transaction.atomic
def grant(account: Account, *, amount_minutes: int, reason: str, by: Member, key: str) -> StaffMove:
    """Give ``account`` hours of the community fund, for a ``reason`` its owner reads.

    Beyond STAFF_ALONE_UP_TO_HOURS for one member within 30 days, it waits for another coordinator's yes.
    With the same ``key`` it returns what was asked for first. Raises NotAllowed and what the ledger refuses.
    """
    return _ask(StaffMove.Kind.GRANT, account, amount_minutes, reason, by, key)


@retried
@transaction.atomic
def grant_together(
    accounts: Sequence[Account], *, amount_minutes: int, each: bool, reason: str, by: Member, key: str
) -> list[StaffMove]:
    """Give several accounts hours of the community fund, to ``each`` so much or in all, split evenly: all or none.

    What is much for one of them waits for another coordinator's yes, as for a single `grant`. With the same ``key`` and
    values it returns what was asked for first. Raises TooFewMinutes, NotEnoughTime of the whole, KeyReused, and what
    `grant` does, with the name of whom it is about.
    """
    if not each and amount_minutes < len(accounts):
        raise TooFewMinutes(
            _("%(amount)s is too little for %(n)s people: everyone gets whole minutes.")
            % {"amount": in_words(amount_minutes), "n": len(accounts)}
        )
    accounts = sorted(accounts, key=lambda account: account.pk)
    parts = [amount_minutes] * len(accounts) if each else ledger.shares(amount_minutes, [1] * len(accounts))
    fund = community_fund()
    keys = [account.pk for account in (*accounts, fund)]
    fund = Account.objects.select_for_update(no_key=True).order_by("pk").in_bulk(keys)[fund.pk]
    wanted = list(zip((account.pk for account in accounts), parts, strict=True))
    asked = StaffMove.objects.filter(asked_by=by, kind=StaffMove.Kind.GRANT)
    if ledger.is_repeat(asked, key, len(accounts)):
        earlier = asked.filter(key__in=[ledger.key_of_part(key, number) for number in range(len(accounts))])
        moves = list(earlier.order_by("pk"))
        if [(move.account_id, move.amount_minutes) for move in moves] != wanted:
            raise ledger.KeyReused(_("This form was already sent with other values."))
        return moves
    if sum(parts) > fund.available_minutes:
        raise ledger.why_not(fund, sum(parts))
    return [
        _ask_named(account, minutes, reason, by, ledger.key_of_part(key, number))
        for number, (account, minutes) in enumerate(zip(accounts, parts, strict=True))
    ]


def _ask_named(account: Account, minutes: int, reason: str, by: Member, key: str) -> StaffMove:
    """One grant of several; a refusal says of whom it is."""
    try:
        return _ask(StaffMove.Kind.GRANT, account, minutes, reason, by, key)
    except (NotAllowed, ledger.AccountClosed, ledger.AccountFull) as refusal:
        raise type(refusal)(f"{account.owner}: {refusal}") from refusal


@retried
@transaction.atomic
def write_off(account: Account, *, amount_minutes: int, reason: str, by: Member, key: str) -> StaffMove:
    """Let the community fund pay what the owner of ``account`` owes, or a part of it. See `grant`.

    Raises MoreThanOwed too.
    """
    return _ask(StaffMove.Kind.WRITE_OFF, account, amount_minutes, reason, by, key)


@retried
@transaction.atomic
def propose_reversal(
    transfer: Transfer, *, minutes: int | None, may_pass_limit: bool, reason: str, by: Member, key: str
) -> StaffMove:
    """Ask a moderator to undo ``minutes`` of ``transfer``, or all that is left; nothing moves before her yes.

    Raises NotAllowed, NothingToReverse, MoreThanMoved.
    """
    _check_coordinator(by, {transfer.payer.owner_id, transfer.payee.owner_id})
    if earlier := StaffMove.objects.filter(asked_by=by, key=key).first():
        return earlier
    left = ledger.reversible_minutes(transfer)
    if not left:
        raise ledger.NothingToReverse(_("All of this went back already, or it is itself a reversal."))
    if minutes is not None and minutes > left:
        raise ledger.MoreThanMoved(_("Up to %(left)s can still go back.") % {"left": in_words(left)})
    return _write(
        StaffMove.Kind.REVERSAL,
        transfer.payee,
        minutes or left,
        reason,
        by,
        key,
        transfer=transfer,
        may_pass_limit=may_pass_limit,
    )


@retried
@transaction.atomic
def approve_move(move: StaffMove, *, by: Member) -> StaffMove:
    """Let what another one asked for be done now. Raises NotAllowed, AlreadyDecided and what the ledger refuses."""
    move = _locked(move)
    if not may_approve(move, by):
        raise NotAllowed(_("A second person approves this: not who asked for it, and nobody it is about."))
    _check_waiting(move)
    return _do(move, approved_by=by)


@retried
@transaction.atomic
def decline_move(move: StaffMove, *, by: Member) -> StaffMove:
    """Let nothing come of it: by whoever may approve it, or by who asked for it. Raises NotAllowed, AlreadyDecided."""
    move = _locked(move)
    if not (may_approve(move, by) or (move.asked_by_id == by.pk and by.is_coordinator)):
        raise NotAllowed(_("A second person approves this: not who asked for it, and nobody it is about."))
    _check_waiting(move)
    move.state, move.decided_by, move.decided_at = StaffMove.State.DECLINED, by, clock.now()
    move.save(update_fields=["state", "decided_by", "decided_at"])
    return move


def may_approve(move: StaffMove, by: Member) -> bool:
    """Whether ``by`` may be the second person."""
    is_reversal = move.kind == StaffMove.Kind.REVERSAL
    may_undo = by.is_moderator or (by.is_superuser and by.is_member)  # who administers the site rules in no dispute
    has_role = may_undo if is_reversal else by.is_coordinator
    return has_role and by.pk != move.asked_by_id and by.pk not in _concerned(move)


def _concerned(move: StaffMove) -> set[int]:
    """The members it is about."""
    if move.transfer is None:
        return {move.account.owner_id}
    return {move.transfer.payer.owner_id, move.transfer.payee.owner_id}


def _check_coordinator(by: Member, concerned: set[int]) -> None:
    if not by.is_coordinator or by.pk in concerned:
        raise NotAllowed(_("Only a coordinator can do this, and nobody in their own case."))


def _check_waiting(move: StaffMove) -> None:
    if not move.is_waiting:
        raise AlreadyDecided(_("This was decided already."))


def _ask(kind: str, account: Account, amount_minutes: int, reason: str, by: Member, key: str) -> StaffMove:
    if account.kind != Account.Kind.MEMBER:
        raise ValueError("the fund gives to members")
    _check_coordinator(by, {account.owner_id})
    if earlier := StaffMove.objects.filter(asked_by=by, key=key).first():
        return earlier
    account = _locked_with_fund(account)  # of two at once the second sees what the first gave
    if not account.is_open:
        raise ledger.AccountClosed(_("That account is closed. It cannot receive hours."))
    _check_owed(kind, account, amount_minutes)
    before = _moved_alone(account, by)
    move = _write(kind, account, amount_minutes, reason, by, key)
    if before + amount_minutes > settings.STAFF_ALONE_UP_TO_HOURS * 60:
        return move
    return _do(move, approved_by=None)


def _moved_alone(account: Account, by: Member) -> int:
    """What ``by`` gave ``account`` lately without a second person: small parts are not a way around one."""
    alone = StaffMove.objects.filter(
        account=account,
        asked_by=by,
        state=StaffMove.State.DONE,
        decided_by=None,
        asked_at__gt=clock.now() - ALONE_WITHIN,
    )
    return int(alone.aggregate(minutes=Sum("amount_minutes", default=0))["minutes"])


def _check_owed(kind: str, account: Account, amount_minutes: int) -> None:
    owed = max(-account.balance_minutes, 0)
    if kind == StaffMove.Kind.WRITE_OFF and amount_minutes > owed:
        raise MoreThanOwed(_("Only what is owed can be written off: %(owed)s.") % {"owed": in_words(owed)})


def _write(
    kind: str, account: Account, amount_minutes: int, reason: str, by: Member, key: str, **more: Any
) -> StaffMove:
    return StaffMove.objects.create(
        kind=kind,
        account=account,
        amount_minutes=amount_minutes,
        reason=reason,
        asked_by=by,
        asked_at=clock.now(),
        key=key,
        **more,
    )


def _do(move: StaffMove, *, approved_by: Member | None) -> StaffMove:
    """Move the hours, in the name of who approved it or, where it is little, of who asked."""
    actor = approved_by or move.asked_by
    move.made = _pay(move, actor)
    move.state = StaffMove.State.DONE
    if approved_by is not None:
        move.decided_by, move.decided_at = approved_by, clock.now()
    move.save(update_fields=["state", "decided_by", "decided_at", "made"])
    write_record(
        "staff",
        transfer=move.made.public_id,
        asked_by=move.asked_by.public_id,
        approved_by=approved_by.public_id if approved_by is not None else None,
    )
    return move


def _pay(move: StaffMove, actor: Member) -> Transfer:
    key = f"staff:{move.pk}"
    if move.transfer is not None:
        return _undo(move, move.transfer, actor, key)
    account = _locked_with_fund(move.account)
    _check_owed(move.kind, account, move.amount_minutes)
    return ledger.pay_at_once(
        payer=community_fund(),
        payee=account,
        amount_minutes=move.amount_minutes,
        kind=move.kind,
        key=key,
        actor=actor,
        note=move.reason,
    )


def _undo(move: StaffMove, transfer: Transfer, actor: Member, key: str) -> Transfer:
    try:
        return ledger.reverse(
            transfer,
            minutes=move.amount_minutes,
            actor=actor,
            key=key,
            note=move.reason,
            override=move.may_pass_limit,
        )
    except ledger.NotEnoughTime as refused:  # its words speak to who sends: here that is neither who reads them
        raise ledger.NotEnoughTime(_what_is_missing(move)) from refused


def _what_is_missing(move: StaffMove) -> str:
    """Why ``move`` cannot be undone as it was asked for, and how it can be."""
    account = Account.objects.get(pk=move.account_id)
    return _(
        "%(name)s has only %(available)s to give back; this needs %(amount)s."
        " Decline this, and it can be asked for again with “%(box)s”."
    ) % {
        "name": move.account.owner,
        "available": in_words(max(account.available_minutes, 0)),
        "amount": in_words(move.amount_minutes),
        "box": StaffMove._meta.get_field("may_pass_limit").verbose_name,
    }


def _locked_with_fund(account: Account) -> Account:
    """``account`` as it is now; it and the fund's locked in the order of their keys, as for every payment."""
    keys = [account.pk, community_fund().pk]
    return Account.objects.select_for_update(no_key=True).order_by("pk").in_bulk(keys)[account.pk]


def _locked(move: StaffMove) -> StaffMove:
    StaffMove.objects.select_for_update(no_key=True).get(pk=move.pk)
    return StaffMove.objects.select_related("account", "asked_by", "transfer__payer", "transfer__payee").get(pk=move.pk)
