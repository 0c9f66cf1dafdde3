"""Every socket as every kind of person, from the table in tests/access_table.py."""

from __future__ import annotations

import asyncio

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Member
from notifications.routing import websocket_urlpatterns

from .access_table import ROLES, SOCKETS
from .access_world import World
from .notifications.sockets import Page


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
