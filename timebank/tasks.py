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
from timebank.models import Tally

log = logging.getLogger(__name__)

ROWS_A_DELETE = 1000


@shared_task(name="timebank.tasks.check_books", ignore_result=True)
def check_books() -> None:
    """Walk every invariant of the ledger and of exchanges, and say loudly which one does not hold."""
    with running.fresh_connection():
        faults = walk_the_books()
        for fault in faults:
            log.critical("the books are not sound: %s", fault)
        if not faults:
            log.info("the books are sound")


def walk_the_books() -> list[str]:
    """Check every row, write down which invariants do not hold, and return a line for each fault."""
    from ledger import check
    from ledger.operations import note_check
    from marketplace.queries import ended_with_hours_held

    faults, held = list(check.faults()), ended_with_hours_held()
    note_check([*(fault.invariant for fault in faults), *(["I11"] if held else [])])  # everything due ends
    return [*map(str, faults), *held]


@shared_task(name="timebank.tasks.warn_of_expiry", ignore_result=True)
def warn_of_expiry() -> None:
    """Tell members whose minutes expire in 30 or 7 days. A day without it is made up for on the next."""
    from ledger.operations import warn_of_expiry

    with running.fresh_connection():
        log.info("%d notices of minutes that expire", warn_of_expiry())


@shared_task(name="timebank.tasks.clear_away", ignore_result=True)
def clear_away() -> None:
    """Delete jobs done and letters sent long ago, ended sessions, and what counts for no limit any more.

    Dead jobs stay until someone looks at them.
    """
    from accounts.operations import forget_ended_devices
    from notifications.operations import clear_sent_letters
    from timebank.rest.keys import forget_calls

    with running.fresh_connection():
        long_ago = clock.now() - timedelta(days=settings.CLOSED_JOBS_KEPT_DAYS)
        while keys := list(Job.objects.filter(done_at__lt=long_ago).values_list("pk", flat=True)[:ROWS_A_DELETE]):
            Job.objects.filter(pk__in=keys).delete()  # a little at a time: payments come first
        clear_sent_letters(before=long_ago)
        call_command("clearsessions")
        forget_ended_devices()
        forget_calls(before=long_ago)
        Tally.objects.filter(expires_at__lte=clock.now()).delete()
