"""Codes to be paid by: shown and paid, left to expire, taken back, or asked of one neighbour and waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts import operations as accounts
from accounts.models import Member
from ledger import operations as ledger
from ledger.models import PaymentRequest

HALF_AN_HOUR, A_WEEK = timedelta(minutes=30), timedelta(days=7)
LOOKED_AT = timedelta(minutes=2)  # before it was paid or taken back


@dataclass(frozen=True)
class Code:
    """One code of ``asker``. ``state`` is what became of it; what is paid ``payer`` paid, what waits was asked of her."""

    minutes_ago: int
    asker: str
    amount_minutes: int | None
    words: str
    state: str
    payer: str = ""


CODES = (
    Code(12 * 24 * 60 + 95, "ana", 45, "Tradução da carta da prefeitura", "paid", "luana"),
    Code(8 * 24 * 60 + 40, "margaret", 45, "Two rows of a first scarf", "paid", "priya"),
    Code(6 * 24 * 60 + 300, "ana", 45, "Revisão do currículo", "expired"),
    Code(6 * 24 * 60 + 240, "luana", 90, "Bicicleta consertada na praça", "paid", "ana"),
    Code(3 * 24 * 60 + 75, "ana", None, "Caixinha da roda de conversa", "cancelled"),
    Code(2 * 24 * 60 + 20, "margaret", None, "Whatever the story was worth to you", "expired"),
    Code(6 * 60, "margaret", 30, "Proofreading the bakery’s menu", "active", "ana"),
    Code(5 * 60 + 20, "ana", 45, "Legendas da festa junina", "active", "lourdes"),
)


def story(now: datetime, members: dict[str, Member]) -> Iterator[tuple[datetime, Callable[[], int]]]:
    """What happens to each and when, oldest first; each act returns the number of payments it made."""
    acts: list[tuple[datetime, Callable[[], int]]] = []
    for number, code in enumerate(CODES):
        at = now - timedelta(minutes=code.minutes_ago)
        made: list[PaymentRequest] = []
        acts.append((at, _asks(number, code, members, made)))
        if code.state != "active":
            end = HALF_AN_HOUR + LOOKED_AT if code.state == "expired" else LOOKED_AT
            acts.append((at + end, _ends(code, members, made)))
    return iter(sorted(acts, key=lambda act: act[0]))


def _asks(number: int, code: Code, members: dict[str, Member], made: list[PaymentRequest]) -> Callable[[], int]:
    def act() -> int:
        waits = code.state == "active"
        request = accounts.ask_for_hours(
            asker=members[code.asker],
            amount_minutes=code.amount_minutes,
            note=code.words,
            life=A_WEEK if waits else HALF_AN_HOUR,
            asked_of=members[code.payer] if waits else None,
            nonce=f"demo-{number}",
        )
        made.append(request)
        return 0

    return act


def _ends(code: Code, members: dict[str, Member], made: list[PaymentRequest]) -> Callable[[], int]:
    def act() -> int:
        (request,) = made
        if code.state == "cancelled":
            ledger.cancel_request(request)
        elif code.state == "expired":
            ledger.expire_requests()
        else:
            hold = accounts.pay_request(request, payer=members[code.payer], amount_minutes=code.amount_minutes)
            ledger.post(hold)
            return 1
        return 0

    return act
