"""How whoever opens a socket is known: by the session of a page, or by a token that a program says first.

Tokens are the business of an app above this one, which says here how to find them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from . import queries

_SESSION, _TOKEN = "session:", "token:"


@dataclass(frozen=True, slots=True)
class Listener:
    """Who listens, and what let her in: it is asked again and again whether it still would."""

    member: Any
    let_in_by: str

    @property
    def is_by_session(self) -> bool:
        return self.let_in_by.startswith(_SESSION)


def by_session(member: Any, session_key: str) -> Listener:
    return Listener(member, _SESSION + session_key)


def by_token(member: Any, key: int) -> Listener:
    return Listener(member, f"{_TOKEN}{key}")


@dataclass(frozen=True, slots=True)
class _Tokens:
    find: Callable[[str, str], Listener | None]
    living: Callable[[Collection[int]], set[int]]


_tokens: list[_Tokens] = []


def add_tokens(find: Callable[[str, str], Listener | None], living: Callable[[Collection[int]], set[int]]) -> None:
    """``find`` knows who has the words of a token, and counts for the address they come from those that are none.

    ``living`` knows which of some, by their keys, still open anything.
    """
    _tokens.append(_Tokens(find, living))


def who_has(words: str, address: str) -> Listener | None:
    """Whoever is let in by the words of a token; None for nobody. Raises TooOften where ``address`` tried many."""
    found = (kind.find(words, address) for kind in _tokens)
    return next((listener for listener in found if listener is not None), None)


def still_open(let_in_by: Collection[str]) -> set[str]:
    """Those of these that would still let somebody in."""
    sessions = {one.removeprefix(_SESSION) for one in let_in_by if one.startswith(_SESSION)}
    tokens = {int(one.removeprefix(_TOKEN)) for one in let_in_by if one.startswith(_TOKEN)}
    found = {_SESSION + key for key in queries.living_sessions(sessions)} if sessions else set()
    for kind in _tokens if tokens else ():
        found |= {f"{_TOKEN}{key}" for key in kind.living(tokens)}
    return found
