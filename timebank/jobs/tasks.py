"""How a worker takes a message: the doors of the queues. Messages carry ids and nothing else."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from . import running
from .registry import Standing
from .ringer import RUN_JOB


@shared_task(bind=True, name=RUN_JOB, ignore_result=True)
def run_job(self: Any, job_id: str) -> None:
    running.run(job_id, redelivered=bool((self.request.delivery_info or {}).get("redelivered")))


def door_of(work: Standing) -> None:
    """Let workers take messages that ring for ``work``."""

    def run_standing() -> None:
        running.run_standing(work)

    shared_task(name=work.name, ignore_result=True)(run_standing)
