"""Full mode with a broker that is down, frozen or forgetful, with no worker, no Redis, no connection."""

from __future__ import annotations

import os
import signal
import socket
import subprocess

import pytest

from tests.live import BASE_DIR
from timebank.jobs.registry import QUEUES

from .broker import Broker
from .town import COMMANDS, Town

PAGE_SECONDS = 2.5  # "normal page time", on a machine with other things to do
POSTED_SECONDS = 10
TOLD_SECONDS = 30  # and everybody told and mailed, on a machine with other things to do


WRONGS = {"stopped": (Broker.kill, Broker.start), "frozen": (Broker.freeze, Broker.thaw)}


@pytest.mark.parametrize("wrong", WRONGS)
def test_with_the_broker_gone_a_payment_is_accepted_and_posted(full_town: Town, broker: Broker, wrong: str) -> None:
    town = full_town
    do_wrong, put_right = WRONGS[wrong]
    sender, recipient = town.people()
    town.start()
    assert town.pay(sender, recipient).status == 302
    town.wait_until_at_rest(1)

    do_wrong(broker)
    paid = [town.pay(sender, recipient) for _ in range(3)]
    assert [answer.status for answer in paid] == [302] * 3
    assert max(answer.seconds for answer in paid) < PAGE_SECONDS
    town.wait_for(POSTED_SECONDS, lambda now: now["transfers"] == 4)
    town.wait_until_at_rest(4, TOLD_SECONDS)

    put_right(broker)
    assert town.pay(sender, recipient).status == 302
    town.wait_until_at_rest(5, TOLD_SECONDS)


def test_with_its_queues_deleted_under_it_everything_is_posted(full_town: Town, broker: Broker) -> None:
    town = full_town
    sender, recipient = town.people()
    town.start()
    assert town.pay(sender, recipient).status == 302
    for queue in QUEUES:
        broker.delete(queue)

    for _ in range(3):
        assert town.pay(sender, recipient).status == 302

    town.wait_until_at_rest(4, 60)


def test_without_any_worker_the_relay_lends_a_hand_and_two_relays_do_no_more(full_town: Town, broker: Broker) -> None:
    town = full_town
    sender, recipient = town.people()
    town.start("site", "relay", "relay2")

    for _ in range(3):
        assert town.pay(sender, recipient).status == 302

    town.wait_until_at_rest(3, 45)


def test_postgresql_that_ends_every_connection_costs_nothing(full_town: Town, broker: Broker) -> None:
    town = full_town
    sender, recipient = town.people()
    town.start()
    assert town.pay(sender, recipient).status == 302
    town.wait_until_at_rest(1)

    assert town.ask("end_everybodys_connections") > 0
    for _ in range(3):
        assert town.pay(sender, recipient).status == 302

    town.wait_until_at_rest(4)


def test_without_redis_pages_are_made_and_payments_posted(full_town: Town) -> None:
    town = full_town
    sender, recipient = town.people()
    town.start(REDIS_URL="redis://127.0.0.1:9/0")

    for _ in range(3):
        assert town.pay(sender, recipient).status == 302

    town.wait_until_at_rest(3, 30)


def test_a_part_that_is_killed_is_started_again_and_the_others_go_on(full_town: Town) -> None:
    town = full_town
    sender, recipient = town.people()
    town.start("everything", DEMO="0")
    for name, command in (("worker", "celery -A timebank.celery worker"), ("relay", "manage.py relay")):
        os.kill(min(processes_of(town, command)), signal.SIGKILL)  # the worker's parent is older than its children
        town.wait_for(
            30, lambda _, name=name: f"The {name} ended with -9; starting it again" in town.said("everything")
        )

    assert town.pay(sender, recipient).status == 302
    town.wait_until_at_rest(1, 45)
    town.wait_for(30, lambda _: len(processes_of(town, "manage.py relay")) == 1)
    assert town.stop("everything") == 0
    assert processes_of(town) == []


def test_a_part_that_cannot_start_ends_the_others(full_town: Town) -> None:
    town = full_town
    with socket.create_server(("127.0.0.1", town.port)):
        everything = subprocess.run(
            COMMANDS["everything"],
            cwd=BASE_DIR,
            env=town.env | {"DEMO": "0"},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    assert everything.returncode == 1
    assert "The web ended with 1, 5 times in a row; stopping the others." in everything.stderr
    assert processes_of(town) == []


def processes_of(town: Town, command: str = "") -> list[int]:
    """The processes of this town, or those that run ``command``."""
    listed = subprocess.run(["ps", "axeww", "-o", "pid,command"], capture_output=True, text=True, check=True).stdout
    ours = [line for line in listed.splitlines() if f"VAR_DIR={town.var}" in line and "clerk" not in line]
    return [int(line.split()[0]) for line in ours if command in line]


def test_one_command_runs_all_of_it_and_stops_all_of_it(full_town: Town) -> None:
    town = full_town
    sender, recipient = town.people()
    town.start("everything", DEMO="0", WEB_WORKERS="2")
    assert town.pay(sender, recipient).status == 302
    town.wait_until_at_rest(1)

    assert town.stop("everything") == 0

    assert processes_of(town) == []
