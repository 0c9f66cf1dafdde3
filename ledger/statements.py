"""Which part of a statement is asked for, and what it comes to: by month, by day, whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

from django.db.models import Case, F, Q, QuerySet, Sum, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _

from timebank import clock
from timebank.plain import Plain, plain

from .models import OTHER_HELP, Account, Entry, Hold
from .seqs import in_period, last_lines

Only = Literal["", "in", "out"]  # what came in, what went out, or both
MOST_WORDS = 10
MOST_POINTS = 370  # of a balance over time
DAYS_OF_A_WEEK = 7
LATEST_MONTHS = 6
LEAST_PERCENT = 2


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is chosen of a statement; as it stands, all of it."""

    since: datetime | None = None
    until: datetime | None = None  # the first moment that is too late
    only: Only = ""
    person: str = ""  # words of the other one's name, or the id of her profile
    kind: str = ""
    category: str = ""
    words: str = ""  # of the note

    @property
    def leaves_lines_out(self) -> bool:
        """Whether it is not all lines of its period."""
        return any((self.only, self.person, self.kind, self.category, self.words))


ALL = Chosen()


@dataclass(frozen=True, slots=True)
class MonthTotal:
    """What came in and went out in a month, of what is chosen."""

    in_minutes: int
    out_minutes: int


# The ledger knows kinds of help by their codes; who keeps their names says here how to find them.
NamedCategories = list[tuple[str, list[tuple[str, str]]]]  # by heading: code and name, in the reader's language
_find_categories: list[Callable[[], NamedCategories]] = []


def add_categories(find: Callable[[], NamedCategories]) -> None:
    """Statements offer and name the kinds of help that ``find`` returns."""
    _find_categories.append(find)


def categories() -> NamedCategories:
    return [group for find in _find_categories for group in find()]


def names_of(groups: NamedCategories) -> dict[str, str]:
    """The name of each kind of help by its code."""
    return {code: name for _heading, kinds in groups for code, name in kinds}


def category_name(code: str) -> str:
    """What the kind of help with this code is called; "" for none, and where nobody said."""
    return names_of(categories()).get(code, code) if code not in ("", OTHER_HELP) else ""


def entries(account: Account, chosen: Chosen) -> QuerySet[Entry]:
    """The lines of ``account`` that are chosen."""
    return _chosen_of(in_period(account, chosen.since, chosen.until), chosen)


def _chosen_of(found: QuerySet[Entry], chosen: Chosen) -> QuerySet[Entry]:
    if chosen.only:
        found = found.filter(amount_minutes__gt=0) if chosen.only == "in" else found.filter(amount_minutes__lt=0)
    if chosen.person:
        went_out, came_in = Q(amount_minutes__lt=0), Q(amount_minutes__gt=0)
        found = found.filter(
            (went_out & _is_named("transfer__payee", chosen.person))
            | (came_in & _is_named("transfer__payer", chosen.person))
        )
    return _narrowed(found, chosen, "transfer__", moment="posted_at", note="hold__note__text")


def holds(account: Account, chosen: Chosen) -> QuerySet[Hold]:
    """What is on its way from or to ``account``, of what is chosen."""
    found = Hold.objects.live_of(account)
    # Said so that the indexes of what is live stay the best there are: a payer's name would lead through all that she
    # ever paid, and the order of the key alone through all holds there are.
    if chosen.only:
        found = found.exclude(payer=account) if chosen.only == "in" else found.exclude(payee=account)
    if chosen.person:
        found = found.filter(
            (Q(payer=account) & _is_named("payee", chosen.person))
            | (Q(payee=account) & _is_named("payer", chosen.person))
        )
    return _narrowed(found, chosen, "", moment="created_at", note="note__text")


