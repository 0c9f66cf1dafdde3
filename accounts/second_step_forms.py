"""allauth's forms for the second step of signing in, with our words."""

from __future__ import annotations

from typing import Any

from allauth.mfa.base import forms as base
from allauth.mfa.totp import forms as totp
from django import forms
from django.utils.translation import gettext_lazy as _


def _as_code(form: forms.Form, hint: Any) -> None:
    field = form.fields["code"]
    field.label, field.help_text = _("Code"), hint
    field.widget.attrs.pop("placeholder", None)
    field.widget.attrs |= {"inputmode": "numeric", "autocomplete": "one-time-code"}


class AuthenticateForm(base.AuthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _as_code(self, _("Six digits from your authenticator app, or one of your recovery codes."))


class ReauthenticateForm(base.ReauthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _as_code(self, _("Six digits from your authenticator app, or one of your recovery codes."))


class ActivateTOTPForm(totp.ActivateTOTPForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _as_code(self, _("Six digits that the app shows now."))
