"""How often something was done, in the database: counted there for all processes together while Redis is lost."""

from __future__ import annotations

import hashlib
import json
import threading
from typing import Any

from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

MOST_ROWS = 50_000  # as many as a process keeps by itself
CLEAR_AFTER_WRITES = 500
DEFAULT_TIMEOUT_SECONDS = 300

_TAKE = """
    INSERT INTO timebank_tally (key, value, expires_at) VALUES (%s, %s, now() + make_interval(secs => %s))
    ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, expires_at = EXCLUDED.expires_at
"""
_ONLY_IF_FREE = "WHERE timebank_tally.expires_at <= now()"
_READ = "SELECT value FROM timebank_tally WHERE key = %s AND expires_at > now()"
_DROP = "DELETE FROM timebank_tally WHERE key = %s"
_CLEAR_EXPIRED = "DELETE FROM timebank_tally WHERE expires_at <= now()"
# What would be forgotten soonest anyway goes first.
_CLEAR_BEYOND = """
    DELETE FROM timebank_tally WHERE key IN (SELECT key FROM timebank_tally ORDER BY expires_at DESC, key OFFSET %s)
"""


class Tallies:
    """The calls of a cache that counting needs, on PostgreSQL, each a statement that stands by itself.

    They go over one connection of the process, outside of the transaction a request is in: an act that is refused
    is undone, but was tried all the same. Raises DatabaseError where the database takes nothing; the next call
    begins with a new connection.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: BaseDatabaseWrapper | None = None
        self._writes = 0

    def add(self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT_SECONDS, version: Any = None) -> bool:
        return self._write(f"{_TAKE} {_ONLY_IF_FREE}", key, value, timeout) == 1

    def set(self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT_SECONDS, version: Any = None) -> None:
        self._write(_TAKE, key, value, timeout)

    def get(self, key: str, default: Any = None, version: Any = None) -> Any:
        _, row = self._ask(_READ, _hashed(key))
        return json.loads(row[0]) if row else default

    def delete(self, key: str, version: Any = None) -> bool:
        return self._ask(_DROP, _hashed(key))[0] == 1

    def clear_away(self) -> None:
        """Delete what is over, and of the rest what is more than `MOST_ROWS`."""
        self._ask(_CLEAR_EXPIRED)
        self._ask(_CLEAR_BEYOND, MOST_ROWS)

    def close(self) -> None:
        """Give the connection back, once Redis answers again."""
        with self._lock:
            self._close()

    def _write(self, statement: str, key: str, value: Any, timeout: float | None) -> int:
        self._writes += 1
        if self._writes % CLEAR_AFTER_WRITES == 1:
            self.clear_away()
        seconds = DEFAULT_TIMEOUT_SECONDS if timeout is None else timeout
        return self._ask(statement, _hashed(key), json.dumps(value), seconds)[0]

    def _ask(self, statement: str, *params: Any) -> tuple[int, Any]:
        """How many rows it was about, and the first where it reads."""
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = connections.create_connection("default")
                    self._connection.inc_thread_sharing()
                with self._connection.cursor() as cursor:
                    cursor.execute(statement, params)
                    return cursor.rowcount, cursor.fetchone() if cursor.description else None
            except DatabaseError:
                self._close()
                raise

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


tallies = Tallies()
