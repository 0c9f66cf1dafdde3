"""What happened to an exchange, in the words of the staff's pages; never what its two people wrote."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext, gettext_lazy

from marketplace.models import Step
from marketplace.operations.disputes import READ, SHOWN, STATED
from marketplace.rules import Action
from timebank.durations import in_words

_WORDS = {
    Action.PROPOSE: gettext_lazy("%(name)s asked"),
    Action.COUNTER: gettext_lazy("%(name)s suggested something else"),
    Action.ACCEPT: gettext_lazy("%(name)s accepted"),
    Action.DECLINE: gettext_lazy("%(name)s declined"),
    Action.WITHDRAW: gettext_lazy("%(name)s withdrew the proposal"),
    Action.START: gettext_lazy("%(name)s said that it began"),
    Action.DELIVER: gettext_lazy("%(name)s said that it is done"),
    Action.CONFIRM: gettext_lazy("%(name)s confirmed"),
    Action.CANCEL: gettext_lazy("%(name)s cancelled"),
    Action.DISPUTE: gettext_lazy("%(name)s opened the dispute"),
    Action.RULE: gettext_lazy("%(name)s ruled"),
    STATED: gettext_lazy("%(name)s wrote a statement"),
    SHOWN: gettext_lazy("%(name)s added a file"),
    READ: gettext_lazy("%(name)s read the messages"),
}


@dataclass(frozen=True, slots=True)
class Line:
    at: datetime
    words: str
    starts_at: datetime | None


def lines_of(steps: Iterable[Step]) -> list[Line]:
    return [Line(step.at, _in_words(step), step.starts_at) for step in steps]


def _in_words(step: Step) -> str:
    if step.by is None:
        words = gettext("The deadline passed")
    else:
        words = str(_WORDS.get(step.action, "%(name)s: " + step.action)) % {"name": step.by}
    minutes = step.data.get("minutes")
    return f"{words} · {in_words(minutes)}" if isinstance(minutes, int) else words
