"""Doing the worker's work here and now, so that a story needs no worker."""

from __future__ import annotations

from django.db import transaction

from timebank import clock
from timebank.jobs.models import Job
from timebank.jobs.registry import FIRST_LEASE, QUEUES, job_functions, standing_work

ENOUGH = 50  # rounds; a story that is not told by then never ends


def drain() -> None:
    """Do all the work that is due, queue by queue, until nothing is left.

    Jobs that wait for a later moment stay where they are.
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
    # A job that is to be done at once has its first lease as not_before.
    jobs = list(Job.objects.overdue(clock.now() + FIRST_LEASE))
    for job in jobs:
        with transaction.atomic():
            job_functions[job.name](*job.args)
            Job.objects.filter(pk=job.pk, done_at=None).update(done_at=clock.now())
    return bool(jobs)
