"""Full mode with a broker that is down, frozen, forgetful, repetitive or poisoned, and with no worker."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import uuid

from tests.live import BASE_DIR
from timebank.jobs.registry import QUEUES

from .broker import Broker
from .town import COMMANDS, Town

PAGE_SECONDS = 2.5  # "normal page time", on a machine with other things to do
POSTED_SECONDS = 10
TOLD_SECONDS = 30  # and everybody told and mailed, on a machine with other things to do
STANDING = "ledger.tasks.post_due_holds"


def test_with_the_broker_stopped_a_payment_is_accepted_and_posted(full_town: Town, broker: Broker) -> None:
    town = full_town
    sender, recipient = town.people()
    town.start()
    assert town.pay(sender, recipient).status == 302
    town.wait_until_at_rest(1)

    broker.kill()
    paid = [town.pay(sender, recipient) for _ in range(3)]
    assert [answer.status for answer in paid] == [302] * 3
    assert max(answer.seconds for answer in paid) < PAGE_SECONDS
    town.wait_for(POSTED_SECONDS, lambda now: now["transfers"] == 4)
    town.wait_until_at_rest(4, TOLD_SECONDS)

    broker.start()
    assert town.pay(sender, recipient).status == 302
    town.wait_until_at_rest(5, TOLD_SECONDS)


def test_with_the_broker_frozen_a_payment_is_accepted_and_posted(full_town: Town, broker: Broker) -> None:
    town = full_town
    sender, recipient = town.people()
    town.start()
    assert town.pay(sender, recipient).status == 302
    town.wait_until_at_rest(1)

    broker.freeze()
    paid = [town.pay(sender, recipient) for _ in range(3)]
    assert [answer.status for answer in paid] == [302] * 3
    assert max(answer.seconds for answer in paid) < PAGE_SECONDS
    town.wait_for(POSTED_SECONDS, lambda now: now["transfers"] == 4)
    town.wait_until_at_rest(4, TOLD_SECONDS)

    broker.thaw()
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

    town.wait_until_at_rest(4, 30)


def test_without_any_worker_the_relay_lends_a_hand_and_two_relays_do_no_more(full_town: Town, broker: Broker) -> None:
    town = full_town
    sender, recipient = town.people()
    town.start("site", "relay", "relay2")

    for _ in range(3):
        assert town.pay(sender, recipient).status == 302

    town.wait_until_at_rest(3, 45)


def test_a_message_delivered_five_times_posts_once(full_town: Town, broker: Broker) -> None:
    town = full_town
    sender, recipient = town.people()
    town.ask("send", sender.pk, recipient.pk, 1, "nonce-5")
    job = town.ask("write_job", "notifications.tasks.mail_event", "notifications", [0])
    town.manage("declare_queues")
    for _ in range(5):
        broker.ring("transactions", STANDING)
        broker.ring("notifications", "timebank.jobs.run", job)

    town.start("worker")
    town.wait_until_at_rest(1)

    assert town.ask("job", job)["done"]
    assert broker.waiting("transactions.dead") == 0


def test_poison_among_good_ones_harms_nobody(full_town: Town, broker: Broker) -> None:
    town = full_town
    sender, recipient = town.people()
    town.manage("declare_queues")
    deadly = town.ask("write_job", "tests.faults.poison.die", "notifications", [1])
    stumbling = town.ask("write_job", "tests.faults.poison.stumble", "notifications", [1])
    unknown = town.ask("write_job", "gone.with.the.release", "notifications", [])
    for queue in QUEUES:
        broker.publish(queue, b"{this is no JSON")
        broker.publish(queue, b"\xff\xfe", content_type="application/x-python-serialize")
        broker.publish(queue, json.dumps("a string"))
        broker.ring(queue, "no.such.task")
        broker.ring(queue, "timebank.jobs.run", str(uuid.uuid4()))
        broker.ring(queue, "timebank.jobs.run", {"not": ["an", "id"]})
        broker.ring(queue, "timebank.jobs.run")
        broker.ring(queue, STANDING, "an argument too many")
    for job in (deadly, stumbling, unknown):
        broker.ring("notifications", "timebank.jobs.run", job)

    town.start("site", "worker")
    for _ in range(5):
        assert town.pay(sender, recipient).status == 302

    town.wait_for(60, lambda now: now["transfers"] == 5 and not now["untold"] and not now["unsealed"])
    town.wait_for(60, lambda _: broker.waiting("notifications.dead") >= 3)  # unknown task, no task, deadly
    town.wait_for(30, lambda now: not now["unsent"] and now["arrived"] == 5)
    assert town.books()["faults"] == []
    assert town.ask("job", unknown)["dead"]
    assert town.ask("job", stumbling)["tries"] == 1
    assert town.ask("job", deadly)["tries"] >= 1  # counted, so that one day it is given up
    assert broker.waiting("transactions.dead") >= 1


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
