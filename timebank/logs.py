"""What the log says of what people send us."""

from __future__ import annotations

import logging


class Refused(logging.Filter):
    """Makes a request that was refused (4xx) one line, a warning: nothing of ours failed, so a trace tells nothing.

    Django tells of a forged Host, a foreign form or a page that is nobody's business as of errors, each with its trace.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if not _is_refusal(record):
            return True
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.exc_info = record.exc_text = None
        return logging.root.isEnabledFor(logging.WARNING)


def _is_refusal(record: logging.LogRecord) -> bool:
    if record.name.startswith("django.security."):
        return True
    return record.name == "django.request" and 400 <= getattr(record, "status_code", 0) < 500
