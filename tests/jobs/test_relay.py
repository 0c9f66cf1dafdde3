"""The relay finds what no message reached, rings again, and lends a hand when nobody works."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import transaction

from timebank import clock
from timebank.jobs import enqueue, job, registry, relay
from timebank.jobs.models import Job
from timebank.jobs.registry import QUEUES, Standing, job_functions
from timebank.jobs.relay import Helper, Relay

done: list[object] = []


@job("notifications")
def note(number: int) -> None:
    done.append(number)


class Bells:
    """A ringer that writes down instead of publishing."""

    def __init__(self) -> None:
        self.rung: list[str] = []
        self.answers = True

    def ring_job(self, row: Job) -> None:
        self.rung.append(str(row.pk))

    def ring_standing(self, work: Standing) -> None:
        self.rung.append(work.name)


class Hands:
    """A helper that works at once."""

    def do(self, name: str, piece) -> None:  # type: ignore[no-untyped-def]
        done.append(name)
        piece()


@pytest.fixture(autouse=True)
def only_our_work(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Standing]]:
    done.clear()
    standing: dict[str, Standing] = {}
    monkeypatch.setattr(relay, "standing_work", standing)
    monkeypatch.setitem(job_functions, note.name, note)
    yield standing


def a_relay() -> SimpleNamespace:
    bells = Bells()
    loop = Relay(bells)  # type: ignore[arg-type]
    loop._helpers = {queue: Hands() for queue in QUEUES}  # type: ignore[misc]
    return SimpleNamespace(look=loop.look_round, bells=bells)


def written() -> Job:
    with transaction.atomic():
        return enqueue(note, 1)


@pytest.mark.django_db
def test_a_job_whose_message_was_lost_is_rung_again_with_doubling_leases() -> None:
    row, loop = written(), a_relay()
    loop.look()
    assert loop.bells.rung == []  # its first lease runs

    leases = []
    for _ in range(9):
        row.refresh_from_db()
        with clock.ahead_by(row.not_before - clock.now() + timedelta(seconds=1)):
            Job.objects.update(done_at=None)
            loop.look()
            row.refresh_from_db()
            Job.objects.update(done_at=None)
            leases.append(round((row.not_before - clock.now()).total_seconds()))

    assert loop.bells.rung == [str(row.pk)] * 9
    assert leases == [5, 10, 20, 40, 80, 160, 300, 300, 300]


@pytest.mark.django_db
def test_two_relays_ring_once() -> None:
    row, one, other = written(), a_relay(), a_relay()
    Job.objects.update(not_before=clock.now())
    row.refresh_from_db()

    assert relay._take_lease(row) is True
    assert relay._take_lease(row) is False
    one.look(), other.look()

    assert one.bells.rung + other.bells.rung == []


@pytest.mark.django_db
def test_a_job_that_stays_overdue_although_the_broker_answers_is_done_by_the_relay() -> None:
    row, loop = written(), a_relay()

    with clock.ahead_by(timedelta(seconds=6)):
        loop.look()
        assert done == []
    with clock.ahead_by(timedelta(seconds=12)):
        loop.look()

    row.refresh_from_db()
    assert done == [str(row.pk), 1]
    assert row.done_at is not None


@pytest.mark.django_db
def test_while_the_broker_does_not_answer_the_relay_does_the_work_itself() -> None:
    written()
    loop = a_relay()
    loop.bells.answers = False

    with clock.ahead_by(timedelta(seconds=6)):
        loop.look()

    assert done[-1] == 1


@pytest.mark.django_db
def test_standing_work_is_rung_while_due_and_done_here_when_it_stays_due(
    only_our_work: dict[str, Standing], monkeypatch: pytest.MonkeyPatch
) -> None:
    due = [True]

    def work() -> None:
        done.append("worked")
        due.clear()

    only_our_work["w"] = Standing("w", "transactions", lambda: bool(due), work)
    loop = a_relay()
    now = time.monotonic()
    seen = []
    for second in range(8):
        monkeypatch.setattr(relay.time, "monotonic", lambda second=second: now + second)
        loop.look()
        seen.append((loop.bells.rung.count("w"), "worked" in done))

    assert seen == [(1, False)] * 5 + [(2, False), (2, True), (2, True)]


@pytest.mark.django_db
def test_work_that_cannot_even_look_keeps_nothing_else_waiting(only_our_work: dict[str, Standing]) -> None:
    def broken() -> bool:
        raise RuntimeError

    only_our_work["broken"] = Standing("broken", "transactions", broken, lambda: None)
    only_our_work["fine"] = Standing("fine", "audit", lambda: True, lambda: None)
    loop = a_relay()

    loop.look()

    assert loop.bells.rung == ["fine"]


def test_a_helper_does_the_same_piece_once_and_ends_after_the_present_one() -> None:
    helper = Helper("audit")
    for _ in range(3):
        helper.do("same", lambda: done.append("same"))
    helper.do("bad", lambda: 1 / 0)
    helper.do("last", lambda: done.append("last"))
    helper.thread.start()
    ends = time.monotonic() + 5
    while "last" not in done and time.monotonic() < ends:
        time.sleep(0.01)
    helper.stop(5)

    assert done == ["same", "last"]
    assert not helper.thread.is_alive()


def test_the_queues_are_served_transactions_first() -> None:
    assert registry.QUEUES[0] == "transactions"
