"""Which stories of the API are told again with every POST sent twice."""

from __future__ import annotations

from collections.abc import Iterator
from types import CodeType
from typing import Any

# The others start a site of their own, or count what one call takes; pages are no API.
MODULES = {
    f"tests.api.test_{name}"
    for name in (
        "bad_bodies", "coming_in", "every_body", "marketplace", "moving_hours", "oneself", "pix", "reading",
        "statements", "webhooks", "whose",
    )
}  # fmt: skip
POSTS = {"post", "upload"}
SIGNS_IN = {"App", "signed_in"}


def posts_something(test: Any) -> bool:
    """Whether ``test``, or a function of its module that it calls, posts by a program or an app."""
    return _posts(test.__code__, test.__globals__, set())


def _posts(code: CodeType, module: dict[str, Any], seen: set[str]) -> bool:
    names = {name for part in _with_what_is_inside(code) for name in part.co_names}
    if names & (POSTS | SIGNS_IN):
        return True
    called = [module[name] for name in names - seen if hasattr(module.get(name), "__code__")]
    return any(_posts(function.__code__, module, seen | names) for function in called)


def _with_what_is_inside(code: CodeType) -> Iterator[CodeType]:
    """A function's code and that of the lambdas and comprehensions in it."""
    yield code
    for inside in code.co_consts:
        if isinstance(inside, CodeType):
            yield from _with_what_is_inside(inside)


def is_told_again(test: Any) -> bool:
    """Whether it posts, and is not marked with why it is told once only."""
    marks = getattr(test, "pytestmark", [])
    return not any(mark.name == "once" for mark in marks) and posts_something(test)
