"""The forms of an exchange: from asking to reviewing, and of a dispute."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.models import (
    LONGEST_MESSAGE,
    LONGEST_PLACE,
    LONGEST_REVIEW,
    LONGEST_STATEMENT,
    MOST_MINUTES,
    Dispute,
)
from marketplace.operations import BadFile
from marketplace.operations.files import cleaned as cleaned_file
from marketplace.operations.steps import check_slot
from timebank import clock
from timebank.durations import readings
from timebank.durations_field import SUCH_AS, MinutesField
from timebank.errors import Refusal

from .words import LongWordsField, OneLineField


class NonceField(forms.RegexField):
    """What makes a form that is sent twice count once. A new one is made for every new form."""

    def __init__(self) -> None:
        super().__init__(
            r"^[A-Za-z0-9_-]{8,40}$",
            widget=forms.HiddenInput,
            initial=lambda: secrets.token_urlsafe(16),
            error_messages=dict.fromkeys(("required", "invalid"), gettext_lazy("Please send this form once more.")),
        )

    def bound_data(self, data: Any, initial: Any) -> Any:
        return data if self.regex.search(str(data or "")) else initial


class MinutesForm(forms.Form):
    """What has an amount of time that can be stepped and asked back."""

    minutes = MinutesField(
        label=gettext_lazy("How much time?"), help_text=SUCH_AS,
        max_minutes=MOST_MINUTES,
    )  # fmt: skip

    def minutes_readings(self) -> list[str]:
        """What the time could mean, where it was refused for being unclear about that: "2 h", "2 min"."""
        return readings(self.data["minutes"].strip()) if self.has_error("minutes", "which_unit") else []


class ProposalForm(MinutesForm):
    """The terms to propose: when, how long, where, and a few words."""

    OPEN, ON_A_DATE = "open", "date"

    when = forms.ChoiceField(
        label=gettext_lazy("When?"),
        choices=[(ON_A_DATE, gettext_lazy("On a date and time")), (OPEN, gettext_lazy("We will agree on it"))],
        initial=ON_A_DATE,
        widget=forms.RadioSelect,
    )
    starts_at = forms.DateTimeField(
        label=gettext_lazy("Date and time"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages={"invalid": gettext_lazy("Choose a date and a time.")},
    )
    place = OneLineField(
        label=gettext_lazy("Where?"),
        help_text=gettext_lazy("Such as “at your home” or “at the community garden”."),
        longest=LONGEST_PLACE,
        required=False,
    )
    message = LongWordsField(
        label=gettext_lazy("Message"),
        help_text=gettext_lazy("Only the two of you read it and, in a dispute, a moderator."),
        longest=LONGEST_MESSAGE,
        rows=4,
        required=False,
    )
    nonce = NonceField()

    field_order = ("when", "starts_at", "minutes", "place", "message", "nonce")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["starts_at"].widget.attrs["min"] = timezone.localtime(clock.now()).strftime("%Y-%m-%dT%H:%M")

    @property
    def starts_at_shown(self) -> str:
        """The date and time as its field shows it: as typed, or on the reader's own clock."""
        value = self["starts_at"].value()
        return value.strftime("%Y-%m-%dT%H:%M") if isinstance(value, datetime) else value or ""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("when") == self.OPEN:
            cleaned["starts_at"] = None
            self.errors.pop("starts_at", None)  # the field is not to be seen then
        elif "starts_at" in cleaned and cleaned["starts_at"] is None:
            self.add_error("starts_at", _("Choose a date and a time, or “We will agree on it”."))
        if self.errors:
            self._look_at_the_slot(cleaned.get("starts_at"))
        return cleaned

    def _look_at_the_slot(self, starts_at: datetime | None) -> None:
        """What the operation would say of it next: where something else is refused, both are said at once."""
        try:
            check_slot(starts_at)
        except Refusal as refusal:
            self.add_error("starts_at", str(refusal))

    @property
    def terms(self) -> dict[str, Any]:
        """What the operation takes."""
        return {name: value for name, value in self.cleaned_data.items() if name != "when"}


