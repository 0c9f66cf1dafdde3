"""Messages that come five times, and messages that are poison, to real processes with real payments."""

from __future__ import annotations

import json
import uuid

from timebank.jobs.registry import QUEUES

from .messages import Message, bell
from .town import Town, new_nonce

STANDING = "ledger.tasks.post_due_holds"
RUN = "timebank.jobs.run"


def start(town: Town) -> None:
    """The worker, and in an embedded town everything else with it; whoever could ring by itself is not needed."""
    if town.is_full:
        town.manage("declare_queues")
        town.start("worker")
    else:
        town.start("hatch")


def test_a_message_delivered_five_times_posts_once_and_mails_once(town: Town) -> None:
    sender, recipient = town.people()
    start(town)
    town.publish(*[bell("transactions", STANDING)] * 5)  # there is nothing to do yet

    letter = town.ask("leave_a_letter_unrung", sender.pk, recipient.pk, 60, new_nonce())
    town.publish(*[bell("notifications", RUN, letter)] * 5)
    town.ask("send", sender.pk, recipient.pk, 60, new_nonce())
    town.publish(*[bell("transactions", STANDING)] * 5)

    books = town.wait_until_at_rest(2, seconds=30)
    assert books["balances"] == {str(sender.pk): 480, str(recipient.pk): 720}
    town.publish(*[bell("notifications", RUN, letter)] * 5, *[bell("transactions", STANDING)] * 5)  # long after
    town.ask("send", sender.pk, recipient.pk, 60, new_nonce())
    town.publish(bell("transactions", STANDING))
    assert town.wait_until_at_rest(3, seconds=30)["letters"] == 3
    if town.is_full:
        assert town.broker.waiting("transactions.dead") == 0


def poison(queue: str) -> list[Message]:
    return [
        Message(queue, "{this is no JSON"),
        Message(queue, "\xff\xfe", content_type="application/x-python-serialize"),
        Message(queue, json.dumps("a string")),
        bell(queue, "no.such.task"),
        bell(queue, RUN, str(uuid.uuid4())),
        bell(queue, RUN, {"not": ["an", "id"]}),
        bell(queue, RUN),
        bell(queue, STANDING, "an argument too many"),
    ]


def test_poison_among_good_ones_harms_nobody(town: Town) -> None:
    sender, recipient = town.people()
    stumbling = town.ask("write_job", "tests.faults.poison.stumble", "notifications", [1])
    unknown = town.ask("write_job", "gone.with.the.release", "notifications", [])
    start(town)
    if town.is_full:
        town.start("site")
    for queue in QUEUES:
        town.publish(*poison(queue))
    town.publish(*(bell("notifications", RUN, job) for job in (stumbling, unknown)))

    for _ in range(5):
        assert town.pay(sender, recipient).status == 302

    books = town.wait_for(
        60, lambda now: now["letters"] == now["transfers"] == now["arrived"] == 5 and not now["unsent"]
    )
    books = town.wait_for(60, lambda now: not now["untold"] and not now["unsealed"])
    assert books["faults"] == []
    assert books["balances"] == {str(sender.pk): 595, str(recipient.pk): 605}
    assert town.ask("job", unknown)["dead"]
    assert town.ask("job", stumbling)["tries"] >= 1
    if town.is_full:  # what nobody understands is kept for somebody to look at
        town.wait_for(60, lambda _: all(town.broker.waiting(f"{queue}.dead") >= 1 for queue in QUEUES))


TRIES_BEFORE = 6  # of eight, for a start costs seconds


def test_work_that_takes_its_process_along_is_counted_and_harms_nobody(town: Town) -> None:
    sender, recipient = town.people()
    deadly = town.ask("write_job", "tests.faults.poison.die", "notifications", [1], TRIES_BEFORE)
    town.ask("send", sender.pk, recipient.pk, 1, new_nonce())
    if town.is_full:  # a child of the worker dies, and its message comes again
        start(town)
        town.publish(bell("notifications", RUN, deadly), bell("transactions", STANDING))
        town.wait_for(60, lambda _: town.ask("job", deadly)["tries"] > TRIES_BEFORE)
        town.start("site")
    else:  # everything dies, until the work is given up
        while not town.ask("job", deadly)["dead"]:
            town.start("hatch", may_die=True)
            town.wait_for(60, lambda _: town.has_ended("hatch") or town.ask("job", deadly)["dead"])

    assert town.pay(sender, recipient).status == 302
    books = town.wait_for(60, lambda now: now["letters"] == now["transfers"] == 2 and not now["unsent"])
    assert books["faults"] == []
    assert books["balances"] == {str(sender.pk): 598, str(recipient.pk): 602}
