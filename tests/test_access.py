"""Every address as every kind of person, from the table in tests/access_table.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve, reverse
from pytest_django import DjangoDbBlocker

from accounts.models import Member
from ledger import check

from .access_table import ROLES, ROWS, Row
from .access_world import World

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


def calls(patterns: list[URLPattern | URLResolver], names: str = "") -> Iterator[tuple[str, str]]:
    """The full name and each method of every address for programs."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inside = f"{names}{pattern.namespace}:" if pattern.namespace else names
            yield from calls(pattern.url_patterns, inside)
        else:
            yield from ((names + (pattern.name or ""), method) for method in methods(pattern.callback))


def methods(view: Any) -> set[str]:
    """Those by which a call of the API, or of signing in by it, may be asked; none of a page."""
    if hasattr(view, "methods"):
        return set(view.methods)
    if hasattr(view, "actions"):
        return {method.upper() for method in view.actions}
    known = getattr(view, "cls", None)
    return {name.upper() for name in known.http_method_names if hasattr(known, name)} if known else set()


def test_every_method_of_every_address_for_programs_has_a_row():
    rows = {(row.name, row.method) for row in ROWS}
    asked = {call for call in calls(get_resolver().url_patterns) if call[1] not in {"HEAD", "OPTIONS"}}

    assert sorted(asked - rows) == []
    assert len(asked) > 110


def test_every_row_has_an_address_and_a_cell_for_every_role():
    named = {name for name, _path in addresses(get_resolver().url_patterns)}
    assert sorted({row.name for row in ROWS} - named) == []
    assert [str(row) for row in ROWS if len(row.cells) != len(ROLES)] == []


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Made once for all rows, in a transaction that is undone in the end; what a row changes is undone at once."""
    with django_db_blocker.unblock(), transaction.atomic():
        made = World()
        assert made.payments and made.listings and made.offer and made.exchanges and made.disputes and made.move
        assert made.requests and made.tokens and made.webhooks and made.sent_together
        Member.objects.filter(pk=made.suspended.pk).update(state=Member.State.SUSPENDED)
        made.sign_in(ROLES)
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
    """What this person gets; what she changed is undone."""
    client = Client()
    if row.by_app and role != "anonymous":
        client = Client(headers={"X-Session-Token": world.cookies[role][settings.SESSION_COOKIE_NAME].value})
    elif not row.by_app:
        client.cookies.update(world.cookies[role])
    address = reverse(row.name, kwargs={name: world.thing(what, role) for name, what in row.args.items()})
    if row.query:
        address += f"?{row.query}"
    with transaction.atomic():
        before = standing(world, row)
        if row.data:
            data = {name: world.thing(what, role) for name, what in row.data.items()}
            got = outcome(client.post(address, data))
        else:
            got = outcome(client.generic(row.method, address))
        done = ", done" if standing(world, row) != before else ""
        transaction.set_rollback(True)
    return got + done


def standing(world: World, row: Row) -> tuple[str, frozenset[str]] | None:
    """Where the person whom the row decides about stands."""
    if not row.about:
        return None
    member = Member.objects.get(pk=getattr(world, row.about).pk)
    return member.state, member.roles


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_everyone_gets_what_the_table_says(row, world):
    assert dict(zip(ROLES, (ask(world, row, role) for role in ROLES), strict=True)) == dict(
        zip(ROLES, row.cells, strict=True)
    )
