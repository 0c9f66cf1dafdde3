"""Where a member's hours come from: her lots in the order of their use, the people they came through, and what ended."""

from __future__ import annotations

import html
import random
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Member
from accounts.operations import community_fund, grant
from ledger import operations, origins
from ledger.models import Lot, Transfer
from ledger.origins import _BACK, burnt, issued
from notifications.models import Event
from timebank import clock

from ..factories import make_coordinator, make_member
from ..ledger.stories import available, pay
from .moving import send
from .reading import links, words

pytestmark = pytest.mark.django_db
# Session, member, account, categories, lots, what they were, transfers, what ended, what she issued, what is unread.
QUERIES = 11


def page_of(client: Any, member: Member) -> Any:
    client.force_login(member)
    return client.get("/wallet/hours/")


def way_of(lot: Lot, member: Member) -> str:
    """The address of the way that hours of ``member`` came."""
    return f"/wallet/hours/{origins.public_id_of(lot.pk, member.account)}/"


SPLIT = "They were split here: the rest stayed, or went another way."


def way(page: Any) -> list[str]:
    """What the first timeline on the page says, step by step."""
    [timeline, *_] = re.findall(r'<ol class="timeline">(.*?)</ol>', page.content.decode(), re.DOTALL)
    steps = re.findall(r"<li\b.*?</li>", timeline, re.DOTALL)
    return [" ".join(html.unescape(re.sub(r"<[^>]*>", " ", step)).split()).replace(" .", ".") for step in steps]


def amounts(page: Any) -> list[int]:
    return [int(minutes) for minutes in re.findall(r'<data class="amount[^"]*" value="(\d+)"', page.content.decode())]


def test_each_lot_says_what_it_came_with_when_it_expires_and_the_way_it_came(client):
    ana, bento, clara = make_member(name="Ana Souza", minutes=120), make_member(name="Bento Lima"), make_member()
    send(ana, bento, 60)
    send(bento, clara, 60)
    send(clara, ana, 15)

    page = page_of(client, clara)

    assert "Last from Bento Lima Given out by the community fund since today · do not expire 45min The way" in words(
        page
    )
    assert way(page) == [
        "2 h from the community fund to Ana Souza today These hours began here.",
        "1 h from Ana Souza to Bento Lima Help · today They were split here: the rest stayed, or went another way.",
        "1 h from Bento Lima to you Help · today",
        "45 min are with you now do not expire",
    ]
    payment = Transfer.objects.get(payee=clara.account)
    assert links(client.get("/wallet/hours/"), "today") == [f"/transfers/{payment.public_id}/"]


def titles(page: Any) -> list[str]:
    """What each lot is called, and what it came with."""
    rows = re.findall(r"<h3>(.*?)</h3>\s*<p>(.*?)</p>", page.content.decode(), re.DOTALL)
    return [html.unescape(f"{title.strip()} | {birth.strip()}") for title, birth in rows]


def test_each_lot_is_called_by_whom_it_came_from_last_so_that_they_are_told_apart(client, settings):
    settings.GRANTED_HOURS_EXPIRE_DAYS = 30
    ana, bento, clara = make_member(name="Ana Souza", minutes=120), make_member(name="Bento Lima"), make_member()
    dora = make_member(name="Dora Reis", credit_limit_minutes=60)
    send(ana, bento, 60, kind="gift")
    send(bento, clara, 30, kind="gift")
    send(dora, clara, 15)
    grant(clara.account, amount_minutes=45, reason="A new roof", by=make_coordinator(), key="roof")
    page = page_of(client, clara)

    assert sorted(titles(page)) == [
        "From Dora Reis | Issued by Dora Reis, who gives the time later",
        "From the community fund | Given by a coordinator",
        "Last from Bento Lima | Given out by the community fund",
    ]
    assert titles(page_of(client, ana)) == ["From the community fund | Starting hours"]
    Member.objects.filter(pk__in=[bento.pk, dora.pk]).update(state=Member.State.SUSPENDED)
    assert {"From a former neighbour | Issued by a former neighbour"} < set(titles(page_of(client, clara)))
    assert "Last from a former neighbour | Given out by the community fund" in titles(page_of(client, clara))