def months(account: Account, chosen: Chosen, moments: Sequence[datetime]) -> dict[str, MonthTotal]:
    """What came in and went out in the months of ``moments`` of chosen lines, as "2026-11"; one query.

    Of what is chosen, and of whole months, also of those that begin or end on another page. Where the server's clock
    was set back by much, so that a search for a period may find nothing, in a second query over all lines.
    """
    if not moments:
        return {}
    first_moments = sorted({_month_of(moment) for moment in moments}, reverse=True)
    from_month, to_month = first_moments[-1], _next_month(first_moments[0])
    since, until = max(from_month, chosen.since or from_month), min(to_month, chosen.until or to_month)
    within = replace(chosen, since=since, until=until)
    totals = _by_month(entries(account, within), first_moments)
    if len(totals) < len(first_moments):
        totals = _by_month(_chosen_of(Entry.objects.filter(account=account), within), first_moments)
    return totals


def _by_month(found: QuerySet[Entry], first_moments: Sequence[datetime]) -> dict[str, MonthTotal]:
    """What ``found`` comes to in each month it is of, these being the months' beginnings, the latest first."""
    # Compared, not cut down to its month: for that SQLite would ask us about every line.
    month = Case(*(When(transfer__posted_at__gte=first, then=Value(f"{first:%Y-%m}")) for first in first_moments))
    totals = (
        found.annotate(month=month)
        .order_by("month")
        .values("month")
        .annotate(
            came_in=Sum("amount_minutes", filter=Q(amount_minutes__gt=0), default=0),
            went_out=Sum("amount_minutes", filter=Q(amount_minutes__lt=0), default=0),
        )
    )
    return {row["month"]: MonthTotal(row["came_in"], -row["went_out"]) for row in totals}


@dataclass(frozen=True, slots=True)
class Bars:
    """A month as two bars: what came in and went out, and how long each is, in percent of the longest of all."""

    on: date
    in_minutes: int
    out_minutes: int
    in_percent: int
    out_percent: int

    @property
    def in_from_top_percent(self) -> int:
        return 100 - self.in_percent

    @property
    def out_from_top_percent(self) -> int:
        return 100 - self.out_percent


@dataclass(frozen=True, slots=True)
class Lately:
    """What came in and went out in the latest months, the earliest first."""

    months: list[Bars]

    @property
    def in_minutes(self) -> int:
        return sum(month.in_minutes for month in self.months)

    @property
    def out_minutes(self) -> int:
        return sum(month.out_minutes for month in self.months)


def lately(account: Account) -> Lately:
    """What came in and went out of ``account`` in this month and the five before, as months of a statement say.

    One query; of a long statement two, which read all lines of these months.
    """
    firsts = [_month_of(clock.now())]
    while len(firsts) < LATEST_MONTHS:
        firsts.append(_month_of(firsts[-1] - timedelta.resolution))
    totals = _by_month(entries(account, Chosen(since=firsts[-1])), firsts)
    of_each = [(first.date(), totals.get(f"{first:%Y-%m}", MonthTotal(0, 0))) for first in reversed(firsts)]
    most = max(max(total.in_minutes, total.out_minutes) for _on, total in of_each)
    return Lately(
        [
            Bars(
                on,
                total.in_minutes,
                total.out_minutes,
                _percent(total.in_minutes, most),
                _percent(total.out_minutes, most),
            )
            for on, total in of_each
        ]
    )


