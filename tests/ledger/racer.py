"""One process that races others: it takes orders, a line of JSON each, and answers with what happened.

    python -m tests.ledger.racer

It works on the database of its environment (VAR_DIR or DATABASE_URL), as the product would. An order with
``at`` is begun at that moment of the machine's monotonic clock, by as many threads as it asks for.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import timebank.sqlite  # noqa: F401  before Django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "timebank.settings")

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from ledger import check, operations, triggers  # noqa: E402
from ledger.log import seal_records  # noqa: E402
from ledger.models import Account, Hold, Leaf, LimitChange, PaymentRequest, Record, Transfer  # noqa: E402
from tests.factories import make_member  # noqa: E402
from timebank import clock  # noqa: E402
from timebank.errors import Refusal  # noqa: E402


def migrate() -> None:
    call_command("migrate", verbosity=0)
    triggers.verify()


def prepare(balances: list[int]) -> list[int]:
    """Make members with these balances; their accounts' ids."""
    return [make_member(minutes=minutes).account.pk for minutes in balances]


def accept(payer: int, payee: int, minutes: int, key: str, due: bool = True, ends_in: int | None = None) -> int:
    """``ends_in`` so many seconds the hold expires, unless it is posted before."""
    one = Account.objects.select_related("owner").get(pk=payer)
    hold = operations.accept(
        payer=one,
        payee=Account.objects.get(pk=payee),
        amount_minutes=minutes,
        kind="help",
        key=key,
        actor=one.owner,
        due=due,
        expires_at=None if ends_in is None else clock.now() + timedelta(seconds=ends_in),
    )
    return hold.pk


def pay(payer: int, payee: int, minutes: int, key: str) -> int:
    one = Account.objects.select_related("owner").get(pk=payer)
    return operations.pay_at_once(
        payer=one, payee=Account.objects.get(pk=payee), amount_minutes=minutes, kind="help", key=key, actor=one.owner
    ).pk


def pay_together(payer: int, payees: list[int], minutes: int, key: str) -> list[int]:
    """Send so many minutes to each of them, or to none: the holds' ids."""
    one = Account.objects.select_related("owner").get(pk=payer)
    parts = [operations.Part(one, Account.objects.get(pk=payee), minutes) for payee in payees]
    return [hold.pk for hold in operations.pay_together(parts, kind="gift", key=key, actor=one.owner)]


def post(hold: int) -> str:
    operations.post(Hold.objects.get(pk=hold))
    return "posted"


def void(hold: int) -> str:
    found = Hold.objects.get(pk=hold)
    operations.void(found, actor=found.actor)
    return "voided"


def let_expire(seconds: int) -> int:
    """Give back what expires within so many seconds: of how many holds."""
    with clock.ahead_by(timedelta(seconds=seconds)):
        return operations.expire_holds()


def release(hold: int, minutes: int) -> str:
    found = Hold.objects.get(pk=hold)
    operations.release(found, minutes=minutes, actor=found.actor)
    return "released"


def freeze(hold: int) -> str:
    found = Hold.objects.get(pk=hold)
    operations.freeze(found, until=clock.now() + timedelta(days=1), actor=found.actor)
    return "frozen"


def thaw(hold: int) -> str:
    """Unfreeze it, and give it back."""
    found = Hold.objects.get(pk=hold)
    operations.unfreeze(found, actor=found.actor)
    return void(hold)


def grant(account: int, minutes: int, key: str) -> int:
    fund = operations.fund()
    return operations.pay_at_once(
        payer=fund,
        payee=Account.objects.get(pk=account),
        amount_minutes=minutes,
        kind="grant",
        key=key,
        actor=fund.owner,
    ).pk


def sweep(days: int) -> int:
    """Take the minutes that expire within so many days: of how many accounts."""
    with clock.ahead_by(timedelta(days=days)):
        return operations.expire_minutes()


def reverse(transfer: int, minutes: int, key: str) -> int:
    """The minutes that went back."""
    fund = operations.fund()
    found = Transfer.objects.get(pk=transfer)
    return int(operations.reverse(found, minutes=minutes, actor=fund.owner, key=key).amount_minutes)


def limit(account: int, minutes: int) -> str:
    found = Account.objects.get(pk=account)
    operations.set_credit_limit(found, minutes, actor=found.owner)
    return "limited"


def plan(account: int, minutes: int) -> int:
    """Plan another limit for tomorrow."""
    found, day = Account.objects.get(pk=account), clock.now() + timedelta(days=1)
    return _change_limits(minutes, by=account, account=found, takes_effect_at=day).pk


def call_off(change: int) -> str:
    found = LimitChange.objects.get(pk=change)
    return operations.call_off_limits(found, reason="Race", by=found.by).state


def let_limits_change(days: int) -> int:
    """Let take effect what is planned within so many days: how many."""
    with clock.ahead_by(timedelta(days=days)):
        return operations.apply_due_limits()


