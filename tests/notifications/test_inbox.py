"""The inbox: what a member was told, whether she read it, and what a page without a socket asks for."""

from __future__ import annotations

import json
import re
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.template.loader import get_template

from notifications import operations, queries
from notifications.models import Event
from notifications.operations import Telling, tell, tell_all
from timebank import clock

from ..factories import make_member

pytestmark = pytest.mark.django_db

CODE = {"payment": 1, "txid": "x" * 32}
LIMITS = {
    "from_day": "2027-01-01", "credit_limit_minutes": 300, "soft_limit_minutes": None, "max_balance_minutes": None,
    "returns_to_common": False,
}  # fmt: skip
PAID = {"transfer": "k3v9m2xq7dhp4rtw8c", "amount_minutes": 90, "kind": "help"}

LINE = r'<b><a id="line-\d+" href="/notifications/\d+/">(.*?)</a></b>'


def newcomer(**fields):
    return make_member(state="new", **fields)


def told(member, count=1, about=None, type_="hours-arrived", data=PAID):
    about_id = about.pk if about else None
    tell_all([Telling(member.pk, type_, about_id, data, in_inbox=True) for _ in range(count)])


def sentences(response) -> list[str]:
    """The sentences of the lines, in their order."""
    return [
        " ".join(re.sub("<.*?>", "", line).split()) for line in re.findall(LINE, response.content.decode(), re.DOTALL)
    ]


def test_what_a_member_was_told_newest_first(client):
    ana, bento = newcomer(name="Ana Souza"), newcomer(name="Bento Lima")
    told(ana, about=bento)
    told(ana, about=bento, data={**PAID, "kind": "gift", "amount_minutes": 60})
    tell(ana, "hours-delivered", about=bento, data=PAID)
    told(bento, about=ana)
    client.force_login(ana)

    page = client.get("/notifications/")

    assert sentences(page) == ["Bento Lima gave you 1 h.", "Bento Lima sent you 1 h 30 min."]
    assert page.content.count(b"New</span>") == 2


def test_lines_stand_under_their_day_in_the_readers_time_zone(client):
    ana = newcomer(time_zone="America/Sao_Paulo")
    told(ana, 3)
    moments = [datetime(2026, 3, 5, 1, 30, tzinfo=UTC), clock.now() - timedelta(days=1), clock.now()]
    for seq, moment in enumerate(moments, 1):
        Event.objects.filter(seq=seq).update(created_at=moment)
    client.force_login(ana)

    page = client.get("/notifications/").content.decode()

    headings = re.findall(r"<h2.*?><time.*?>(.*?)</time></h2>", page)
    assert headings == ["Today", "Yesterday", "4 March 2026"]
    assert "22:30" in page


def test_all_quiet(client):
    client.force_login(newcomer())
    page = client.get("/notifications/")
    assert "All quiet" in page.content.decode()
    assert "Mark all as read" not in page.content.decode()


@pytest.mark.parametrize("language", ["en", "pt-br"])
@pytest.mark.parametrize("is_known", [True, False])
def test_every_type_has_its_sentence(client, language, is_known):
    member, about = newcomer(language=language), newcomer(name="Elisa <b>Nunes</b>") if is_known else None
    told(member, about=about)
    told(member, about=about, data={**PAID, "kind": "gift"})
    told(member, about=about, data={**PAID, "kind": "reversal"})
    told(member, about=None, data={**PAID, "kind": "write_off"})
    told(member, about=about, type_="hours-granted", data={"amount_minutes": 240})
    told(member, about=about, type_="hours-delivered")
    told(member, about=about, type_="hours-expiring", data={"amount_minutes": 90, "expires_on": "2026-12-02"})
    told(member, about=about, type_="hours-expired")
    told(member, about=about, type_="hours-reversed")
    told(member, about=about, type_="grant-failed", data={})
    told(member, about=about, type_="application", data={})
    for state in ("active", "suspended"):
        told(member, about=about, type_="membership-changed", data={"state": state})
    told(member, about=about, type_="exchange-changed", data={"exchange": "x1", "step": "accept", "amount_minutes": 60})
    told(member, about=about, type_="exchange-message", data={"exchange": "x1"})
    told(member, about=about, type_="exchange-reminder", data={"exchange": "x1", "state": "delivered"})
    told(member, about=about, type_="dispute-opened", data={"case": "x1"})
    told(member, about=about, type_="listing-changed", data={"listing": "x1", "hidden": True})
    for state in ("planned", "made"):
        for some in ({"credit_limit_minutes": 300}, {"credit_limit_minutes": 0}):
            told(member, about=about, type_="limits-changed", data={**LIMITS, "state": state, **some})
    told(member, about=about, type_="limits-changed", data={**LIMITS, "state": "made", "returns_to_common": True})
    told(member, about=about, type_="limits-changed", data={**LIMITS, "state": "called_off"})
    told(member, about=about, type_="webhook-stopped", data={"webhook": "x1", "gone": True})
    told(member, about=about, type_="webhook-stopped", data={"webhook": "x1", "gone": False})
    told(member, about=about, type_="payment-asked", data=CODE)
    told(member, about=about, type_="payment-asked", data={**CODE, "amount_minutes": 60})
    told(member, about=about, type_="payment-confirmed", data=CODE)
    told(member, about=about, type_="payment-expired", data={**CODE, "amount_minutes": 60})
    told(member, about=about, type_="payment-expired", data=CODE)
    told(member, about=about, type_="payment-cancelled", data=CODE)
    client.force_login(member)

    pages = [client.get(f"/notifications/{query}") for query in ("", "?before=13")]

    said = [sentence for page in pages for sentence in sentences(page)]
    assert set(Event.objects.values_list("type", flat=True)) == Event.TYPES
    assert len(said) == 32
    assert len(set(said)) >= 31  # none says what another one does
    assert all(len(sentence) > 10 and "None" not in sentence for sentence in said)
    assert all("<b>Nunes" not in page.content.decode() for page in pages)


