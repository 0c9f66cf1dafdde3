"""What was typed by somebody who was signed out meanwhile: kept across signing in, for the page it was typed on.

It waits in the session under a name only the address after signing in has, so that whoever else signs in on the same
device is not shown it.
"""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils.translation import gettext as _

KEPT = 3  # forms sent while signed out, in as many tabs
MOST_LETTERS = 20_000  # of one form: more than any of them takes
_NAME = "draft"
_NO_WORDS = {"csrfmiddlewaretoken", "nonce", "version"}


def keep(request: HttpRequest) -> str:
    """Keep what was posted; returns the address to go on to after signing in: the same one, naming the draft."""
    fields = {name: value for name, value in request.POST.items() if name != "csrfmiddlewaretoken"}
    if sum(len(name) + len(value) for name, values in request.POST.lists() for value in values) > MOST_LETTERS:
        fields = {}
    lists = {name: values for name, values in request.POST.lists() if name in fields and len(values) > 1}
    name = secrets.token_urlsafe(16)
    others = list(request.session.get("drafts", {}).items())
    request.session["drafts"] = dict([*others, (name, {"at": request.path, "fields": fields, "lists": lists})][-KEPT:])
    return f"{request.path}?{urlencode({_NAME: name})}"


def typed(request: HttpRequest, address: str) -> dict[str, Any]:
    """What was typed into the form that posts to ``address``, where the request names its draft; else nothing."""
    kept = _kept(request)
    return kept["fields"] if kept and kept["at"] == address else {}


def typed_all(request: HttpRequest, address: str, name: str) -> list[str]:
    """As `typed`, of a field of several values."""
    kept = _kept(request)
    if not kept or kept["at"] != address or name not in kept["fields"]:
        return []
    return list(kept.get("lists", {}).get(name, [kept["fields"][name]]))


def onward(request: HttpRequest, address: str) -> str:
    """``address``, with the draft the request names."""
    return f"{address}?{urlencode({_NAME: request.GET[_NAME]})}" if _kept(request) else address


def not_sent(request: HttpRequest) -> str:
    """What to tell somebody who comes back to what she typed; "" to everybody else."""
    kept = _kept(request)
    if kept is None:
        return ""
    if any(value for name, value in kept["fields"].items() if name not in _NO_WORDS):
        return _("You were signed out, so this was not sent. What you wrote is still here: please send it once more.")
    return _("You were signed out, so nothing was done. Please press it once more.")


def _kept(request: HttpRequest) -> dict[str, Any] | None:
    kept: dict[str, Any] | None = request.session.get("drafts", {}).get(request.GET.get(_NAME, ""))
    return kept if request.method == "GET" else None
