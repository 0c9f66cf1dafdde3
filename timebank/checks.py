"""Start-up checks: what would go wrong later is said now, in one sentence each.

They run with every command of Django (``manage.py check``), before ``serve`` takes a port, and
when a worker starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from . import sqlite

WAYS_OF_JOINING = ("open", "approved")


@register()
def settings_fit_together(**_kwargs: Any) -> list[CheckMessage]:
    return list(_faults())


def _faults() -> Iterator[CheckMessage]:
    yield from _community()
    yield from _servers()
    yield from _sqlite_library()
    if settings.PRODUCTION:
        yield from _production()


def _community() -> Iterator[CheckMessage]:
    if settings.JOINING not in WAYS_OF_JOINING:
        yield Error(f"JOINING must be open or approved, not {settings.JOINING!r}.", id="timebank.E001")
    for name in ("STARTING_GRANT_MINUTES", "FUND_BUDGET_HOURS", "MEMBER_CREDIT_LIMIT_MINUTES"):
        if getattr(settings, name) < 0:
            yield Error(f"{name} must not be below zero.", id="timebank.E002")
    if settings.DAY_MINUTES <= 0:
        yield Error("DAY_MINUTES must be above zero.", id="timebank.E002")
    for name in ("ANSWER", "START", "DELIVER", "CONFIRM", "DISPUTE", "RULE", "REVIEW"):
        if getattr(settings, f"{name}_WITHIN_DAYS") <= 0:
            yield Error(f"{name}_WITHIN_DAYS must be above zero.", id="timebank.E002")
    if settings.CANCEL_NOTICE_HOURS < 0:
        yield Error("CANCEL_NOTICE_HOURS must not be below zero.", id="timebank.E002")
    if not 0 <= settings.LATE_CANCEL_SHARE_PERCENT <= 100:
        yield Error("LATE_CANCEL_SHARE_PERCENT must be from 0 to 100.", id="timebank.E002")


def _servers() -> Iterator[CheckMessage]:
    missing = [name for name in ("REDIS_URL", "DATABASE_URL") if not getattr(settings, name)]
    if settings.BROKER_URL and missing:
        yield Error(
            f"BROKER_URL needs {' and '.join(missing)} as well: "
            "web, worker and relay are then different processes, which must share a cache and a database.",
            id="timebank.E003",
        )
    if settings.BROKER_URL and not settings.BROKER_URL.startswith(("amqp://", "amqps://", "pyamqp://")):
        yield Error("BROKER_URL must be an amqp:// address, for the queues need RabbitMQ.", id="timebank.E004")
    if settings.BROKER_URL and not missing and _on_sqlite():
        yield Error("BROKER_URL needs DATABASE_URL to be PostgreSQL, not SQLite.", id="timebank.E005")
    if settings.EMBEDDED and settings.WEB_WORKERS != 1:
        yield Error(
            "WEB_WORKERS must be 1 without BROKER_URL: the queues live inside the one process.", id="timebank.E006"
        )


def _sqlite_library() -> Iterator[CheckMessage]:
    if not _on_sqlite():
        return
    version = sqlite.version_in_use()
    if not sqlite.is_affected(version) or settings.ALLOW_AFFECTED_SQLITE:
        return
    said = (
        f"SQLite {'.'.join(map(str, version))} can damage a database that two connections write at once; "
        "3.51.3 and later cannot."
    )
    hint = "Install the pysqlite3 wheel or use PostgreSQL; ALLOW_AFFECTED_SQLITE=1 starts all the same."
    if settings.PRODUCTION:
        yield Error(said, hint=hint, id="timebank.E007")
    else:
        yield Warning(said, hint=hint, id="timebank.W001")


def _on_sqlite() -> bool:
    return str(settings.DATABASES["default"]["ENGINE"]).endswith("sqlite3")


def _production() -> Iterator[CheckMessage]:
    if urlsplit(settings.SITE_URL).scheme != "https":
        yield Error(
            f"SITE_URL must begin with https:// in production, not be {settings.SITE_URL!r}.", id="timebank.E008"
        )
    if settings.DEBUG:
        yield Error("DEBUG must be off in production.", id="timebank.E009")
    if not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        yield Error("ALLOWED_HOSTS must name the site's own hosts in production.", id="timebank.E010")
    if not settings.STAFF_NEED_MFA:
        yield Error("STAFF_NEED_MFA must not be off in production.", id="timebank.E011")
    if not settings.RATE_LIMITS:
        yield Error("RATE_LIMITS is for measuring: they must not be off in production.", id="timebank.E013")
    if settings.FAILPOINT:
        yield Error("FAILPOINT is for tests: unset it.", id="timebank.E012")
