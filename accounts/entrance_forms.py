"""allauth's forms with our words: what people fill in to come in, and to keep their way in safe.

allauth calls ``save`` on them; those that make a member call the operation and nothing else.
"""

from __future__ import annotations

from typing import Any

from allauth.account import forms as allauth
from allauth.account.internal import flows
from django import forms
from django.contrib.auth.hashers import make_password
from django.core.validators import EmailValidator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from . import operations
from .models import Member
from .words import NameField

PASSWORD_HINT = _("At least 10 characters. A few words that only you would put together are best.")
NO_ADDRESS = _("This does not look like an e-mail address.")
DIFFERENT_PASSWORDS = _("The two passwords are different.")
ASKS = {
    "display_name": _("Write your name."),
    "email": _("Write your e-mail address."),
    "login": _("Write your e-mail address."),
    "password": _("Write your password."),
    "oldpassword": _("Write your current password."),
    "password1": _("Choose a password."),
    "password2": _("Write the same password again."),
    "agree": _("Please agree to the terms to join."),
}


class PlainFields:
    """Labels stand above the fields, so placeholders that repeat them go."""

    labels: dict[str, Any] = {}
    hints: dict[str, Any] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():  # type: ignore[attr-defined]
            field.widget.attrs.pop("placeholder", None)
            field.label = self.labels.get(name, field.label)
            field.help_text = self.hints.get(name, "")
            field.error_messages["required"] = ASKS.get(name, field.error_messages["required"])
            if isinstance(field, forms.EmailField):
                field.error_messages["invalid"] = NO_ADDRESS
                field.validators = [EmailValidator(NO_ADDRESS)]

    def add_error(self, field: str | None, error: Any) -> None:
        if field == "password2" and not isinstance(error, forms.ValidationError):
            error = DIFFERENT_PASSWORDS  # the one thing allauth says of it itself, as a rule to keep
        super().add_error(field, error)  # type: ignore[misc]


class ComesIn:
    """How a stranger signs up, by whichever door; one who is no stranger is answered as if she were."""

    def come_in(
        self, request: HttpRequest, *, display_name: str, email: str, password: str
    ) -> tuple[Member | None, HttpResponse | None]:
        """The new member; or, where the address is taken, what hides that, while its owner is told by mail."""
        if operations.is_taken(email):
            make_password(password)  # as long as it takes for a new member
        else:
            language = get_language() or "en"
            try:
                member = operations.sign_up(
                    display_name=display_name, email=email, password=password, language=language
                )
            except operations.EmailTaken:
                pass  # somebody was faster with the same address
            else:
                return member, None
        return None, flows.signup.prevent_enumeration(request, email=email)


class SignupForm(ComesIn, PlainFields, allauth.SignupForm):
    display_name = NameField(label=_("Your name"), max_length=80)
    agree = forms.BooleanField(label=_("I agree to the terms and have read the privacy notice"))
    field_order = ["display_name", "email", "password1", "agree"]

    labels = {"email": _("E-mail"), "password1": _("Password")}
    hints = {
        "display_name": _("As your neighbours know you. Everybody in the community can see it."),
        "email": _("We send a link there. Other members never see it."),
        "password1": PASSWORD_HINT,
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["display_name"].widget.attrs["autocomplete"] = "name"

    def validate_unique_email(self, value: str) -> str:
        return value  # whether it is taken is looked at when she comes in

    def try_save(self, request: HttpRequest) -> tuple[Member | None, HttpResponse | None]:
        asked = self.cleaned_data
        return self.come_in(
            request, display_name=asked["display_name"], email=asked["email"], password=asked["password1"]
        )


class LoginForm(PlainFields, allauth.LoginForm):
    labels = {"login": _("E-mail"), "password": _("Password")}


class ResetPasswordForm(PlainFields, allauth.ResetPasswordForm):
    labels = {"email": _("E-mail")}
    hints = {"email": _("The address you sign in with.")}
    users: list[Member]

    def clean_email(self) -> str:
        email: str = super().clean_email()
        # An address that waits for its confirmation may be a stranger's, mistyped: it opens nothing.
        self.users = [member for member in self.users if member.email == email.lower()]
        return email


class ResetPasswordKeyForm(PlainFields, allauth.ResetPasswordKeyForm):
    labels = {"password1": _("New password"), "password2": _("The same password again")}
    hints = {"password1": PASSWORD_HINT}


class ChangePasswordForm(PlainFields, allauth.ChangePasswordForm):
    labels = {
        "oldpassword": _("Current password"),
        "password1": _("New password"),
        "password2": _("The same password again"),
    }
    hints = {"password1": PASSWORD_HINT}


class SetPasswordForm(PlainFields, allauth.SetPasswordForm):
    labels = {"password1": _("New password"), "password2": _("The same password again")}
    hints = {"password1": PASSWORD_HINT}


class AddEmailForm(PlainFields, allauth.AddEmailForm):
    labels = {"email": _("New e-mail address")}
    hints = {"email": _("We send a link there; the current address stays until you follow it.")}


class ReauthenticateForm(PlainFields, allauth.ReauthenticateForm):
    labels = {"password": _("Password")}
