"""Roles: Django's groups of coordinators and moderators, and what each may look at in the admin.

What a role may *do* is decided by the operations; the admin asks these permissions only to know which lists and
forms to show. All of them are permissions to look, but for two. A coordinator may add, change and delete categories,
for these are the community's own words for what its people do, plain rows that are nobody's property and move no
hours. What listings stand in is kept even so: the operation and the database refuse to delete it. And a coordinator may
have work run again that was given up: it decides nothing, for it was asked for before and is done once at most.
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
        "accounts": ["member", "staffmove"],
        "ledger": ["account", "hold", "transfer", "entry", "lot", "mint", "limitchange", "record", "paymentrequest"],
        "notifications": ["letter"],
        "jobs": ["job"],
        "marketplace": ["category", "listing", "exchange", "dispute"],
    },
    Role.MODERATOR: {"accounts": ["member", "staffmove"], "marketplace": ["listing", "exchange", "dispute"]},
}

MAY_CHANGE: dict[Role, dict[str, list[str]]] = {Role.COORDINATOR: {"marketplace": ["category"]}}
MAY_RUN_AGAIN: dict[Role, dict[str, list[str]]] = {Role.COORDINATOR: {"jobs": ["job"]}}


def with_role(role: Role) -> MemberQuerySet:
    """The active members who have ``role``."""
    return Member.objects.active().filter(groups__name=role).order_by("pk")


def coordinators() -> MemberQuerySet:
    """The active members who coordinate the community."""
    return with_role(Role.COORDINATOR)


def make_groups(using: str = "default", **kwargs: Any) -> None:
    """After each migrate: the groups exist, with exactly the permissions above."""
    from django.contrib.auth.models import Group, Permission

    for role in Role:
        group, _created = Group.objects.using(using).get_or_create(name=role)
        given = _permissions(MAY_SEE, role, "view") | _permissions(MAY_CHANGE, role, "add", "change", "delete")
        given |= _permissions(MAY_RUN_AGAIN, role, "run_again")
        group.permissions.set(Permission.objects.using(using).filter(given))


def _permissions(table: dict[Role, dict[str, list[str]]], role: Role, *verbs: str) -> Q:
    found = Q(pk=None)
    for app, names in table.get(role, {}).items():
        found |= Q(content_type__app_label=app, codename__in=[f"{verb}_{name}" for verb in verbs for name in names])
    return found
