"""How payments and statements hold as a community and its past grow.

    python -m bench.scale

Payments are measured against the bare loop in the same turns, so that a slower moment of the machine counts for
both; growth is how many times longer, by that ratio, a payment takes than among 1,000 members without a past. The
statement is that of somebody with a line in every past payment.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING

from .bare import Bare, bare_loop
from .engines import begin, on_each_engine, rate, ratio
from .sizes import size
from .town import PAST_DAYS, Trade, make_history, make_members

if TYPE_CHECKING:
    from ledger.models import Account

FEW, MANY = size(1_000), size(100_000)
PAST = size(1_000_000)
MINUTES = 400  # for each member: of 100,000 less than the fund's budget
TURNS = 5
PAYMENTS = size(400)  # in each turn
SPLITS = size(1_000)
ASKS = 9
AIM_GROWTH = "1.2"

Costs = dict[str, float]  # how many bare transfers one of these takes the time of


def measure(engine: str) -> None:
    name = begin()
    from timebank import clock

    bare = bare_loop(engine)
    print(f"{name}, median of {TURNS} turns")
    with clock.ahead_by(-timedelta(days=PAST_DAYS + 1)):  # a statement's lines are in the order of time
        members = make_members(FEW, minutes=25 * MINUTES)
        busy, others = members[0], members[1:]
        first = _payments(bare, members)
        _say(f"{FEW:,} members, no past", first, first)
        _split(busy, others)
        _statement(busy, "few")
    begun = time.perf_counter()
    make_history(members, PAST, busy=busy)
    print(f"  ({PAST:,} past payments were posted in {time.perf_counter() - begun:.0f} s)")
    _say(f"{FEW:,} members, {PAST:,} past payments", _payments(bare, members), first)
    _statement(busy, "many")
    members += make_members(MANY - FEW, minutes=MINUTES)
    _say(f"{MANY:,} members, {PAST:,} past payments", _payments(bare, members), first)


def measure_many_new(engine: str) -> None:
    """The one town that is not on the way from small and new to large and old."""
    begin()
    bare = bare_loop(engine)
    first = _payments(bare, make_members(FEW, minutes=MINUTES))
    _say(f"{MANY:,} members, no past", _payments(bare, make_members(MANY - FEW, minutes=MINUTES)), first)


def _payments(bare: Bare, members: list[Account]) -> Costs:
    trade = Trade(members)
    rates: dict[str, list[float]] = {"bare": [], "accept": [], "post": [], "both": []}
    for turn in range(TURNS + 1):  # the first warms up
        measured = {
            "bare": rate(PAYMENTS, lambda: bare.once(PAYMENTS)),
            "accept": rate(PAYMENTS, lambda: trade.accept(PAYMENTS)),
            "post": rate(PAYMENTS, trade.post),
        }
        measured["both"] = 1 / (1 / measured["accept"] + 1 / measured["post"])
        if turn:
            for what, speed in measured.items():
                rates[what].append(speed)
    return {what: ratio(rates["bare"], rates[what]) for what in rates} | {"a second": median(rates["both"])}


def _say(town: str, costs: Costs, first: Costs) -> None:
    grown = {what: costs[what] / first[what] for what in ("accept", "post", "both")}
    print(
        f"  {town:<46}{costs['a second']:>6,.0f} payments/s, {1 / costs['both']:.2f} of the bare loop; growth"
        f" {grown['both']:.2f} (accept {grown['accept']:.2f}, post {grown['post']:.2f}; aim ≤ {AIM_GROWTH})"
    )


def _split(payer: Account, others: list[Account]) -> None:
    """One payment cut into a thousand, accepted in one transaction and posted."""
    from ledger import operations
    from ledger.operations import Part, shares

    payees = (others * (SPLITS // len(others) + 1))[:SPLITS]
    minutes = shares(SPLITS + SPLITS // 2, [1] * SPLITS)

    def split() -> None:
        parts = [Part(payer, payee, share) for payee, share in zip(payees, minutes, strict=True)]
        operations.pay_together(parts, kind="help", key=f"split:{time.monotonic_ns()}", actor=payer.owner)
        operations.post_all_due()

    took = [1 / rate(1, split) for _ in range(3)]
    print(f"  one payment split among {SPLITS:,}: {median(took):.2f} s, {SPLITS / median(took):,.0f} parts/s")


def _statement(account: Account, how_many: str) -> None:
    """Pages and files of one statement, through the site's own views."""
    from django.conf import settings
    from django.test import Client, override_settings
    from django.utils import timezone

    from ledger.models import Entry

    account.refresh_from_db()
    client = Client(SERVER_NAME="localhost")
    client.force_login(account.owner, backend=settings.AUTHENTICATION_BACKENDS[0])
    today = timezone.now().date()
    quarter = [today - timedelta(days=PAST_DAYS * of_three // 3) for of_three in (2, 1)]
    pages = {
        "first page": "",
        "page in the middle": f"?before={account.last_seq // 2}",
        "what came in": "?show=in",
        "with one person": "?person=Neighbour+7",
        "of one kind": "?kind=grant",
        "of three months": f"?from={quarter[0]}&to={quarter[1]}",
        "words that nobody wrote": "?q=zither",
        "balance chart": "chart",
    }
    lines = Entry.objects.filter(account=account).count()
    took = {}
    with override_settings(ALLOWED_HOSTS=["localhost"]):
        for name, query in pages.items():
            address = "/wallet/balance/" if query == "chart" else f"/wallet/{query}"
            took[name] = median(_asked(client, address) for _ in range(ASKS))
        begun = time.perf_counter()
        answer = client.get("/wallet/statement.csv")
        size_of_file = sum(len(part) for part in answer.streaming_content)
        export = time.perf_counter() - begun
    print(f"  a statement of {lines:,} lines ({how_many}):")
    for name, seconds in took.items():
        print(f"    {name:<26}{seconds * 1000:>8.1f} ms")
    print(f"    {'whole, as CSV':<26}{export:>8.1f} s, {lines / export:,.0f} lines/s, {size_of_file / 2**20:.1f} MiB")


def _asked(client: object, address: str) -> float:
    begun = time.perf_counter()
    answer = client.get(address)  # type: ignore[attr-defined]
    if answer.status_code != 200:
        raise RuntimeError(f"{address} answered {answer.status_code}")
    return time.perf_counter() - begun


PARTS: dict[str, Callable[[str], None]] = {"": measure, "new": measure_many_new}


if __name__ == "__main__":
    if len(sys.argv) > 1:
        PARTS["".join(sys.argv[2:])](sys.argv[1])
    else:
        on_each_engine("bench.scale")
        on_each_engine("bench.scale", "new")
