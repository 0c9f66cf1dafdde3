"""What would go wrong later is said at the start, in one sentence each."""

from __future__ import annotations

import pytest

from timebank import checks, sqlite

FULL = {
    "BROKER_URL": "amqp://h/",
    "REDIS_URL": "redis://h/",
    "DATABASE_URL": "postgres://h/x",
    "EMBEDDED": False,
    "on sqlite": False,
}
PRODUCTION = {
    "PRODUCTION": True,
    "SITE_URL": "https://hours.example.org",
    "ALLOWED_HOSTS": ["hours.example.org"],
    "DEBUG": False,
    "STAFF_NEED_MFA": True,
}


def said() -> list[str]:
    return [str(message.id) for message in checks.settings_fit_together()]


def test_as_cloned_nothing_is_wrong() -> None:
    assert said() == []


@pytest.mark.parametrize(
    ("changed", "ids"),
    [
        ({"JOINING": "perhaps"}, ["timebank.E001"]),
        ({"STARTING_GRANT_MINUTES": -1}, ["timebank.E002"]),
        ({"DAY_MINUTES": 0}, ["timebank.E002"]),
        ({"CONFIRM_WITHIN_DAYS": 0}, ["timebank.E002"]),
        ({"CANCEL_NOTICE_HOURS": -1}, ["timebank.E002"]),
        ({"LATE_CANCEL_SHARE_PERCENT": 101}, ["timebank.E002"]),
        (FULL, []),
        (FULL | {"REDIS_URL": ""}, ["timebank.E003"]),
        (FULL | {"DATABASE_URL": ""}, ["timebank.E003"]),
        (FULL | {"BROKER_URL": "redis://h/"}, ["timebank.E004"]),
        (FULL | {"on sqlite": True}, ["timebank.E005"]),
        (FULL | {"WEB_WORKERS": 4}, []),
        ({"WEB_WORKERS": 4}, ["timebank.E006"]),
        (PRODUCTION, []),
        (PRODUCTION | {"SITE_URL": "http://hours.example.org"}, ["timebank.E008"]),
        (PRODUCTION | {"DEBUG": True}, ["timebank.E009"]),
        (PRODUCTION | {"ALLOWED_HOSTS": ["*"]}, ["timebank.E010"]),
        (PRODUCTION | {"STAFF_NEED_MFA": False}, ["timebank.E011"]),
        (PRODUCTION | {"FAILPOINT": "x"}, ["timebank.E012"]),
        (PRODUCTION | {"RATE_LIMITS": False}, ["timebank.E013"]),
    ],
)
def test_what_does_not_fit_is_named(settings, monkeypatch, changed: dict[str, object], ids: list[str]) -> None:  # type: ignore[no-untyped-def]
    on_sqlite = changed.get("on sqlite", True)
    monkeypatch.setattr(checks, "_on_sqlite", lambda: on_sqlite)
    for name, value in changed.items():
        setattr(settings, name.replace(" ", "_"), value)

    assert said() == ids


@pytest.mark.parametrize(
    ("changed", "ids"),
    [({}, ["timebank.W001"]), (PRODUCTION, ["timebank.E007"]), (PRODUCTION | {"ALLOW_AFFECTED_SQLITE": True}, [])],
)
@pytest.mark.sqlite_only
def test_a_sqlite_that_can_damage_its_log(settings, monkeypatch, changed: dict[str, object], ids: list[str]) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(sqlite, "version_in_use", lambda: (3, 40, 1))
    for name, value in changed.items():
        setattr(settings, name, value)

    assert said() == ids
