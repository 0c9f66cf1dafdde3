"""What the log says when somebody sends us what is refused, and when something of ours fails."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
from django.http import HttpRequest
from django.test import Client, override_settings
from django.urls import path

from tests.factories import make_member
from timebank.logs import Refused

pytestmark = pytest.mark.django_db


def fails(request: HttpRequest) -> None:
    raise RuntimeError("a fault of ours")


urlpatterns = [path("fails/", fails)]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the site's own handler writes."""
    (console,) = [one for one in logging.root.handlers if any(isinstance(by, Refused) for by in one.filters)]
    assert isinstance(console, logging.StreamHandler)
    written = io.StringIO()
    before = console.setStream(written)
    yield written
    console.setStream(before)


def the_line(log: io.StringIO) -> str:
    """What it says after the time."""
    (line,) = log.getvalue().splitlines()
    return line.split(" ", 2)[2]


def test_a_forged_host_is_one_line(client: Client, log: io.StringIO) -> None:
    assert client.get("/terms/", headers={"host": "evil.example"}).status_code == 400
    assert the_line(log).startswith("WARNING django.security.DisallowedHost: Invalid HTTP_HOST header: 'evil.example'.")


def test_an_address_that_makes_no_sense_is_one_line(client: Client, log: io.StringIO) -> None:
    client.force_login(make_member())
    assert client.get("/wallet/?before=banana").status_code == 400
    assert the_line(log) == "WARNING django.request: Bad Request: /wallet/"


def test_a_page_that_is_not_for_her_is_one_line(client: Client, log: io.StringIO) -> None:
    client.force_login(make_member())
    assert client.get("/admin/login/").status_code == 403
    assert the_line(log) == "WARNING django.request: Forbidden (Permission denied): /admin/login/"


def test_a_form_from_elsewhere_is_one_line(log: io.StringIO) -> None:
    assert Client(enforce_csrf_checks=True).post("/account/login/").status_code == 403
    assert the_line(log).startswith("WARNING django.security.csrf: Forbidden")


@override_settings(ROOT_URLCONF=__name__)
def test_a_fault_of_ours_keeps_its_trace(client: Client, log: io.StringIO) -> None:
    client.raise_request_exception = False
    assert client.get("/fails/").status_code == 500
    assert "ERROR django.request: Internal Server Error: /fails/" in log.getvalue()
    assert "RuntimeError: a fault of ours" in log.getvalue()
