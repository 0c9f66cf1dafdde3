"""Mail is written down as letters, as on the site; passwords are hashed fast, for they guard nothing here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import timezone, translation


@pytest.fixture(autouse=True)
def as_on_the_site(settings) -> None:
    settings.EMAIL_BACKEND = "notifications.letters.QueuedBackend"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def speak_english() -> Iterator[None]:
    """What a page activated for its reader ends with the story."""
    with translation.override("en"), timezone.override(None):
        yield
