"""The relay: finds in the database what no message reached, rings for it, and lends a hand.

Once a second it looks at what is due. While the broker answers and workers work, it finds next to
nothing. Otherwise:

- a job past its ``not_before`` is rung again, by compare-and-set, so that two relays ring once;
  the lease until the next ring is 5 s, doubling to 5 min;
- standing work that is due is rung again every 5 s, as long as it stays due;
- while the broker does not answer, and for what stays overdue although it does (no worker), the
  work is done here, by one thread per queue, so that a slow mail never keeps a payment waiting.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

from django.db.models import F

from timebank import clock, failpoints
from timebank.retries import retried

from . import running
from .models import Job
from .registry import FIRST_LEASE, QUEUES, Standing, standing_work
from .ringer import Ringer, ringer

log = logging.getLogger(__name__)

EVERY_SECONDS = 1.0
RING_AGAIN_AFTER_SECONDS = 5.0
HELP_AFTER_SECONDS = 6.0  # due for so long, in spite of our ringing: nobody is at work
RINGS_BEFORE_HELP = 1
LONGEST_LEASE = timedelta(minutes=5)
MOST_JOBS_A_ROUND = 500


class Relay:
    """The loop. `start` runs it in a thread (embedded), `run` in this one (``manage.py relay``)."""

    def __init__(self, bell: Ringer = ringer) -> None:
        self.ringer = bell
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._helpers = {queue: Helper(queue) for queue in QUEUES}
        self._due_since: dict[str, float] = {}
        self._rung_at: dict[str, float] = {}
        self._known_errors: set[str] = set()

    def start(self) -> None:
        self._thread = threading.Thread(target=self.run, name="relay", daemon=True)
        self._thread.start()

    def stop(self, seconds: float = 20) -> bool:
        """End after the present piece of work. Returns whether everything ended in time."""
        self._stopping.set()
        ends = time.monotonic() + seconds
        if self._thread is not None:
            self._thread.join(seconds)
        for helper in self._helpers.values():
            helper.stop(max(0.1, ends - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads())

    def _threads(self) -> Iterator[threading.Thread]:
        if self._thread is not None:
            yield self._thread
        for helper in self._helpers.values():
            yield helper.thread

    def run(self) -> None:
        for helper in self._helpers.values():
            helper.thread.start()
        while not self._stopping.wait(EVERY_SECONDS):
            with running.fresh_connection():
                self.look_round()

    def look_round(self) -> None:
        """One round: transactions first, then the other queues. What stumbles keeps nothing else waiting."""
        standing = sorted(standing_work.values(), key=lambda work: QUEUES.index(work.queue))
        looks: list[Callable[[], None]] = [partial(self._look_at_standing, work) for work in standing]
        looks.append(self._look_at_jobs)
        errors = {type(error).__name__ for look in looks if (error := _error_of(look))}
        if errors - self._known_errors:  # said when it begins, not every second
            log.warning("the relay stumbles (%s) and goes on trying", ", ".join(sorted(errors)))
        self._known_errors = errors

    def _look_at_standing(self, work: Standing) -> None:
        if not work.is_due():
            self._due_since.pop(work.name, None)
            self._rung_at.pop(work.name, None)
            return
        now = time.monotonic()
        due_since = self._due_since.setdefault(work.name, now)
        if now - self._rung_at.get(work.name, float("-inf")) >= RING_AGAIN_AFTER_SECONDS:
            self._rung_at[work.name] = now
            self.ringer.ring_standing(work)
        if not self.ringer.answers or now - due_since >= HELP_AFTER_SECONDS:
            self._helpers[work.queue].do(work.name, partial(running.run_standing, work))

    def _look_at_jobs(self) -> None:
        for job in _overdue():
            helps = not self.ringer.answers or job.rung >= RINGS_BEFORE_HELP
            if not _take_lease(job):
                continue  # another relay was first
            failpoints.reached("relay-between-mark-and-publish")
            self.ringer.ring_job(job)
            if helps:
                self._helpers[job.queue].do(str(job.pk), partial(running.run, str(job.pk)))


class Helper:
    """Does work of one queue in a thread, one piece after the other; the same piece waits only once."""

    def __init__(self, queue: str) -> None:
        self._waiting: dict[str, Callable[[], object]] = {}
        self._changed = threading.Condition()
        self._stopping = False
        self.thread = threading.Thread(target=self._work, name=f"relay-{queue}", daemon=True)

    def do(self, name: str, piece: Callable[[], object]) -> None:
        with self._changed:
            self._waiting[name] = piece
            self._changed.notify()

    def stop(self, seconds: float) -> None:
        """End after the present piece; the others stay in the database."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self.thread.is_alive():
            self.thread.join(seconds)

    def _work(self) -> None:
        while (piece := self._next()) is not None:
            try:
                piece()
            except Exception as error:  # noted on its row already, or the database is away: the next round finds it
                log.warning("the relay could not help (%s)", type(error).__name__)

    def _next(self) -> Callable[[], object] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._waiting)
            if self._stopping:
                return None
            return self._waiting.pop(next(iter(self._waiting)))


def _error_of(look: Callable[[], None]) -> Exception | None:
    try:
        look()
    except Exception as error:  # the last thing that finds lost work must not itself be lost
        return error
    return None


def _overdue() -> list[Job]:
    jobs = Job.objects.overdue(clock.now())[:MOST_JOBS_A_ROUND]
    return sorted(jobs, key=lambda job: QUEUES.index(job.queue) if job.queue in QUEUES else len(QUEUES))


@retried
def _take_lease(job: Job) -> bool:
    """Mark ``job`` as rung until its next lease ends, unless somebody else did so since we read it."""
    lease = min(FIRST_LEASE * 2 ** min(job.rung, 10), LONGEST_LEASE)
    same = Job.objects.open().filter(pk=job.pk, not_before=job.not_before, rung=job.rung)
    return same.update(not_before=clock.now() + lease, rung=F("rung") + 1) == 1
