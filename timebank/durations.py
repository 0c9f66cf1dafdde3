"""Minutes in words and back: "1 h 30 min" ↔ 90. Whole minutes and whole numbers only, never floats.

Amounts are said in hours and minutes; to whom prefers it in minutes alone, or in days too (`said_in`). So they are
read: a number alone is minutes to the one, days to the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, NamedTuple

from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import gettext as _

HOUR_MINUTES = 60
MOST_MINUTES = 1_000_000_000  # some 1,900 years: what lies beyond is a slip of the hand
LONGEST_TEXT = 60  # characters, far more than any amount needs; keeps reading it cheap
NO_BREAK = "\N{NO-BREAK SPACE}"
_IN_GROUPS = 10_000  # from here on a number is hard to read without marks for thousands
CLEARLY_MINUTES = 15  # a number without any unit is minutes from here on; below it could be hours

Unit = Literal["minutes", "hours", "days"]

_WORDS: dict[str, Unit] = {
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes", "minuto", "minutos"), "minutes"),
    **dict.fromkeys(("h", "hs", "hr", "hrs", "hour", "hours", "hora", "horas"), "hours"),
    **dict.fromkeys(("d", "day", "days", "dia", "dias"), "days"),
}
_LARGEST_FIRST: tuple[Unit, ...] = ("days", "hours", "minutes")
_SIGNS: dict[Unit, str] = {"days": "d", "hours": "h", "minutes": "min"}
# What a number alone is in, by the unit amounts are said in; beside hours it has to be asked.
_BARE: dict[str, Unit] = {"minutes": "minutes", "days": "days"}
_CLOCK = re.compile(r"([0-9]+):([0-9]{2})(?: ?h)?")
_PART = re.compile(r" ?(?:(?:and|e) )?([0-9]+)(?:[.,]([0-9]+))?(?: ?([a-z]+)\.?)?")
_ONE_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)?\s*([a-z]*)\.?", re.IGNORECASE)
_AMOUNT = re.compile(r"(?<![0-9])(?:[0-9]+ d(?: [0-9]+ h)?(?: [0-9]+ min)?|[0-9]+ h(?: [0-9]+ min)?|[0-9]+ min)\b")
_SIGNED = re.compile(r"[-−–] ?[0-9.,]")
# What people say instead of a number. static/js/stepper.js reads the same.
_HALF_AN_HOUR = re.compile(r"meia hora|half (?:an? )?hour")
_ONE = re.compile(r"(?:uma?|an?|one) (?=[a-z])")
_AND_A_HALF_HOUR = re.compile(r"(.*[0-9] ?(?:h|horas?|hours?)) (?:e meia|and a half)")
_AND_A_HALF_DAY = re.compile(r"([0-9]+)( ?(?:d|dias?|days?)) (?:e meio|and a half)")


class NotMinutes(ValueError):
    """The text is no amount of time we can accept. ``str()`` is a sentence for a person, ``code`` for programs."""

    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(sentence)
        self.code = code


_largest: ContextVar[str] = ContextVar("_largest", default="hours")


@contextmanager
def said_in(largest: str) -> Iterator[None]:
    """Within the block amounts are said with no unit larger than ``largest``, a `Unit`; ValueError for another."""
    if largest not in _SIGNS:
        raise ValueError(f"no unit of time: {largest}")
    before = _largest.set(largest)
    try:
        yield
    finally:
        _largest.reset(before)


def largest_unit() -> str:
    """The largest unit that amounts are said in here and now."""
    return _largest.get()


def parts(minutes: int) -> list[tuple[int, str]]:
    """``90`` → [(1, "h"), (30, "min")]: the numbers and units that say so much, without its sign."""
    said, left = [], abs(minutes)
    names: tuple[str, ...] = _LARGEST_FIRST
    for unit in _LARGEST_FIRST[names.index(_largest.get()) :]:
        number, left = divmod(left, _minutes_in(unit))
        if number:
            said.append((number, _SIGNS[unit]))
    return said or [(0, _SIGNS["minutes"])]


def in_words(minutes: int) -> str:
    """``90`` → "1 h 30 min", ``-45`` → "−45 min", ``0`` → "0 min"."""
    return ("−" if minutes < 0 else "") + " ".join(f"{number} {sign}" for number, sign in parts(minutes))


def shown(minutes: int) -> str:
    """As `in_words`, for a page: on one line, and large numbers in the reader's way of writing them."""
    words = [word for number, sign in parts(minutes) for word in (_grouped(number), sign)]
    return ("−" if minutes < 0 else "") + NO_BREAK.join(words)


