"""Suspending a member, and taking her back."""

from __future__ import annotations

from collections.abc import Callable

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from accounts.models import Member
from ledger.log import write_record
from notifications import live
from notifications.operations import Telling, tell_all
from timebank.retries import retried

from .joining import locked
from .refusals import AlreadyDecided, NotAllowed

# What other apps have to tell when somebody is suspended or taken back: each adds its own in `AppConfig.ready`.
also_told: list[Callable[[Member], list[Telling]]] = []


@retried
@transaction.atomic
def suspend_member(member: Member, *, by: Member, reason: str) -> Member:
    """Suspend an active ``member``: she is signed out everywhere and may then only read what is hers.

    ``reason`` is what she is told. Raises NotAllowed, AlreadyDecided.
    """
    _check_may_suspend(member, by)
    member = locked(member)
    if member.state != Member.State.ACTIVE:
        raise AlreadyDecided(_("Only an active member can be suspended."))
    _change_state(member, Member.State.SUSPENDED, by=by, reason=reason)
    end_sessions(member)
    return member


@retried
@transaction.atomic
def reinstate_member(member: Member, *, by: Member) -> Member:
    """Make a suspended ``member`` active again. Raises NotAllowed, AlreadyDecided."""
    _check_may_suspend(member, by)
    member = locked(member)
    if member.state != Member.State.SUSPENDED:
        raise AlreadyDecided(_("This member is not suspended."))
    _change_state(member, Member.State.ACTIVE, by=by, reason="")
    return member


@retried
@transaction.atomic
def end_sessions(member: Member) -> None:
    """Sign ``member`` out everywhere at once: no session begun before now opens anything any more.

    Her open sockets are closed after the commit.
    """
    Member.objects.filter(pk=member.pk).update(sessions_ended=F("sessions_ended") + 1)
    member.refresh_from_db(fields=["sessions_ended"])
    for session in UserSession.objects.filter(user=member):
        session.end()
    live.disconnect(member.pk)


def forget_ended_devices() -> None:
    """Delete what is noted of devices whose sessions are gone."""
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()


def _check_may_suspend(member: Member, by: Member) -> None:
    if by == member or not (by.is_coordinator or by.is_moderator):
        raise NotAllowed(_("Only a coordinator or moderator can do this, and nobody in their own case."))
    if member.is_superuser and not by.is_superuser:
        raise NotAllowed(_("Only another administrator can suspend an administrator."))


def _change_state(member: Member, state: Member.State, *, by: Member, reason: str) -> None:
    was, member.state = member.state, state
    member.suspended_because = reason
    member.save(update_fields=["state", "suspended_because"])
    write_record("suspension", member=member.public_id, state=str(state), by=by.public_id)
    told = {"state": str(state), "was": str(was)}
    hers = Telling(member.pk, "membership-changed", None, told, in_inbox=True, by_mail=True)
    tell_all([hers, *(telling for others in also_told for telling in others(member))])
