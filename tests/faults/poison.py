"""Work that harms its worker, loaded by the worker of a test only (``-I tests.faults.poison``)."""

from __future__ import annotations

import os
import signal

from timebank.jobs import job


@job("notifications")
def die(number: int) -> None:
    """Take the process along."""
    os.kill(os.getpid(), signal.SIGKILL)


@job("notifications")
def stumble(number: int) -> None:
    raise RuntimeError(number)
