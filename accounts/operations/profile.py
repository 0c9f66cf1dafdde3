"""What a member changes about herself, and what she agrees to."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from accounts.models import Consent, Member
from timebank.retries import retried

from .joining import locked


@retried
@transaction.atomic
def change_profile(member: Member, *, display_name: str, about: str) -> Member:
    """Change what others see of ``member``: her name and what she says about herself."""
    member = locked(member)
    member.display_name, member.about = display_name, about
    member.save(update_fields=["display_name", "about"])
    return member


@retried
@transaction.atomic
def change_preferences(member: Member, *, language: str, time_zone: str, theme: str, text_size: str) -> Member:
    """Change how the site looks and speaks to ``member``, on every device she uses."""
    member = locked(member)
    member.language, member.time_zone = language, time_zone
    member.theme, member.text_size = theme, text_size
    member.save(update_fields=["language", "time_zone", "theme", "text_size"])
    return member


@retried
@transaction.atomic
def agree(member: Member) -> None:
    """Write down that ``member`` agrees to the present terms and privacy notice; twice changes nothing."""
    for document, version in present_versions().items():
        Consent.objects.get_or_create(member=member, document=document, version=version)


def present_versions() -> dict[str, str]:
    return {
        Consent.Document.TERMS: settings.TERMS_VERSION,
        Consent.Document.PRIVACY: settings.PRIVACY_VERSION,
    }
