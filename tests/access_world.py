"""One of each kind of person, for the table in tests/access_table.py."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password

from accounts.models import Member

from .factories import PASSWORD, make_coordinator, make_member, make_moderator, make_superuser
from .work import drain


@cache
def password_hash() -> str:
    """Of everybody's password; made once, for that takes time."""
    return make_password(PASSWORD)


@dataclass
class World:
    """One of each kind of person, and things that belong to the member or to the suspended one."""

    member: Member = field(default_factory=lambda: make_member(minutes=300, name="Ana Souza"))
    other: Member = field(default_factory=lambda: make_member(minutes=300))
    neighbour: Member = field(default_factory=lambda: make_member(minutes=300))
    suspended: Member = field(default_factory=lambda: make_member(minutes=300))
    new: Member = field(default_factory=lambda: make_member(state="new"))
    waiting: Member = field(default_factory=lambda: make_member(state="applied"))
    coordinator: Member = field(default_factory=make_coordinator)
    moderator: Member = field(default_factory=make_moderator)
    superuser: Member = field(default_factory=make_superuser)

    def __post_init__(self) -> None:
        for person in (self.coordinator, self.moderator, self.superuser):
            Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={})
        Member.objects.people().update(password=password_hash())

    def person(self, role: str) -> Member | None:
        return None if role == "anonymous" else getattr(self, role)

    def whose(self, role: str) -> Member:
        """To whom the things belong that ``role`` asks for."""
        return self.suspended if role == "suspended" else self.member

    @cached_property
    def payments(self) -> dict[Member, str]:
        """One payment to the neighbour from each, by its public id; made before the suspension."""
        from accounts.operations import send_hours

        paid = {
            payer: send_hours(
                sender=payer,
                recipient=self.neighbour,
                amount_minutes=30,
                kind="help",
                note="For the bicycle",
                nonce=f"access-{payer.pk}",
            ).public_id
            for payer in (self.member, self.suspended)
        }
        for whose in (self.member, self.suspended):
            send_hours(
                sender=self.neighbour,
                recipient=whose,
                amount_minutes=15,
                kind="gift",
                note="",
                nonce=f"access-back-{whose.pk}",
            )
        drain()
        return paid

    def thing(self, what: str, role: str) -> Any:
        """What ``args`` of a row name."""
        whose = self.whose(role)
        match what.split(":"):
            case ["payment"]:
                return self.payments[whose]
            case ["profile"]:
                return whose.public_id
            case ["event"]:
                assert self.payments  # they tell of themselves
                return whose.events.latest("seq").seq
            case ["person", who]:
                return getattr(self, who).pk
            case ["object", label]:
                return self.an_object_of(label)
            case [literal]:
                return literal
        raise LookupError(what)

    def an_object_of(self, label: str) -> Any:
        """The key of some row of a model, for its pages in the admin; 0 where there is none."""
        from django.apps import apps

        assert self.payments
        first = apps.get_model(label).objects.order_by("pk").first()
        return 0 if first is None else first.pk
