"""Every address as every kind of person, from the table in tests/access_table.py."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve, reverse
from pytest_django import DjangoDbBlocker

from accounts.models import Member
from ledger import check
from notifications.routing import websocket_urlpatterns

from .access_table import ROLES, ROWS, SOCKETS, Row
from .factories import PASSWORD, make_coordinator, make_member, make_moderator, make_superuser
from .notifications.sockets import Page
from .work import drain

pytestmark = pytest.mark.django_db


def addresses(patterns: list[URLPattern | URLResolver], names: str = "", path: str = "") -> Iterator[tuple[str, str]]:
    """The full name and path of every address under ``patterns``."""
    for pattern in patterns:
        here = path + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inside = f"{names}{pattern.namespace}:" if pattern.namespace else names
            yield from addresses(pattern.url_patterns, inside, here)
        else:
            yield names + (pattern.name or ""), here


# Django's own: old addresses of objects, and whatever else is asked for below /admin/.
NAMELESS = {"admin:"}


def test_every_address_has_a_row():
    named = {name for name, _path in addresses(get_resolver().url_patterns)} - NAMELESS
    assert sorted(named - {row.name for row in ROWS}) == []


def test_every_row_has_an_address_and_a_cell_for_every_role():
    named = {name for name, _path in addresses(get_resolver().url_patterns)}
    assert sorted({row.name for row in ROWS} - named) == []
    assert [str(row) for row in ROWS if len(row.cells) != len(ROLES)] == []


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


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Made once for all rows, in a transaction that is undone in the end; what a row changes is undone at once."""
    with django_db_blocker.unblock(), transaction.atomic():
        made = World()
        assert made.payments
        Member.objects.filter(pk=made.suspended.pk).update(state=Member.State.SUSPENDED)
        yield made
        assert list(check.faults()) == []
        transaction.set_rollback(True)


def outcome(response: HttpResponse) -> str:
    """What a person got, in the words of the table."""
    if response.status_code not in {301, 302}:
        return str(response.status_code)
    try:
        return f"→ {resolve(urlsplit(response['Location']).path).view_name}"
    except Resolver404:
        return f"→ {response['Location']}"


def ask(world: World, row: Row, role: str) -> str:
    client = Client()
    if person := world.person(role):
        client.force_login(Member.objects.get(pk=person.pk))
    address = reverse(row.name, kwargs={name: world.thing(what, role) for name, what in row.args.items()})
    if row.query:
        address += f"?{row.query}"
    return outcome(client.generic(row.method, address))


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_everyone_gets_what_the_table_says(row, world):
    assert dict(zip(ROLES, (ask(world, row, role) for role in ROLES), strict=True)) == dict(
        zip(ROLES, row.cells, strict=True)
    )


def test_every_socket_has_a_row():
    assert {str(route.pattern) for route in websocket_urlpatterns} == set(SOCKETS)


async def knock(path: str, cookie: str) -> str:
    page = Page(cookie, path=f"/{path}")
    if not await page.is_let_in():
        return "refused"
    await page.say({"since": 0})
    message = await page.receive_output(5)
    if message["type"] == "websocket.close":
        return str(message["code"])
    await page.leave()
    return "open"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", SOCKETS)
def test_every_socket_lets_in_whom_the_table_says(path):
    people = World()
    Member.objects.filter(pk=people.suspended.pk).update(state=Member.State.SUSPENDED)
    got = []
    for role in ROLES:
        client = Client()
        if person := people.person(role):
            client.force_login(Member.objects.get(pk=person.pk))
        cookie = client.cookies.get(settings.SESSION_COOKIE_NAME)
        got.append(asyncio.run(knock(path, cookie.value if cookie else "")))
    assert dict(zip(ROLES, got, strict=True)) == dict(zip(ROLES, SOCKETS[path], strict=True))
