"""What accept and post cost beside a bare loop that moves minutes with the same library and durability.

    python -m bench.ledger

The bare loop commits once per transfer: the transfer, its two entries, the two balances. Ours does
all that a payment is (key, hold, floor, triggers, log, events). They run in turns, on one machine
and one kind of database, first SQLite, then PostgreSQL where one answers; what counts is the ratio.
"""

from __future__ import annotations

import sys
from statistics import median

from .bare import bare_loop
from .engines import begin, on_each_engine, rate, ratio
from .sizes import size
from .town import Trade, make_members

MEMBERS = 60
MINUTES = 100_000
TURNS = 5
PAYMENTS = size(400)  # in each turn
BACKLOG = size(2000)  # in each turn
AIM_PAYMENT, AIM_BACKLOG = "0.25", "1.00"


def measure(engine: str) -> None:
    name = begin()
    bare, trade = bare_loop(engine), Trade(make_members(MEMBERS, minutes=MINUTES))
    rates: dict[str, list[float]] = {"bare": [], "bare twice": [], "one by one": [], "under load": [], "backlog": []}
    for turn in range(TURNS + 1):  # the first warms up
        measured = {
            "bare": rate(PAYMENTS, lambda: bare.once(PAYMENTS)),
            "bare twice": rate(PAYMENTS, lambda: bare.twice(PAYMENTS)),
            "one by one": rate(PAYMENTS, lambda: trade.pay(PAYMENTS)),
        }
        accepted = rate(BACKLOG, lambda: trade.accept(BACKLOG))
        measured["backlog"] = rate(BACKLOG, trade.post)
        measured["under load"] = 1 / (1 / accepted + 1 / measured["backlog"])
        if turn:
            for what, speed in measured.items():
                rates[what].append(speed)
    from ledger.check import faults

    if found := faults():
        raise RuntimeError(f"the books are not sound: {found}")
    _print(name, rates)


def _print(name: str, rates: dict[str, list[float]]) -> None:
    print(f"{name}, median of {TURNS} turns")
    lines = (
        ("bare", "bare loop, one commit per transfer", ""),
        ("bare twice", "bare loop that sets aside first, two commits", ""),
        ("under load", "accept + post, posts gathering as they do under load", AIM_PAYMENT),
        ("one by one", "accept + post, each waiting for the one before", AIM_PAYMENT),
        ("backlog", f"posting a backlog of {BACKLOG}", AIM_BACKLOG),
    )
    for measured, words, aim in lines:
        aimed = f" (aim ≥ {aim})" if aim else ""
        print(f"  {words:<54}{median(rates[measured]):>7,.0f}/s  {ratio(rates[measured], rates['bare']):.2f}{aimed}")


if __name__ == "__main__":
    measure(sys.argv[1]) if len(sys.argv) > 1 else on_each_engine("bench.ledger")
