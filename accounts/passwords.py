"""What a password must be, said in one sentence."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from .models import Member


def check_password(password: str, member: Member | None = None) -> None:
    """Refuse, with a single sentence, a ``password`` that is short, common, or much like who ``member`` is."""
    try:
        validate_password(password, member)
    except ValidationError as refused:
        if {error.code for error in refused.error_list} == {"password_too_similar"}:
            sentence = _("This is too much like your name or address. Choose something only you would think of.")
        else:
            sentence = _("Choose at least 10 characters that are not a common password and not only digits.")
        raise ValidationError(sentence, "password") from None
