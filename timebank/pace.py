"""How often something may be done: counted for all processes together, and told with when it may be done again."""

from __future__ import annotations

import math
import time
from typing import Any

from allauth.account import app_settings as account_settings
from allauth.core.internal import ratelimit
from django.core.cache import cache
from django.http import HttpRequest

from .errors import Refusal

SHORTEST_WAIT_SECONDS = 1


class TooOften(Refusal):
    """This was done very often in a short while."""

    code = "too_often"
    status = 429

    def __init__(self, words: str, wait_seconds: int) -> None:
        super().__init__(words)
        self.retry_after_seconds = wait_seconds


def seconds_to_wait(request: HttpRequest, action: str, limits: str, *, user: Any = None, only_ask: bool = False) -> int:
    """Count one more ``action`` of who asks; 0 within ``limits``, else the whole seconds after which it may be done.

    ``limits`` as allauth writes them ("30/m/user,200/d/user"; "" for none). The page 429 that answers ``request``
    tells of the wait. ``only_ask`` counts nothing.
    """
    usage = ratelimit.consume(
        request, app="timebank", action=action, config={action: limits}, user=user, dry_run=only_ask, limit_get=True
    )
    if usage:
        return 0
    wait = _longest(request, "timebank", action, limits, user=user)
    request.wait_seconds = wait  # type: ignore[attr-defined]
    return wait


def seconds_to_come_in(request: HttpRequest, *, key: str | None = None) -> int:
    """After how many seconds allauth, which refused ``request`` and does not say more, may let it through.

    ``key`` is that of the limits which are of a key, where it is known.
    """
    limits: dict[str, str] = account_settings.RATE_LIMITS or {}
    waits = (_longest(request, "allauth.account", action, rates, key=key) for action, rates in limits.items())
    return max(waits, default=SHORTEST_WAIT_SECONDS)


def _longest(
    request: HttpRequest, app: str, action: str, limits: str, *, user: Any = None, key: str | None = None
) -> int:
    """Until none of ``limits`` is used up, of those of whom it is known whose they are; at least a second."""
    now = time.time()
    waits = [SHORTEST_WAIT_SECONDS]
    is_known = user is not None or request.user.is_authenticated
    for rate in ratelimit.parse_rates(limits):
        if (rate.per == "key" and key is None) or (rate.per == "user" and not is_known):
            continue
        times = cache.get(ratelimit.get_cache_key(request, app=app, action=action, rate=rate, user=user, key=key), [])
        if len(times) >= rate.amount:  # the latest first
            waits.append(math.ceil(times[rate.amount - 1] + rate.duration - now))
    return max(waits)
