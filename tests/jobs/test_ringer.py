"""The ringer never blocks and never raises where it is called, and knows whether the broker answers."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from timebank.jobs import ringer as module
from timebank.jobs.registry import Standing
from timebank.jobs.ringer import MOST_WAITING, Bell, Ringer

WORK = Standing("w", "transactions", lambda: True, lambda: None)


class Broker:
    """Stands where Celery's app stands; can be down or frozen."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.down = False
        self.thaw = threading.Event()
        self.thaw.set()

    def send_task(self, name: str, args: object, queue: str) -> None:
        self.thaw.wait(10)
        if self.down:
            raise ConnectionRefusedError
        self.got.append(name)


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    broker = Broker()
    monkeypatch.setattr(module, "current_app", broker)
    yield broker
    broker.thaw.set()


def wait_until(true: Callable[[], object]) -> None:
    ends = time.monotonic() + 5
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.005)


def test_a_broker_that_is_down_is_noticed_and_forgotten_when_it_is_back(broker: Broker) -> None:
    ringer = Ringer()
    broker.down = True
    ringer.ring_standing(WORK)
    wait_until(lambda: not ringer.answers)

    broker.down = False
    ringer.ring_standing(WORK)
    wait_until(lambda: ringer.answers)
    assert broker.got == ["w"]


def test_a_frozen_broker_is_noticed_and_keeps_no_caller_waiting(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STUCK_AFTER_SECONDS", 0.05)
    ringer = Ringer()
    broker.thaw.clear()

    began = time.monotonic()
    for _ in range(100):
        ringer.ring_standing(WORK)
    assert time.monotonic() - began < 0.5
    wait_until(lambda: not ringer.answers)

    broker.thaw.set()
    wait_until(lambda: ringer.answers)


def test_equal_bells_that_wait_together_are_sent_once_and_transactions_first(broker: Broker) -> None:
    ringer = Ringer()
    broker.thaw.clear()
    ringer.ring_standing(WORK)
    wait_until(lambda: not any(ringer._waiting.values()))  # that one is on its way
    for _ in range(50):
        ringer.ring_standing(Standing("mail", "notifications", lambda: True, lambda: None))
        ringer.ring_standing(WORK)

    broker.thaw.set()
    wait_until(lambda: len(broker.got) == 3)

    assert broker.got == ["w", "w", "mail"]


def test_bells_beyond_the_most_are_dropped(broker: Broker) -> None:
    ringer = Ringer()
    broker.thaw.clear()
    for number in range(MOST_WAITING + 100):
        ringer._leave(Bell("job", "audit", (str(number),)))

    assert len(ringer._waiting["audit"]) <= MOST_WAITING


def test_a_bell_for_a_queue_that_is_not_there_raises_nothing(broker: Broker) -> None:
    Ringer()._leave(Bell("x", "no such queue"))


def test_a_forked_child_rings_with_a_thread_of_its_own(broker: Broker) -> None:
    ringer = Ringer()
    broker.thaw.clear()  # in the parent the thread is stuck and bells wait
    ringer.ring_standing(WORK)
    ringer.ring_standing(WORK)

    child = os.fork()
    if child == 0:
        broker.thaw.set()
        broker.got.clear()
        ringer.ring_standing(WORK)
        try:
            wait_until(lambda: broker.got == ["w"])
        except AssertionError:
            os._exit(1)
        os._exit(0)

    _pid, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
