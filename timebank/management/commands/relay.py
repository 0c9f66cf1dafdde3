"""``manage.py relay``: the loop that finds what no message reached, as a process of its own."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from timebank.jobs.relay import Relay
from timebank.starting import refuse_settings_that_do_not_fit, refuse_unguarded_books


class Command(BaseCommand):
    help = "Rings again for overdue work every second, and does it while the broker does not answer."

    requires_system_checks: list[str] = []  # said below, in one sentence each and without a trace

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_settings_that_do_not_fit()
        refuse_unguarded_books()
        connection.close()
        asked_to_stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: asked_to_stop.set())
        relay = Relay()
        relay.start()
        self.stdout.write("The relay is running.")
        while not asked_to_stop.wait(1):
            pass  # a bare wait() would keep signals waiting on some systems
        relay.stop()
