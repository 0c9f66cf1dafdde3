"""Roles: Django's groups of coordinators and moderators, and what each may look at in the admin.

What a role may *do* is decided by the operations; the admin asks these permissions only to know
which lists to show. No role is ever given a permission to add, change or delete anything.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .models import Member, MemberQuerySet


class Role(models.TextChoices):
    """What a member may be beside a member: the name of a group."""

    COORDINATOR = "coordinators", _("coordinator")
    MODERATOR = "moderators", _("moderator")


MAY_SEE: dict[Role, dict[str, list[str]]] = {
    Role.COORDINATOR: {
        "accounts": ["member"],
        "ledger": ["account", "hold", "transfer", "entry", "record"],
        "notifications": ["letter"],
        "jobs": ["job"],
    },
    Role.MODERATOR: {"accounts": ["member"]},
}


def with_role(role: Role) -> MemberQuerySet:
    """The active members who have ``role``."""
    return Member.objects.active().filter(groups__name=role).order_by("pk")


def coordinators() -> MemberQuerySet:
    """The active members who coordinate the community."""
    return with_role(Role.COORDINATOR)


def make_groups(using: str = "default", **kwargs: Any) -> None:
    """After each migrate: the groups exist, with exactly the permissions above."""
    from django.contrib.auth.models import Group, Permission

    for role, apps in MAY_SEE.items():
        group, _created = Group.objects.using(using).get_or_create(name=role)
        seen = Q(pk=None)
        for app, names in apps.items():
            seen |= Q(content_type__app_label=app, codename__in=[f"view_{name}" for name in names])
        group.permissions.set(Permission.objects.using(using).filter(seen))
