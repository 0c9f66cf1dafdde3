"""Words that are not readable from a copy of the database alone."""

from __future__ import annotations

import base64
import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from django.conf import settings


def seal(words: str, purpose: str) -> str:
    return _cipher(purpose).encrypt(words.encode()).decode()


def unseal(sealed: str, purpose: str) -> str:
    return _cipher(purpose).decrypt(sealed.encode()).decode()


def _cipher(purpose: str) -> MultiFernet:
    """The newest key writes, all of them read, so that SECRET_KEY can be changed."""
    digests = (hashlib.sha256(f"{purpose}:{key}".encode()).digest() for key in _keys())
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


def seal_alike(words: str, purpose: str) -> str:
    """As `seal`, for what stands in addresses: letters, digits, - and _, the same for the same words (RFC 5297)."""
    return base64.urlsafe_b64encode(_alike(purpose)[0].encrypt(words.encode(), None)).decode().rstrip("=")


def unseal_alike(sealed: str, purpose: str) -> str:
    """Raises ValueError for what nobody here sealed for this purpose."""
    read = base64.b64decode(sealed + "=" * (-len(sealed) % 4), b"-_", validate=True)
    for cipher in _alike(purpose):
        try:
            return cipher.decrypt(read, None).decode()
        except InvalidTag:
            continue
    raise ValueError("this was not sealed here")


def _alike(purpose: str) -> list[AESSIV]:
    return [AESSIV(hashlib.sha512(f"{purpose}:{key}".encode()).digest()) for key in _keys()]


def _keys() -> list[str]:
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