def test_lots_are_told_apart_in_portuguese_too(client, settings):
    ana, bento = make_member(name="Ana Souza", minutes=120), make_member(minutes=60, language="pt-br")
    send(ana, bento, 60)

    assert sorted(titles(page_of(client, bento))) == [
        "Do fundo da comunidade | Horas de boas-vindas",
        "Por último de Ana Souza | Dadas pelo fundo da comunidade",
    ]


def test_what_was_not_looked_at_so_far_is_called_by_what_it_came_with(client, monkeypatch):
    ana, bento = make_member(name="Ana Souza", minutes=120), make_member()
    send(ana, bento, 60)
    monkeypatch.setattr(origins, "MOST_FOREBEARS", 1)

    assert titles(page_of(client, bento)) == ["Given out by the community fund | do not expire"]
    monkeypatch.setattr(origins, "FEW_FOREBEARS", 1)
    assert "Given out by the community fund" in words(client.get("/wallet/"))


def test_where_hours_join_it_says_so_and_tells_of_nobody_elses_how_many(client):
    ana, bento, clara = make_member(name="Ana Souza", minutes=120), make_member(name="Bento Lima"), make_member()
    for minutes in (30, 15):
        send(ana, bento, minutes)
    send(bento, clara, 40)
    send(ana, clara, 20)

    assert way(page_of(client, clara)) == [
        "2 h from the community fund to Ana Souza today These hours began here.",
        f"30 min from Ana Souza to Bento Lima Help · today {SPLIT}",
        f"15 min from Ana Souza to Bento Lima Help · today {SPLIT} They joined others that had come another way.",
        f"40 min from Bento Lima to you Help · today {SPLIT}",
        f"20 min from Ana Souza to you Help · today {SPLIT} They joined those you had already: 1 h together.",
        "1 h is with you now do not expire",
    ]


def test_what_help_it_was_is_told_to_its_two_people_alone(client):
    ana, bento, clara = make_member(name="Ana Souza", minutes=120), make_member(name="Bento Lima"), make_member()
    pay(ana.account, bento.account, 60, category="plumbing")
    pay(bento.account, clara.account, 60, category="gardening")

    told = way(page_of(client, clara))

    assert told[1].startswith("1 h from Ana Souza to Bento Lima Help · today")
    assert told[2] == "1 h from Bento Lima to you Help · Gardening · today"


def test_a_long_way_is_unfolded_some_steps_at_a_time_without_gap(client):
    ana, bento = make_member(name="Ana Souza", minutes=240), make_member(name="Bento Lima")
    for _ in range(45):
        send(ana, bento, 5, kind="gift")
    page = page_of(client, bento)
    seen, pages = [step for step in way(page) if " from " in step], 1

    while earlier := links(page, "Show earlier"):
        page = client.get(earlier[0])
        assert page.status_code == 200
        seen = [step for step in way(page) if " from " in step] + seen
        pages += 1

    assert pages == 3
    assert [step.partition(" to ")[0] for step in seen] == [
        "4 h from the community fund",
        *["5 min from Ana Souza"] * 45,
    ]
    [latest] = links(page, "Latest steps")
    assert latest == way_of(Lot.objects.open().get(owner=bento.account), bento)
    assert re.fullmatch(r"/wallet/hours/[\w-]{20,}/", latest)


def test_earlier_steps_come_as_a_fragment_and_take_the_focus(client):
    ana, bento = make_member(minutes=240), make_member()
    for _ in range(30):
        send(ana, bento, 5, kind="gift")
    [earlier] = links(page_of(client, bento), "Show earlier")

    part = client.get(earlier, headers={"HX-Request": "true", "HX-Target": "earlier"}).content.decode()

    assert "<main" not in part and "with you now" not in part
    assert part.count("data-focus") == 1
    assert part.index("data-focus") < part.index("from the community fund")


def test_hours_that_went_on_lead_to_those_she_has_and_nobody_sees_anothers(client):
    ana, bento = make_member(minutes=60), make_member()
    spent = Lot.objects.get(owner=ana.account)
    send(ana, bento, 15)
    client.force_login(ana)
    assert client.get(way_of(spent, ana)).headers["Location"] == "/wallet/hours/"

    client.force_login(bento)
    for whose in (ana, bento):
        assert client.get(way_of(spent, whose)).status_code == 404


