"""Words that are not readable from a copy of the database alone."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def seal(words: str, purpose: str) -> str:
    return _cipher(purpose).encrypt(words.encode()).decode()


def unseal(sealed: str, purpose: str) -> str:
    return _cipher(purpose).decrypt(sealed.encode()).decode()


def _cipher(purpose: str) -> MultiFernet:
    """The newest key writes, all of them read, so that SECRET_KEY can be changed."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = (hashlib.sha256(f"{purpose}:{key}".encode()).digest() for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
