"""The doorbell: three queues that only ever carry ids, on RabbitMQ or inside the one process.

Nothing here is the truth. A message that is lost, doubled or reordered changes nothing, because
what it rings for is a row in the database (see timebank/jobs).
"""

from __future__ import annotations

import os
import sys
from typing import Any

import timebank.sqlite  # noqa: F401  before Django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "timebank.settings")

from celery import Celery
from celery.schedules import crontab
from celery.signals import celeryd_init
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from kombu import Exchange, Queue

try:
    settings.EMBEDDED  # noqa: B018  the first look reads them all
except ImproperlyConfigured as error:
    sys.exit(str(error))

from timebank.jobs.registry import QUEUES, standing_work

DELIVERIES = 5  # of a message whose worker dies with it, before RabbitMQ puts it aside
DEAD_LETTERS = Exchange("timebank.dlx", type="direct")


def _queue(name: str) -> Queue:
    if settings.EMBEDDED:
        return Queue(name, Exchange(name, type="topic"), routing_key=name)
    return Queue(
        name,
        Exchange(name, type="topic"),  # a direct exchange makes Celery doubt quorum queues
        routing_key=name,
        queue_arguments={
            "x-queue-type": "quorum",
            "x-delivery-limit": DELIVERIES,
            "x-dead-letter-exchange": DEAD_LETTERS.name,
            "x-dead-letter-routing-key": f"{name}.dead",
        },
    )


def dead_queues() -> list[Queue]:
    """Where RabbitMQ puts what no worker could take: one queue beside each of ours."""
    return [
        Queue(f"{name}.dead", DEAD_LETTERS, routing_key=f"{name}.dead", queue_arguments={"x-queue-type": "quorum"})
        for name in QUEUES
    ]


app = Celery("timebank")
app.conf.update(
    broker_url=settings.BROKER_URL or "memory://localhost/",
    timezone=settings.TIME_ZONE,
    task_queues=[_queue(name) for name in QUEUES],
    task_default_queue=QUEUES[0],
    task_default_exchange=QUEUES[0],
    task_default_exchange_type="topic",
    task_default_routing_key=QUEUES[0],
    task_create_missing_queues=False,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_connection_timeout=3,
    CELERY_DB_REUSE_MAX=1_000_000,  # timebank.jobs.running looks after the connections
)
if settings.EMBEDDED:
    app.conf.update(
        broker_transport_options={"polling_interval": 0.005},  # seconds; kombu's own is a whole one
        worker_enable_remote_control=False,
    )
else:
    app.conf.update(
        task_default_queue_type="quorum",
        worker_detect_quorum_queues=True,
        broker_heartbeat=10,
        worker_cancel_long_running_tasks_on_connection_loss=True,
        # Idle workers are fine with these; they are what ends a publish to a frozen broker.
        broker_transport_options={"confirm_publish": True, "read_timeout": 3, "write_timeout": 3},
        # The relay is the real retry; this one only replaces a connection that went stale.
        task_publish_retry_policy={"max_retries": 1, "interval_start": 0, "interval_step": 0.2},
    )


def _wake_up_calls() -> dict[str, dict[str, Any]]:
    """What beat rings for. Every one of these is correct without it: the relay sees to that."""
    calls = {
        f"ring {work.name}": {"task": work.name, "schedule": 60.0, "options": {"queue": work.queue, "expires": 60}}
        for work in standing_work.values()
    }
    for name, queue, hour, minute in (
        ("timebank.tasks.check_books", "audit", 3, 10),
        ("timebank.tasks.clear_away", "audit", 3, 30),
        ("timebank.tasks.warn_of_expiry", "notifications", 9, 0),  # it writes to people
    ):
        calls[name] = {
            "task": name,
            "schedule": crontab(hour=hour, minute=minute),
            "options": {"queue": queue, "expires": 3600},
        }
    return calls


@app.on_after_finalize.connect
def _schedule(sender: Celery, **_kwargs: Any) -> None:
    sender.conf.beat_schedule = _wake_up_calls()


@celeryd_init.connect
def _before_a_worker_starts(**_kwargs: Any) -> None:
    """It refuses where it must not work, and takes no messages before there is a place for the ones it cannot."""
    from timebank import starting

    try:
        starting.refuse_settings_that_do_not_fit()
        starting.refuse_unguarded_books()
    except ImproperlyConfigured as error:  # Celery would log what else is raised here, and go on
        sys.exit(str(error))
    finally:
        connection.close()  # it must not be shared with the processes the worker makes
    if not settings.EMBEDDED:
        declare_queues()


def declare_queues() -> None:
    """Make the three queues, the exchange for dead letters and a queue for those beside each."""
    with app.connection_for_write() as connection:
        connection.ensure_connection(max_retries=3, interval_start=0.5)
        for queue in [*dead_queues(), *app.conf.task_queues]:
            queue.bind(connection.default_channel).declare()
