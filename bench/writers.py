"""Four processes that accept payments at once while the worker posts them, and how soon a payment is posted.

    python -m bench.writers

While four write, a fifth process posts what is due every few milliseconds, as a worker that is rung for does. How
soon a payment is posted is measured with the worker, beat and relay as threads of the process that accepts, as in
`manage.py serve`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time

from .engines import begin, on_each_engine, start_django, within
from .sizes import size
from .town import Trade, make_members

WRITERS = 4
PAYMENTS = size(10_000)  # of all writers together
STEADY = size(1_000)
PAUSE_SECONDS = 0.02  # between steady payments
BREATH_SECONDS = 0.01  # between rounds of posting, as between bells
LOOK_SECONDS = 0.001
LONGEST_WAIT_SECONDS = 60


def measure(engine: str) -> None:
    """Both parts. Raises RuntimeError where a payment failed or the books are not sound."""
    name = begin()
    from ledger.check import faults
    from ledger.models import Hold

    make_members(60, minutes=100_000)
    begun = time.perf_counter()
    writers = [_start("write", engine) for _ in range(WRITERS)]
    poster = _start("post", engine)
    answers = [json.loads(writer.communicate()[0]) for writer in writers]
    took = [seconds for answer in answers for seconds in answer["took"]]
    errors = [error for answer in answers for error in answer["errors"]]
    accepted = len(took) / (time.perf_counter() - begun)
    posting = json.loads(poster.communicate("enough\n")[0])
    print(f"{name}: {WRITERS} processes accept {len(took):,} payments at once while a fifth posts them")
    print(f"  {len(errors)} errors {sorted(set(errors)) or ''}; {accepted:,.0f}/s; to accept one: {_said(took)}")
    print(f"  {posting['rounds']:,} rounds of posting, {len(posting['errors'])} errors {posting['errors'] or ''}")
    delays = _delays()
    print(f"  from accepted to posted, {len(delays):,} payments, up to 50 a second: {_said(delays)}")
    if found := faults():
        raise RuntimeError(f"the books are not sound: {found}")
    if left := Hold.objects.filter(state="held").count():
        raise RuntimeError(f"{left} payments were not posted")


def write() -> None:
    """One writer: accept its share, say how long each took and what failed."""
    trade = _trade()
    trade.accept(1)  # to warm up
    took, errors = [], []
    for _ in range(PAYMENTS // WRITERS):
        at = time.perf_counter()
        try:
            trade.accept(1)
        except Exception as error:  # it is counted, and shown
            errors.append(type(error).__name__)
        took.append(time.perf_counter() - at)
    print(json.dumps({"took": took, "errors": errors}))


def post() -> None:
    """Post what is due, round after round, until a line on standard input says that it is enough."""
    start_django()
    from ledger import operations

    enough = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), enough.set()), daemon=True).start()
    rounds, errors = 0, []
    while True:
        is_last = enough.is_set()
        try:
            operations.post_all_due()
            rounds += 1
        except Exception as error:  # it is counted, and shown
            errors.append(type(error).__name__)
        if is_last:
            break
        time.sleep(BREATH_SECONDS)
    print(json.dumps({"rounds": rounds, "errors": errors}))


def _start(do: str, engine: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench.writers", engine, do]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _trade() -> Trade:
    start_django()
    from ledger.models import Account

    return Trade(list(Account.objects.filter(kind="member").select_related("owner")))


def _delays() -> list[float]:
    """Of steady payments, how long after the commit of each its hours had arrived, in seconds."""
    from django.db import connection

    from ledger.models import Hold, Transfer
    from timebank.embedded import Embedded

    trade = _trade()
    accepted: dict[int, float] = {}
    posted: dict[int, float] = {}
    worker = Embedded()
    worker.start()

    def accept() -> None:
        for _ in range(STEADY):
            trade.accept(1)
            at = time.perf_counter()
            accepted[Hold.objects.latest("pk").pk] = at
            time.sleep(PAUSE_SECONDS)
        connection.close()

    acceptor = threading.Thread(target=accept)
    last = Transfer.objects.latest("pk").pk
    until = time.perf_counter() + LONGEST_WAIT_SECONDS + STEADY * PAUSE_SECONDS * 2
    acceptor.start()
    while len(posted) < STEADY and time.perf_counter() < until:
        for pk, hold_id in Transfer.objects.filter(pk__gt=last).order_by("pk").values_list("pk", "hold_id"):
            last, posted[hold_id] = pk, time.perf_counter()
        time.sleep(LOOK_SECONDS)
    acceptor.join()
    worker.stop()
    return [max(posted[pk] - at, 0.0) for pk, at in accepted.items() if pk in posted]


def _said(seconds: list[float]) -> str:
    took = within(seconds)
    return f"half within {took['half']:.1f} ms, 99 % within {took['most']:.1f} ms, the longest {took['longest']:.0f} ms"


if __name__ == "__main__":
    match sys.argv[1:]:
        case [_engine, "write"]:
            write()
        case [_engine, "post"]:
            post()
        case [engine]:
            measure(engine)
        case _:
            on_each_engine("bench.writers")
