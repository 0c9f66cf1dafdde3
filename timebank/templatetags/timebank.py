"""How templates speak of time and people, and draw the design's small pieces."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from django import forms, template
from django.conf import settings
from django.forms.boundfield import BoundField
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.devices import device_name
from timebank import clock, durations, movements
from timebank.dates import date_and_time, in_full

register = template.Library()

MOST_CIRCLES = 12  # hours drawn as circles; more are only said in numbers
HUES = ("", "ipe", "goiaba", "anil")


@register.filter
def in_words(minutes: int | None) -> str:
    """``90`` → "1 h 30 min" on one line; nothing for None."""
    return "" if minutes is None else durations.shown(minutes)


@register.filter
def as_date(day: str) -> date:
    """The day that an event's data names: "2026-12-02"."""
    return date.fromisoformat(day)


@register.filter(is_safe=True)
def unbroken(text: str) -> str:
    """A sentence with each amount in it on one line."""
    return durations.unbroken(str(text))


@register.filter
def units(minutes: int) -> int:
    """How a sentence counts an amount: one for exactly a day, an hour or a minute, more for any other (45 min)."""
    return 1 if [number for number, _sign in durations.parts(minutes)] == [1] else 2


@register.filter
def outgoing(minutes: int) -> int:
    """The amount as it leaves somebody: with a minus."""
    return -minutes


@register.filter
def device(user_agent: str) -> str:
    """The device that a session's browser says it runs on."""
    return device_name(user_agent)


@register.simple_tag
@cache  # a page has forty, and each looks up where the sprite is
def icon(name: str, size: str = "") -> SafeString:
    """A drawing from the sprite, hidden from screen readers: a word always stands beside it."""
    return format_html(
        '<svg class="icon{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        f" {size}" if size else "",
        static("img/icons.svg"),
        name,
    )


@register.simple_tag
def amount(minutes: int, sign: bool = False, size: str = "", incoming: bool | None = None) -> SafeString:
    """An amount as the design draws it: large numbers, small units, and + or − where ``sign`` asks."""
    mark = "−" if minutes < 0 else "+" if sign and minutes > 0 else ""
    is_incoming = (sign and minutes > 0) if incoming is None else incoming
    classes = " ".join(filter(None, ["amount", size, "in" if is_incoming else ""]))
    drawn = format_html_join("", "{}<small>{}</small>", durations.parts(minutes))
    return format_html('<data class="{}" value="{}">{}{}</data>', classes, minutes, mark, drawn)


@register.simple_tag
def units_here() -> SafeString:
    """For scripts: how long a day is, and the largest unit that the reader is told amounts in."""
    return format_html('data-day="{}" data-units="{}"', settings.DAY_MINUTES, durations.largest_unit())


@register.simple_tag
def quick_picks() -> list[int]:
    return durations.quick_picks()


@register.simple_tag
def hour_circles(available: int, held: int = 0) -> SafeString:
    """Each hour a circle, to the nearest quarter of one; nothing beyond twelve hours."""
    if available < 0 or held < 0 or available + held == 0 or available + held > MOST_CIRCLES * 60:
        return SafeString("")
    words = {"available": durations.shown(available), "held": durations.shown(held)}
    said = words["available"] if not held else _("%(available)s available, %(held)s held") % words
    if not available:
        said = _("%(held)s held") % words
    circles = [(name, "") for name in _quarters(available)] + [(name, "held") for name in _quarters(held)]
    sprite = static("img/icons.svg")
    drawn = format_html_join(
        "",
        '<svg{} viewBox="0 0 24 24"><use href="{}#{}"/></svg>',
        ((mark_safe(' class="held"') if kind else "", sprite, name) for name, kind in circles),
    )
    return format_html('<div class="hours" role="img" aria-label="{}">{}</div>', said, drawn)