def test_every_type_that_may_be_mailed_has_its_letter():
    mailed = {
        "hours-expiring",
        "hours-expired",
        "hours-reversed",
        "hours-arrived",
        "membership-changed",
        "grant-failed",
        "application",
    }
    for type_ in mailed | {
        "exchange-changed",
        "exchange-message",
        "exchange-reminder",
        "dispute-opened",
        "listing-changed",
        "payment-asked",
        "webhook-stopped",
    }:
        for ending in ("subject.txt", "txt", "html"):
            get_template(f"notifications/mail/{type_}.{ending}")


@pytest.mark.parametrize("rows", [1, 3, 50])
def test_a_page_takes_the_same_queries_however_many_lines(client, rows, django_assert_num_queries):
    ana = newcomer()
    for _ in range(rows):
        told(ana, about=newcomer())
    client.force_login(ana)
    client.get("/notifications/")

    with django_assert_num_queries(QUERIES):
        page = client.get("/notifications/")

    assert len(sentences(page)) == min(rows, queries.INBOX_ROWS)


QUERIES = 5  # session, member, where her feed stands, the lines with whom they are about, what brought hours about


def test_older_lines_are_on_further_pages_and_none_twice(client):
    ana = newcomer()
    told(ana, 45)
    client.force_login(ana)
    address, seen = "/notifications/", []
    for _ in range(3):
        page = client.get(address)
        seen += re.findall(r'id="line-(\d+)"', page.content.decode())
        if further := re.search(r'rel="next" href="([^"]*)"', page.content.decode()):
            address = further[1]
    assert seen == [str(n) for n in range(45, 0, -1)]
    assert not further


def test_opening_a_line_marks_it_as_read_and_goes_to_its_page(client):
    ana, bento = newcomer(), newcomer()
    told(ana, 2, about=bento)
    client.force_login(ana)

    assert client.get("/notifications/1/").headers["Location"] == "/transfers/k3v9m2xq7dhp4rtw8c/"
    assert client.get("/notifications/1/").status_code == 302
    assert list(Event.objects.unread(ana).values_list("seq", flat=True)) == [2]


@pytest.mark.parametrize(
    ("type_", "data", "address"),
    [
        ("hours-granted", {"amount_minutes": 240}, "/wallet/"),
        ("membership-changed", {"state": "active"}, "/home/"),
        ("limits-changed", {**LIMITS, "state": "made"}, "/wallet/"),
        ("grant-failed", {}, "/people/{about}/"),
        ("webhook-stopped", {"webhook": "x1", "gone": False}, "/settings/webhooks/"),
    ],
)
def test_each_line_leads_to_what_it_is_about(client, type_, data, address):
    ana, bento = newcomer(), newcomer()
    told(ana, about=bento, type_=type_, data=data)
    client.force_login(ana)
    assert client.get("/notifications/1/").headers["Location"] == address.format(about=bento.public_id)


def test_the_line_of_another_member_is_not_found(client):
    ana, bento = newcomer(), newcomer()
    told(bento, 3)
    tell(ana, "hours-delivered", data=PAID)  # a number of hers, but no line of her inbox
    client.force_login(ana)
    for seq in (1, 3, 10**18, 10**40):
        assert client.get(f"/notifications/{seq}/").status_code == 404
    assert Event.objects.unread(bento).count() == 3


