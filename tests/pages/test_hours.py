"""Where a member's hours come from: her lots in the order of their use, the people they came through, and what ended."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Member
from accounts.operations import community_fund
from ledger import operations
from ledger.models import Lot, Transfer
from ledger.origins import _BACK, burnt, issued
from notifications.models import Event
from timebank import clock

from ..factories import make_member
from .moving import send
from .reading import links, words

pytestmark = pytest.mark.django_db
QUERIES = 9  # session, member, account, lots, what they were, transfers, what ended, what she issued, what is unread


def page_of(client: Any, member: Member) -> Any:
    client.force_login(member)
    return client.get("/wallet/hours/")


def amounts(page: Any) -> list[int]:
    return [int(minutes) for minutes in re.findall(r'<data class="amount[^"]*" value="(\d+)"', page.content.decode())]


def test_each_lot_says_what_it_came_with_when_it_expires_and_the_way_it_came(client):
    ana, bento, clara = make_member(name="Ana Souza", minutes=120), make_member(name="Bento Lima"), make_member()
    send(ana, bento, 60)
    send(bento, clara, 45)

    said = words(page_of(client, clara))

    assert "Given out by the community fund do not expire The way they came: 3 steps" in said
    way = "Bento Lima →to you · today Ana Souza →to Bento Lima · today the community fund →to Ana Souza · today"
    assert way in said
    assert links(client.get("/wallet/hours/"), "today") == [f"/transfers/{Transfer.objects.latest('pk').public_id}/"]


def test_what_expires_first_stands_on_top_and_the_rest_does_not(client, settings):
    settings.GRANTED_HOURS_EXPIRE_DAYS = 14
    ana, bento = make_member(name="Ana Souza", minutes=120), make_member(minutes=60)
    send(bento, ana, 15)
    day = clock.now() + timedelta(days=14)

    page = page_of(client, ana)

    assert amounts(page) == [120, 15]
    said = words(page)
    assert f"expire on {day.day} {day:%B}" in said
    assert "in 14 days" in said
    assert "do not expire" in said


def test_change_is_no_step_and_gifts_of_the_same_mint_are_one_lot(client):
    ana, bento = make_member(name="Ana Souza", minutes=240), make_member(name="Bento Lima")
    for _ in range(30):  # each leaves a smaller lot of the same mint
        send(ana, bento, 5, kind="gift")

    assert amounts(page_of(client, ana)) == [90]
    assert "the community fund →to you" in words(client.get("/wallet/hours/"))

    page = page_of(client, bento)

    assert amounts(page) == [150]
    assert words(page).count("Ana Souza →to you") == 20
    assert "… and earlier" in words(page)


def test_who_is_no_member_now_is_a_former_neighbour(client):
    ana, bento, clara = make_member(name="Ana Souza", minutes=60), make_member(name="Bento Lima"), make_member()
    send(ana, bento, 60)
    send(bento, clara, 60)
    Member.objects.filter(pk=ana.pk).update(state=Member.State.SUSPENDED)

    said = words(page_of(client, clara))

    assert "a former neighbour →to Bento Lima" in said
    assert "Ana Souza" not in said


def test_what_she_issued_and_what_repaid_it(client):
    ana = make_member(name="Ana Souza", credit_limit_minutes=120)
    bento = make_member(name="Bento Lima", minutes=0)
    send(ana, bento, 90)

    said = words(page_of(client, ana))
    assert "You have no hours now" in said
    assert "What you issued" in said
    assert "All of them still go from hand to hand." in said
    assert "Issued by Ana Souza, who gives the time later" in words(page_of(client, bento))

    send(bento, ana, 30)

    said = words(page_of(client, ana))
    assert "1 h still go from hand to hand, 30 min were redeemed." in said
    assert "Repaid what you owed today 30min" in said


def test_what_came_back_to_the_fund_is_no_more(client, settings):
    settings.GRANTED_HOURS_EXPIRE_DAYS = 1
    ana = make_member(minutes=60)
    with clock.ahead_by(timedelta(days=2)):
        operations.expire_minutes()
        said = words(page_of(client, ana))

    assert "Came back to the community fund" in said


@pytest.mark.parametrize("lots", [1, 3, 50])
def test_it_asks_the_same_however_many_lots_there_are(client, lots):
    ana, bento = make_member(minutes=60), make_member()
    for _ in range(lots):  # each brings a mint of its own
        fund = community_fund()
        kind = {"kind": "grant", "key": f"more:{_}", "actor": fund.owner}
        operations.pay_at_once(payer=fund, payee=ana.account, amount_minutes=5, **kind)
        send(ana, bento, 5)
    client.force_login(bento)

    with CaptureQueriesContext(connection) as asked:
        page = client.get("/wallet/hours/")

    assert page.status_code == 200
    assert len(asked) == QUERIES, "\n".join(query["sql"] for query in asked)


def test_the_way_back_is_walked_on_an_index():
    ana, bento = make_member(minutes=60), make_member()
    send(ana, bento, 15)

    def plan(sql: str, *values: object) -> str:
        explain = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN "
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(explain + sql, values)
            return "\n".join(str(row) for row in cursor.fetchall())

    assert "lot_spent" in plan(_BACK.format(roots="%s", most=10), Lot.objects.latest("pk").pk)
    for question in (burnt, issued):
        with CaptureQueriesContext(connection) as asked:
            question(bento.account, limit=10)
        if connection.vendor == "sqlite":
            plans = [plan(query["sql"].replace("%", "%%")) for query in asked]
            assert "SCAN ledger_lot" not in "".join(plans)
            assert "SCAN ledger_mint" not in "".join(plans)


def test_the_wallet_and_home_say_what_expires_soon_and_lead_there(client, settings):
    settings.GRANTED_HOURS_EXPIRE_DAYS = 7
    ana = make_member(minutes=120)
    client.force_login(ana)
    day = clock.now() + timedelta(days=7)

    for address in ("/wallet/", "/home/"):
        page = client.get(address)
        assert f"2 h expire on {day.day} {day:%B}. They are used first." in words(page).replace("\xa0", " ")
        assert links(page, "See where they come from") == ["/wallet/hours/"]

    settings.GRANTED_HOURS_EXPIRE_DAYS = 365
    client.force_login(make_member(minutes=120))
    assert "They are used first" not in words(client.get("/home/"))


def test_news_of_hours_that_expire_lead_there(client, settings):
    settings.GRANTED_HOURS_EXPIRE_DAYS = 7
    ana = make_member(minutes=120)
    operations.warn_of_expiry()

    assert Event.objects.get(member=ana, type="hours-expiring").get_absolute_url() == "/wallet/hours/"


def test_who_has_no_account_yet_reads_when_it_opens(client):
    assert "Your wallet opens when you become a member." in words(page_of(client, make_member(state="applied")))
