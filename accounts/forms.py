"""The forms of the accounts pages."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from .models import Member


class SignupForm(forms.Form):
    """What sign-up asks beside e-mail and password."""

    display_name = forms.CharField(label=_("Name"), max_length=80)

    def signup(self, request: HttpRequest, user: Member) -> None:
        user.display_name = self.cleaned_data["display_name"]
        user.save()