@pytest.mark.parametrize("change", [lambda seal: seal[:-2], lambda seal: f"{seal}A", lambda seal: seal.swapcase()])
def test_an_address_that_was_written_by_nobody_here_is_none(client, change):
    ana = make_member(minutes=60)
    lot = Lot.objects.get(owner=ana.account)
    client.force_login(ana)

    assert client.get(way_of(lot, ana)).status_code == 200
    public_id = origins.public_id_of(lot.pk, ana.account)
    for address in (change(public_id), lot.pk, "x" * 300):
        assert client.get(f"/wallet/hours/{address}/").status_code == 404


def test_addresses_of_hours_outlive_a_new_secret_key(client, settings):
    ana = make_member(minutes=60)
    address = way_of(Lot.objects.get(owner=ana.account), ana)

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 10, [settings.SECRET_KEY]

    client.force_login(ana)
    assert client.get(address).status_code == 200


def test_a_way_too_long_to_be_looked_at_whole_leaves_nothing_out_that_it_tells(monkeypatch):
    """However few forebears are looked for, what is told are the latest steps, with all that they handed on."""
    dice = random.Random(4)
    people = [make_member(minutes=240).account for _ in range(4)]
    for _ in range(60):
        payer, payee = dice.sample(people, 2)
        pay(payer, payee, min(dice.randint(1, 90), max(1, available(payer))), kind=dice.choice(["help", "gift"]))
    monkeypatch.setattr(origins, "MOST_STEPS", 1000)
    whole = {lot.public_id: lot for person in people for lot in origins.origins(person)}
    assert max(len(lot.steps) for lot in whole.values()) > 20
    assert not any(lot.has_earlier for lot in whole.values())
    assert all(lot.steps[-1].is_first for lot in whole.values())

    for most in (1, 2, 3, 5, 8, 13, 21, 34, 55, 89):
        monkeypatch.setattr(origins, "MOST_FOREBEARS", most)
        for person in people:
            for lot in origins.origins(person):
                told = len(lot.steps)
                assert lot.steps == whole[lot.public_id].steps[:told]
                assert lot.has_earlier == (told < len(whole[lot.public_id].steps))


def test_what_expires_first_stands_on_top_and_the_rest_does_not(client, settings):
    settings.GRANTED_HOURS_EXPIRE_DAYS = 14
    ana, bento = make_member(name="Ana Souza", minutes=120), make_member(minutes=60)
    send(bento, ana, 15)
    day = timezone.localtime(clock.now() + timedelta(days=14))

    page = page_of(client, ana)

    assert amounts(page) == [120, 15]
    said = words(page)
    assert f"2 h expire on {day.day} {day:%B}. They are used first. Find something to enjoy" in said.replace(
        "\xa0", " "
    )
    assert "in 14 days" in said
    assert "do not expire" in said


def test_change_is_no_step_and_gifts_of_the_same_mint_are_one_lot(client):
    ana, bento = make_member(name="Ana Souza", minutes=240), make_member(name="Bento Lima")
    for _ in range(30):  # each leaves a smaller lot of the same mint
        send(ana, bento, 5, kind="gift")

    page = page_of(client, ana)
    assert amounts(page) == [90]
    first, now = way(page)
    assert first.startswith("4 h from the community fund to you Starting hours")
    assert now.startswith("1 h 30 min are with you now")

    page = page_of(client, bento)
    assert amounts(page) == [150]
    assert "The way they came: the latest 20 steps" in words(page)


def test_who_is_no_member_now_is_a_former_neighbour(client):
    ana, bento, clara = make_member(name="Ana Souza", minutes=60), make_member(name="Bento Lima"), make_member()
    send(ana, bento, 60)
    send(bento, clara, 60)
    Member.objects.filter(pk=ana.pk).update(state=Member.State.SUSPENDED)

    said = words(page_of(client, clara))

    assert "1 h from a former neighbour to Bento Lima" in said
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
    day = timezone.localtime(clock.now() + timedelta(days=7))

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
