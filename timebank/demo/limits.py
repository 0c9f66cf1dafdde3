"""How far everybody may go: what was decided, who owes or paid back, and what somebody gave to the community fund."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from accounts import operations as accounts
from accounts.models import Member
from ledger import operations as ledger
from ledger.models import Account
from ledger.operations import Limits

from .market import daytime
from .payments import Payment

COMMON, OF_MARGARET, PLANNED = Limits(5 * 60, 3 * 60), Limits(8 * 60, 5 * 60, 30 * 60), Limits(6 * 60, 4 * 60)
DECIDED_DAYS_AGO, PLANNED_DAYS_AHEAD = 90, 21

# Beside the payments that are imagined, so that those stay as they are: one went below zero and earned it back, one owes.
# (days ago, payer, payee, minutes, words, kind of help)
ON_CREDIT = (
    (88, "seu-ze", "joao", 150, "Encanamento novo no banheiro inteiro", "plumbing"),
    (60, "joao", "seu-ze", 150, "Horta nova no quintal, do canteiro à couve", "gardening"),
    (4, "gustavo", "patricia", 150, "Cinco sessões para as costas, depois da mudança", "wellbeing"),
)


def payments_on_credit(now: datetime) -> Iterator[Payment]:
    """What those paid who had too little for it, oldest first."""
    for days_ago, payer, payee, amount_minutes, words, category in ON_CREDIT:
        yield Payment(daytime(now, days_ago, 18, 30), payer, payee, amount_minutes, "help", words, category)


def story(now: datetime, members: dict[str, Member]) -> Iterator[tuple[datetime, Callable[[], int]]]:
    """What is decided and given, and when, oldest first; each act returns the number of payments it made."""
    later = now.astimezone(ZoneInfo(settings.TIME_ZONE)).date() + timedelta(days=PLANNED_DAYS_AHEAD)
    because = "Decidido na assembleia: quem precisa de ajuda hoje pode devolver depois."
    knee = "For your new knee: take the help you need, and give it back when you dance again."
    more = "Decidido na assembleia: já somos mais de sessenta, então pode haver mais folga."
    return iter(
        [
            (daytime(now, DECIDED_DAYS_AGO, 7, 30), _decides(members, COMMON, because)),
            (daytime(now, 40, 20), _decides(members, OF_MARGARET, knee, handle="margaret")),
            (daytime(now, 6, 19), _gives_to_the_fund(members, "cida", 60, "Para quem está chegando")),
            (daytime(now, 3, 20), _decides(members, PLANNED, more, from_day=later)),
        ]
    )


def _decides(
    members: dict[str, Member], limits: Limits, reason: str, *, handle: str = "", from_day: date | None = None
) -> Callable[[], int]:
    def act() -> int:
        account = Account.objects.get(owner=members[handle]) if handle else None
        accounts.change_limits(limits, account=account, reason=reason, by=members["lourdes"], from_day=from_day)
        return 0

    return act


def _gives_to_the_fund(members: dict[str, Member], handle: str, amount_minutes: int, note: str) -> Callable[[], int]:
    def act() -> int:
        ledger.post(accounts.donate(donor=members[handle], amount_minutes=amount_minutes, note=note, nonce="demo"))
        return 1

    return act
