"""The forms of the accounts pages: what people type made clean. None of them saves."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ledger.models import Kind
from ledger.statements import categories
from timebank.durations import readings, said_in, shown
from timebank.durations_field import SUCH_AS, MinutesField

from .models import Member
from .operations import FEWEST_TOGETHER, MOST_TOGETHER
from .words import NameField, WordsField
from .zones import place, zone_choices


class AmountForm(forms.Form):
    """A form that asks for an ``amount`` of time."""

    def amount_readings(self) -> list[str]:
        """What the amount could mean, where it was refused for being unclear about that: "2 h", "2 min"."""
        return readings(self.data["amount"].strip()) if self.has_error("amount", "which_unit") else []


class SendForm(AmountForm):
    """To whom, how much, what for: the first step of sending hours."""

    to = forms.CharField(max_length=22, error_messages={"required": _("Choose who gets the hours.")})
    amount = MinutesField(label=_("How much time?"), help_text=SUCH_AS)
    kind = forms.ChoiceField(
        label=_("What is it?"),
        choices=[(Kind.HELP.value, _("Help I received")), (Kind.GIFT.value, _("A gift"))],
        initial=Kind.HELP.value,
        widget=forms.RadioSelect,
    )
    category = forms.ChoiceField(label=_("Kind of help"), required=False)
    note = WordsField(
        label=_("Message"),
        help_text=_("Only the two of you can read it."),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._kinds = categories()  # asked once, for the choice, its check and the look-over
        field: Any = self.fields["category"]
        field.choices = [("", _("Not said")), *self._kinds]

    def category_name(self) -> str:
        """What the chosen kind of help is called; "" where none was chosen."""
        names = {code: name for _heading, kinds in self._kinds for code, name in kinds}
        return names.get(self.cleaned_data["category"], "")


class ConfirmSendForm(SendForm):
    """The same once more from the review step, with what makes it happen once."""

    nonce = forms.RegexField(r"^[A-Za-z0-9_-]{8,64}$")
    again = forms.BooleanField(required=False)


class PeopleField(forms.MultipleChoiceField):
    """Several people, by the ids of their profiles, in the order in which they were chosen, each once."""

    default_error_messages = {
        "required": _("Choose two or more neighbours."),
        "most": _("Choose up to %(most)s people at once."),
    }

    def to_python(self, value: Any) -> list[str]:
        return list(dict.fromkeys(super().to_python(value)))

    def validate(self, value: list[str]) -> None:
        if len(value) < FEWEST_TOGETHER:
            raise ValidationError(self.error_messages["required"], "required")
        if len(value) > MOST_TOGETHER:
            raise ValidationError(self.error_messages["most"], "most", {"most": MOST_TOGETHER})


class SeveralForm(SendForm):
    """To whom all, how much in all or for each, what for: the first step of sending hours to several at once."""

    to: Any = PeopleField()
    split = forms.ChoiceField(
        label=_("Is that in all, or for each?"),
        choices=[("evenly", _("In all, split evenly")), ("each", _("For each of them"))],
        initial="evenly",
        widget=forms.RadioSelect,
    )
    note = WordsField(
        label=_("Message"),
        help_text=_("Each of them reads it, and nobody else."),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class ConfirmSeveralForm(SeveralForm):
    """The same once more from the review step, with what makes it happen once."""

    nonce = forms.RegexField(r"^[A-Za-z0-9_-]{8,64}$")
    again = forms.BooleanField(required=False)


LIVES_MINUTES = (1, 5, 15, 30, 60, 4 * 60, 24 * 60, 3 * 24 * 60, 7 * 24 * 60)
WEEK_MINUTES = 7 * 24 * 60


def _lives() -> list[tuple[int, str]]:
    lives = sorted({*LIVES_MINUTES, settings.REQUEST_LIFE_MINUTES})
    return [(minutes, _life_in_words(minutes)) for minutes in lives]


def _life_in_words(minutes: int) -> str:
    """By the clock, where a day has 24 hours whatever a community calls a day of help."""
    if minutes % (24 * 60) == 0:
        days = minutes // (24 * 60)
        return ngettext("%(n)s day", "%(n)s days", days) % {"n": days}
    if minutes % 60 == 0:
        hours = minutes // 60
        return ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}
    return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}


class AskForm(AmountForm):
    """How much to ask for, what for, how long the code is good, and whom to ask where it is one neighbour."""

    amount = MinutesField(
        label=_("How much time?"),
        help_text=format_lazy("{} {}", SUCH_AS, _("Leave it empty to let whoever pays say how much.")),
        required=False,
    )
    note = WordsField(
        label=_("What for?"),
        help_text=_("Whoever pays reads it, and it stays on both statements."),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    category = forms.ChoiceField(label=_("Kind of help"), required=False)
    life = forms.TypedChoiceField(label=_("The code is good for"), choices=_lives, coerce=int)
    to = forms.CharField(max_length=22, required=False, error_messages={"required": _("Choose whom you ask.")})
    nonce = forms.RegexField(r"^[A-Za-z0-9_-]{8,64}$", widget=forms.HiddenInput)

    def __init__(self, *args: Any, of_one: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["category"]
        field.choices = [("", _("Not said")), *categories()]
        self.fields["to"].required = of_one


class AskSeveralForm(AskForm):
    """Whom all to ask, how much in all or each, what for, and how long they can pay."""

    to: Any = PeopleField()
    amount = MinutesField(label=_("How much time?"), help_text=SUCH_AS)
    split = forms.ChoiceField(
        label=_("Is that in all, or for each?"),
        choices=[("evenly", _("In all, split evenly")), ("each", _("Of each of them"))],
        initial="evenly",
        widget=forms.RadioSelect,
    )
    life = forms.TypedChoiceField(label=_("They can pay for"), choices=_lives, coerce=int)


class PayForm(AmountForm):
    """What is paid for a code: what it asks for, or what the payer says where it leaves that to her."""

    amount = MinutesField(label=_("How much time?"), help_text=SUCH_AS)


class CodeForm(forms.Form):
    """A code that was pasted or said."""

    code = forms.CharField(
        label=_("The code"),
        help_text=_("Paste it, or type the six letters and digits that were said to you."),
        max_length=300,
        error_messages={"required": _("Paste or type the code first.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs |= {
            "autocomplete": "off",
            "autocapitalize": "characters",
            "spellcheck": "false",
        }


class GiveBackForm(AmountForm):
    """How much of what was paid goes back."""

    amount = MinutesField(label=_("How much goes back?"), help_text=SUCH_AS)
    nonce = forms.RegexField(r"^[A-Za-z0-9_-]{8,64}$", widget=forms.HiddenInput)


class DonateForm(AmountForm):
    """How much to give to the community fund."""

    amount = MinutesField(label=_("How much time?"), help_text=SUCH_AS)
    note = WordsField(
        label=_("Message"),
        help_text=_("For yourself, in your statement. The community’s books do not show it."),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class ConfirmDonateForm(DonateForm):
    """The same once more, with what makes it happen once."""

    nonce = forms.RegexField(r"^[A-Za-z0-9_-]{8,64}$")


class ProfileForm(forms.Form):
    display_name = NameField(
        label=_("Your name"),
        help_text=_("As your neighbours know you."),
        max_length=80,
        error_messages={"required": _("Write your name.")},
    )
    about = WordsField(
        label=_("About you"),
        help_text=_("What you like to do, what you are good at. Up to 600 characters."),
        max_length=600,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["display_name"].widget.attrs["autocomplete"] = "name"


# Each language by its own name: whoever reads none of the others must find hers.
LANGUAGE_NAMES = [("en", "English"), ("pt-br", "Português do Brasil")]


_UNITS = (Member.Units.HOURS, Member.Units.MINUTES, Member.Units.DAYS)
SOME_MORE_MINUTES = 270  # than a day: an example with all three of its units


def _said(minutes: int, units: Member.Units) -> str:
    with said_in(units.value):
        return shown(minutes)


class PreferencesForm(forms.Form):
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGE_NAMES)
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=zone_choices)
    units = forms.ChoiceField(label=_("Amounts of time"), required=False, widget=forms.RadioSelect)
    theme = forms.ChoiceField(
        label=_("Colours"),
        choices=[
            (Member.Theme.DEVICE.value, _("As my device")),
            (Member.Theme.LIGHT.value, _("Light")),
            (Member.Theme.DARK.value, _("Dark")),
        ],
        required=False,
        widget=forms.RadioSelect,
    )
    text_size = forms.ChoiceField(
        label=_("Text size"),
        choices=[(Member.TextSize.NORMAL.value, _("Normal")), (Member.TextSize.LARGE.value, _("Large"))],
        required=False,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units: Any = self.fields["units"]
        units.choices = [(unit.value, _said(settings.DAY_MINUTES + SOME_MORE_MINUTES, unit)) for unit in _UNITS]
        units.help_text = _("A day stands for %(hours)s.") % {"hours": _said(settings.DAY_MINUTES, Member.Units.HOURS)}
        zones: Any = self.fields["time_zone"]
        present = self.initial.get("time_zone")
        if present and not zones.valid_value(present):  # an old name, which she may keep
            zones.choices = [(present, place(present)), *zones.choices]

    def clean_units(self) -> str:
        return self.cleaned_data["units"] or self.initial["units"]


TOKEN_DAYS = (7, 30, 90, 365)


class TokenForm(forms.Form):
    """For which program a token is, what it may do, and until when."""

    name = NameField(
        label=_("For which program?"),
        help_text=_("So that you know it again, such as “calendar on my computer”."),
        max_length=60,
        error_messages={"required": _("Say what it is for.")},
    )
    may_pay = forms.BooleanField(
        label=_("It may also pay, ask for hours and take steps in exchanges in my name"),
        help_text=_("Without this it only reads what is yours."),
        required=False,
    )
    days = forms.TypedChoiceField(
        label=_("Good for"),
        coerce=int,
        initial=30,
        choices=lambda: [(n, _life_in_words(n * 24 * 60)) for n in TOKEN_DAYS],
    )


class AgreeForm(forms.Form):
    agree = forms.BooleanField(
        label=_("I agree to the terms and have read the privacy notice"),
        error_messages={"required": _("Please agree to the terms to go on.")},
    )
