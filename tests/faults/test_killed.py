"""A process killed at a named step loses nothing and doubles nothing: restart, send again, look at the books.

In an embedded town the one process dies; in full mode the part that was at work does, and the
others go on.
"""

from __future__ import annotations

import contextlib
import http.client
import re

import pytest

from tests.live import BASE_DIR
from tests.needs import thorough

from .messages import bell
from .test_exchanges_killed import BEFORE
from .town import Person, Town, new_nonce

KILLED = -9

WHILE_ACCEPTING = ("accept-before-commit", "after-commit", "before-publish")
WHILE_WORKING = ("post-before-commit", "work-done-before-ack", "seal-before-commit", "slow-job-before-close")
WHILE_A_JOB_PAYS = "job-before-commit"
WHILE_A_CODE_IS_PAID, WHILE_A_CODE_EXPIRES = "request-half-paid", "request-half-expired"
KEEP_CODES = "ledger.tasks.expire_payment_requests"
WHILE_RINGING_AGAIN = "relay-between-mark-and-publish"


def test_every_step_that_has_a_name_is_one_somebody_is_killed_at() -> None:
    files = (path for app in ("timebank", "ledger", "accounts", "notifications", "marketplace")
             for path in (BASE_DIR / app).rglob("*.py"))  # fmt: skip
    named = {name for path in files for name in re.findall(r'failpoints\.reached\("(.+?)"\)', path.read_text())}

    others = {WHILE_A_JOB_PAYS, WHILE_RINGING_AGAIN, WHILE_A_CODE_IS_PAID, WHILE_A_CODE_EXPIRES, BEFORE}
    assert named == {*WHILE_ACCEPTING, *WHILE_WORKING, *others}


def pay_into_the_kill(town: Town, sender: Person, recipient: Person, nonce: str) -> None:
    """A payment whose answer may never come, because the process dies over it."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        town.pay(sender, recipient, 60, nonce)


def wait_for_a_killed_child_of_the_worker(town: Town) -> None:
    """Celery's worker starts new ones in their place; with the same failpoint, so it ends here too."""
    town.wait_for(20, lambda _: "exited with 'signal 9" in town.said("worker"))
    town.kill("worker")


@pytest.mark.parametrize("step", ["accept-before-commit", thorough("after-commit"), "before-publish"])
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


@pytest.mark.parametrize("step", ["post-before-commit", *map(thorough, WHILE_WORKING[1:3]), "slow-job-before-close"])
def test_the_worker_killed_at_its_work(town: Town, step: str) -> None:
    sender, recipient = town.people()
    nonce = new_nonce()
    if town.is_full:
        town.start("site").start("worker", failpoint=step)
        assert town.pay(sender, recipient, 60, nonce).status == 302
        wait_for_a_killed_child_of_the_worker(town)
        town.start("worker", "relay")
    else:
        town.start("site", failpoint=step)
        pay_into_the_kill(town, sender, recipient, nonce)
        assert town.wait_for_the_end_of("site") == KILLED
        town.start("site")

    assert town.pay(sender, recipient, 60, nonce).status == 302
    books = town.wait_until_at_rest(1, seconds=45)
    assert books["balances"] == {str(sender.pk): 540, str(recipient.pk): 660}


def test_the_worker_killed_when_a_job_has_paid_but_not_committed(town: Town) -> None:
    """The job has no key of its own, so only its row keeps it from paying twice."""
    sender, recipient = town.people()
    job = town.ask("write_job", "tests.faults.poison.give", "notifications", [sender.pk, recipient.pk, 60])
    if town.is_full:
        town.start("worker", failpoint=WHILE_A_JOB_PAYS)
        town.publish(bell("notifications", "timebank.jobs.run", job))
        wait_for_a_killed_child_of_the_worker(town)
    else:
        town.start("hatch", failpoint=WHILE_A_JOB_PAYS)
        assert town.wait_for_the_end_of("hatch") == KILLED
    assert town.books()["transfers"] == 0
    assert not town.ask("job", job)["done"]

    town.start("worker" if town.is_full else "hatch")  # the relay of full mode does not know this kind of job
    town.publish(*[bell("notifications", "timebank.jobs.run", job)] * 3)
    books = town.wait_until_at_rest(1, seconds=45)
    assert books["balances"] == {str(sender.pk): 540, str(recipient.pk): 660}
    assert town.ask("job", job)["done"]


