"""The ringer: one thread per process that tells the broker there is work.

A request never talks to the broker. It leaves a bell here after its commit and goes on; when the
broker is down, frozen or slow, bells are dropped, and the relay finds the work in the database.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from celery import current_app

from timebank import failpoints

from .registry import QUEUES

if TYPE_CHECKING:
    from .models import Job
    from .registry import Standing

log = logging.getLogger(__name__)

RUN_JOB = "timebank.jobs.run"
MOST_WAITING = 1000  # bells per queue; more are dropped, for the relay to ring
STUCK_AFTER_SECONDS = 2.0
BREATH_SECONDS = 0.01  # between rounds: a publish costs more than a payment, and both share the processor


@dataclass(frozen=True)
class Bell:
    """One message to be sent. Equal bells that wait together are sent once."""

    task: str
    queue: str
    args: tuple[str, ...] = ()


class Ringer:
    """Publishes bells from a thread of its own; neither blocks nor raises where it is called."""

    def __init__(self) -> None:
        self._begin_anew()
        os.register_at_fork(after_in_child=self._begin_anew)  # a child inherits neither thread nor locks

    def _begin_anew(self) -> None:
        self._lock = threading.Lock()
        self._rung = threading.Event()
        self._thread: threading.Thread | None = None
        self._waiting: dict[str, dict[Bell, None]] = {queue: {} for queue in QUEUES}
        self._publishing_since: float | None = None
        self._last_one_arrived = True

    def ring_job(self, job: Job) -> None:
        """Tell a worker about ``job``, soon."""
        self._leave(Bell(RUN_JOB, job.queue, (str(job.pk),)))

    def ring_standing(self, work: Standing) -> None:
        """Tell a worker that ``work`` has something due, soon."""
        self._leave(Bell(work.name, work.queue))

    @property
    def answers(self) -> bool:
        """Whether the broker took the last bell, and is not keeping us waiting with the present one."""
        since = self._publishing_since
        stuck = since is not None and time.monotonic() - since > STUCK_AFTER_SECONDS
        return self._last_one_arrived and not stuck

    def _leave(self, bell: Bell) -> None:
        try:
            with self._lock:
                waiting = self._waiting[bell.queue]
                if len(waiting) < MOST_WAITING:
                    waiting[bell] = None
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._publish_for_ever, name="ringer", daemon=True)
                    self._thread.start()
            self._rung.set()
        except Exception:  # the cause is committed: nothing here may turn it into an error
            log.exception("could not leave a bell for %s", bell.task)

    def _publish_for_ever(self) -> None:
        while True:
            self._rung.wait()
            self._rung.clear()
            while bell := self._take():
                self._publish(bell)
            time.sleep(BREATH_SECONDS)  # equal bells of the next moments become one

    def _take(self) -> Bell | None:
        with self._lock:
            for queue in QUEUES:
                if waiting := self._waiting[queue]:
                    bell = next(iter(waiting))
                    del waiting[bell]
                    return bell
        return None

    def _publish(self, bell: Bell) -> None:
        self._publishing_since = time.monotonic()
        try:
            failpoints.reached("before-publish")
            current_app.send_task(bell.task, args=bell.args, queue=bell.queue)
        except Exception as error:  # the broker's libraries raise a hundred kinds; the relay is the answer to all
            if self._last_one_arrived:
                log.warning("the broker does not answer (%s); the relay does the work meanwhile", type(error).__name__)
            self._last_one_arrived = False
        else:
            if not self._last_one_arrived:
                log.warning("the broker answers again")
            self._last_one_arrived = True
        finally:
            self._publishing_since = None


ringer = Ringer()
