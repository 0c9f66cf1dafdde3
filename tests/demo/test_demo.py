"""The demo community: believable, sound, the same each time, and never in production."""

from __future__ import annotations

import io
from collections import Counter
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Member
from ledger import community
from ledger.models import Account, BooksCheck, Entry, Hold, Kind, LimitChange, Transfer
from ledger.operations import fund
from ledger.views import LINES_ON_A_PAGE
from marketplace.models import Dispute, Exchange, Listing, Review
from notifications.api_events import EventDataSerializer
from notifications.models import Event, Letter
from tests.factories import make_member
from tests.pages.reading import words
from timebank import clock, demo
from timebank.demo.build import READ_UNTIL
from timebank.demo.exchanges import DEALS
from timebank.demo.listings import NOTICES
from timebank.demo.people import APPLICANTS, DOMAIN, PEOPLE
from timebank.demo.topics import TOPICS
from timebank.jobs.models import Job

pytestmark = pytest.mark.django_db


def run(*options: str) -> str:
    said = io.StringIO()
    call_command("demo", *options, stdout=said)
    return said.getvalue()


def balances() -> dict[str, int]:
    accounts = Account.objects.filter(kind=Account.Kind.MEMBER)
    return dict(accounts.order_by("owner__email").values_list("owner__email", "balance_minutes"))


def story() -> list[tuple[str, str, int, str, str]]:
    transfers = Transfer.objects.exclude(kind=Kind.GRANT).order_by("posted_at", "pk")
    notes = "hold__note__text"
    return list(transfers.values_list("payer__owner__email", "payee__owner__email", "amount_minutes", "kind", notes))


def test_the_neighbourhood_is_there_and_running_again_changes_nothing():
    said = run()
    for login in demo.logins():
        assert str(login) in said
    assert len(demo.logins()) == 4

    # sixty people and some who wait, most of the payments small, nobody absurdly rich, and one who owes a little
    assert Member.objects.active().count() == len(PEOPLE)
    assert Member.objects.filter(state=Member.State.APPLIED).count() == len(APPLICANTS)
    amounts = [amount for _payer, _payee, amount, _kind, _note in story()]
    assert 400 <= len(amounts) <= 600
    assert all(30 <= amount <= 150 for amount in amounts)
    assert all(-3 * 60 < minutes <= 12 * 60 for minutes in balances().values())
    assert sum(minutes < 0 for minutes in balances().values()) == 1
    assert len(set(balances().values())) > 20

    # all of it in the past three months and a little, the newest minutes ago
    now = clock.now()
    assert Transfer.objects.earliest("posted_at").posted_at > now - timedelta(days=120)
    assert now - timedelta(hours=1) < Transfer.objects.latest("posted_at").posted_at < now
    days = Transfer.objects.exclude(kind=Kind.GRANT).dates("posted_at", "day")
    assert 85 <= len(days) <= 95
    # nothing is on its way; what is set aside is set aside for an exchange
    assert not Hold.objects.live().filter(due=True).exists()
    assert not Hold.objects.live().filter(exchange=None).exists()

    # nobody was mailed; the newest are unread
    assert (Letter.objects.count(), Job.objects.count(), Event.objects.untold().count()) == (0, 0, 0)
    for login in demo.logins()[:2]:
        member = Member.objects.get(email=login.email)
        unread = Event.objects.unread(member).in_bulk().values()
        assert unread
        assert all(event.created_at >= now - READ_UNTIL - timedelta(minutes=5) for event in unread)
        assert Entry.objects.filter(account__owner=member).count() > LINES_ON_A_PAGE  # more is to be seen

    # each login opens the door
    for login in demo.logins():
        browser = Client()
        browser.post(reverse("account_login"), {"login": login.email, "password": login.password})
        assert browser.session["_auth_user_id"]

    before = (story(), balances(), Event.objects.count(), Member.objects.count())
    assert "nothing was changed" in run()
    assert run("--if-empty") == ""
    assert (story(), balances(), Event.objects.count(), Member.objects.count()) == before


