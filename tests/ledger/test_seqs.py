"""A long statement is searched for a period, and says the same as one that is read whole."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger import queries, seqs, statements
from ledger.statements import Chosen
from timebank import clock

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
