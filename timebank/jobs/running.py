"""Running work: once for each row, however often its message comes."""

from __future__ import annotations

import logging
import random
import traceback
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection, transaction
from django.db.models import Q

from timebank import clock, failpoints
from timebank.errors import Busy
from timebank.retries import is_busy, retried

from .models import Job
from .registry import JobFunction, PlainFailure, Standing, job_functions

log = logging.getLogger(__name__)

SLOWEST_RETRY = timedelta(minutes=10)
RINGS_BEFORE_DOUBT = 2  # rung so often and still open: whoever takes it may be dying of it


def run(job_id: str, *, redelivered: bool = False) -> None:
    """Do the work of one job, unless it is done, given up or being done elsewhere.

    Never raises for what the work itself does: a failure is noted on the row and tried again
    later, and after ``JOB_TRIES`` the job is dead. ``redelivered`` says that a process died with
    this message; then the try is counted before it begins, so that a job that kills cannot kill for ever.
    """
    with fresh_connection():
        job = _find(job_id)
        if job is None or job.done_at or job.dead_at:
            return
        function = job_functions.get(job.name)
        if function is None:
            log.error("job %s asks for %s, which nobody knows how to do", job.pk, job.name)
            _give_up(job.pk, "no such work")
            return
        counted = redelivered or job.rung >= RINGS_BEFORE_DOUBT
        if counted and not _count_a_try(job.pk):
            return
        try:
            _run_slow(job, function) if function.slow else _run_in_one_transaction(job.pk, function)
        except Exception as error:  # whatever the work raised is noted on its row
            _note_failure(job, error, counted=counted)


def run_standing(work: Standing) -> None:
    """Do all that ``work`` finds due. Its rows stay due when it fails, so the relay rings again."""
    with fresh_connection():
        try:
            work()
        except Busy:
            log.info("%s: the database is busy; later", work.name)
        except Exception as error:  # one kind of work must not take the worker with it
            log.error("%s failed: %s", work.name, _describe(error))
    failpoints.reached("work-done-before-ack")


def revive(job: Job) -> Job:
    """Let a dead job try again from the beginning; one that is not dead stays as it is."""
    from .ringer import ringer

    _revive(job)
    job.refresh_from_db()
    transaction.on_commit(lambda: ringer.ring_job(job), robust=True)
    return job


@retried
@transaction.atomic
def _revive(job: Job) -> None:
    dead = Job.objects.dead().filter(pk=job.pk)
    dead.update(dead_at=None, claimed_until=None, tries=0, rung=0, not_before=clock.now())


def recover() -> int:
    """When the only process starts: nobody is at work, so ring at once for what had been begun.

    Jobs that wait for their time, or after a failure, go on waiting. Returns how many are rung.
    """
    return _recover(clock.now())


@retried
@transaction.atomic
def _recover(now: object) -> int:
    begun = Job.objects.open().filter(
        Q(claimed_until__isnull=False) | Q(tries=0, rung__gt=0) | Q(tries=0, delayed=False)
    )
    return begun.update(claimed_until=None, not_before=now)


@contextmanager
def fresh_connection() -> Iterator[None]:
    """Around one piece of work in a thread that lives on: no stale or broken connection."""
    if connection.in_atomic_block:  # a test, or work that calls work
        yield
        return
    close_old_connections()
    try:
        yield
    finally:
        close_old_connections()


def _find(job_id: str) -> Job | None:
    try:
        return Job.objects.get(pk=uuid.UUID(str(job_id)))
    except (ValueError, Job.DoesNotExist):
        log.warning("a message named the job %.40s, which does not exist", job_id)
        return None


@retried
@transaction.atomic
def _run_in_one_transaction(job_id: uuid.UUID, function: JobFunction) -> None:
    # A job that another worker has locked is that worker's; should it die, the relay rings again.
    job = Job.objects.open().select_for_update(skip_locked=True).filter(pk=job_id).first()
    if job is None:
        return
    function(*job.args)
    _close(job.pk)
    failpoints.reached("job-before-commit")


def _run_slow(job: Job, function: JobFunction) -> None:
    if not _claim(job.pk):
        return
    function(*job.args)
    failpoints.reached("slow-job-before-close")
    retried(_close)(job.pk)


