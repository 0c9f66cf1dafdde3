"""A cache that is lost is an empty one."""

from __future__ import annotations

import logging
import time

import pytest

from tests.api.programs import Program, problem
from tests.factories import make_member
from timebank.cache import RedisOrMiss, counted_here


@pytest.fixture
def lost(monkeypatch: pytest.MonkeyPatch) -> RedisOrMiss:
    monkeypatch.setattr(RedisOrMiss, "lost_until", None)
    counted_here.clear()
    return RedisOrMiss("redis://127.0.0.1:9/0", {})


def test_without_redis_everything_is_a_miss_said_once(lost: RedisOrMiss, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        lost.set("a", 1)
        assert lost.get("a", "none") == "none"
        assert lost.add("a", 1) is True
        assert lost.incr("a") == 1
        assert lost.get_many(["a"]) == {}
        assert lost.get_or_set("a", lambda: 3) == 3
        assert "a" not in lost
        assert lost.touch("a") is lost.delete("a") is lost.clear() is False
        lost.set_many({"a": 1})
        lost.delete_many(["a"])

    assert [record.message for record in caplog.records] == [
        "Redis does not answer (ConnectionError); the cache is empty until it does"
    ]


def test_while_it_is_lost_nobody_waits_for_it(lost: RedisOrMiss, monkeypatch: pytest.MonkeyPatch) -> None:
    lost.get("a")

    def never(*args: object) -> None:
        raise AssertionError

    monkeypatch.setattr("django.core.cache.backends.redis.RedisCache.get", never)
    assert lost.get("a") is None
    monkeypatch.setattr(RedisOrMiss, "lost_until", time.monotonic() - 1)
    with pytest.raises(AssertionError):
        lost.get("a")


@pytest.mark.django_db
def test_without_redis_limits_are_still_kept(lost, settings):
    settings.CACHES = {"default": {"BACKEND": "timebank.cache.RedisOrMiss", "LOCATION": "redis://127.0.0.1:9/0"}}
    settings.GUESS_RATE_LIMIT = "2/h/user"
    program = Program(make_member())

    guesses = [program.get("payment-requests/find/?code=NO-SUCH") for _ in range(3)]

    assert [problem(guess) for guess in guesses] == [(404, "no_such_code")] * 2 + [(429, "too_many_guesses")]
    assert 3500 < int(guesses[-1]["Retry-After"]) <= 3600
