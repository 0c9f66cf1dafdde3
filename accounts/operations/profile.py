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
def change_preferences(
    member: Member,
    *,
    language: str | None = None,
    time_zone: str | None = None,
    units: str | None = None,
    theme: str | None = None,
    text_size: str | None = None,
) -> Member:
    """Change how the site looks and speaks to ``member``, on every device she uses; what is not given stays."""
    member = locked(member)
    asked = {"language": language, "time_zone": time_zone, "units": units, "theme": theme, "text_size": text_size}
    changed = {name: value for name, value in asked.items() if value is not None}
    for name, value in changed.items():
        setattr(member, name, value)
    member.save(update_fields=changed)
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
