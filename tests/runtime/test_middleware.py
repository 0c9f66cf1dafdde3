"""What surrounds every page: its policy, its deadline, and what may keep it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers.exception import convert_exception_to_response
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from tests.factories import make_member
from timebank import middleware, retries
from timebank.errors import Busy
from timebank.sessions import SessionStore


def answer(request: HttpRequest) -> HttpResponse:
    return HttpResponse("fine")


def locked(request: HttpRequest) -> HttpResponse:
    raise OperationalError("database is locked")


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError


def policy(client: Client, path: str) -> dict[str, list[str]]:
    header = client.get(path)["Content-Security-Policy"]
    return {name: sorted(sources) for name, *sources in map(str.split, header.split(";"))}


@pytest.mark.django_db
def test_our_pages_hold_nothing_inline_and_run_nothing_made_of_text(client: Client) -> None:
    ours = policy(client, "/healthz")

    assert ours["default-src"] == ours["object-src"] == ours["base-uri"] == ours["frame-ancestors"] == ["'none'"]
    assert ours["script-src"] == ours["style-src"] == ours["connect-src"] == ["'self'"]


@pytest.mark.django_db
def test_only_the_admin_may_build_functions_from_text(client: Client) -> None:
    ours, theirs = policy(client, "/healthz"), policy(client, "/admin/")

    assert theirs == ours | {"script-src": ["'self'", "'unsafe-eval'"]}


@pytest.mark.parametrize("error", [Busy("later"), OperationalError("database is locked")])
@pytest.mark.django_db
def test_a_busy_database_in_a_view_is_503_with_a_time_to_come_back(rf: RequestFactory, error: Exception) -> None:
    response = middleware.deadline(answer).process_exception(rf.get("/"), error)

    assert response is not None
    assert (response.status_code, response["Retry-After"], response["Cache-Control"]) == (503, "5", "no-store")


def test_another_error_in_a_view_is_left_to_django(rf: RequestFactory) -> None:
    assert middleware.deadline(answer).process_exception(rf.get("/"), RuntimeError()) is None
    assert middleware.deadline(answer).process_exception(rf.get("/"), OperationalError("no such table: x")) is None


@pytest.mark.django_db
@pytest.mark.parametrize(("fails", "status"), [(locked, 503), (broken, 500)])
def test_a_busy_database_in_a_middleware_is_503_too(rf: RequestFactory, fails, status: int) -> None:  # type: ignore[no-untyped-def]
    assert convert_exception_to_response(fails)(rf.get("/")).status_code == status


@pytest.mark.sqlite_only
@pytest.mark.django_db(transaction=True)
def test_a_session_that_cannot_be_saved_now_is_503_and_one_that_was_ended_is_400(
    client: Client, rf: RequestFactory, settings: Settings
) -> None:
    settings.WEB_RETRY_DEADLINE_SECONDS = 0.2
    client.force_login(make_member())

    def page(request: HttpRequest) -> HttpResponse:
        request.session["visits"] = request.session.get("visits", 0) + 1
        if request.path == "/signed-out-meanwhile/":
            SessionStore().delete(request.session.session_key)
        return HttpResponse("fine")

    def visit(path: str = "/") -> HttpResponse:
        request = rf.get(path)
        request.COOKIES = {name: morsel.value for name, morsel in client.cookies.items()}
        return middleware.deadline(convert_exception_to_response(SessionMiddleware(page)))(request)

    with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as somebody_else:
        somebody_else.execute("BEGIN IMMEDIATE")
        busy = visit()

    assert (busy.status_code, busy["Retry-After"]) == (503, "5")
    assert visit().status_code == 200
    assert visit("/signed-out-meanwhile/").status_code == 400


@pytest.mark.django_db
def test_the_page_for_a_busy_database_can_be_made_without_one(
    rf: RequestFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_template(*args: object) -> str:
        raise OperationalError

    monkeypatch.setattr(middleware, "render_to_string", no_template)

    response = middleware.busy_page(rf.get("/"))

    assert response.status_code == 503
    assert "Nothing was changed" in response.content.decode()


@pytest.mark.django_db
def test_pages_for_somebody_signed_in_are_stored_nowhere(client: Client, rf: RequestFactory) -> None:
    member = make_member()
    client.force_login(member)

    def page(request: HttpRequest) -> HttpResponse:
        return HttpResponse(str(request.user))

    for view, cookies, kept in ((page, client.cookies, "no-store"), (answer, client.cookies, None), (page, {}, None)):
        request = rf.get("/")
        request.COOKIES.update({name: morsel.value for name, morsel in dict(cookies).items()})
        stack = SessionMiddleware(AuthenticationMiddleware(middleware.personal_pages_are_not_stored(view)))
        assert stack(request).get("Cache-Control") == kept


@pytest.mark.sqlite_only
@pytest.mark.django_db(transaction=True)
def test_within_a_deadline_no_wait_for_a_lock_outlives_it() -> None:
    def wait_ms() -> int:
        with connection.cursor() as cursor:
            return int(cursor.execute("PRAGMA busy_timeout").fetchone()[0])

    connection.close()  # whatever an earlier test left on it
    assert wait_ms() == 5000
    with retries.deadline(1):
        assert 900 < wait_ms() <= 1000
    assert wait_ms() == 5000


@pytest.mark.sqlite_only
@pytest.mark.django_db(transaction=True)
def test_what_is_tried_again_looks_for_the_lock_again_and_again() -> None:
    def wait_ms() -> int:
        with connection.cursor() as cursor:
            return int(cursor.execute("PRAGMA busy_timeout").fetchone()[0])

    connection.close()
    ask = retries.retried(wait_ms)
    assert ask() == 300
    with retries.deadline(2):
        assert ask() == 300
        assert wait_ms() > 1000  # what follows is not tried again
    with retries.deadline(0.2):
        assert ask() < 200


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/v1/me/", "/api/auth/app/v1/auth/login", "/payments/pix"])
def test_a_program_is_told_as_a_program_what_went_wrong_outside_of_its_view(rf: RequestFactory, path: str) -> None:
    for page, status, code in ((middleware.busy_page, 503, "busy"), (middleware.server_error, 500, "failed")):
        response = page(rf.get(path))

        assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
        said = json.loads(response.content)
        assert (said["code"], said["message"]) == (code, said["detail"])
        assert ("Retry-After" in response) == (status == 503)
        assert "<!doctype" in page(rf.get(path, headers={"Accept": "text/html"})).content.decode().lower()
