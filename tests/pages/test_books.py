"""The community's books, for everyone: the fund and the sums, and nobody's name or balance."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.operations import community_fund
from ledger import operations
from ledger.models import Account, BooksCheck
from timebank import clock
from timebank.tasks import check_books

from ..factories import make_coordinator, make_member
from .moving import send
from .reading import amounts, links, words

pytestmark = pytest.mark.django_db


def test_strangers_read_what_the_fund_gave_without_names(client, settings):
    settings.GRANTED_HOURS_EXPIRE_DAYS = 1
    ana = make_member(name="Ana Souza", minutes=240)
    with clock.ahead_by(timedelta(days=2)):
        operations.expire_minutes()

    page = client.get("/books/")

    assert amounts(page) == [240, -240]
    said = words(page)
    assert "Hours given out to a member · today −4h Balance afterwards: −4 h" in said.replace("\xa0", " ")
    for private in (ana.display_name, ana.public_id, ana.account.public_id, "/transfers/"):
        assert private not in page.content.decode()


def test_what_was_minted_is_in_circulation_redeemed_or_retired(client):
    ana, bento = make_member(minutes=60, credit_limit_minutes=120), make_member()
    send(ana, bento, 90)
    send(bento, ana, 20)

    said = words(client.get("/books/")).replace("\xa0", " ")

    assert "go from hand to hand 1 h 10 min" in said
    assert "sum of all balances 0 min" in said
    assert "Minted since the beginning 1 h 30 min" in said
    assert "Redeemed: they repaid what a member owed 20 min" in said
    assert "Retired: they came back to the fund that had given them out 0 min" in said


def test_it_says_when_the_books_were_checked_and_what_was_found(client):
    make_member(minutes=60)
    assert "The first check is still to come." in words(client.get("/books/"))

    check_books()
    assert "all of it adds up: today" in words(client.get("/books/"))

    operations.note_check(["I3", "I7", "I3"])
    assert "something does not add up (I3 I7)" in words(client.get("/books/"))


@pytest.mark.broken_books
def test_a_check_names_what_is_broken(client):
    ana = make_member(minutes=60)
    Account.objects.filter(pk=ana.account.pk).update(held_minutes=5)

    check_books()

    assert "I5" in BooksCheck.objects.get().broken


def test_a_check_that_staff_ask_for_is_written_down_too(client):
    from allauth.mfa.models import Authenticator

    lourdes = make_coordinator(minutes=60)
    Authenticator.objects.create(user=lourdes, type=Authenticator.Type.TOTP, data={})
    client.force_login(lourdes)

    client.post("/admin/books/")

    assert BooksCheck.objects.get().is_sound


@pytest.mark.parametrize("lines", [1, 3, 50])
def test_the_same_few_queries_for_any_number_of_lines(client, lines):
    fund, ana = community_fund(), make_member()
    for number in range(lines):
        operations.pay_at_once(
            payer=fund, payee=ana.account, amount_minutes=5, kind="grant", key=f"g:{number}", actor=fund.owner
        )

    with CaptureQueriesContext(connection) as asked:
        page = client.get("/books/")

    assert len(asked) == 5  # lines, balances, what was burnt, what was minted, the last check
    if lines > 20:
        earlier = client.get("/books/" + links(page, "Show earlier")[0])
        assert len(amounts(earlier)) == 20
        assert amounts(client.get("/books/" + links(earlier, "Show earlier")[0])) == [-5] * 10


def test_the_foot_and_how_it_works_lead_there(client):
    assert "/books/" in links(client.get("/how-it-works/"), "Community books")
    assert links(client.get("/how-it-works/"), "Look into the community’s books") == ["/books/"]
    assert client.get("/books/?before=x").status_code == 400