def _quarters(minutes: int) -> list[str]:
    """The sprite's names for so many minutes, to the nearest quarter; a little that is all there is draws one."""
    hours, rest = divmod(max((minutes + 7) // 15, 1 if minutes else 0), 4)
    return ["q4"] * hours + ([f"q{rest}"] if rest else [])


@register.simple_tag
def avatar(member: Any, size: str = "") -> SafeString:
    """A member's initials on a hue that stays hers."""
    hue = HUES[sum(map(ord, member.public_id)) % len(HUES)]
    classes = " ".join(filter(None, ["avatar", size, hue]))
    return format_html('<span class="{}" aria-hidden="true">{}</span>', classes, member.initials)


@register.simple_tag
def what_for(movement: movements.Movement) -> str:
    """What a payment was for, in one line: what the payer wrote, or else its kind."""
    return movements.what_for(movement.kind, movement.note, is_by_payer=movement.is_by_payer)


@register.simple_tag
def movement_icon(movement: movements.Movement) -> SafeString:
    """The drawing of a line of a statement, in its ring."""
    ring = "dot-icon in" if movement.is_incoming else "dot-icon"
    return format_html(
        '<span class="{}" aria-hidden="true">{}</span>',
        ring,
        icon(movements.icon_of(movement.kind, is_incoming=movement.is_incoming)),
    )


@register.simple_tag
def arrival_icon(kind: str) -> str:
    """The sprite's name of the drawing of what arrived."""
    return movements.icon_of(kind, is_incoming=True)


@register.filter
def headline(movement: movements.Movement) -> str:
    """Who sent it to whom or, where no person did, what moved it."""
    return movements.headline(movement)


@register.filter
def with_whom(movement: movements.Movement) -> str:
    """The other one's name or, where no person sent it, what moved it."""
    return movements.with_whom(movement)


@register.filter
def direction(movement: movements.Movement) -> str:
    """Whether it came or went, where the other one is known from the page."""
    return movements.direction(movement)


@register.filter
def is_return(kind: str) -> bool:
    """Whether a movement of this kind undoes an earlier one: nothing to celebrate, and nobody's present."""
    return kind in movements.RETURNS


@register.simple_tag
def day(moment: datetime) -> SafeString:
    """The day of a moment as a person says it: today, yesterday, 18 Nov, and another year's with the year."""
    local = timezone.localtime(moment)
    return _time_element(local, _day_in_words(local.date()))


@register.simple_tag(name="moment")
@register.filter(name="moment")
def moment_(moment: datetime) -> SafeString:
    """Day and time of day: "today, 10:24", "18 Nov, 10:24"."""
    local = timezone.localtime(moment)
    words = _("%(day)s, %(time)s") % {
        "day": _day_in_words(local.date()),
        "time": formats.date_format(local, "TIME_FORMAT"),
    }
    return _time_element(local, words)


@register.simple_tag
@register.filter
def when(moment: datetime, short: bool = False) -> SafeString:
    """A date and time that was agreed, or a deadline: "Saturday 15 November, 14:30", short "Sat 15 Nov, 14:30".

    A filter too, so that a translated sentence can hold it.
    """
    return _time_element(timezone.localtime(moment), date_and_time(moment, short=short))


def _time_element(local: datetime, words: str) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', local.isoformat(timespec="minutes"), words)


def _day_in_words(day: date) -> str:
    today = timezone.localtime(clock.now()).date()
    if day == today:
        return _("today")
    if day == today - timedelta(days=1):
        return _("yesterday")
    # Translators: how Django's date filter writes a day: "18 Nov", and with the year "18 Nov 2025".
    pattern = pgettext("day", "j M") if day.year == today.year else pgettext("day", "j M Y")
    return formats.date_format(day, pattern, use_l10n=False)


register.filter("in_full", in_full)


@register.inclusion_tag("timebank/_field.html")
def field(bound: BoundField) -> dict[str, Any]:
    """A form field as the design has it: label, hint, error, control."""
    widget = bound.field.widget
    described = [f"{bound.auto_id}-h"] if bound.help_text else []
    described += [f"{bound.auto_id}-e"] if bound.errors else []
    attributes: dict[str, Any] = {"aria-describedby": " ".join(described)} if described else {}
    if bound.errors:
        attributes["aria-invalid"] = "true"
    is_choice = isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple)
    is_tick = isinstance(widget, forms.CheckboxInput)
    if not is_choice and not is_tick:
        plain = "select" if isinstance(widget, forms.Select) else "input"
        attributes["class"] = " ".join(filter(None, [widget.attrs.get("class", ""), plain]))
    return {
        "field": bound,
        "control": "" if is_choice else bound.as_widget(attrs={**widget.attrs, **attributes}),
        "is_choice": is_choice,
        "is_tick": is_tick,
        "is_hidden": bound.is_hidden,
    }


@register.inclusion_tag("timebank/_form_errors.html")
def form_errors(form: forms.BaseForm) -> dict[str, Any]:
    """The summary of what to mend, above a form; each line leads to its field."""
    fields = [(bound.id_for_label or bound.auto_id, error) for bound in form if bound.errors for error in bound.errors]
    whole = list(form.non_field_errors())
    return {"whole": whole, "fields": fields, "count": len(fields) + len(whole)}
