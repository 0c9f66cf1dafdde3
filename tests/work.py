"""Doing the worker's work here and now, so that a story needs no worker."""

from __future__ import annotations

from timebank import clock
from timebank.jobs import running
from timebank.jobs.models import Job
from timebank.jobs.registry import FIRST_LEASE, QUEUES, standing_work

ENOUGH = 50  # rounds; a story that is not told by then never ends


def drain() -> None:
    """Do all the work that is due, queue by queue, until nothing is left.

    Jobs that wait for a later moment stay where they are. A job that fails, fails the test.
    """
    for _ in range(ENOUGH):
        if not (_do_standing_work() or _run_jobs()):
            return
    raise AssertionError("the work never ends")


def _do_standing_work() -> bool:
    due = [work for queue in QUEUES for work in standing_work.values() if work.queue == queue and work.is_due()]
    for work in due:
        work()
    return bool(due)


def _run_jobs() -> bool:
    now = clock.now()
    # A job that is to be done at once waits only for its first message to be answered.
    at_once = Job.objects.overdue(now + FIRST_LEASE).filter(delayed=False, tries=0)
    jobs = list(at_once) + list(Job.objects.overdue(now).filter(delayed=True, tries=0))
    for job in jobs:
        running.run(str(job.pk))
        job.refresh_from_db()
        assert job.done_at, f"{job.name} failed: {job.last_error}"
    return bool(jobs)