def _grouped(number: int) -> str:
    return str(number) if number < _IN_GROUPS else number_format(number, force_grouping=True)


def unbroken(text: str) -> str:
    """``text`` with each amount in it on one line."""
    return _AMOUNT.sub(lambda amount: amount[0].replace(" ", NO_BREAK), text)


def parse_minutes(text: str, *, unit: Unit | None = None) -> int:
    """The whole minutes, more than none, that ``text`` means: "1h30", "1:30", "1,5 h", "2 d", "half an hour".

    A bare number is in ``unit``; where there is none, in minutes or days where amounts are said in those.
    Where they are said in hours it is minutes, if it is 15 or more; a smaller one is refused where it could
    as well be hours. Raises NotMinutes.
    """
    text = text.strip()
    _refuse_what_no_one_means(text)
    text = _in_numbers(" ".join(text.split()).lower())  # any kind of space, thin ones too
    amount = _clock(text) or _bare(text, unit) or _parts(text)
    minutes, rest = divmod(amount.numerator, amount.denominator)
    if not amount.numerator:
        raise NotMinutes(_("The time must be more than zero."), "zero")
    if minutes >= MOST_MINUTES:
        raise _too_much()
    if rest:
        minutes = max(minutes, 1)  # none is not to be had: near half a minute are one and two
        raise NotMinutes(
            _("We count whole minutes. The nearest are %(less)s and %(more)s.")
            % {"less": in_words(minutes), "more": in_words(minutes + 1)},
            "not_whole",
        )
    return minutes


def such_as() -> str:
    """How an amount can be written here and now: what stands beside a field for it."""
    return {
        "minutes": _("A number alone is minutes, such as 90. Or write 1 h 30 min or 1:30."),
        "hours": _("Such as 1 h 30 min, 1:30 or 45 min."),
        "days": _("A number alone is days, such as 1 or 2.5. Or write 1 h 30 min or 45 min."),
    }[_largest.get()]


