"""A process that reads and writes the books of a town for a test: one JSON line in, one out.

The town's own processes are killed and frozen; this one stays and tells what the books say. It
never rings for anything by itself.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from typing import Any

import timebank.sqlite  # noqa: F401  before Django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "timebank.settings")

import django

django.setup()

from django.db import close_old_connections, connection, transaction  # noqa: E402

from notifications.models import Letter  # noqa: E402
from timebank import clock  # noqa: E402
from timebank.jobs.models import Job  # noqa: E402
from timebank.jobs.ringer import ringer  # noqa: E402

ringer._leave = lambda bell: None  # type: ignore[method-assign]


def members(count: int, minutes: int) -> list[dict[str, Any]]:
    """New members with ``minutes`` each, signed in."""
    from tests.factories import make_member
    from tests.work import drain

    from .sessions import signed_in

    Job.objects.all().delete()  # what an earlier story left undone on purpose
    Letter.objects.unsent().delete()
    made = []
    for _ in range(count):
        member = make_member(minutes=minutes, email=f"m{os.urandom(6).hex()}@example.org")
        made.append({"pk": member.pk, "public_id": member.public_id, "cookie": signed_in(member)})
    drain()  # a story begins at rest
    return made


def books() -> dict[str, Any]:
    """What the books say now, and whether they are sound."""
    from ledger import check, log
    from ledger.models import Account, Hold, Leaf, Record, Transfer
    from notifications.models import Event, Letter

    return {
        "faults": [str(fault) for fault in check.faults()],
        "holds": dict(Counter(Hold.objects.exclude(kind="grant").values_list("state", flat=True))),
        "transfers": Transfer.objects.exclude(kind="grant").count(),
        "balances": {str(a.owner_id): a.balance_minutes for a in Account.objects.filter(kind="member")},
        "arrived": Event.objects.filter(type="hours-arrived").count(),
        "untold": Event.objects.untold().count(),
        "letters": Letter.objects.count(),
        "unsent": Letter.objects.filter(sent_at=None).count(),
        "unsealed": log.is_unsealed(),
        "leaves": [Leaf.objects.count(), Record.objects.count()],
        "open_jobs": Job.objects.open().count(),
        "dead_jobs": Job.objects.dead().count(),
    }


def send(sender: int, recipient: int, minutes: int, nonce: str) -> str:
    """Accept a payment without ringing for it, as if the message were lost."""
    from accounts.models import Member
    from accounts.operations import send_hours

    hold = send_hours(
        sender=Member.objects.get(pk=sender),
        recipient=Member.objects.get(pk=recipient),
        amount_minutes=minutes,
        kind="help",
        nonce=nonce,
        again=True,
    )
    return str(hold.public_id)


def show_a_code(payee: int, minutes: int, minutes_ago: int = 0) -> dict[str, Any]:
    """A code by which so much is paid, good for a minute from ``minutes_ago`` on, or for the usual time."""
    from datetime import timedelta

    from accounts.models import Member
    from accounts.operations import ask_for_hours

    with clock.ahead_by(timedelta(minutes=-minutes_ago)):
        request = ask_for_hours(
            asker=Member.objects.get(pk=payee),
            amount_minutes=minutes,
            nonce=os.urandom(6).hex(),
            life=timedelta(minutes=1) if minutes_ago else None,
        )
    return {"pk": request.pk, "address": request.get_absolute_url()}


def code(pk: int) -> dict[str, Any]:
    """What became of a code, and how often that was told."""
    from ledger.models import PaymentRequest
    from notifications.models import Event

    told = Counter(Event.objects.filter(data__payment=pk).values_list("type", flat=True))
    return {"state": PaymentRequest.objects.get(pk=pk).state, "told": dict(told)}


def leave_a_letter_unrung(sender: int, recipient: int, minutes: int, nonce: str) -> str:
    """A payment accepted, posted and told, and the job that mails of it, for which nobody was rung."""
    from ledger.tasks import post_due_holds
    from notifications.tasks import deliver_events

    send(sender, recipient, minutes, nonce)
    post_due_holds()
    deliver_events()
    return str(Job.objects.open().get(name="notifications.tasks.mail_event").pk)


def write_job(name: str, queue: str, args: list[Any], tries: int = 0) -> str:
    """A job that is overdue at once, and was tried so often already."""
    with transaction.atomic():
        now = clock.now()
        job = Job.objects.create(name=name, queue=queue, args=args, created_at=now, not_before=now, tries=tries)
        return str(job.pk)


def job(job_id: str) -> dict[str, Any]:
    row = Job.objects.get(pk=job_id)
    return {"done": row.done_at is not None, "dead": row.dead_at is not None, "tries": row.tries, "rung": row.rung}


def end_everybodys_connections() -> int:
    """PostgreSQL: as when the server restarts under everybody but us."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else prints must not look like an answer
    for line in sys.stdin:
        name, args = json.loads(line)
        close_old_connections()
        answer = globals()[name](*args)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
