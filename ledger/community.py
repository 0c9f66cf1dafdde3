"""What everybody may know of the books: the fund's own statement, and figures in which nobody is seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.db.models import Q, Sum

from .models import Account, BooksCheck, Entry, Lot, Mint

FIGURES_ARE_KEPT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Figures:
    """Minutes: minted = in circulation + redeemed + retired, and all balances add up to zero."""

    minted_minutes: int
    in_circulation_minutes: int
    redeemed_minutes: int
    retired_minutes: int
    sum_minutes: int


@dataclass(frozen=True, slots=True)
class FundLine:
    """One line of the fund's statement; who gave or got the hours is not in it."""

    seq: int
    amount_minutes: int
    balance_after_minutes: int
    kind: str
    posted_at: datetime


@dataclass(frozen=True, slots=True)
class FundPage:
    lines: list[FundLine]
    next_before: int | None


def figures() -> Figures:
    """As they were half a minute ago at most; three queries, or none."""
    kept: Figures | None = cache.get_or_set("books-figures", _add_up, FIGURES_ARE_KEPT_SECONDS)
    return kept or _add_up()


def _add_up() -> Figures:
    balances = Account.objects.aggregate(
        all=Sum("balance_minutes", default=0), had=Sum("balance_minutes", filter=Q(balance_minutes__gt=0), default=0)
    )
    burnt = dict(
        Lot.objects.burnt().values("how").annotate(minutes=Sum("amount_minutes")).values_list("how", "minutes")
    )
    minted = Mint.objects.aggregate(minutes=Sum("amount_minutes", default=0))["minutes"]
    redeemed, retired = (burnt.get(how, 0) for how in (Lot.Spent.REDEEMED, Lot.Spent.RETIRED))
    return Figures(minted, balances["had"], redeemed, retired, balances["all"])


def fund_statement(*, before: int | None = None, limit: int = 20) -> FundPage:
    """Up to ``limit`` lines of the community fund, newest first, those below line ``before``; one query."""
    lines = Entry.objects.filter(account__kind=Account.Kind.FUND).order_by("-seq")
    if before is not None:
        lines = lines.filter(seq__lt=before)
    columns = ("seq", "amount_minutes", "balance_after_minutes", "transfer__kind", "transfer__posted_at")
    found = [FundLine(*row) for row in lines.values_list(*columns)[: limit + 1]]
    return FundPage(found[:limit], found[limit - 1].seq if len(found) > limit else None)


def last_check() -> BooksCheck | None:
    """When the books were checked last, and what was found; one query."""
    return BooksCheck.objects.order_by("-checked_at", "-pk").first()
