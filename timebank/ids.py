"""Random public ids for URLs and records: short, without look-alikes, impossible to guess."""

from __future__ import annotations

import secrets

ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"
LENGTH = 18  # 18 of 30 letters: 88 bits


def public_id() -> str:
    """A new random id, such as ``"k3v9m2xq7dhp4rtw8c"``."""
    number = secrets.randbits(128)  # one call for all letters; 40 bits to spare keep them even
    letters = []
    for _ in range(LENGTH):
        number, letter = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[letter])
    return "".join(letters)