def test_the_market_is_full_and_exchanges_stand_in_every_state():
    run()

    published = Listing.objects.filter(state=Listing.State.OPEN)
    assert published.count() >= 80
    assert set(Listing.objects.values_list("state", flat=True)) == set(Listing.State.values)
    assert {"en", "pt-br"} == set(published.values_list("language", flat=True))
    assert {"offer", "request"} == set(published.values_list("kind", flat=True))
    states = Counter(Exchange.objects.values_list("state", flat=True))
    assert set(states) == set(Exchange.State.values)
    assert states[Exchange.State.DISPUTED] == 2
    assert Dispute.objects.open().count() == 2
    # no moderator and no coordinator of the demo has a part in what they are to look at
    staff = {"daniel@vila.example", "lourdes@vila.example"}
    for dispute in Dispute.objects.all():
        assert staff.isdisjoint({dispute.exchange.provider.email, dispute.exchange.receiver.email})
        assert len(set(dispute.statements.values_list("author", flat=True))) == 2
    assert Review.objects.published().count() > 40
    assert Review.objects.filter(published_at=None).exists()
    # and what they see first when they sign in
    for login in demo.logins()[:2]:
        waiting = Exchange.objects.waiting_for(Member.objects.get(email=login.email))
        assert {exchange.state for exchange in waiting} == {"proposed", "delivered"}


def test_limits_were_decided_for_all_and_for_one_and_more_is_planned(client):
    run()

    common, own, planned = LimitChange.objects.order_by("created_at")
    assert (common.account, planned.account, own.account.owner.email) == (None, None, f"margaret@{DOMAIN}")
    assert [change.state for change in (common, own, planned)] == ["made", "made", "planned"]
    assert own.max_balance_minutes
    assert 14 < (planned.from_day - timezone.localdate(timezone=timezone.get_default_timezone())).days < 28
    # as those two read it who may sign in, each in her language
    client.force_login(Member.objects.get(email=f"ana@{DOMAIN}"))
    of_ana = words(client.get("/wallet/"))
    assert "Estes são os limites de todo mundo." in of_ana
    assert "Você pode dever até 5 h" in of_ana
    assert planned.reason in of_ana
    client.force_login(own.account.owner)
    of_margaret = words(client.get("/wallet/"))
    assert "These limits are yours alone. You may owe up to 8 h You are warned beyond 5 h You may have up to 30 h" in (
        of_margaret
    )
    assert planned.reason not in of_margaret


def test_hours_came_back_and_the_books_were_checked():
    run()

    figures = community._add_up()
    assert (figures.redeemed_minutes, figures.retired_minutes, figures.sum_minutes) == (150, 60, 0)
    assert community.last_check().is_sound
    assert BooksCheck.objects.count() == 1


def test_programs_are_told_nothing_that_the_schema_does_not_name():
    run()
    told = {name for event in Event.objects.all() for name in event.told["data"]}

    assert told <= set(EventDataSerializer().fields)
    assert "payment" not in told


def test_whoever_has_a_part_in_the_demos_deals_lived_there_by_then():
    days_here = {person.handle: person.days_here for person in PEOPLE}
    keys = {notice.key for notice in NOTICES}
    for deal in DEALS:
        assert (deal.owner, deal.title) in keys
        assert deal.days_ago + 1 < min(days_here[deal.owner], days_here[deal.asking])


def test_two_demos_tell_the_same_story(settings):
    from timebank.demo.payments import Imagination

    def told_at(moment):
        return [
            (payment.payer, payment.payee, payment.amount_minutes, payment.kind, payment.note)
            for payment in Imagination(moment, settings.STARTING_GRANT_MINUTES).payments()
        ]

    assert told_at(clock.now()) == told_at(clock.now() + timedelta(days=33, hours=7))


def test_people_write_in_their_own_language_of_what_they_know():
    assert len({person.handle for person in PEOPLE + APPLICANTS}) == len(PEOPLE + APPLICANTS)
    for person in PEOPLE:
        assert person.helps_with
        assert set(person.helps_with) <= set(TOPICS)
        assert len(person.about) <= 600
    for minutes, portuguese, english in TOPICS.values():
        assert minutes
        assert portuguese
        assert english


def test_the_demos_staff_are_named_in_the_settings(settings):
    assert {f"lourdes@{DOMAIN}", f"daniel@{DOMAIN}"} == set(settings.DEMO_STAFF_EMAILS)


def test_where_there_are_people_the_demo_stays_away():
    make_member()
    assert run("--if-empty") == ""
    with pytest.raises(CommandError, match="members here already"):
        run()
    assert demo.logins() == []


def test_production_refuses_it(settings):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="refused in production"):
        run()
    assert demo.logins() == []
    assert fund_is_not_there()


def fund_is_not_there() -> bool:
    try:
        fund()
    except Account.DoesNotExist:
        return True
    return False
