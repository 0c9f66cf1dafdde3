"""Work that only tests have: some of it harms its worker. Loaded by ``-I tests.faults.poison`` and by the hatch."""

from __future__ import annotations

import os
import signal
import uuid

from timebank.jobs import job


@job("notifications")
def die(number: int) -> None:
    """Take the process along."""
    os.kill(os.getpid(), signal.SIGKILL)


@job("notifications")
def stumble(number: int) -> None:
    raise RuntimeError(number)


@job("notifications")
def give(sender: int, recipient: int, minutes: int) -> None:
    """Pay in the transaction of the job; done twice, it would pay twice."""
    from accounts.models import Member
    from ledger.operations import pay_at_once

    payer, payee = (Member.objects.get(pk=pk) for pk in (sender, recipient))
    pay_at_once(
        payer=payer.account,
        payee=payee.account,
        amount_minutes=minutes,
        kind="help",
        key=str(uuid.uuid4()),
        actor=payer,
    )
