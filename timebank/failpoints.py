"""Places where a test kills the process, to see that nothing is lost and nothing is done twice.

``FAILPOINT=<name>`` in the environment arms one; otherwise reaching them does nothing at all.
"""

from __future__ import annotations

import os
import signal

from django.conf import settings

_armed: str = settings.FAILPOINT


def reached(name: str) -> None:
    """End this process here, as a power cut would, when the failpoint ``name`` is armed."""
    if _armed and _armed == name:
        os.kill(os.getpid(), signal.SIGKILL)
