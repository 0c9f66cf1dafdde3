"""How often a race is run: whole by `make races`, one in fifty in an ordinary run."""

from __future__ import annotations

import os


def rounds(whole: int) -> int:
    """Of ``whole`` rounds, those to run now: RACES=1 for all, RACES=50 (usual) for one in fifty."""
    return max(1, whole // int(os.environ.get("RACES", "50")))
