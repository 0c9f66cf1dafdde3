"""`manage.py serve` with a hatch: it knows the strange work of tests, and puts into its queues what comes in at stdin.

    python -m tests.faults.hatch

The queues of the one process are inside it; nobody else could put anything into them. Everything
else is as in the real command.
"""

from __future__ import annotations

import json
import sys
import threading

import manage


def take_messages() -> None:
    """One message a line (tests/faults/messages.py), until whoever hands them in is gone."""
    from timebank.celery import app

    for line in sys.stdin:
        message = json.loads(line)
        with app.connection_for_write() as connection, connection.Producer() as producer:
            producer.publish(
                message["body"].encode("latin-1"),
                exchange=message["queue"],
                routing_key=message["queue"],
                content_type=message["content_type"],
                content_encoding="utf-8",
                headers=message["headers"],
                correlation_id=message["correlation_id"],
            )


def main() -> None:
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "timebank.settings")
    import django

    django.setup()
    from tests.faults import poison  # noqa: F401  its jobs are known from here on

    threading.Thread(target=take_messages, name="hatch", daemon=True).start()
    sys.argv = ["manage.py", "serve"]
    manage.main()


if __name__ == "__main__":
    main()
