"""A setting that makes no sense is named at the start, in one sentence, whatever command it is."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from timebank import settings as module

A_PASSWORD = "s3cret"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("PRODUCTION", "DATABASE_URL", "REDIS_URL", "BROKER_URL", "SITE_URL", "HOST", "PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VAR_DIR", str(tmp_path))


def read() -> dict[str, Any]:
    """The settings as a process that starts now would read them."""
    return runpy.run_path(module.__file__)


YES_OR_NO = "must be 1 or 0 (or yes or no, true or false, on or off), not"
POSTGRES = "DATABASE_URL must begin with postgres:// or postgresql:// or sqlite://."
LIKE_THIS = "DATABASE_URL must look like postgres://user:password@host:5432/name."


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PRODUCTION", "banana", f"PRODUCTION {YES_OR_NO} 'banana'."),
        ("PRODUCTION", "2", f"PRODUCTION {YES_OR_NO} '2'."),
        ("DEBUG", "maybe", f"DEBUG {YES_OR_NO} 'maybe'."),
        ("BEHIND_PROXY", "ja", f"BEHIND_PROXY {YES_OR_NO} 'ja'."),
        ("STAFF_NEED_MFA", "nope", f"STAFF_NEED_MFA {YES_OR_NO} 'nope'."),
        ("ALLOW_AFFECTED_SQLITE", "x", f"ALLOW_AFFECTED_SQLITE {YES_OR_NO} 'x'."),
        ("PORT", "eight", "PORT must be a whole number, not 'eight'."),
        ("PORT", "0", "PORT must be 1 or more, not 0."),
        ("PORT", "65536", "PORT must be 65535 or less, not 65536."),
        ("QUEUE_WORKERS", "0", "QUEUE_WORKERS must be 1 or more, not 0."),
        ("WEB_WORKERS", "-1", "WEB_WORKERS must be 1 or more, not -1."),
        ("JOB_SLOW_LEASE_SECONDS", "0", "JOB_SLOW_LEASE_SECONDS must be 1 or more, not 0."),
        ("CLOSED_JOBS_KEPT_DAYS", "-1", "CLOSED_JOBS_KEPT_DAYS must be 0 or more, not -1."),
        ("DATABASE_URL", "garbage", POSTGRES),
        ("DATABASE_URL", f"mysql://me:{A_PASSWORD}@h/x", POSTGRES),
        ("DATABASE_URL", f"postgres://me:{A_PASSWORD}@h:port/x", LIKE_THIS),
        ("DATABASE_URL", f"postgres://me:{A_PASSWORD}@h", LIKE_THIS),
        ("DATABASE_URL", "sqlite://:memory:", LIKE_THIS),
        ("REDIS_URL", "foo", "REDIS_URL must begin with redis:// or rediss:// or unix://."),
        ("EMAIL_URL", "foo", "EMAIL_URL must look like smtp+tls://user:password@mail.example.org:587."),
        ("EMAIL_URL", "smtp://h:x", "EMAIL_URL must look like smtp+tls://user:password@mail.example.org:587."),
        ("SITE_URL", "hours", "SITE_URL must be an address such as https://hours.example.org, not 'hours'."),
        ("SITE_URL", "http://[", "SITE_URL must be an address such as https://hours.example.org, not 'http://['."),
        ("TIME_ZONE", "Mars/X", "TIME_ZONE must be a name such as America/Sao_Paulo, not 'Mars/X'."),
        ("LOG_LEVEL", "foo", "LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL, not 'foo'."),
        ("COMMUNITY_LANGUAGE", "fr", "COMMUNITY_LANGUAGE must be one of en, pt-br, not 'fr'."),
        ("VAR_DIR", "/etc/passwd", "VAR_DIR must be a folder, not '/etc/passwd' (File exists)."),
        ("VAR_DIR", "/etc/passwd/x", "VAR_DIR must be a folder, not '/etc/passwd/x' (Not a directory)."),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ImproperlyConfigured) as refused:
        read()

    assert str(refused.value) == sentence


def test_a_folder_that_cannot_be_read_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "secrets").touch()

    with pytest.raises(ImproperlyConfigured) as refused:
        read()

    assert str(refused.value) == f"VAR_DIR, {tmp_path}, cannot be used: Not a directory."


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("1", True),
        ("True", True),
        ("yes", True),
        (" on ", True),
        ("0", False),
        ("no", False),
        ("OFF", False),
        ("", True),
    ],
)
def test_yes_and_no_are_said_in_the_usual_ways_and_nothing_is_the_default(
    monkeypatch: pytest.MonkeyPatch, said: str, meant: bool
) -> None:
    monkeypatch.setenv("STAFF_NEED_MFA", said)

    assert read()["STAFF_NEED_MFA"] is meant


@pytest.mark.parametrize(("host", "site"), [("::1", "http://[::1]:8000"), ("127.0.0.2", "http://127.0.0.2:8000")])
def test_the_site_is_where_it_listens(monkeypatch: pytest.MonkeyPatch, host: str, site: str) -> None:
    monkeypatch.setenv("HOST", host)

    assert read()["SITE_URL"] == site


def test_what_a_database_address_asks_for_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://me:word@h:5432/x?sslmode=require")

    options = read()["DATABASES"]["default"]["OPTIONS"]

    assert options["sslmode"] == "require"
    assert "lock_timeout=2000" in options["options"]