def test_marking_all_as_read_leaves_what_came_after_the_page(client):
    ana = newcomer()
    told(ana, 2)
    client.force_login(ana)
    page = client.get("/notifications/").content.decode()
    up_to = re.search(r'name="up_to" value="(\d+)"', page)
    told(ana)

    answer = client.post("/notifications/read/", {"up_to": up_to[1]})

    assert answer.headers["Location"] == "/notifications/"
    assert list(Event.objects.unread(ana).values_list("seq", flat=True)) == [3]
    client.post("/notifications/read/")
    assert not Event.objects.unread(ana).exists()


def test_marking_as_read_is_asked_for_by_post_and_by_the_member_alone(client):
    ana, bento = newcomer(), newcomer()
    told(bento, 2)
    assert client.post("/notifications/read/").headers["Location"].startswith("/account/login/")
    client.force_login(ana)
    assert client.get("/notifications/read/").status_code == 405
    client.post("/notifications/read/")
    assert Event.objects.unread(bento).count() == 2


@pytest.mark.parametrize("text", ["abc", "-1", "1.5", "1e3", "", "٣", "9" * 19, "1" * 5000])
def test_what_is_no_number_is_refused(client, text):
    ana = newcomer()
    told(ana)
    client.force_login(ana)
    assert client.get("/notifications/", {"before": text}).status_code == 400
    assert client.get("/notifications/since/", {"since": text}).status_code == 400
    assert client.post("/notifications/read/", {"up_to": text}).status_code == 400
    assert Event.objects.unread(ana).count() == 1


def test_a_page_without_a_socket_asks_for_what_came_after(client):
    ana = newcomer()
    told(ana, 3)
    client.force_login(ana)

    answer = client.get("/notifications/since/?since=2")

    at = Event.objects.get(seq=3).created_at.isoformat()
    frame = {**PAID, "seq": 3, "type": "hours-arrived", "in_inbox": True, "timestamp": at}
    assert json.loads(answer.content) == {"seq": 3, "whole": True, "frames": [frame]}
    assert json.loads(client.get("/notifications/since/?since=3").content) == {"seq": 3, "whole": True, "frames": []}


def test_strangers_are_sent_to_sign_in_or_told_that_nobody_is_signed_in(client):
    assert client.get("/notifications/").headers["Location"] == "/account/login/?next=/notifications/"
    assert client.get("/notifications/1/").status_code == 302
    assert client.get("/notifications/since/?since=0").status_code == 401
    assert client.get("/notifications/unread/").status_code == 401


def test_the_bell_counts_what_is_unread(client):
    ana = newcomer()
    client.force_login(ana)
    assert b"count" not in client.get("/notifications/unread/").content
    told(ana, 3)
    assert b'<span class="count" aria-hidden="true">3</span>' in client.get("/notifications/unread/").content
    told(ana, 100)
    badge = client.get("/notifications/unread/").content.decode()
    assert "99+" in badge
    assert "103 unread" in badge


def test_the_list_alone_refreshes_itself(client):
    ana = newcomer()
    told(ana)
    client.force_login(ana)
    fragment = client.get("/notifications/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    assert fragment.strip().startswith('<div class="stack" id="inbox"')
    assert 'hx-trigger="inbox-changed from:body' in fragment
    older = client.get("/notifications/?before=1", headers={"HX-Request": "true"}).content.decode()
    assert "hx-trigger" not in older


def test_a_suspended_member_reads_what_she_was_told(client):
    ana = newcomer()
    told(ana, type_="membership-changed", data={"state": "suspended"})
    type(ana).objects.filter(pk=ana.pk).update(state="suspended")
    client.force_login(type(ana).objects.get(pk=ana.pk))
    assert sentences(client.get("/notifications/")) == ["Your membership was suspended."]


def test_a_page_names_the_last_event_that_came_before_its_figures(client, monkeypatch):
    """An event between the two would otherwise be on neither side: not shown, and not asked for."""
    ana = newcomer()
    told(ana)
    client.force_login(ana)
    inbox = queries.inbox

    def read_and_then_something_happens(*args, **kwargs):
        page = inbox(*args, **kwargs)
        told(ana)
        return page

    monkeypatch.setattr(queries, "inbox", read_and_then_something_happens)
    page = client.get("/notifications/", headers={"Sec-Fetch-Dest": "document"})
    assert b'data-live-seq="1"' in page.content


@pytest.mark.django_db(transaction=True)
def test_reading_goes_on_while_the_books_are_being_written(client):
    """Opening the inbox takes no write lock."""
    ana = newcomer()
    tell(ana, "hours-arrived", data=PAID, in_inbox=True)
    client.force_login(ana)
    written, read = threading.Event(), threading.Event()

    def write_slowly():
        from django.db import connections

        with transaction.atomic():
            operations.mark_all_read(ana)
            written.set()
            read.wait(10)
        connections.close_all()

    writer = threading.Thread(target=write_slowly)
    writer.start()
    written.wait(10)
    page = client.get("/notifications/")
    read.set()
    writer.join()
    assert page.content.count(b"New</span>") == 1
