"""The mails about exchanges: each says in itself what there is to know, once."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from accounts.models import Member
from marketplace import operations
from marketplace.models import Exchange
from tests.factories import make_dispute, make_exchange, make_listing, make_member, make_moderator
from tests.notifications.test_letters import mails, part
from tests.work import drain
from timebank import clock

pytestmark = pytest.mark.django_db(transaction=True)
State = Exchange.State


@pytest.fixture(autouse=True)
def our_post_office(settings: Any, tmp_path: Any) -> None:
    settings.EMAIL_BACKEND = "notifications.letters.QueuedBackend"
    settings.MAIL_BACKEND = "notifications.letters.FileAndConsoleBackend"
    settings.MAIL_DIR = tmp_path / "mail"


def mails_to(member: Member) -> list[EmailMessage]:
    drain()
    return [mail for mail in mails() if mail["To"] == member.email]


def subject(mail: EmailMessage) -> str:
    return str(mail["Subject"]).strip()


def ruling_to(member: Member) -> EmailMessage:
    [mail] = [mail for mail in mails_to(member) if "settled the dispute" in subject(mail)]
    return mail


def test_a_proposal_says_when_where_for_how_long_until_when_and_what_was_written() -> None:
    ana, bento = make_member(name="Ana Souza"), make_member(name="Bento Lima", minutes=240)
    starts_at = clock.now() + timedelta(days=3)
    bread = make_listing(ana, title="Baking bread")
    operations.propose(
        bread,
        by=bento,
        minutes=60,
        starts_at=starts_at,
        place="At home",
        message="Hello,\nshall we?",
        nonce="propose-1",
    )

    [mail] = mails_to(ana)

    assert subject(mail) == "Bento Lima asks you for an exchange of 1 h. · Baking bread"
    text, html = part(mail, "plain"), part(mail, "html")
    for said in ("Where: At home", "How long: 1 h\n", "Message: Hello,\nshall we?", "Please answer by: ", "When: "):
        assert said in text
    assert "Hello,<br>shall we?" in html
    assert "“Baking bread”" in text


def test_a_counter_asks_the_other_one_and_a_yes_asks_nobody() -> None:
    exchange = make_exchange()
    operations.counter(
        exchange, by=exchange.provider, minutes=90, starts_at=None, place="", version=1, nonce="counter-1"
    )
    [asked] = mails_to(exchange.receiver)
    assert "When: Date to be agreed\nHow long: 1 h 30 min\nPlease answer by: " in part(asked, "plain")

    operations.accept_exchange(exchange, by=exchange.receiver, version=2)
    [told] = [mail for mail in mails_to(exchange.provider) if "accepted. Set aside: 1 h 30 min." in subject(mail)]
    assert "Please answer by" not in part(told, "plain")


def test_the_message_is_in_the_mail_of_its_step_however_late_that_is_written() -> None:
    ana, bento = make_member(), make_member(minutes=240)
    asked = operations.propose(make_listing(ana), by=bento, minutes=60, message="Shall we?", nonce="propose-2")
    operations.send_message(asked, by=bento, text="Or not?", nonce="message-1")
    operations.counter(asked, by=ana, minutes=90, starts_at=None, place="", version=1, message="Yes", nonce="counter-2")

    [told] = [mail for mail in mails_to(ana) if "asks you for" in subject(mail)]
    [answered] = [mail for mail in mails_to(bento) if "suggests" in subject(mail)]
    assert "Message: Shall we?\n" in part(told, "plain")
    assert "Message: Yes\n" in part(answered, "plain")


def test_one_confirmation_is_one_mail() -> None:
    exchange = make_exchange(state=State.DELIVERED)
    before = len(mails_to(exchange.provider))
    operations.confirm_exchange(exchange, by=exchange.receiver)

    new = mails_to(exchange.provider)[before:]

    assert [f"{exchange.receiver} confirmed 1 h. · {exchange.listing.title}"] == [subject(mail) for mail in new]
    assert exchange.provider.events.filter(type="hours-arrived", in_inbox=True).count() == 1


def test_what_is_to_be_confirmed_says_until_when_and_what_silence_does() -> None:
    exchange = make_exchange(state=State.ACCEPTED)
    operations.deliver_exchange(exchange, by=exchange.provider, minutes=90)

    [asked] = [mail for mail in mails_to(exchange.receiver) if "says it is done" in subject(mail)]

    text = part(asked, "plain")
    assert "Agreed: 1 h\nIt took: 1 h 30 min\nPlease answer by: " in text
    assert f"If you say nothing: {exchange.provider.get_short_name()} gets 1 h.\n" in text


def test_a_call_off_says_where_the_hours_went(settings: Any) -> None:
    settings.LATE_CANCEL_SHARE_PERCENT = 50
    early = make_exchange(state=State.ACCEPTED)
    operations.cancel_exchange(early, by=early.provider)
    late = make_exchange(state=State.ACCEPTED, starts_at=clock.now() + timedelta(hours=1))
    operations.cancel_exchange(late, by=late.receiver)

    def told(member: Member) -> str:
        [mail] = [mail for mail in mails_to(member) if "cancelled" in subject(mail)]
        return part(mail, "plain")

    assert "Back to you: 1 h\n" in told(early.receiver)
    assert "You keep, for it was late: 30 min\n" in told(late.provider)


@pytest.mark.parametrize(("provider_minutes", "mine", "theirs"), [(20, "20 min", "40 min")])
def test_a_ruling_says_who_gets_what_and_why(provider_minutes: int, mine: str, theirs: str) -> None:
    dispute = make_dispute()
    ana, bento = dispute.exchange.provider, dispute.exchange.receiver
    because = "Half of it was done."
    operations.rule(dispute, by=make_moderator(), outcome="split", because=because, provider_minutes=provider_minutes)

    for member, other, gets, leaves in ((ana, bento, mine, theirs), (bento, ana, theirs, mine)):
        mail = ruling_to(member)
        assert f"the dispute between you and {other}: you get {gets}." in subject(mail)
        assert f"You get: {gets}\n{other.get_short_name()} gets: {leaves}\nWhy: {because}\n" in part(mail, "plain")
        assert because in part(mail, "html")


def test_whoever_gets_nothing_by_a_ruling_reads_who_gets_all_of_it() -> None:
    dispute = make_dispute()
    operations.rule(dispute, by=make_moderator(), outcome="refund", because="Nobody came.")
    ana, bento = dispute.exchange.provider, dispute.exchange.receiver
    assert f"{bento} gets 1 h." in subject(ruling_to(ana))
    assert "you get 1 h." in subject(ruling_to(bento))


def test_the_inbox_names_the_exchange(client: Any) -> None:
    ana = make_member()
    make_exchange(provider=ana, listing=make_listing(ana, title="Baking bread"))
    client.force_login(ana)
    assert "Baking bread" in client.get("/notifications/").content.decode()