def _claim(job_id: uuid.UUID) -> bool:
    """Take a slow job for as long as it may need; one UPDATE, so that one of two gets it."""
    return retried(_try_to_claim)(job_id)


def _try_to_claim(job_id: uuid.UUID) -> bool:
    now = clock.now()
    ends = now + timedelta(seconds=settings.JOB_SLOW_LEASE_SECONDS)
    free = Job.objects.open().filter(Q(claimed_until=None) | Q(claimed_until__lte=now), pk=job_id)
    return free.update(claimed_until=ends, not_before=ends) == 1


def _close(job_id: uuid.UUID) -> None:
    Job.objects.open().filter(pk=job_id).update(done_at=clock.now(), claimed_until=None, last_error="")


@retried
@transaction.atomic
def _count_a_try(job_id: uuid.UUID) -> bool:
    """Count a try before it begins. Says no, and gives the job up, when there were enough."""
    job = Job.objects.open().select_for_update().filter(pk=job_id).first()
    if job is None:
        return False
    if job.tries >= _most_tries(job):
        _mark_dead(job, job.last_error or "the process that ran it died")
        return False
    job.tries += 1
    job.save(update_fields=["tries"])
    return True


def _note_failure(job: Job, error: Exception, *, counted: bool) -> None:
    """Write down what went wrong, without a word of what was being worked on; then wait or give up."""
    if _is_no_fault_of_the_job(error):
        log.warning("job %s (%s) could not reach the database; later", job.pk, job.name)
        return
    described = _describe(error)
    in_plain = f": {error}" if isinstance(error, PlainFailure) else ""
    log.error("job %s (%s) failed: %s%s", job.pk, job.name, described, in_plain)
    _write_failure(job.pk, described, counted=counted)


@retried
@transaction.atomic
def _write_failure(job_id: uuid.UUID, described: str, *, counted: bool) -> None:
    job = Job.objects.open().select_for_update().filter(pk=job_id).first()
    if job is None:
        return
    if not counted:
        job.tries += 1
    if job.tries >= _most_tries(job):
        _mark_dead(job, described)
        return
    job.last_error = described
    job.claimed_until, job.rung = None, 0  # whoever took it lives
    job.not_before = clock.now() + _pause_after(job.tries)
    job.save(update_fields=["tries", "rung", "last_error", "claimed_until", "not_before"])


@retried
@transaction.atomic
def _give_up(job_id: uuid.UUID, reason: str) -> None:
    if job := Job.objects.open().select_for_update().filter(pk=job_id).first():
        _mark_dead(job, reason)


def _mark_dead(job: Job, reason: str) -> None:
    log.error("job %s (%s) is given up after %d tries: %s", job.pk, job.name, job.tries, reason)
    job.dead_at = clock.now()
    job.last_error = reason
    job.claimed_until = None
    job.save(update_fields=["tries", "dead_at", "last_error", "claimed_until"])


def _most_tries(job: Job) -> int:
    function = job_functions.get(job.name)
    return function.tries if function and function.tries else settings.JOB_TRIES


def _pause_after(tries: int) -> timedelta:
    """5 s after the first failure, doubling to ten minutes, with jitter so that crowds spread out."""
    pause = min(timedelta(seconds=5 * 2 ** min(tries - 1, 10)), SLOWEST_RETRY)
    return pause * random.uniform(0.8, 1.2)  # noqa: S311


def _is_no_fault_of_the_job(error: Exception) -> bool:
    if isinstance(error, Busy) or is_busy(error):
        return True
    # The server closed the connection or is not there; a broken rule (IntegrityError) has an SQLSTATE.
    return isinstance(error, (InterfaceError, DatabaseError)) and not connection.is_usable()


def _describe(error: Exception) -> str:
    """The kind of error and where it was raised; never its message, which may hold words of people."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    where = " < ".join(
        f"{frame.name} ({frame.filename.rsplit('/', 1)[-1]}:{frame.lineno})" for frame in reversed(frames)
    )
    return f"{type(error).__module__}.{type(error).__qualname__} in {where}" if where else type(error).__qualname__
