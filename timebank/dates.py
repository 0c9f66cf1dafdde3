"""Dates and times in words, on the reader's own clock."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from . import clock
from .durations import NO_BREAK


def date_and_time(moment: datetime, *, short: bool = False) -> str:
    """What was agreed, or a deadline: "Saturday 15 November, 14:30", short "Sat 15 Nov, 14:30".

    A line breaks after the weekday written out, or before the time, and nowhere else.
    """
    local = timezone.localtime(moment)
    # Translators: how Django's date filter writes a day of this year, long and short: "Saturday 15 November".
    pattern = pgettext("day", "D j M") if short else pgettext("day", "l j F")
    has_long_weekday = not short
    if local.year != timezone.localtime(clock.now()).year:
        pattern = pgettext("day", "j M Y") if short else pgettext("day", "j F Y")
        has_long_weekday = False
    day = formats.date_format(local, pattern, use_l10n=False)
    weekday, _space, date = day.partition(" ") if has_long_weekday else ("", "", day)
    words = {
        "day": weekday + _space + date.replace(" ", NO_BREAK),
        "time": formats.date_format(local, "TIME_FORMAT"),
    }
    return _("%(day)s, %(time)s") % words


def in_full(day: date) -> str:
    """A day as a sentence says it: "2 December", and another year's "2 December 2027"."""
    # Translators: how Django's date filter writes a day of this year within a sentence: "2 December".
    pattern = pgettext("day", "j F")
    if day.year != timezone.localtime(clock.now()).year:
        pattern = pgettext("day", "j F Y")
    return formats.date_format(day, pattern, use_l10n=False)
