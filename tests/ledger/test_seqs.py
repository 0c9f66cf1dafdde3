"""A long statement is searched for a period, and says the same as one that is read whole."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from ledger import queries, seqs, statements
from ledger.models import Entry
from ledger.statements import Chosen
from timebank import clock

from ..needs import thorough
from .stories import neighbours, now, pay

pytestmark = pytest.mark.django_db

DAYS = range(0, 60, 3)


@pytest.fixture
def account():
    ana, bento = neighbours(600, 600)
    for day in DAYS:
        with clock.ahead_by(timedelta(days=day, hours=1)):
            pay(ana, bento, 1 + day)
            pay(bento, ana, 2)
    return now(ana)


def _said(account, chosen):
    page = queries.statement(account, chosen=chosen)
    return (
        page,
        statements.months(account, chosen, [line.posted_at for line in page.entries]),
        list(queries.whole_statement(account, chosen=chosen)),
        statements.balances(account, chosen),
    )


@pytest.mark.parametrize("since_day", [None, -2, 0, 7, 30, 100])
@pytest.mark.parametrize("until_day", [None, 1, 30.5, 58, 200])
def test_every_period_is_found(account, monkeypatch, since_day, until_day):
    at = account.opened_at
    chosen = Chosen(
        since=None if since_day is None else at + timedelta(days=since_day),
        until=None if until_day is None else at + timedelta(days=until_day),
    )
    with clock.ahead_by(timedelta(days=70)):
        read_whole = _said(account, chosen)
        monkeypatch.setattr(seqs, "FEW_LINES", 0)
        assert _said(account, chosen) == read_whole


def test_of_a_long_statement_only_the_period_is_read(account, monkeypatch):
    monkeypatch.setattr(seqs, "FEW_LINES", 0)
    since, until = (account.opened_at + timedelta(days=day) for day in (10, 20))

    lines = list(seqs.in_period(account, since, until).values_list("seq", flat=True))

    inside = [line.seq for line in queries.whole_statement(account, chosen=Chosen(since=since, until=until))]
    assert set(inside) <= set(lines)
    assert len(lines) <= len(inside) + 1


def test_a_line_that_is_a_little_out_of_order_is_not_missed(monkeypatch):
    """Somebody took the time, waited for the account, and was overtaken by one who took it later."""
    ana, bento = neighbours(600, 0)
    begun = clock.now()
    for minutes in (50, 10, 55, 20):
        with clock.ahead_by(timedelta(days=1, minutes=minutes)):
            pay(ana, bento, minutes)
    monkeypatch.setattr(seqs, "FEW_LINES", 0)

    chosen = Chosen(since=begun + timedelta(days=1, minutes=15), until=begun + timedelta(days=1, minutes=52))

    assert [-line.amount_minutes for line in queries.whole_statement(now(ana), chosen=chosen)] == [50, 20]


def test_months_are_told_also_where_the_clock_was_set_back(monkeypatch):
    """The server's clock was three months ahead for some payments; nobody's wallet may break of that."""
    ana, bento = neighbours(600, 0)
    with clock.ahead_by(timedelta(days=95)):
        pay(ana, bento, 10)
    for _ in range(5):
        pay(ana, bento, 1)
    account = now(ana)
    page = queries.statement(account)
    read_whole = queries.by_month(account, page.entries)

    monkeypatch.setattr(seqs, "FEW_LINES", 0)

    assert queries.by_month(account, page.entries) == read_whole
    assert sum(month.total.out_minutes for month in {month.month: month for month in read_whole}.values()) == 15


@pytest.mark.parametrize("zone", ["America/Sao_Paulo", "Europe/London", thorough("Pacific/Auckland")])
@pytest.mark.parametrize("points", [370, 40, 6])  # a point a day, a week, a month
def test_a_balance_over_time_is_what_reading_every_line_says(monkeypatch, zone, points):
    dice = random.Random(f"{zone} {points}")
    ana, bento = neighbours(6000, 600)
    at = timedelta()
    for _ in range(60):
        at += timedelta(days=dice.choice([0, 0, 0, 1, 2, 9]), minutes=dice.randint(1, 600))
        with clock.ahead_by(at - timedelta(minutes=dice.choice([0, 0, 0, 50]))):  # taken, and waited for its turn
            pay(*dice.choice([(ana, bento), (bento, ana)]), dice.randint(1, 9))
    account = now(ana)
    monkeypatch.setattr(statements, "MOST_POINTS", points)

    def day() -> datetime:
        return account.opened_at + timedelta(days=dice.randint(-20, 140), minutes=dice.choice([0, 7]))

    with clock.ahead_by(timedelta(days=120)), timezone.override(ZoneInfo(zone)):
        for _ in range(12):
            since, until = sorted([day(), day()])
            chosen = Chosen(since=dice.choice([None, since]), until=dice.choice([None, until]))
            read = _as_reading_every_line_says(account, chosen)
            for few in (2_000, 0):
                monkeypatch.setattr(seqs, "FEW_LINES", few)
                assert [(point.on, point.balance_minutes) for point in statements.balances(account, chosen)] == read


def _as_reading_every_line_says(account, chosen):
    """What was written last of all up to the end of each day, or of each week or month, of the period."""
    lines = [
        (line.transfer.posted_at, line.balance_after_minutes)
        for line in Entry.objects.filter(account=account).order_by("seq").select_related("transfer")
    ]
    until = min(filter(None, [chosen.until, clock.now()]))
    since = min(max(filter(None, [chosen.since, account.opened_at])), until - timedelta.resolution)
    first, last = (timezone.localtime(moment).date() for moment in (since, until - timedelta.resolution))
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    few, some = (until - since).days < statements.MOST_POINTS, (until - since).days < 7 * statements.MOST_POINTS

    def step(on):
        return on if few else on.isocalendar()[:2] if some else (on.year, on.month)

    ends = [on for on, after in zip(days, [*days[1:], None], strict=True) if after is None or step(on) != step(after)]
    figures = {first: 0}
    for end in (since, *(min(statements.midnight(on + timedelta(days=1)), until) for on in ends)):
        for moment, minutes in [line for line in lines if line[0] < end][-1:]:
            figures[max(first, timezone.localtime(moment).date())] = minutes
    return list(figures.items()) if last in figures else [*figures.items(), (last, list(figures.values())[-1])]