def quick_picks() -> list[int]:
    """Minutes that are often meant, of the size of the unit that amounts are said in."""
    if _largest.get() == "days":
        day = _minutes_in("days")
        return [(day + 1) // 2, day, 2 * day]
    return [30, 60, 120]


def readings(number: str) -> list[str]:
    """What a bare ``number`` could mean, of that what can be read: "2" → "2 h", "2 min"."""
    return [text for text in (f"{number} h", f"{number} min") if _is_read(text)]


def _is_read(text: str) -> bool:
    try:
        return bool(parse_minutes(text))
    except NotMinutes:
        return False


class _Amount(NamedTuple):
    """``numerator / denominator`` minutes, kept apart so that nothing is rounded."""

    numerator: int
    denominator: int = 1


def _refuse_what_no_one_means(text: str) -> None:
    if not text:
        raise NotMinutes(_("Write how much time, such as 1 h 30 min."), "empty")
    if len(text) > LONGEST_TEXT:
        number = _ONE_NUMBER.fullmatch(text)
        raise _too_much() if number and number[1].lower() in ("", *_WORDS) else _unclear()
    if any(c.isnumeric() and not c.isascii() for c in text):
        raise NotMinutes(_("Please write numbers with the digits 0 to 9."), "digits")
    if _SIGNED.match(text):
        raise NotMinutes(_("The time must be more than zero."), "negative")


def _in_numbers(text: str) -> str:
    """ "half an hour" → "30 min", "uma hora e meia" → "1 hora 30 min"; the rest as it is."""
    if _HALF_AN_HOUR.fullmatch(text):
        return "30 min"
    if said := _ONE.match(text):
        text = f"1 {text[said.end() :]}"
    if half := _AND_A_HALF_HOUR.fullmatch(text):
        return f"{half[1]} 30 min"
    if half := _AND_A_HALF_DAY.fullmatch(text):
        return f"{half[1]}.5{half[2]}"
    return text


def _clock(text: str) -> _Amount | None:
    """Read "1:30" as one hour and a half."""
    if not (found := _CLOCK.fullmatch(text)):
        return None
    hours, minutes = int(found[1]), int(found[2])
    _check_minutes_beside_hours(minutes)
    return _Amount(hours * HOUR_MINUTES + minutes)


def _bare(text: str, unit: Unit | None) -> _Amount | None:
    """A number alone: it takes the field's unit."""
    found = _PART.fullmatch(text)
    if not found or found[3] or not text[0].isdigit():
        return None
    unit = unit or _BARE.get(_largest.get())
    number = _number(found, unit or "minutes")
    if unit is None and 0 < number.numerator < CLEARLY_MINUTES * number.denominator and (meant := readings(text)):
        raise NotMinutes(_which(text, meant), "which_unit")
    return number


def _which(number: str, meant: list[str]) -> str:
    """Ask for the unit: "2 h or 2 min?"; "1.5 h?" where minutes could not be."""
    return f"{meant[0]}?" if len(meant) == 1 else _("%(number)s h or %(number)s min?") % {"number": number}


def _parts(text: str) -> _Amount:
    """Numbers with units, largest first, each once: "1 d 2 h", "1h30", "1 hora e 30 minutos"."""
    total, at = _Amount(0), 0
    last: Unit | None = None
    while at < len(text):
        # Decimals only at the end: "1,5 h 30 min" is no one's way to say two hours.
        if total.denominator > 1 or not (found := _PART.match(text, at)):
            raise _unclear()
        unit = _unit_of(found, last)
        if last and _LARGEST_FIRST.index(unit) <= _LARGEST_FIRST.index(last):
            raise _unclear()
        amount = _number(found, unit)
        if last == "hours":
            _check_minutes_beside_hours(int(found[1]))
        total = _Amount(total.numerator * amount.denominator + amount.numerator, amount.denominator)
        at, last = found.end(), unit
    return total


def _unit_of(found: re.Match[str], last: Unit | None) -> Unit:
    if found[3] is None and last == "hours":  # "1h30"
        return "minutes"
    if found[3] not in _WORDS:
        raise _unclear()
    return _WORDS[found[3]]


def _number(found: re.Match[str], unit: Unit) -> _Amount:
    """The number in ``found``, with one decimal mark or none, as minutes."""
    whole, decimals = found[1], found[2] or ""
    amount = _Amount(int(whole + decimals) * _minutes_in(unit), 10 ** len(decimals))
    is_exact = amount.numerator % amount.denominator == 0
    if len(decimals) == 3 and int(whole) and (is_exact or unit == "minutes"):
        # "1.000" is a thousand to some and one to others: ask.
        raise NotMinutes(_("Please write large numbers without a mark for thousands."), "thousands")
    return amount


def _minutes_in(unit: Unit) -> int:
    day: int = settings.DAY_MINUTES
    return {"minutes": 1, "hours": HOUR_MINUTES, "days": day}[unit]


def _check_minutes_beside_hours(minutes: int) -> None:
    if minutes >= HOUR_MINUTES:
        raise NotMinutes(_("Beside hours, minutes go up to 59."), "minutes_beside_hours")


def _too_much() -> NotMinutes:
    return NotMinutes(_("That is more time than anyone has."), "too_much")


def _unclear() -> NotMinutes:
    return NotMinutes(_("Write the time in hours and minutes, such as 1 h 30 min or 45 min."), "unclear")