@pytest.mark.parametrize("step", [WHILE_A_CODE_IS_PAID, thorough("after-commit")])
def test_the_web_process_killed_while_a_code_is_paid(town: Town, step: str) -> None:
    payer, payee = town.people()
    code = town.ask("show_a_code", payee.pk, 60)
    others = [part for part in ("worker", "relay") if town.is_full]
    town.start("site", failpoint=step)

    with contextlib.suppress(OSError, http.client.HTTPException):
        town.post(code["address"], {"amount": "60 min"}, payer)
    assert town.wait_for_the_end_of("site") == KILLED
    assert town.books()["holds"] == ({} if step == WHILE_A_CODE_IS_PAID else {"held": 1})
    assert town.ask("code", code["pk"])["state"] == ("active" if step == WHILE_A_CODE_IS_PAID else "paid")

    town.start("site", *others)
    assert town.post(code["address"], {"amount": "60 min"}, payer).status == 302
    books = town.wait_until_at_rest(1)
    assert books["balances"] == {str(payer.pk): 540, str(payee.pk): 660}
    assert town.ask("code", code["pk"]) == {"state": "paid", "told": {"payment-confirmed": 2}}


def test_the_worker_killed_while_a_code_expires(town: Town) -> None:
    _payer, payee = town.people()
    code = town.ask("show_a_code", payee.pk, 60, 5)
    part = "worker" if town.is_full else "site"
    town.start(part, failpoint=WHILE_A_CODE_EXPIRES)
    if town.is_full:
        town.publish(bell("transactions", KEEP_CODES))
        wait_for_a_killed_child_of_the_worker(town)
    else:
        assert town.wait_for_the_end_of(part) == KILLED
    assert town.ask("code", code["pk"]) == {"state": "active", "told": {}}

    town.start()
    town.wait_for(30, lambda _: town.ask("code", code["pk"])["state"] == "expired")
    assert town.wait_for(20, lambda books: not books["untold"])["faults"] == []
    assert town.ask("code", code["pk"]) == {"state": "expired", "told": {"payment-expired": 1}}


def test_the_relay_killed_between_marking_a_job_and_ringing_for_it(town: Town) -> None:
    sender, recipient = town.people()
    job = town.ask("leave_a_letter_unrung", sender.pk, recipient.pk, 60, new_nonce())
    part = "relay" if town.is_full else "site"
    town.start(part, failpoint=WHILE_RINGING_AGAIN)
    assert town.wait_for_the_end_of(part) == KILLED
    assert town.ask("job", job)["rung"] == 1
    assert town.books()["letters"] == 0

    town.start()
    books = town.wait_until_at_rest(1, seconds=30)
    assert books["balances"] == {str(sender.pk): 540, str(recipient.pk): 660}
    assert town.ask("job", job)["done"]


@pytest.mark.parametrize("step", [thorough("post-before-commit"), "work-done-before-ack"])
def test_the_relay_killed_while_it_does_the_work_itself(town: Town, step: str) -> None:
    """In full mode it works because the broker is down, on SQLite because nobody else does."""
    sender, recipient = town.people()
    nonce = new_nonce()
    if town.is_full:
        town.start("site")
        town.broker.kill()
        assert town.pay(sender, recipient, 60, nonce).status == 302
    else:
        town.ask("send", sender.pk, recipient.pk, 60, nonce)
    town.start("relay", failpoint=step)
    assert town.wait_for_the_end_of("relay") == KILLED
    if step == "post-before-commit":
        assert town.books()["holds"] == {"held": 1}

    town.start("relay")
    town.wait_for(30, lambda now: now["transfers"] == 1)
    if town.is_full:
        town.broker.start()
        town.start("worker")
    else:
        town.kill("relay")
        town.start("site")
    books = town.wait_until_at_rest(1, seconds=45)
    assert books["balances"] == {str(sender.pk): 540, str(recipient.pk): 660}


def test_everything_killed_at_once_in_the_middle_of_a_crowd(town: Town) -> None:
    people = town.people(4)
    town.start()
    for number in range(12):
        assert town.pay(people[number % 4], people[(number + 1) % 4]).status == 302
    town.kill()

    town.start()
    books = town.wait_until_at_rest(12, seconds=40)
    assert sum(books["balances"].values()) == 4 * 600