class CounterForm(ProposalForm):
    """Other terms, in answer to those of one version."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=1_000_000)


class AcceptForm(forms.Form):
    """A yes to the terms that were shown."""

    version = forms.IntegerField(
        widget=forms.HiddenInput,
        min_value=1,
        max_value=1_000_000,
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"), gettext_lazy("Look at the proposal again, then answer.")
        ),
    )


class PlainForm(forms.Form):
    """A press of a button."""


class DeliverForm(MinutesForm):
    minutes = MinutesField(label=gettext_lazy("How long did it really take?"), max_minutes=MOST_MINUTES)


class ConfirmForm(MinutesForm):
    """The time to confirm. It is always said: hours never move for a time nobody stated."""

    minutes = MinutesField(label=gettext_lazy("How long did it take?"), max_minutes=MOST_MINUTES)


class MessageForm(forms.Form):
    text = LongWordsField(
        label=gettext_lazy("Write a message"),
        longest=LONGEST_MESSAGE,
        rows=1,
        error_messages={"required": gettext_lazy("Write something first.")},
    )
    nonce = NonceField()


_KINDS_OF_FILES = "image/jpeg,image/png,image/webp,application/pdf"


class ManyFilesInput(forms.FileInput):
    """A field in which several files can be chosen."""

    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return files.getlist(name)


class ManyFilesField(forms.FileField):
    """Any number of files; what is wrong with one the operation says."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        return list(data or ())


class DisputeForm(forms.Form):
    reason = forms.ChoiceField(
        label=gettext_lazy("What went wrong?"),
        choices=Dispute.Reason.choices,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what comes closest.")},
    )
    statement = LongWordsField(
        label=gettext_lazy("Tell it in your words"),
        help_text=gettext_lazy("Up to 2,000 characters. The other one and the moderators read it."),
        longest=LONGEST_STATEMENT,
        rows=6,
        error_messages={"required": gettext_lazy("Say what happened, so that a moderator can understand it.")},
    )
    evidence = ManyFilesField(
        label=gettext_lazy("Photos or PDFs"),
        help_text=gettext_lazy("Up to 5 files of 5 MB: JPEG, PNG, WebP or PDF. More can be added later."),
        required=False,
        widget=ManyFilesInput(attrs={"accept": _KINDS_OF_FILES}),
    )
    nonce = NonceField()

    def clean(self) -> None:
        """Where something else is wrong, say what is wrong with the files too; else the operation does."""
        for upload in self.cleaned_data.get("evidence", []) if self.errors else []:
            try:
                cleaned_file(upload)
            except BadFile as refusal:
                self.add_error("evidence", str(refusal))


class StatementForm(forms.Form):
    text = LongWordsField(
        label=gettext_lazy("How do you see it?"),
        longest=LONGEST_STATEMENT,
        rows=4,
        error_messages={"required": gettext_lazy("Write something first.")},
    )
    nonce = NonceField()


class EvidenceForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("Add a photo or a PDF"),
        help_text=gettext_lazy("JPEG, PNG, WebP or PDF, up to 5 MB."),
        allow_empty_file=True,  # the operation says what is wrong with it
        max_length=None,
        widget=forms.FileInput(attrs={"accept": _KINDS_OF_FILES}),
        error_messages={
            "required": gettext_lazy("Choose a file first."),
            "invalid": gettext_lazy("Choose a file first."),
        },
    )


class ReviewForm(forms.Form):
    STARS = [
        (5, gettext_lazy("Wonderful")),
        (4, gettext_lazy("Good")),
        (3, gettext_lazy("All right")),
        (2, gettext_lazy("Not so good")),
        (1, gettext_lazy("Bad")),
    ]

    stars = forms.TypedChoiceField(
        label=gettext_lazy("How was it?"),
        choices=STARS,
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose one to five stars.")},
    )
    text = LongWordsField(
        label=gettext_lazy("In your words"),
        help_text=gettext_lazy("Neighbours read it on the profile. Up to 600 characters."),
        longest=LONGEST_REVIEW,
        required=False,
    )


def local(moment: datetime | None) -> datetime | None:
    """A moment as a form shows it first."""
    return timezone.localtime(moment).replace(tzinfo=None) if moment else None
