"""Calls that move value happen once: each has an ``Idempotency-Key``, and the same key gets the same answer.

The answer is kept in the transaction of what was done, so that a crash between the two is impossible. What was refused
is not kept: the same key may try again. (Draft "The Idempotency-Key HTTP Header Field" of the IETF.)
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, cast

from django.core.cache import cache
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from timebank import clock
from timebank.errors import Refusal
from timebank.retries import retried

from .models import Call
from .pages import check_query

HEADER = "Idempotency-Key"
IN_FLIGHT_SECONDS = 30
_NOTHING_TO_SAY = 204
_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")

Act = Callable[..., Response]


class KeyMissing(Refusal):
    code = "key_missing"
    status = 400


class KeyMalformed(KeyMissing):
    code = "key_malformed"


class KeyReused(Refusal):
    """The key of an earlier call came with another one."""

    code = "key_reused"
    status = 422


class KeyInFlight(Refusal):
    """The first call with this key is not answered yet."""

    code = "key_in_flight"
    retry_after_seconds = 1


def keyed(act: Act) -> Act:
    """Let a method of a view happen once for each of its caller's keys, which it is given as ``key``."""

    @wraps(act)
    def once(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER, "")
        if not _KEY.fullmatch(key):
            raise (KeyMalformed if key else KeyMissing)(
                _("Send an “Idempotency-Key” header of 8 to 64 letters, digits, - or _, a new one for each act.")
            )
        check_query(request, ())
        said = _fingerprint(request)
        flight = f"rest:{request.user.pk}:{key}"
        if not cache.add(flight, True, IN_FLIGHT_SECONDS):
            raise KeyInFlight(_("The first call with this key is not answered yet."))
        try:
            return _once(act, view, request, key, said, args, kwargs)
        finally:
            cache.delete(flight)

    once.is_keyed = True  # type: ignore[attr-defined]  # for the schema
    return once


def nonce_of(key: str) -> str:
    """What an operation that knows its repeats by a nonce is given for ``key``: 36 characters that no page sends."""
    return f"api-{hashlib.sha256(key.encode()).hexdigest()[:32]}"


@retried
@transaction.atomic
def _once(act: Act, view: Any, request: Request, key: str, said: str, args: Any, kwargs: Any) -> Response:
    earlier = Call.objects.select_for_update().filter(member=request.user.pk, key=key).first()
    if earlier is not None:
        if earlier.fingerprint != said:
            raise KeyReused(_("This key was already sent with another call."))
        return _again(earlier)
    response = act(view, request, *args, key=key, **kwargs)
    Call.objects.create(
        member_id=cast(int, request.user.pk),
        key=key,
        fingerprint=said,
        status=response.status_code,
        location=response.get("Location", ""),
        answer=_kept(response),
        created_at=clock.now(),
    )
    return response


def shown_once(response: Response, secret: str) -> Response:
    """The answer, whose field ``secret`` is kept nowhere: the same key again gets null there."""
    response.kept = {**response.data, secret: None}  # type: ignore[attr-defined]
    return response


def _kept(response: Response) -> Any:
    said = getattr(response, "kept", response.data)
    return {} if said is None else json.loads(JSONRenderer().render(said))


def _again(earlier: Call) -> Response:
    response = Response(earlier.answer if earlier.status != _NOTHING_TO_SAY else None, status=earlier.status)
    if earlier.location:
        response["Location"] = earlier.location
    response["Idempotency-Replayed"] = "true"
    return response


def _fingerprint(request: Request) -> str:
    """What was called with which body, in whatever order and spacing its names came. Raises ParseError."""
    body = json.dumps(request.data, sort_keys=True, default=str)
    return hashlib.sha256(f"{request.method} {request._request.path}\n{body}".encode()).hexdigest()


def forget_calls(*, before: datetime) -> int:
    """Delete what was answered ``before``; by then the operations' own keys know a repeat. Returns how many."""
    return Call.objects.filter(created_at__lt=before).delete()[0]
