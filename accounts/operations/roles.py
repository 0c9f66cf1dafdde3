"""Giving and taking roles."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Member
from accounts.roles import Role
from ledger.log import write_record
from timebank.retries import retried

from .joining import locked
from .refusals import NotAllowed


@retried
@transaction.atomic
def give_role(member: Member, role: Role, *, by: Member | None) -> Member:
    """Make ``member`` a coordinator or moderator; ``by`` is None when the installation itself does it.

    Writes a record unless she has the role already. Raises NotAllowed.
    """
    _check(member, by)
    member = locked(member)
    if not member.groups.filter(name=role).exists():
        member.groups.add(Group.objects.get(name=role))
        _follow(member)
        _record(member, role, by, given=True)
    return member


@retried
@transaction.atomic
def take_role(member: Member, role: Role, *, by: Member | None) -> Member:
    """Take a role from ``member``. Writes a record if she had it. Raises NotAllowed."""
    _check(member, by)
    member = locked(member)
    if member.groups.filter(name=role).exists():
        member.groups.remove(Group.objects.get(name=role))
        _follow(member)
        _record(member, role, by, given=False)
    return member


@retried
@transaction.atomic
def make_administrator(member: Member) -> Member:
    """Let ``member`` give roles to others. Only the installation itself does this; no page can."""
    member = locked(member)
    if not member.is_superuser:
        member.is_superuser = member.is_staff = True
        member.save(update_fields=["is_superuser", "is_staff"])
        write_record("role", member=member.public_id, role="administrators", given=True, by=None)
    return member


def _check(member: Member, by: Member | None) -> None:
    if by is not None and (not by.is_superuser or by == member):
        raise NotAllowed(_("Only an administrator can change roles, and nobody their own."))


def _follow(member: Member) -> None:
    """Only people with a role may use the admin."""
    member.is_staff = member.is_superuser or member.groups.exists()
    member.save(update_fields=["is_staff"])


def _record(member: Member, role: Role, by: Member | None, *, given: bool) -> None:
    write_record(
        "role", member=member.public_id, role=str(role), given=given, by=by.public_id if by is not None else None
    )
