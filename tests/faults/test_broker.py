"""Full mode with a broker that is down, frozen, forgetful, repetitive or poisoned, and with no worker."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import amqp
import pytest

from timebank.jobs.registry import QUEUES

from .broker import Broker
from .town import Town

PAGE_SECONDS = 2.5  # "normal page time", on a machine with other things to do
WITHIN_SECONDS = 20  # posted within 10 s, on a machine with other things to do
STANDING = "ledger.tasks.post_due_holds"


def publish(broker: Broker, queue: str, body: bytes | str, **properties: object) -> None:
    with amqp.Connection(f"127.0.0.1:{broker.port}", read_timeout=10) as connection:
        message = amqp.Message(body, content_type=properties.pop("content_type", "application/json"), **properties)
        connection.channel().basic_publish(message, exchange=queue, routing_key=queue)


def ring(broker: Broker, queue: str, task: str, *args: object) -> None:
    """A message as Celery sends it."""
    body = json.dumps([args, {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}])
    task_id = str(uuid.uuid4())
    publish(
        broker,
        queue,
        body,
        content_encoding="utf-8",
        correlation_id=task_id,
        delivery_mode=2,
        application_headers={"lang": "py", "task": task, "id": task_id, "root_id": task_id, "argsrepr": "", "retries": 0},
    )


def waiting(broker: Broker, queue: str) -> int:
    with amqp.Connection(f"127.0.0.1:{broker.port}", read_timeout=10) as connection:
        return int(connection.channel().queue_declare(queue, passive=True).message_count)


@pytest.fixture
def steady_broker(broker: Broker) -> Iterator[Broker]:
    """The broker, put right again after a test that wronged it, with nothing left in its queues."""
    yield broker
    broker.stop()
    broker.start()
    with amqp.Connection(f"127.0.0.1:{broker.port}", read_timeout=10) as connection:
        channel = connection.channel()
        for queue in QUEUES:
            for name in (queue, f"{queue}.dead"):
                channel.queue_delete(name)


def test_with_the_broker_stopped_a_payment_is_accepted_and_posted(full_town: Town, steady_broker: Broker) -> None:
    town = full_town
    sender, recipient = town.people()
    town.start()
    assert town.pay(sender, recipient).status == 302
    town.wait_until_at_rest(1)

    steady_broker.kill()
    paid = [town.pay(sender, recipient) for _ in range(3)]
    assert [answer.status for answer in paid] == [302] * 3
    assert max(answer.seconds for answer in paid) < PAGE_SECONDS
    town.wait_until_at_rest(4, WITHIN_SECONDS)

    steady_broker.start()
    assert town.pay(sender, recipient).status == 302
    town.wait_until_at_rest(5, WITHIN_SECONDS)


def test_with_the_broker_frozen_a_payment_is_accepted_and_posted(full_town: Town, steady_broker: Broker) -> None:
    town = full_town
    sender, recipient = town.people()
    town.start()
    assert town.pay(sender, recipient).status == 302
    town.wait_until_at_rest(1)

    steady_broker.freeze()
    paid = [town.pay(sender, recipient) for _ in range(3)]
    assert [answer.status for answer in paid] == [302] * 3
    assert max(answer.seconds for answer in paid) < PAGE_SECONDS
    town.wait_until_at_rest(4, WITHIN_SECONDS)

    steady_broker.thaw()
    assert town.pay(sender, recipient).status == 302
    town.wait_until_at_rest(5, WITHIN_SECONDS)


def test_with_its_queues_deleted_under_it_everything_is_posted(full_town: Town, steady_broker: Broker) -> None:
    town = full_town
    sender, recipient = town.people()
    town.start()
    assert town.pay(sender, recipient).status == 302
    with amqp.Connection(f"127.0.0.1:{steady_broker.port}", read_timeout=10) as connection:
        for queue in QUEUES:
            connection.channel().queue_delete(queue)

    for _ in range(3):
        assert town.pay(sender, recipient).status == 302

    town.wait_until_at_rest(4, 30)


def test_without_any_worker_the_relay_lends_a_hand_and_two_relays_do_no_more(
    full_town: Town, steady_broker: Broker
) -> None:
    town = full_town
    sender, recipient = town.people()
    town.start("site", "relay", "relay2")

    for _ in range(3):
        assert town.pay(sender, recipient).status == 302

    town.wait_until_at_rest(3, 45)


def test_a_message_delivered_five_times_posts_once(full_town: Town, steady_broker: Broker) -> None:
    town = full_town
    sender, recipient = town.people()
    town.ask("send", sender.pk, recipient.pk, 1, "nonce-5")
    job = town.ask("write_job", "notifications.tasks.mail_event", "notifications", [0])
    town.manage("declare_queues")
    for _ in range(5):
        ring(steady_broker, "transactions", STANDING)
        ring(steady_broker, "notifications", "timebank.jobs.run", job)

    town.start("worker")
    town.wait_until_at_rest(1)

    assert town.ask("job", job)["done"]
    assert waiting(steady_broker, "transactions.dead") == 0


def test_poison_among_good_ones_harms_nobody(full_town: Town, steady_broker: Broker) -> None:
    town = full_town
    sender, recipient = town.people()
    town.manage("declare_queues")
    deadly = town.ask("write_job", "tests.faults.poison.die", "notifications", [1])
    stumbling = town.ask("write_job", "tests.faults.poison.stumble", "notifications", [1])
    unknown = town.ask("write_job", "gone.with.the.release", "notifications", [])
    for queue in QUEUES:
        publish(steady_broker, queue, b"{this is no JSON", content_encoding="utf-8")
        publish(steady_broker, queue, b"\xff\xfe", content_type="application/x-python-serialize")
        publish(steady_broker, queue, json.dumps("a string"), content_encoding="utf-8")
        ring(steady_broker, queue, "no.such.task")
        ring(steady_broker, queue, "timebank.jobs.run", str(uuid.uuid4()))
        ring(steady_broker, queue, "timebank.jobs.run", {"not": ["an", "id"]})
        ring(steady_broker, queue, "timebank.jobs.run")
        ring(steady_broker, queue, STANDING, "an argument too many")
    for job in (deadly, stumbling, unknown):
        ring(steady_broker, "notifications", "timebank.jobs.run", job)

    town.start("site", "worker")
    for _ in range(5):
        assert town.pay(sender, recipient).status == 302

    town.wait_for(60, lambda now: now["transfers"] == 5 and not now["untold"] and not now["unsealed"])
    town.wait_for(60, lambda _: waiting(steady_broker, "notifications.dead") >= 3)  # unknown task, no task, deadly
    town.wait_for(30, lambda now: not now["unsent"] and now["arrived"] == 5)
    assert town.books()["faults"] == []
    assert town.ask("job", unknown)["dead"]
    assert town.ask("job", stumbling)["tries"] == 1
    assert town.ask("job", deadly)["tries"] >= 1  # counted, so that one day it is given up
    assert waiting(steady_broker, "transactions.dead") >= 1


def test_postgresql_that_ends_every_connection_costs_nothing(full_town: Town, steady_broker: Broker) -> None:
    town = full_town
    sender, recipient = town.people()
    town.start()
    assert town.pay(sender, recipient).status == 302
    town.wait_until_at_rest(1)

    assert town.ask("end_everybodys_connections") > 0
    for _ in range(3):
        assert town.pay(sender, recipient).status == 302

    town.wait_until_at_rest(4)


def test_without_redis_pages_are_made_and_payments_posted(town_without_redis: Town, steady_broker: Broker) -> None:
    town = town_without_redis
    sender, recipient = town.people()
    town.start()

    for _ in range(3):
        assert town.pay(sender, recipient).status == 302

    town.wait_until_at_rest(3, 30)
