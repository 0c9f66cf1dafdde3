"""The queue of disputes and the page of one: who sees what, the preview, the ruling."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Member
from ledger.models import Hold, Record
from marketplace import operations
from marketplace.models import Dispute
from notifications.models import Event
from tests.factories import (
    balance,
    make_coordinator,
    make_dispute,
    make_exchange,
    make_member,
    make_moderator,
    make_superuser,
)
from tests.work import drain
from timebank import clock

pytestmark = pytest.mark.django_db

QUEUE = "/admin/marketplace/dispute/"
SECRET = "My mother is ill, so be late if you must."
OWN = "You have a part in this exchange, so another moderator has to rule."


def page_of(dispute: Dispute) -> str:
    return f"/admin/cases/{dispute.public_id}/"


def text_of(answer) -> str:
    main = answer.content.decode().split('id="content"', 1)[-1]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", main)).split())


def make_case(**people: Member) -> Dispute:
    exchange = make_exchange(state="delivered", **people)
    operations.send_message(exchange, by=exchange.receiver, text=SECRET, nonce="secret")
    return make_dispute(exchange)


def choose(browser, dispute: Dispute, outcome: str = "split", minutes: str = "45 min", **more: str):
    values = {"outcome": outcome, "minutes": minutes, "because": "The tap still drips.", **more}
    return browser.post(f"{page_of(dispute)}ruling/", values)


# --- The queue ---------------------------------------------------------------------------------------


def test_the_longest_waiting_case_stands_on_top_and_the_decided_below(signed_in):
    made = []
    for hours in range(4):
        with clock.ahead_by(timedelta(hours=hours)):
            made.append(make_case())
    moderator = make_moderator()
    for hours, dispute in enumerate(made[:2]):
        with clock.ahead_by(timedelta(days=1, hours=hours)):
            operations.rule(dispute, by=moderator, outcome="refund", because="So.")
    browser = signed_in(moderator)

    def listed(**query: str) -> list[Dispute]:
        return list(browser.get(QUEUE, query).context["cl"].result_list)

    assert listed() == [made[2], made[3], made[1], made[0]]
    assert listed(case="open") == made[2:]
    assert page_of(made[2]) in browser.get(QUEUE).content.decode()
    queue = browser.get(QUEUE).content.decode()
    assert re.search(r">\s*Cases\s*<", queue.split("<header>")[1].split("</header>")[0])  # as the menu calls it
    assert "1\u00a0h" in queue and "–" in queue and not re.search(r">\s*-\s*<", queue)
    overview = browser.get("/admin/").content.decode()
    assert re.findall(r"/admin/cases/([^/]+)/", overview) == [made[2].public_id, made[3].public_id]


def test_a_moderator_finds_nothing_of_a_case_of_her_own(signed_in):
    moderator = make_moderator(name="Vera")
    dispute = make_case(provider=moderator)
    browser = signed_in(moderator)

    assert list(browser.get(QUEUE).context["cl"].result_list) == []
    assert page_of(dispute) not in browser.get("/admin/").content.decode()
    assert browser.get(f"{QUEUE}{dispute.pk}/change/").status_code == 404
    answers = [
        browser.get(page_of(dispute)),
        browser.post(f"{page_of(dispute)}messages/"),
        choose(browser, dispute),
        choose(browser, dispute, sure="1"),
    ]
    for answer in answers:
        assert answer.status_code == 403
        assert OWN in text_of(answer)
        assert "Nobody came." not in answer.content.decode()
    assert Dispute.objects.get(pk=dispute.pk).is_open
    assert not Record.objects.filter(kind="reading").exists()


def test_neither_a_coordinator_nor_an_administrator_looks_into_her_own_case(signed_in):
    for make in (make_coordinator, make_superuser):
        person = make(minutes=180)
        dispute = make_case(receiver=person)
        assert signed_in(person).get(page_of(dispute)).status_code == 403


# --- What is seen of one -------------------------------------------------------------------------------


def test_a_moderator_sees_both_sides_but_no_messages_and_opens_the_files(signed_in):
    provider, receiver = make_member(name="Ana Souza"), make_member(name="Bento Lima", minutes=180)
    dispute = make_case(provider=provider, receiver=receiver)
    operations.add_statement(dispute, by=provider, text="I rang three times.", nonce="s-1")
    pdf = SimpleUploadedFile("calls.pdf", b"%PDF-1.4 calls")
    file = operations.add_evidence(dispute, by=provider, upload=pdf)

    answer = signed_in(make_moderator()).get(page_of(dispute))

    text, page = text_of(answer), answer.content.decode()
    for words in ("Nobody came.", "I rang three times.", "It did not happen", "At stake 1 h", "Exchanges done 0"):
        assert words in text
    assert f'href="{reverse("evidence", args=[file.public_id])}"' in page
    assert SECRET not in unescape(page)
    assert "/admin/ledger/hold/" not in page
    assert "style=" not in page.split('id="content"', 1)[-1]


def test_a_coordinator_reads_the_case_and_neither_files_nor_messages_and_does_not_rule(signed_in):
    dispute = make_case()
    pdf = SimpleUploadedFile("calls.pdf", b"%PDF-1.4 calls")
    file = operations.add_evidence(dispute, by=dispute.exchange.provider, upload=pdf)
    browser = signed_in(make_coordinator())

    answer = browser.get(page_of(dispute))

    page = answer.content.decode()
    assert "Nobody came." in page
    assert file.public_id not in page and "calls.pdf" not in page
    assert "Read the messages" not in page and "/ruling/" not in page
    assert reverse("admin:ledger_hold_change", args=[dispute.hold.pk]) in page
    assert browser.post(f"{page_of(dispute)}messages/").status_code == 403
    assert choose(browser, dispute, sure="1").status_code == 403
    assert Dispute.objects.get(pk=dispute.pk).is_open


def test_the_messages_are_read_after_pressing_the_button_which_both_are_told(signed_in):
    dispute, moderator = make_case(), make_moderator(name="Vera")
    browser = signed_in(moderator)

    answer = browser.post(f"{page_of(dispute)}messages/", follow=True)

    assert SECRET in unescape(answer.content.decode())
    assert "Vera read the messages" in text_of(answer)
    assert Record.objects.filter(kind="reading").count() == 1
    told = Event.objects.filter(data__step="messages-read", in_inbox=True)
    assert {event.member_id for event in told} == {dispute.exchange.provider_id, dispute.exchange.receiver_id}
    again = browser.get(page_of(dispute))  # looked at again it is the same reading
    assert SECRET in unescape(again.content.decode())
    assert Record.objects.filter(kind="reading").count() == 1
    assert SECRET not in unescape(signed_in(make_moderator()).get(page_of(dispute)).content.decode())


# --- Ruling ----------------------------------------------------------------------------------------------


def test_a_ruling_is_looked_at_first_and_then_done(signed_in):
    dispute = make_case()
    browser = signed_in(make_moderator(name="Vera"))

    preview = choose(browser, dispute)

    assert preview.status_code == 200
    text = text_of(preview)
    assert "45 min 0 min → 45 min 0 min → 45 min" in text  # provider: gets, balance, can spend
    assert "15 min 3 h → 2 h 15 min 2 h → 2 h 15 min" in text  # receiver
    exchange = dispute.exchange
    assert f"Split: {exchange.provider} gets 45 min, {exchange.receiver} gets 15 min." in text
    assert Dispute.objects.get(pk=dispute.pk).is_open
    assert Hold.objects.live().filter(pk=dispute.hold.pk, due=False).exists()

    done = choose(browser, dispute, sure="1")
    drain()

    assert done["Location"] == page_of(dispute)
    assert (balance(dispute.exchange.provider), balance(dispute.exchange.receiver)) == (45, 135)
    decided = browser.get(page_of(dispute))
    for words in ("Shared between the two", "The tap still drips.", "Ruled by Vera"):
        assert words in text_of(decided)
    assert "/ruling/" not in decided.content.decode()
    told = Event.objects.filter(data__step="rule", in_inbox=True, by_mail=True)
    assert {event.member_id for event in told} == {dispute.exchange.provider_id, dispute.exchange.receiver_id}


def test_of_the_rules_agreed_on_only_those_are_told_that_say_something(signed_in, settings):
    browser = signed_in(make_moderator())
    said = text_of(browser.get(page_of(make_case())))
    assert "silence confirms after 3 days" in said
    assert "costs the receiver" not in said
    settings.LATE_CANCEL_SHARE_PERCENT = 50
    assert "before costs the receiver 50 % of the hours" in text_of(browser.get(page_of(make_case())))


def test_the_staff_read_of_an_exchange_the_state_its_members_read(signed_in):
    dispute = make_case()
    operations.rule(dispute, by=make_moderator(), outcome="refund", because="So.")
    browser = signed_in(make_coordinator())
    page = browser.get(reverse("admin:marketplace_exchange_change", args=[dispute.exchange.pk]))
    assert "State Settled" in text_of(page)
    assert "Settled" in browser.get(reverse("admin:marketplace_exchange_changelist")).content.decode()


def test_from_the_preview_one_goes_back_with_all_that_was_typed(signed_in):
    dispute = make_case()
    browser = signed_in(make_moderator())
    preview = choose(browser, dispute, minutes="0h45").content.decode()
    hidden = dict(re.findall(r'<input type="hidden" name="(outcome|minutes|because)" value="([^"]*)"', preview))
    assert hidden == {"outcome": "split", "minutes": "0h45", "because": "The tap still drips."}

    back = choose(browser, dispute, minutes="0h45", change="1")

    assert back.status_code == 200
    assert 'value="0h45"' in back.content.decode()
    assert "The tap still drips." in back.content.decode()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"outcome": ""}, "Choose how you rule."),
        ({"because": "  "}, "Say why: the two are told."),
        ({"minutes": "soon"}, "Write the time in hours and minutes"),
        ({"minutes": ""}, "Say how long: at least 1 min."),
        ({"minutes": "0 min"}, "The time must be more than zero."),
        ({"minutes": "1 h"}, "It cannot be more than 59 min."),
        ({"outcome": "release", "minutes": "30 min"}, "A part is only for a split."),
        ({"outcome": "refund", "minutes": "30 min"}, "A part is only for a split."),
        ({"because": "x" * 1001}, "up to 1,000 characters fit here, and it has 1,001"),
    ],
)
@pytest.mark.parametrize("step", [{}, {"sure": "1"}])
def test_what_cannot_be_ruled_is_said_and_what_was_typed_stays(signed_in, typed, sentence, step):
    dispute = make_case()
    values = {"because": "The tap still drips.", **typed}
    answer = choose(signed_in(make_moderator()), dispute, **values, **step)
    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert unescape(answer.content.decode()).count(values["because"].strip() or "<textarea")
    assert Dispute.objects.get(pk=dispute.pk).is_open


def test_the_second_moderator_reads_who_ruled_first_and_how(signed_in):
    dispute = make_case()
    browser = signed_in(make_moderator(name="Walter"))
    operations.rule(dispute, by=make_moderator(name="Vera"), outcome="release", because="It was done well.")

    for step in ({}, {"sure": "1"}, {"change": "1"}, {"outcome": ""}, {"minutes": "soon"}):
        answer = choose(browser, dispute, **step)
        assert answer.status_code == 409
        text = text_of(answer)
        assert "Vera ruled first: all of it to the provider." in text
        assert "It was done well." in text
        assert "What you wrote was not used: The tap still drips." in text


def test_a_double_click_on_rule_rules_once_and_says_so(signed_in):
    dispute = make_case()
    browser = signed_in(make_moderator())
    choose(browser, dispute, sure="1")
    answer = choose(browser, dispute, sure="1")
    assert answer.status_code == 409
    assert "You ruled already: shared between the two." in text_of(answer)
    assert "was not used" not in text_of(answer)
    in_another_tab = text_of(choose(browser, dispute, because="On second thoughts."))
    assert "What you wrote was not used: On second thoughts." in in_another_tab
    assert Record.objects.filter(kind="ruling").count() == 1


def test_of_a_suspended_member_the_page_says_so_and_the_ruling_reaches_her(signed_in):
    dispute = make_case()
    Member.objects.filter(pk=dispute.exchange.provider_id).update(state=Member.State.SUSPENDED)
    browser = signed_in(make_moderator())
    assert "Now suspended" in text_of(browser.get(page_of(dispute)))
    choose(browser, dispute, outcome="release", minutes="", sure="1")
    drain()
    assert balance(dispute.exchange.provider) == 60


def test_what_the_deadline_decided_is_shown_as_such(signed_in):
    dispute = make_case()
    with clock.ahead_by(timedelta(days=31)):
        operations.keep_deadlines()
    text = text_of(signed_in(make_moderator()).get(page_of(dispute)))
    assert "Ruled by the deadline: no moderator ruled in time" in text
    assert "The deadline passed" in text


def test_after_completion_it_is_said_from_whom_the_hours_were_taken(signed_in):
    provider = make_member(name="Ana Souza")
    exchange = make_exchange(state="completed", provider=provider)
    drain()
    dispute = make_dispute(exchange)
    text = text_of(signed_in(make_moderator()).get(page_of(dispute)))
    assert "set aside from what Ana Souza had received" in text
    assert "Without a ruling the hours stay with the provider" in text


def test_a_case_takes_the_same_number_of_queries_however_much_was_said(signed_in):
    dispute = make_case()
    browser = signed_in(make_moderator())
    browser.post(f"{page_of(dispute)}messages/", follow=True)
    counts = []
    for more in (0, 3):
        for number in range(more):
            for by in (dispute.exchange.provider, dispute.exchange.receiver):
                operations.add_statement(dispute, by=by, text="And then…", nonce=f"s-{number}")
                operations.send_message(dispute.exchange, by=by, text="Hello?", nonce=f"m-{number}")
        if more:
            browser.post(f"{page_of(dispute)}messages/")
        with CaptureQueriesContext(connection) as asked:
            assert browser.get(page_of(dispute)).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]
