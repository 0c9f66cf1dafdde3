"""A cache that is lost is an empty one."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

import pytest
from django.db import DatabaseError, connection, transaction

from tests.api.programs import Program, problem
from tests.factories import make_member
from timebank import tallies
from timebank.cache import COUNTED, RedisOrMiss, counted_here
from timebank.models import Tally
from timebank.tallies import Tallies
from timebank.tasks import clear_away

on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite there is one process")


@pytest.fixture
def lost(monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisOrMiss]:
    monkeypatch.setattr(RedisOrMiss, "lost_until", None)
    counted_here.clear()
    yield RedisOrMiss("redis://127.0.0.1:9/0", {})
    tallies.tallies.close()


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
    assert lost.get("a") is None, "one asks whether it is back, and the others go on meanwhile"


@pytest.mark.django_db(transaction=True)
def test_without_redis_limits_are_still_kept(lost, settings):
    settings.CACHES = {"default": {"BACKEND": "timebank.cache.RedisOrMiss", "LOCATION": "redis://127.0.0.1:9/0"}}
    settings.GUESS_RATE_LIMIT = "2/h/user"
    program = Program(make_member())

    guesses = [program.get("payment-requests/find/?code=NO-SUCH") for _ in range(3)]

    assert [problem(guess) for guess in guesses] == [(404, "no_such_code")] * 2 + [(429, "too_many_guesses")]
    assert 3500 < int(guesses[-1]["Retry-After"]) <= 3600


# --- Counted in the database, where there are several processes -------------------------------------------


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_what_another_process_counted_is_known_here_and_what_is_undone_stays_counted(lost):
    with pytest.raises(DatabaseError), transaction.atomic():
        lost.set(f"{COUNTED}a", [2.0, 1.0], 60)
        raise DatabaseError

    of_another = Tallies()
    assert of_another.get(f"{COUNTED}a") == [2.0, 1.0]
    assert of_another.add(f"{COUNTED}a:lock", True, timeout=10)
    assert not lost.add(f"{COUNTED}a:lock", True, timeout=10)
    assert of_another.delete(f"{COUNTED}a:lock")
    assert lost.add(f"{COUNTED}a:lock", True, timeout=10)
    of_another.close()


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_what_is_over_counts_no_more_and_is_gone_at_night(lost):
    lost.set(f"{COUNTED}a", [1.0], -1)
    lost.set(f"{COUNTED}b", [1.0], 60)

    assert lost.get(f"{COUNTED}a", []) == []
    assert lost.add(f"{COUNTED}a", [3.0], timeout=-1) is True
    clear_away()
    assert lost.get(f"{COUNTED}b") == [1.0]
    assert Tally.objects.count() == 1


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_no_more_is_kept_than_has_room(lost, monkeypatch):
    monkeypatch.setattr(tallies, "MOST_ROWS", 3)
    monkeypatch.setattr(tallies, "CLEAR_AFTER_WRITES", 5)

    for number in range(50):
        lost.set(f"{COUNTED}{number}", [1.0], 60 + number)

    assert lost.get(f"{COUNTED}49") == [1.0]
    assert Tally.objects.count() <= 3 + 5


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_where_the_database_does_not_count_either_the_process_does(lost, caplog):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE timebank_tally RENAME TO timebank_away")
        try:
            lost.set(f"{COUNTED}a", [1.0], 60)
            assert lost.get(f"{COUNTED}a") == [1.0]
        finally:
            cursor.execute("ALTER TABLE timebank_away RENAME TO timebank_tally")
    assert "The database does not count either (ProgrammingError)" in caplog.text
    assert Tally.objects.count() == 0
