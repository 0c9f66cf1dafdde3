"""How much of each measurement is done: all of it, or one part in so many, to see that it works."""

from __future__ import annotations

import os


def size(whole: int) -> int:
    """Of ``whole`` things to do, those to do now: PART=1 (usual) for all, PART=100 for one in a hundred."""
    return max(1, whole // int(os.environ.get("PART", "1")))
