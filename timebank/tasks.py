"""What beat wakes every day: looking after the books, minutes that expire, and the rows nobody needs any more."""

from __future__ import annotations

import logging
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.core.management import call_command

from timebank import clock
from timebank.jobs import running
from timebank.jobs.models import Job

log = logging.getLogger(__name__)

ROWS_A_DELETE = 1000


@shared_task(name="timebank.tasks.check_books", ignore_result=True)
def check_books() -> None:
    """Walk every invariant of the ledger and of exchanges, and say loudly which one does not hold."""
    from ledger import check
    from marketplace.queries import ended_with_hours_held

    with running.fresh_connection():
        faults = [*map(str, check.faults()), *ended_with_hours_held()]
        for fault in faults:
            log.critical("the books are not sound: %s", fault)
        if not faults:
            log.info("the books are sound")


@shared_task(name="timebank.tasks.warn_of_expiry", ignore_result=True)
def warn_of_expiry() -> None:
    """Tell members whose minutes expire in 30 or 7 days. A day without it is made up for on the next."""
    from ledger.operations import warn_of_expiry

    with running.fresh_connection():
        log.info("%d notices of minutes that expire", warn_of_expiry())


@shared_task(name="timebank.tasks.clear_away", ignore_result=True)
def clear_away() -> None:
    """Delete jobs done and letters sent long ago, and ended sessions. Dead jobs stay until someone looks at them."""
    from accounts.operations import forget_ended_devices
    from notifications.operations import clear_sent_letters

    with running.fresh_connection():
        long_ago = clock.now() - timedelta(days=settings.CLOSED_JOBS_KEPT_DAYS)
        while keys := list(Job.objects.filter(done_at__lt=long_ago).values_list("pk", flat=True)[:ROWS_A_DELETE]):
            Job.objects.filter(pk__in=keys).delete()  # a little at a time: payments come first
        clear_sent_letters(before=long_ago)
        call_command("clearsessions")
        forget_ended_devices()
