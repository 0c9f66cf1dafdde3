"""The schema: it is whole, says of each call what it may answer, and is drawn on a page."""

from __future__ import annotations

import io
import json
import re

import pytest
from django.core.management import call_command
from django.urls import URLPattern, get_resolver, resolve

from tests.live import BASE_DIR

pytestmark = pytest.mark.django_db


def schema(client) -> dict:
    response = client.get("/api/schema/")
    assert response.status_code == 200
    found: dict = json.loads(response.content)
    return found


def test_it_is_sound_and_nothing_in_it_is_guessed():
    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", stdout=io.StringIO())


def test_every_address_of_the_api_is_in_it(client):
    (api,) = [one for one in get_resolver().url_patterns if str(one.pattern) == "api/"]
    (v1,) = [one for one in api.url_patterns if str(one.pattern) == "v1/"]
    count = sum(isinstance(one, URLPattern) for one in v1.url_patterns)

    assert sum(path.startswith("/api/v1/") for path in schema(client)["paths"]) == count > 40


def test_the_calls_for_signing_in_are_addresses_of_ours(client):
    calls = [path for path in schema(client)["paths"] if path.startswith("/api/auth/")]

    assert len(calls) > 10
    assert {resolve(path).app_name for path in calls} == {"api_auth"}


def test_every_method_that_signing_in_answers_is_in_it(client):
    (api,) = [one for one in get_resolver().url_patterns if str(one.pattern) == "api/"]
    (auth,) = [one for one in api.url_patterns if str(one.pattern) == "auth/"]
    answered = {
        (f"/api/auth/{one.pattern}", method.lower())
        for one in auth.url_patterns
        for method in set(one.callback.methods) - {"HEAD"}
    }

    described = {(path, method) for path, ways in schema(client)["paths"].items() for method in ways}
    assert sorted(answered - described) == []


def test_all_that_an_address_can_say_is_explained(client):
    silent = [
        (path, asked["name"])
        for path, ways in schema(client)["paths"].items()
        for call in ways.values()
        for asked in call.get("parameters", [])
        if asked["in"] != "path" and not asked.get("description")
    ]
    assert silent == []


def test_every_call_stands_in_a_group_with_a_name(client):
    said = [call.get("tags", []) for ways in schema(client)["paths"].values() for call in ways.values()]

    assert {len(tags) for tags in said} == {1}
    assert {"resources", "payments/pix", "signing in"} <= {tags[0] for tags in said}


def test_the_documents_say_what_a_token_may_do_as_the_schema_does(client):
    table = (BASE_DIR / "docs/api.md").read_text().partition("| a token that also pays |")[2].partition("|\n")[0]
    paying = {
        path.removeprefix("/api/v1/")
        for path, ways in schema(client)["paths"].items()
        for call in ways.values()
        if {"token": ["pay"]} in call.get("security", [])
    }
    assert set(re.findall(r"`([^`]+)`", table)) == paying


def test_what_changes_something_names_its_key_and_its_problems(client):
    resources = [(path, ways) for path, ways in schema(client)["paths"].items() if path.startswith("/api/v1/")]
    for path, ways in resources:
        for method, call in ways.items():
            needed = {"401", "403", "404", "429"} | ({"400", "409", "415", "422", "503"} if method == "post" else set())
            assert needed <= set(call["responses"]), path
            keys = [one for one in call.get("parameters", []) if one["name"] == "Idempotency-Key"]
            is_file = "multipart/form-data" in call.get("requestBody", {}).get("content", {})  # kept once as it is
            assert bool(keys) == (method == "post" and not is_file), path


def test_it_is_of_the_version_that_is_promised(client):
    assert schema(client)["openapi"].startswith("3.1")


def test_the_page_loads_nothing_from_elsewhere(client):
    page = client.get("/api/docs/").content.decode()

    assert 'data-schema="/api/schema/"' in page
    assert "://" not in page.replace("http://www.w3.org", "").replace("http://testserver", "")


def test_it_tells_what_webhooks_are_posted(client):
    said = schema(client)

    assert set(said["webhooks"]) == {"event", "ping"}
    assert "hours-arrived" in said["components"]["schemas"]["EventType"]["enum"]


def test_the_last_page_has_no_next_one_by_the_schema_too(client):
    lists = [one for name, one in schema(client)["components"]["schemas"].items() if name.startswith("Paginated")]

    assert len(lists) > 10
    assert all(one["properties"]["next"]["type"] == ["string", "null"] for one in lists)
