"""Reading statements, what is on its way, and one payment."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.http import Http404
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from ledger import operations, queries, triggers
from ledger.models import Hold
from ledger.statements import Chosen

from .stories import accept, neighbours, pay

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("lines", [1, 3, 50])
def test_a_page_of_a_statement_takes_one_query(lines: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    ana, bento = neighbours(2000, 0)
    for number in range(lines):
        pay(ana, bento, 1 + number, note=f"Help {number}")

    with django_assert_num_queries(1):
        page = queries.statement(ana, before=None, limit=50)
        seen = [(line.amount_minutes, line.note, line.other_name) for line in page.entries]

    assert seen[0] == (-lines, f"Help {lines - 1}", bento.owner.display_name)


def test_pages_follow_each_other_to_the_first_line() -> None:
    ana, bento = neighbours(1000, 0)
    for minutes in range(1, 6):
        pay(ana, bento, minutes)

    seen, before = [], None
    while True:
        page = queries.statement(ana, before=before, limit=2)
        seen.append([(line.seq, line.amount_minutes, line.balance_after_minutes) for line in page.entries])
        before = page.next_before
        if before is None:
            break

    assert seen == [
        [(6, -5, 985), (5, -4, 990)],
        [(4, -3, 994), (3, -2, 997)],
        [(2, -1, 999), (1, 1000, 1000)],
    ]
    assert queries.statement(ana, before=None, limit=6).next_before is None


def test_the_fund_is_nobody_on_a_statement() -> None:
    (ana,) = neighbours(60)

    (line,) = queries.statement(ana, before=None, limit=20).entries

    assert (line.amount_minutes, line.other_name, line.note) == (60, None, "")


def test_what_is_on_its_way_is_shown_to_both_newest_first(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    ana, bento = neighbours(60, 60)
    one, other = accept(ana, bento, 10, note="Here"), accept(bento, ana, 20)
    operations.void(accept(ana, bento, 5), actor=ana.owner)

    with django_assert_num_queries(1):
        seen = queries.on_its_way(ana, limit=5)

    name = bento.owner.display_name
    assert [(hold.public_id, hold.is_outgoing, hold.other_name, hold.note) for hold in seen] == [
        (other.public_id, False, name, ""),
        (one.public_id, True, name, "Here"),
    ]
    assert [hold.is_outgoing for hold in queries.on_its_way(bento, limit=5)] == [True, False]
    assert [hold.public_id for hold in queries.on_its_way(ana, limit=1)] == [other.public_id]
    assert [hold.public_id for hold in queries.on_its_way(ana, limit=5, chosen=Chosen(only="out"))] == [one.public_id]


def test_what_is_on_its_way_goes_on_after_any_of_it_also_where_that_arrived_or_two_began_at_once(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    ana, bento, clara = neighbours(60, 60, 60)
    made = [accept(ana, bento, 1 + number, due=bool(number % 2)) for number in range(6)]
    with triggers.suspended():
        Hold.objects.filter(pk__in=[hold.pk for hold in made[1:4]]).update(created_at=made[1].created_at)
    nobodys = accept(bento, clara, 5)
    newest_first = [hold.public_id for hold in reversed(made)]

    for place, after in enumerate(newest_first):
        with django_assert_num_queries(2):
            seen = queries.on_its_way(ana, limit=3, after=after)
        assert [hold.public_id for hold in seen] == newest_first[place + 1 : place + 4]
    operations.post(made[3])
    seen = queries.on_its_way(ana, limit=3, after=made[3].public_id)
    assert [hold.amount_minutes for hold in seen] == [3, 2, 1]
    for after in (nobodys.public_id, "nothing"):
        with pytest.raises(Http404):
            queries.on_its_way(ana, limit=3, after=after)


def test_a_payment_is_for_its_two_people_and_nobody_else(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    ana, bento, clara = neighbours(60, 0, 0)
    transfer = pay(ana, bento, 10, note="Here")

    for owner in (ana.owner, bento.owner):
        with django_assert_num_queries(1):
            hold = queries.payment(transfer.public_id, of=owner)
            assert (hold.transfer, hold.note.text, hold.payer.owner, hold.payee.owner) == (
                transfer,
                "Here",
                ana.owner,
                bento.owner,
            )
    for public_id, owner in ((transfer.public_id, clara.owner), ("nothing", ana.owner)):
        with pytest.raises(Http404):
            queries.payment(public_id, of=owner)


def test_what_is_on_its_way_is_found_by_indexes_alone() -> None:
    ana, bento = neighbours(60, 60)
    for due in (True, False):
        accept(ana, bento, 10, due=due)
        accept(bento, ana, 20, due=due)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")  # small tables are read whole otherwise

    def plan_of_page(**after: str) -> str:
        with CaptureQueriesContext(connection) as asked:
            queries.on_its_way(ana, limit=50, **after)
        with connection.cursor() as cursor:
            how = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
            cursor.execute(f"{how} {asked[-1]['sql']}")
            return str(cursor.fetchall())

    shown = queries.on_its_way(ana, limit=50)
    plans = (Hold.objects.live_of(ana).explain(), plan_of_page(), plan_of_page(after=shown[0].public_id))
    for plan in plans:
        assert "hold_of_payer" not in plan
        assert {"hold_due", "hold_kept_of_payer", "hold_kept_of_payee"} <= set(re.findall(r"hold_\w+", plan))
    assert Hold.objects.live_of(ana).count() == len(shown) == 4