def _percent(minutes: int, most: int) -> int:
    """How long the bar is; a little is seen too."""
    return max(100 * minutes // most, LEAST_PERCENT) if minutes else 0


@dataclass(frozen=True, slots=True)
class Point:
    """The balance at the end of a day."""

    on: date
    balance_minutes: int


def balances(account: Account, chosen: Chosen = ALL) -> list[Point]:
    """The balance at the end of each day on which it changed, of the chosen period, and at its two ends.

    Where that could be more than `MOST_POINTS`, of each week, or each month. Only the period counts of what is
    ``chosen``: a balance is of everything. One query; of a long statement two.
    """
    until = min(filter(None, (chosen.until, clock.now() + timedelta.resolution)))  # now is not too late
    since = min(max(filter(None, (chosen.since, account.opened_at))), until - timedelta.resolution)
    first, last = (timezone.localtime(moment).date() for moment in (since, until - timedelta.resolution))
    ends = [midnight(on) for on in _steps(first, last, (until - since).days)]
    return _from_end_to_end(last_lines(account, [since, *ends, until]), first, last)


@dataclass(frozen=True, slots=True)
class Ends:
    """The two ends of a period of an account, and the balance there: before its first line, and after its last."""

    since: datetime
    opening_minutes: int
    until: datetime  # as much of it as was
    closing_minutes: int


def ends(account: Account, chosen: Chosen = ALL) -> Ends:
    """The chosen period's ends, where none is said the opening of ``account`` and now, when it was read.

    Only the period counts of what is ``chosen``: a balance is of everything. No query where no end is said or passed
    yet, else one; of a long statement two.
    """
    now, since, until = clock.now(), chosen.since, chosen.until
    ended = until if until is not None and until <= now else None
    moments = [moment for moment in (since, ended) if moment is not None]
    rows = last_lines(account, moments) if moments else []
    before = [balance_minutes for posted_at, balance_minutes in rows if since is not None and posted_at < since]
    return Ends(
        since=since or account.opened_at,
        opening_minutes=before[-1] if before else 0,
        until=ended - timedelta.resolution if ended else now,
        closing_minutes=account.balance_minutes if ended is None else rows[-1][1] if rows else 0,
    )


def _steps(first: date, last: date, days: int) -> Iterator[date]:
    """The days after ``first``, up to ``last``; of longer times each Monday, or the first day of each month."""
    on = first
    while (on := _next_step(on, days)) <= last:
        yield on


def _next_step(on: date, days: int) -> date:
    if days < MOST_POINTS:
        return on + timedelta(days=1)
    if days < DAYS_OF_A_WEEK * MOST_POINTS:
        return on + timedelta(days=DAYS_OF_A_WEEK - on.weekday())
    return _first_of_next_month(on)


def _from_end_to_end(rows: list[tuple[datetime, int]], first: date, last: date) -> list[Point]:
    """A point for each row, what was before the first day put on it, and one on each of the two ends."""
    by_day = {first: 0}
    for moment, balance_minutes in rows:
        by_day[max(first, timezone.localtime(moment).date())] = balance_minutes
    by_day.setdefault(last, rows[-1][1] if rows else 0)
    return [Point(on, balance_minutes) for on, balance_minutes in by_day.items()]


def _narrowed(found: QuerySet[Any], chosen: Chosen, via: str, *, moment: str, note: str) -> QuerySet[Any]:
    """``found`` by what lines and what is on its way have in common."""
    wanted = {
        f"{via}{moment}__gte": chosen.since,
        f"{via}{moment}__lt": chosen.until,
        f"{via}kind": chosen.kind,
        f"{via}category": chosen.category,
    }
    found = found.filter(**{name: value for name, value in wanted.items() if value})
    if words := plain(chosen.words).split()[:MOST_WORDS]:
        found = found.alias(plain_note=Plain(F(f"{via}{note}")))
        found = found.filter(*(Q(plain_note__contains=word) for word in words))
    return found


def _is_named(account: str, name: str) -> Q:
    """That the account at this end is of somebody whose name holds each word, or whose profile's id this is.

    Or the fund, where it is called so.
    """
    words = plain(name).split()[:MOST_WORDS]
    person = Q(*(Q(**{f"{account}__owner__plain_name__contains": word}) for word in words))
    person |= Q(**{f"{account}__owner__public_id": name})
    named = Q(**{f"{account}__kind": Account.Kind.MEMBER}) & person
    if _all_in(words, plain(_("Community fund"))):
        named |= Q(**{f"{account}__kind": Account.Kind.FUND})
    return named


def _all_in(words: Iterable[str], text: str) -> bool:
    return all(word in text for word in words)


def midnight(day: date) -> datetime:
    """The first moment of a day, where its reader is."""
    return timezone.make_aware(datetime.combine(day, time.min))


def _month_of(moment: datetime) -> datetime:
    """The first moment of its month, where its reader is."""
    return midnight(timezone.localtime(moment).date().replace(day=1))


def _next_month(moment: datetime) -> datetime:
    return midnight(_first_of_next_month(timezone.localtime(moment).date()))


def _first_of_next_month(day: date) -> date:
    year, month = divmod(day.year * 12 + day.month, 12)
    return date(year, month + 1, 1)