def own_limit(account: int, minutes: int) -> str:
    return _change_limits(minutes, by=account, account=Account.objects.get(pk=account)).state


def limit_all(minutes: int, by: int) -> str:
    return _change_limits(minutes, by=by).state


def _change_limits(minutes: int, *, by: int, **how: Any) -> LimitChange:
    owner = Account.objects.get(pk=by).owner
    return operations.change_limits(operations.Limits(minutes), reason="Race", by=owner, **how)


def follow_common_limits(account: int) -> str:
    found = Account.objects.get(pk=account)
    return operations.follow_common_limits(found, default_credit_minutes=0, reason="Race", by=found.owner).state


def limits(account: int) -> list[int | bool]:
    """How far below zero it may go, and whether that is a limit of its own."""
    found = Account.objects.get(pk=account)
    return [found.credit_limit_minutes, found.has_own_limits]


def close(account: int) -> str:
    found = Account.objects.get(pk=account)
    return operations.close_account(found, actor=found.owner).state


def storm(payer: int, payee: int, count: int, name: str) -> int:
    """Pay one minute so many times, some at once, the others through the worker's batches."""
    for number in range(count):
        if number % 4 == 0:
            pay(payer, payee, 1, f"{name}:{number}")
        else:
            accept(payer, payee, 1, f"{name}:{number}")
        if number % 8 == 0:
            operations.post_due_holds()
    return count


def ask(payee: int, minutes: int, key: str) -> int:
    """Ask for so many minutes by a code."""
    account = Account.objects.get(pk=payee)
    return operations.request_payment(payee=account, amount_minutes=minutes, key=key).pk


def pay_request(request: int, payers: list[int], minutes: int, racer: str) -> int:
    """The id of the hold that pays it; each process and thread takes the next of the payers."""
    process, thread = map(int, racer.split("."))
    payer = Account.objects.select_related("owner").get(pk=payers[(process * 5 + thread) % len(payers)])
    found = PaymentRequest.objects.get(pk=request)
    return operations.pay_request(found, payer=payer, amount_minutes=minutes, actor=payer.owner).pk


def cancel_request(request: int, pause_ms: int) -> str:
    time.sleep(pause_ms / 1000)
    return operations.cancel_request(PaymentRequest.objects.get(pk=request)).state


def expire_requests(seconds: int, pause_ms: int) -> int:
    """Mark as expired what is over within so many seconds: how many."""
    time.sleep(pause_ms / 1000)
    with clock.ahead_by(timedelta(seconds=seconds)):
        return operations.expire_requests()


def state_of_request(request: int) -> str:
    return PaymentRequest.objects.get(pk=request).state


def seal() -> int:
    return int(seal_records())


def balances(accounts: list[int]) -> list[int]:
    """What is on each, after the last due hold is posted."""
    operations.post_due_holds()
    return [Account.objects.get(pk=pk).balance_minutes for pk in accounts]


def report(accounts: list[int]) -> dict[str, Any]:
    """Where everything stands, after the last due hold is posted."""
    operations.post_due_holds()
    seal_records()
    return {
        "balances": [Account.objects.get(pk=pk).balance_minutes for pk in accounts],
        "held": [Account.objects.get(pk=pk).held_minutes for pk in accounts],
        "open": Hold.objects.live().count(),
        "posted": Hold.objects.filter(state="posted").count(),
        "faults": [str(fault) for fault in check.faults()],
        "unsealed": Record.objects.count() - Leaf.objects.count(),
    }


ORDERS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        migrate,
        prepare,
        accept,
        pay,
        pay_together,
        post,
        void,
        let_expire,
        release,
        freeze,
        thaw,
        grant,
        sweep,
        reverse,
        limit,
        plan,
        call_off,
        let_limits_change,
        own_limit,
        limit_all,
        follow_common_limits,
        limits,
        close,
        storm,
        seal,
        ask,
        pay_request,
        cancel_request,
        expire_requests,
        state_of_request,
        balances,
        report,
    )
}


def obey(order: dict[str, Any]) -> list[Any]:
    """What each of the order's threads got: the result, or the code of the refusal."""
    answers: list[Any] = [None] * order.get("threads", 1)

    def run(number: int) -> None:
        arguments = {
            name: value.replace("#", f"{order.get('racer', 0)}.{number}") if isinstance(value, str) else value
            for name, value in order["with"].items()
        }
        try:
            connection.ensure_connection()
            time.sleep(max(0, order.get("at", 0) - time.monotonic()))
            answers[number] = ORDERS[order["do"]](**arguments)
        except Refusal as refusal:
            answers[number] = refusal.code
        except Exception as error:  # the test shows it
            answers[number] = f"{type(error).__name__}: {error}"
        finally:
            if threading.current_thread() is not threading.main_thread():
                connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(answers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(obey(json.loads(line))), flush=True)  # noqa: T201
