"""The shared cache, which may be lost at any time: then everything is a miss, and said once; but limits still count.

They are counted in the database meanwhile, for all processes together (`timebank.tallies`). On SQLite there is one
process, which counts by itself; so does each where the database takes nothing.
"""

from __future__ import annotations

import logging
import time
from typing import Any, ClassVar

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from django.db import DatabaseError, connection
from redis.exceptions import RedisError

from .tallies import tallies

log = logging.getLogger(__name__)

ANSWER_WITHIN_SECONDS = 1
ASK_AGAIN_AFTER_SECONDS = 5.0  # while it is lost, a page must not wait for it at every turn
COUNTED = "allauth:rl:"  # so begin the keys of how often something was done
counted_here = LocMemCache("counted-by-this-process", {"OPTIONS": {"MAX_ENTRIES": 50_000}})


class RedisOrMiss(RedisCache):
    """Django's Redis cache, except that a lost Redis is an empty one.

    Nothing may depend on what is in it. Sessions are not: after an outage Redis would bring back
    what was deleted meanwhile, and with it a session that was ended.
    """

    lost_until: ClassVar[float | None] = None  # of the process: each thread has a cache object of its own

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = params.setdefault("OPTIONS", {})
        options.setdefault("socket_timeout", ANSWER_WITHIN_SECONDS)
        options.setdefault("socket_connect_timeout", ANSWER_WITHIN_SECONDS)
        super().__init__(server, params)

    def _or(self, missed: Any, ask: Any, *args: Any, **kwargs: Any) -> Any:
        lost_until = RedisOrMiss.lost_until
        if lost_until is not None:
            if time.monotonic() < lost_until:
                return _meanwhile(missed, ask, *args, **kwargs)
            RedisOrMiss.lost_until = time.monotonic() + ASK_AGAIN_AFTER_SECONDS  # one asks again, the others go on
        try:
            answer = ask(*args, **kwargs)
        except (RedisError, OSError) as error:
            if lost_until is None:
                log.warning("Redis does not answer (%s); the cache is empty until it does", type(error).__name__)
            RedisOrMiss.lost_until = time.monotonic() + ASK_AGAIN_AFTER_SECONDS
            return _meanwhile(missed, ask, *args, **kwargs)
        if lost_until is not None:
            log.warning("Redis answers again")
            RedisOrMiss.lost_until = None
            tallies.close()
        return answer

    def add(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._or(True, super().add, *args, **kwargs))  # as if the place had been free

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        return self._or(default, super().get, key, default, version)

    def set(self, *args: Any, **kwargs: Any) -> None:
        self._or(None, super().set, *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._or(False, super().touch, *args, **kwargs))

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._or(False, super().delete, *args, **kwargs))

    def get_many(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        found: dict[Any, Any] = self._or({}, super().get_many, *args, **kwargs)
        return found

    def has_key(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._or(False, super().has_key, *args, **kwargs))

    def incr(self, key: Any, delta: int = 1, version: Any = None) -> int:
        return int(self._or(delta, super().incr, key, delta, version))  # the first of its kind

    def set_many(self, *args: Any, **kwargs: Any) -> list[Any]:
        missed: list[Any] = self._or([], super().set_many, *args, **kwargs)
        return missed

    def delete_many(self, *args: Any, **kwargs: Any) -> None:
        self._or(None, super().delete_many, *args, **kwargs)

    def clear(self) -> bool:  # type: ignore[override]  # what Django's own for Redis says
        return bool(self._or(False, super().clear))


def _meanwhile(missed: Any, ask: Any, *args: Any, **kwargs: Any) -> Any:
    """A miss; but what is counted goes on being counted."""
    if not (args and isinstance(args[0], str) and args[0].startswith(COUNTED)):
        return missed
    if connection.vendor == "postgresql":
        try:
            return getattr(tallies, ask.__name__)(*args, **kwargs)
        except DatabaseError as error:
            log.warning("The database does not count either (%s); this process counts by itself", type(error).__name__)
    return getattr(counted_here, ask.__name__)(*args, **kwargs)
