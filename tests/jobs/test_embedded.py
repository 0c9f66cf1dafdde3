"""The worker inside the process: real messages, real threads, and poison in its queue."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator

import pytest
from django.db import transaction

from timebank.celery import app
from timebank.embedded import Embedded
from timebank.jobs import enqueue, job, ring, standing
from timebank.jobs.models import Job
from timebank.jobs.registry import job_functions, standing_work
from timebank.jobs.ringer import ringer

done: list[object] = []
rung: list[int] = []
mail_server_answers = threading.Event()


@job("transactions")
def note(number: int) -> None:
    done.append(number)


@job("notifications", slow=True)
def write_to_a_server_that_hangs(_number: int) -> None:
    mail_server_answers.wait(30)
    done.append("letter")


@standing("audit", is_due=lambda: False)
def tidy() -> None:
    rung.append(1)


pytestmark = pytest.mark.sqlite_only


@pytest.fixture
def worker(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Embedded]:
    done.clear()
    rung.clear()
    mail_server_answers.clear()
    monkeypatch.setitem(job_functions, note.name, note)
    monkeypatch.setitem(job_functions, write_to_a_server_that_hangs.name, write_to_a_server_that_hangs)
    monkeypatch.setitem(standing_work, tidy.name, tidy)
    embedded = Embedded()
    embedded.start()
    try:
        yield embedded
    finally:
        mail_server_answers.set()
        assert embedded.stop()


def wait_until(true: Callable[[], object], seconds: float = 10) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.01)


def written(number: int) -> Job:
    with transaction.atomic():
        return enqueue(note, number)


def test_what_is_written_is_done_within_moments(worker: Embedded) -> None:
    for number in range(20):
        written(number)
    with transaction.atomic():
        ring(tidy)

    wait_until(lambda: sorted(done) == list(range(20)) and rung)
    wait_until(lambda: not Job.objects.open().exists())


def test_no_payment_waits_for_letters_to_a_server_that_hangs(worker: Embedded) -> None:
    worker.relay.stop()  # it would lend a hand, later
    for number in range(10):
        with transaction.atomic():
            enqueue(write_to_a_server_that_hangs, number)
    wait_until(lambda: Job.objects.filter(claimed_until__isnull=False).exists())

    for number in range(5):
        written(number)
    wait_until(lambda: sorted(map(str, done)) == list("01234"))

    mail_server_answers.set()
    wait_until(lambda: done.count("letter") == 10)


def test_a_message_delivered_five_times_does_its_work_once(worker: Embedded) -> None:
    row = written(1)
    for _ in range(5):
        ringer.ring_job(row)
        time.sleep(0.02)

    last = written(2)
    wait_until(lambda: 2 in done)
    last.refresh_from_db()
    assert done.count(1) == 1


def test_poison_harms_no_neighbour(worker: Embedded) -> None:
    before, unknown = written(1), written(99)
    Job.objects.filter(pk=unknown.pk).update(name="gone.with.the.release")
    with app.connection_for_write() as connection, connection.Producer() as producer:
        for body, kind in (
            (b"{no json", "application/json"),
            (b"\xff", "application/octet-stream"),
            ('"text"', "application/json"),
        ):
            producer.publish(
                body, content_type=kind, content_encoding="utf-8", exchange="transactions", routing_key="transactions"
            )
    for args in ([str(uuid.uuid4())], [{"not": "an id"}], [], ["x", "y"]):
        app.send_task("timebank.jobs.run", args=args, queue="transactions")
    app.send_task("no.such.task", args=[json.dumps({})], queue="transactions")
    after = written(2)

    wait_until(lambda: {1, 2} <= set(done))
    wait_until(lambda: Job.objects.dead().exists())
    assert Job.objects.dead().get().pk == unknown.pk
    wait_until(lambda: not Job.objects.open().filter(pk__in=[before.pk, after.pk]).exists())
