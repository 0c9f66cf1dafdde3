"""Becoming a member: confirmed, perhaps approved, and given the starting hours."""

from __future__ import annotations

import logging

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Member
from accounts.roles import coordinators
from ledger import operations as ledger
from ledger.log import write_record
from ledger.models import Kind
from notifications import operations as notifications
from timebank import clock
from timebank.errors import Refusal
from timebank.retries import retried

from .fund import community_fund
from .refusals import AlreadyDecided, NotAllowed

logger = logging.getLogger("timebank.accounts")


@retried
@transaction.atomic
def confirm_email(member: Member) -> Member:
    """Take ``member``'s address as hers without a mailed link, as setup and demo do; then take her in."""
    EmailAddress.objects.update_or_create(user=member, email=member.email, defaults={"verified": True, "primary": True})
    return take_in(member)


@retried
@transaction.atomic
def take_in(member: Member) -> Member:
    """What follows when a member's e-mail address is confirmed: she joins, or waits for approval.

    Whoever is past that already stays as she is.
    """
    member = locked(member)
    if member.state != Member.State.NEW:
        return member
    if settings.JOINING == "approved":
        return apply_for_membership(member)
    return join(member)


@retried
@transaction.atomic
def apply_for_membership(member: Member) -> Member:
    """``member``, whose address is confirmed, waits; the coordinators are told. Twice, it changes nothing."""
    member = locked(member)
    if member.state == Member.State.NEW:
        member.state = Member.State.APPLIED
        member.save(update_fields=["state"])
        _tell_coordinators("application", member)
    return member


@retried
@transaction.atomic
def join(member: Member) -> Member:
    """Make ``member`` active, open her account and give her the starting hours, exactly once.

    A grant that cannot be paid keeps nobody out: she joins, and the coordinators are told.
    """
    member = locked(member)
    if member.state not in {Member.State.NEW, Member.State.APPLIED}:
        return member
    member.state = Member.State.ACTIVE
    member.joined_at = clock.now()
    member.save(update_fields=["state", "joined_at"])
    limits = ledger.usual_limits(settings.MEMBER_CREDIT_LIMIT_MINUTES)
    account = ledger.open_account(
        member,
        credit_limit_minutes=limits.credit_minutes,
        soft_limit_minutes=limits.soft_minutes,
        max_balance_minutes=limits.max_balance_minutes,
    )
    write_record("joining", account=account.public_id)
    try:
        pay_starting_grant(member)
    except Refusal as refusal:
        logger.warning("starting hours not paid: %s", refusal.code)
        _tell_coordinators("grant-failed", member)
    return Member.objects.select_related("account").get(pk=member.pk)


@retried
@transaction.atomic
def pay_starting_grant(member: Member) -> None:
    """Give ``member`` STARTING_GRANT_MINUTES from the fund, once however often it is called.

    Raises NotEnoughTime when the fund's budget is used up: then it can be called again later.
    """
    if settings.STARTING_GRANT_MINUTES <= 0:
        return
    fund = community_fund()
    ledger.pay_at_once(
        payer=fund,
        payee=member.account,
        amount_minutes=settings.STARTING_GRANT_MINUTES,
        kind=Kind.GRANT,
        key=f"grant:{member.pk}",
        actor=fund.owner,
    )


@retried
@transaction.atomic
def approve_member(member: Member, *, by: Member) -> Member:
    """Let a coordinator's yes make ``member``, who waits for it, a member. Raises NotAllowed, AlreadyDecided."""
    if not by.is_coordinator or by == member:
        raise NotAllowed(_("Only a coordinator can approve a member, and nobody approves themselves."))
    member = locked(member)
    if member.state != Member.State.APPLIED:
        raise AlreadyDecided(_("%(name)s is not waiting for approval.") % {"name": member})
    member = join(member)
    notifications.tell(member, "membership-changed", data={"state": member.state}, in_inbox=True, by_mail=True)
    return member


def _tell_coordinators(what: str, member: Member) -> None:
    notifications.tell_all(
        [
            notifications.Telling(coordinator.pk, what, about_id=member.pk, in_inbox=True, by_mail=True)
            for coordinator in coordinators()
        ]
    )


def locked(member: Member) -> Member:
    """``member`` as she is now, her row locked until the transaction ends."""
    # Not so hard that a row pointing to her, such as an event, would have to wait.
    return Member.objects.select_for_update(no_key=True).get(pk=member.pk)
