"""A job: written with its cause, done once, tried again, given up, revived."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection, transaction

from timebank import clock
from timebank.jobs import enqueue, job, running
from timebank.jobs.models import Job
from timebank.jobs.registry import JobFunction, job_functions

done: list[object] = []


@pytest.fixture(autouse=True)
def nothing_done_yet() -> Iterator[None]:
    known = dict(job_functions)
    done.clear()
    yield
    job_functions.clear()
    job_functions.update(known)


@job("notifications")
def note(number: int) -> None:
    done.append(number)


@job("notifications")
def stumble(number: int) -> None:
    raise RuntimeError("the letter to ana@example.org")


@job("notifications", slow=True)
def post_a_letter(number: int) -> None:
    done.append((number, connection.in_atomic_block))


@job("notifications")
def write_then_stumble(number: int) -> None:
    Job.objects.create(name="left behind", queue="audit", created_at=clock.now(), not_before=clock.now())
    raise RuntimeError


FUNCTIONS = (note, stumble, post_a_letter, write_then_stumble)


@pytest.fixture(autouse=True)
def known(nothing_done_yet: None) -> None:
    job_functions.update({function.name: function for function in FUNCTIONS})


def written(function: JobFunction, *args: object) -> Job:
    with transaction.atomic():
        return enqueue(function, *args)


@pytest.mark.django_db
def test_a_message_that_comes_five_times_does_its_work_once() -> None:
    row = written(note, 7)

    for _ in range(5):
        running.run(str(row.pk))

    row.refresh_from_db()
    assert done == [7]
    assert row.done_at is not None


@pytest.mark.django_db(transaction=True)
def test_five_messages_at_the_same_moment_do_the_work_once() -> None:
    row = written(note, 7)
    barrier = threading.Barrier(5)

    def run() -> None:
        barrier.wait()
        running.run(str(row.pk))
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert done == [7]


@pytest.mark.django_db
def test_a_job_written_outside_of_a_transaction_is_refused(transactional_db: None) -> None:
    with pytest.raises(ValueError, match="in the transaction"):
        enqueue(note, 1)


@pytest.mark.django_db(transaction=True)
def test_a_job_whose_cause_is_rolled_back_never_was() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        enqueue(note, 1)
        raise RuntimeError

    assert not Job.objects.exists()


@pytest.mark.django_db
def test_a_failure_is_noted_without_its_words_and_waits() -> None:
    row = written(stumble, 1)

    running.run(str(row.pk))

    row.refresh_from_db()
    assert row.tries == 1
    assert "RuntimeError" in row.last_error
    assert "stumble (test_running.py" in row.last_error
    assert "example.org" not in row.last_error
    assert timedelta(seconds=3) < row.not_before - clock.now() < timedelta(seconds=7)


@pytest.mark.django_db
def test_what_a_failed_job_wrote_is_undone() -> None:
    running.run(str(written(write_then_stumble, 1).pk))

    assert not Job.objects.filter(name="left behind").exists()


@pytest.mark.django_db
def test_after_enough_tries_a_job_is_dead_and_can_be_revived(settings) -> None:  # type: ignore[no-untyped-def]
    settings.JOB_TRIES = 3
    row = written(stumble, 1)
    for _ in range(5):
        running.run(str(row.pk))
    row.refresh_from_db()
    assert (row.tries, row.dead_at is not None, Job.objects.dead().count()) == (3, True, 1)

    row = running.revive(row)

    assert (row.tries, row.dead_at, Job.objects.overdue(clock.now()).count()) == (0, None, 1)
    Job.objects.filter(pk=row.pk).update(name=note.name)
    running.run(str(row.pk))
    assert done == [1]


@pytest.mark.django_db
def test_reviving_a_job_that_is_not_dead_changes_nothing() -> None:
    row = written(note, 1)
    running.run(str(row.pk))

    assert running.revive(row).done_at is not None


@pytest.mark.django_db
def test_slow_work_holds_no_transaction(transactional_db: None) -> None:
    running.run(str(written(post_a_letter, 1).pk))

    assert done == [(1, False)]


@pytest.mark.django_db
def test_slow_work_that_someone_has_taken_is_left_alone_until_the_claim_ends() -> None:
    row = written(post_a_letter, 1)
    assert running._claim(row.pk)

    running.run(str(row.pk))
    assert done == []

    with clock.ahead_by(timedelta(minutes=2)):
        running.run(str(row.pk))
    assert len(done) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("job_id", ["", "x", "0", str(uuid.UUID(int=7)), "../" * 30])
def test_a_message_that_names_no_job_harms_nobody(job_id: str) -> None:
    running.run(job_id)


@pytest.mark.django_db
def test_a_job_nobody_knows_is_dead_at_once() -> None:
    row = written(note, 1)
    Job.objects.update(name="gone.with.the.release")

    running.run(str(row.pk))

    assert Job.objects.dead().get().pk == row.pk


@pytest.mark.django_db
def test_a_job_that_kills_its_process_is_counted_before_it_begins(settings) -> None:  # type: ignore[no-untyped-def]
    settings.JOB_TRIES = 2
    row = written(note, 1)
    Job.objects.update(tries=2)  # two processes died of it

    running.run(str(row.pk), redelivered=True)

    row.refresh_from_db()
    assert done == []
    assert row.dead_at is not None


@pytest.mark.django_db
def test_a_lone_process_that_starts_takes_up_what_was_begun_and_not_what_waits() -> None:
    begun, failed, claimed = written(note, 1), written(stumble, 2), written(post_a_letter, 3)
    with transaction.atomic():
        later = enqueue(note, 4, not_before=clock.now() + timedelta(hours=1))
    running.run(str(failed.pk))
    running._claim(claimed.pk)

    assert running.recover() == 2

    ready = set(Job.objects.overdue(clock.now()).values_list("pk", flat=True))
    assert ready == {begun.pk, claimed.pk}
    assert later.pk not in ready
