"""Declaring work, and writing it down."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from timebank import clock, failpoints

if TYPE_CHECKING:
    from .models import Job

QUEUES = ("transactions", "notifications", "audit")  # the order in which the relay serves them
FIRST_LEASE = timedelta(seconds=5)


class PlainFailure(Exception):
    """Work that could not be done, for a reason the log may say: its words are ids and machines, never of people."""


@dataclass(frozen=True)
class JobFunction:
    """A function that runs once for each `Job` row that names it."""

    name: str
    queue: str
    slow: bool
    function: Callable[..., None]
    tries: int | None = None  # JOB_TRIES, unless it says how often

    def __call__(self, *args: Any) -> None:
        self.function(*args)


@dataclass(frozen=True)
class Standing:
    """A function that does all that is due in its rows, and a cheap test of whether anything is."""

    name: str
    queue: str
    is_due: Callable[[], bool]
    function: Callable[[], Any]

    def __call__(self) -> Any:
        return self.function()


job_functions: dict[str, JobFunction] = {}
standing_work: dict[str, Standing] = {}


def _name(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{function.__name__}"


def job(queue: str, *, slow: bool = False, tries: int | None = None) -> Callable[[Callable[..., None]], JobFunction]:
    """Declare a function of ids as a job on ``queue``; ``tries`` where it is given up later than others."""

    def declare(function: Callable[..., None]) -> JobFunction:
        declared = JobFunction(_name(function), queue, slow, function, tries)
        job_functions[declared.name] = declared
        return declared

    return declare


def standing(queue: str, *, is_due: Callable[[], bool]) -> Callable[[Callable[[], Any]], Standing]:
    """Declare a function without arguments as standing work on ``queue``."""

    def declare(function: Callable[[], Any]) -> Standing:
        from .tasks import door_of

        declared = Standing(_name(function), queue, is_due, function)
        standing_work[declared.name] = declared
        door_of(declared)
        return declared

    return declare


def enqueue(function: JobFunction, *args: Any, not_before: datetime | None = None) -> Job:
    """Write a job in the present transaction; its message goes out after the commit.

    ``args`` are ids. ``not_before`` delays it: the relay rings for it then. Raises ValueError
    outside of a transaction, for the job would not share its cause's fate.
    """
    return enqueue_all(function, [args], not_before=not_before)[0]


def enqueue_all(
    function: JobFunction, each: Iterable[Sequence[Any]], *, not_before: datetime | None = None
) -> list[Job]:
    """Write a job for each of these arguments, in one statement. See `enqueue`."""
    from .models import Job

    if not connection.in_atomic_block:
        raise ValueError("a job is enqueued in the transaction that causes it")
    now = clock.now()
    written = Job.objects.bulk_create(
        Job(
            name=function.name,
            queue=function.queue,
            args=list(args),
            created_at=now,
            not_before=not_before or now + FIRST_LEASE,
            delayed=not_before is not None,
        )
        for args in each
    )
    if written and not_before is None:
        _after_commit(lambda: _ring_for(written))
    return written


def _ring_for(jobs: list[Job]) -> None:
    from .ringer import ringer

    for job in jobs:
        ringer.ring_job(job)


def ring(work: Standing) -> None:
    """After the present transaction commits, tell a worker that ``work`` has something due."""
    from .ringer import ringer

    _after_commit(lambda: ringer.ring_standing(work))


def _after_commit(leave_a_bell: Callable[[], None]) -> None:
    def committed() -> None:
        failpoints.reached("after-commit")
        leave_a_bell()

    transaction.on_commit(committed, robust=True)  # nothing here may turn what is committed into an error
