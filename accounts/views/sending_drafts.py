"""Payments that somebody is writing or looking over: kept as typed, for pages that can be gone back to."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from timebank.sessions import save_now

from .asking import MemberRequest

DRAFTS_KEPT = 3  # payments one may be writing at a time, in as many tabs
LONGEST_KEPT = 2_000  # characters of one field, more than any of them takes
MOST_KEPT = 100  # values of a field that takes several

Draft = dict[str, Any]


class Drafts:
    """Those of one form in her session, each by its nonce: what its payment is known by."""

    def __init__(self, request: MemberRequest, form: str) -> None:
        self.request, self.form, self.name = request, form, f"{form}_drafts"

    def get(self, nonce: str) -> Draft | None:
        kept: dict[str, Draft] = self.request.session.get(self.name, {})
        return kept.get(nonce)

    def nonce(self, asked_for: str, *, is_sent: Any) -> str:
        """The nonce ``asked_for``: mended, a draft takes its own place; but what ``is_sent`` is never taken."""
        return asked_for if self.get(asked_for) is not None and not is_sent(asked_for) else secrets.token_urlsafe(16)

    def keep(self, nonce: str, draft: Draft) -> None:
        """Keep what was typed. Raises Busy."""
        draft = {name: _cut(value) for name, value in draft.items()}
        others = [(name, kept) for name, kept in self.request.session.get(self.name, {}).items() if name != nonce]
        self.request.session[self.name] = dict([*others, (nonce, draft)][-DRAFTS_KEPT:])
        save_now(self.request)

    def form_again(self, nonce: str) -> str:
        """Where the form of a draft is. Shown at once, as the answer to a POST, no browser could come back to it."""
        return f"{reverse(self.form)}?{urlencode({'draft': nonce})}"


def _cut(value: Any) -> Any:
    if isinstance(value, list):
        return [one[:LONGEST_KEPT] for one in value[:MOST_KEPT]]
    return value[:LONGEST_KEPT]
