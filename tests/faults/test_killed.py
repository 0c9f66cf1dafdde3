"""A process killed at a named step loses nothing and doubles nothing: restart, send again, look at the books.

In an embedded town the one process dies; in full mode the part that was at work does, and the
others go on.
"""

from __future__ import annotations

import contextlib
import http.client

import pytest

from .town import Person, Town, new_nonce

KILLED = -9


def pay_into_the_kill(town: Town, sender: Person, recipient: Person, nonce: str) -> None:
    """A payment whose answer may never come, because the process dies over it."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        town.pay(sender, recipient, 60, nonce)


@pytest.mark.parametrize("step", ["accept-before-commit", "after-commit", "before-publish"])
def test_the_web_process_killed_while_a_payment_is_accepted(town: Town, step: str) -> None:
    sender, recipient = town.people()
    others = [part for part in ("worker", "relay") if town.is_full]
    town.start("site", failpoint=step)
    nonce = new_nonce()

    pay_into_the_kill(town, sender, recipient, nonce)
    assert town.wait_for_the_end_of("site") == KILLED
    accepted = town.books()["holds"]
    assert accepted == ({} if step == "accept-before-commit" else {"held": 1})

    town.start("site", *others)
    assert town.pay(sender, recipient, 60, nonce).status == 302
    books = town.wait_until_at_rest(1)
    assert books["balances"] == {str(sender.pk): 540, str(recipient.pk): 660}


@pytest.mark.parametrize(
    "step", ["post-before-commit", "work-done-before-ack", "seal-before-commit", "slow-job-before-close"]
)
def test_the_worker_killed_at_its_work(town: Town, step: str) -> None:
    sender, recipient = town.people()
    nonce = new_nonce()
    if town.is_full:
        town.start("site").start("worker", failpoint=step)  # its children die, and it starts new ones
        assert town.pay(sender, recipient, 60, nonce).status == 302
        town.wait_for(20, lambda _: "exited with 'signal 9" in town.said("worker"))
        town.kill("worker")
        town.start("worker", "relay")
    else:
        town.start("site", failpoint=step)
        pay_into_the_kill(town, sender, recipient, nonce)
        assert town.wait_for_the_end_of("site") == KILLED
        town.start("site")

    assert town.pay(sender, recipient, 60, nonce).status == 302
    books = town.wait_until_at_rest(1, seconds=45)
    assert books["balances"] == {str(sender.pk): 540, str(recipient.pk): 660}


def test_the_relay_killed_between_marking_a_job_and_ringing_for_it(town: Town) -> None:
    part = "relay" if town.is_full else "site"
    town.start(part, failpoint="relay-between-mark-and-publish")
    job = town.ask("write_job", "notifications.tasks.mail_event", "notifications", [0])
    assert town.wait_for_the_end_of(part) == KILLED
    assert town.ask("job", job)["rung"] == 1

    town.start()
    town.wait_for(20, lambda _: town.ask("job", job)["done"])


def test_everything_killed_at_once_in_the_middle_of_a_crowd(town: Town) -> None:
    people = town.people(4)
    town.start()
    for number in range(12):
        assert town.pay(people[number % 4], people[(number + 1) % 4]).status == 302
    town.kill()

    town.start()
    books = town.wait_until_at_rest(12, seconds=40)
    assert sum(books["balances"].values()) == 4 * 600
