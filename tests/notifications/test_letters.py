"""Mail: written with its cause, sent by a job, in the reader's own words, and then forgotten."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from django.conf import settings as site
from django.core.mail import EmailMultiAlternatives, send_mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import IntegrityError, transaction

from ledger.models import Note
from notifications import letters, operations, tasks
from notifications.models import Event, Letter
from notifications.operations import Words, tell
from timebank import clock
from timebank.jobs import running
from timebank.jobs.models import Job

from ..factories import make_member
from ..pages.moving import send as send_hours
from ..work import drain

PAID = {"transfer": "k3v9m2xq7dhp4rtw8c", "amount_minutes": 90, "kind": "help"}


class BrokenServer(BaseEmailBackend):
    """A mail server that is down."""

    def send_messages(self, email_messages):
        raise ConnectionRefusedError("the mail server is down")


@pytest.fixture(autouse=True)
def our_post_office(settings, tmp_path):
    settings.EMAIL_BACKEND = "notifications.letters.QueuedBackend"
    settings.MAIL_BACKEND = "notifications.letters.FileAndConsoleBackend"
    settings.MAIL_DIR = tmp_path / "mail"


def mails() -> list[EmailMessage]:
    return [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in sorted(site.MAIL_DIR.glob("*"))
    ]


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body
    return body.get_content()


def newcomer(**fields):
    return make_member(state="new", **fields)


# --- The queue of letters ------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_mail_becomes_a_letter_and_a_job_sends_it_as_it_was_written():
    message = EmailMultiAlternatives(
        "Olá, você", "Texto com ç.", to=["ana@example.org"], reply_to=["hub@example.org"], headers={"X-One": "1"}
    )
    message.attach_alternative("<p>HTML com ç.</p>", "text/html")
    assert message.send() == 1
    assert mails() == []

    drain()

    [mail] = mails()
    assert (mail["Subject"], mail["To"], mail["Reply-To"], mail["X-One"]) == (
        "Olá, você",
        "ana@example.org",
        "hub@example.org",
        "1",
    )
    assert mail["From"] == site.DEFAULT_FROM_EMAIL
    assert mail["Auto-Submitted"] == "auto-generated"
    assert part(mail, "plain").strip() == "Texto com ç."
    assert part(mail, "html").strip() == "<p>HTML com ç.</p>"


@pytest.mark.django_db
def test_a_sent_letter_keeps_no_words():
    send_mail("Secret", "https://example.org/confirm/abc", None, ["ana@example.org"])
    drain()
    letter = Letter.objects.get()
    assert letter.sent_at
    assert (letter.subject, letter.text, letter.html, letter.headers) == ("", "", "", {})
    with pytest.raises(IntegrityError), transaction.atomic():
        Letter.objects.update(text="kept after all")


@pytest.mark.django_db
def test_each_recipient_gets_a_letter_of_her_own():
    send_mail("News", "Words", None, ["ana@example.org", "bento@example.org"])
    drain()
    assert sorted(mail["To"] for mail in mails()) == ["ana@example.org", "bento@example.org"]


@pytest.mark.django_db(transaction=True)
def test_a_letter_shares_the_fate_of_its_cause_and_needs_none():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        send_mail("News", "Words", None, ["ana@example.org"])
        _ = 1 / 0
    assert not Letter.objects.exists()
    assert not Job.objects.exists()

    send_mail("News", "Words", None, ["ana@example.org"])
    drain()
    assert len(mails()) == 1


@pytest.mark.django_db(transaction=True)
def test_while_the_mail_server_is_down_a_letter_waits_and_is_not_lost(settings):
    settings.MAIL_BACKEND = "tests.notifications.test_letters.BrokenServer"
    letter = operations.write_letter("ana@example.org", Words("News", "Words"))
    job = Job.objects.get()
    for _ in range(20):  # more often than a job of another kind would try
        running.run(str(job.pk))
    job.refresh_from_db()
    letter.refresh_from_db()
    assert job.tries == 20
    assert not job.dead_at
    assert job.not_before > clock.now()
    assert "server is down" not in job.last_error
    assert (letter.sent_at, letter.subject, letter.text) == (None, "News", "Words")

    settings.MAIL_BACKEND = "notifications.letters.FileAndConsoleBackend"
    with clock.ahead_by(timedelta(hours=1)):
        running.run(str(job.pk))
    assert [mail["Subject"] for mail in mails()] == ["News"]
    job.refresh_from_db()
    assert job.done_at


@pytest.mark.django_db(transaction=True)
def test_a_letter_waits_a_day_for_the_mail_server_and_is_then_shown_to_the_staff(settings):
    settings.MAIL_BACKEND = "tests.notifications.test_letters.BrokenServer"
    operations.write_letter("ana@example.org", Words("News", "Words"))
    job = Job.objects.get()
    waited = timedelta()
    while not Job.objects.dead().exists():
        with clock.ahead_by(waited):
            running.run(str(job.pk))
            job.refresh_from_db()
            waited += max(job.not_before - clock.now(), timedelta())
    assert timedelta(hours=22) < waited < timedelta(hours=27)
    assert Letter.objects.get().text == "Words"


@pytest.mark.django_db(transaction=True)
def test_a_message_that_comes_five_times_sends_one_mail():
    operations.write_letter("ana@example.org", Words("News", "Words"))
    for _ in range(5):
        running.run(str(Job.objects.get().pk))
    tasks.send_letter(Letter.objects.get().pk)
    assert len(mails()) == 1


@pytest.mark.django_db
def test_a_letter_sent_again_after_a_crash_is_known_for_the_same(monkeypatch):
    letter = operations.write_letter("ana@example.org", Words("News", "Words"))
    with monkeypatch.context() as patch:
        patch.setattr(letters, "_forget_words", lambda letter: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            letters.send(letter.pk)
    letters.send(letter.pk)
    first, second = mails()
    assert first["Message-ID"] == second["Message-ID"]


@pytest.mark.django_db
def test_a_letter_that_does_not_exist_any_more_is_nothing_to_do():
    letters.send(10**9)
    letters.write_for_event(10**9)
    assert not Letter.objects.exists()


@pytest.mark.django_db
def test_letters_carry_no_attachments():
    message = EmailMultiAlternatives("News", "Words", to=["ana@example.org"])
    message.attach("a.txt", "words", "text/plain")
    with pytest.raises(ValueError, match="no attachments"):
        message.send()


@pytest.mark.django_db
def test_nobody_who_looks_into_the_folder_reads_half_a_mail(capsys):
    send_mail("News", "Words", None, ["ana@example.org"])
    drain()
    assert [path.suffix for path in site.MAIL_DIR.iterdir()] == [".eml"]
    assert [path.name for path in site.MAIL_DIR.parent.iterdir()] == ["mail"]
    assert "Mail to ana@example.org: News" in capsys.readouterr().err


@pytest.mark.django_db
def test_letters_sent_long_ago_are_cleared_away_and_others_stay():
    for name in ("old", "new", "unsent"):
        operations.write_letter(f"{name}@example.org", Words("News", "Words"))
    now = clock.now()
    for name, sent_at in (("old", now - timedelta(days=40)), ("new", now)):
        Letter.objects.filter(recipient=f"{name}@example.org").update(sent_at=sent_at, subject="", text="")
    assert operations.clear_sent_letters(before=now - timedelta(days=30)) == 1
    assert sorted(letter.recipient for letter in Letter.objects.all()) == ["new@example.org", "unsent@example.org"]


# --- The letters about events ----------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_hours_that_arrive_are_written_of_in_the_readers_own_units():
    ana, bento = newcomer(name="Ana", language="en"), newcomer(name="Bento", language="en", units="minutes")

    tell(bento, "hours-arrived", about=ana, data=PAID, in_inbox=True, by_mail=True)
    drain()

    assert "90 min" in part(mails()[-1], "plain")


@pytest.mark.django_db
def test_hours_that_arrive_are_written_of_in_the_readers_language_and_time_zone():
    ana = newcomer(name="Ana O'Hara <b>", language="en")
    bento = newcomer(name="Bento", language="pt-br", time_zone="America/Sao_Paulo")
    tell(bento, "hours-arrived", about=ana, data=PAID, in_inbox=True, by_mail=True)
    Event.objects.update(created_at=datetime(2026, 3, 5, 1, 30, tzinfo=UTC))
    drain()

    [mail] = mails()
    assert mail["To"] == bento.email
    assert "Ana O'Hara <b>" in mail["Subject"]
    assert "1 h 30 min" in mail["Subject"]
    text, html = part(mail, "plain"), part(mail, "html")
    link = f"{site.SITE_URL}/transfers/k3v9m2xq7dhp4rtw8c/"
    assert text.count(link) == 1
    assert html.count(link) == 1
    assert "Ana O'Hara <b>" in text
    assert "Ana O&#x27;Hara &lt;b&gt;" in html
    assert "Ana O'Hara <b>" not in html
    assert 'lang="pt-br"' in html
    assert "4 de março de 2026" in text.lower()  # in São Paulo it is the evening before
    assert "22:30" in text


@pytest.mark.django_db(transaction=True)
def test_the_letter_about_hours_quotes_what_came_with_them():
    ana, bento, carla = make_member(minutes=240), make_member(), make_member()
    send_hours(ana, bento, note="Thank you <3\nfor the cake")
    send_hours(ana, carla)
    drain()

    to_bento, to_carla = (next(mail for mail in mails() if mail["To"] == member.email) for member in (bento, carla))
    assert "“Thank you <3\nfor the cake”" in part(to_bento, "plain")
    assert "Thank you &lt;3<br>for the cake</blockquote>" in part(to_bento, "html")
    assert "“" not in part(to_carla, "plain")
    assert "blockquote" not in part(to_carla, "html")
    assert "cake" not in to_bento["Subject"]


@pytest.mark.django_db(transaction=True)
def test_words_erased_before_the_letter_is_written_are_not_in_it():
    ana, bento = make_member(minutes=240), make_member()
    hold = send_hours(ana, bento, note="A secret")
    Note.objects.filter(hold=hold).update(text="", salt="", erased_at=clock.now())
    drain()
    assert "secret" not in part(next(mail for mail in mails() if mail["To"] == bento.email), "plain")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("type_", "data"),
    [
        ("hours-arrived", PAID),
        ("hours-arrived", {**PAID, "kind": "gift"}),
        ("hours-arrived", {**PAID, "kind": "reversal"}),
        ("hours-arrived", {**PAID, "kind": "write_off"}),
        ("hours-expiring", {"amount_minutes": 90, "expires_on": "2026-12-02"}),
        ("hours-expired", PAID),
        ("hours-reversed", PAID),
        ("membership-changed", {"state": "active"}),
        ("membership-changed", {"state": "suspended"}),
        ("grant-failed", {}),
        ("application", {}),
        ("webhook-stopped", {"webhook": "x1", "gone": True}),
        ("webhook-stopped", {"webhook": "x1", "gone": False}),
    ],
)
def test_every_letter_is_one_fact_and_one_button(type_, data):
    about = newcomer(name="Elisa Nunes")
    for language in ("en", "pt-br"):
        for known in (about, None):
            tell(newcomer(language=language), type_, about=known, data=data, in_inbox=True, by_mail=True)
    drain()

    for mail in mails():
        text, html = part(mail, "plain"), part(mail, "html")
        assert mail["Subject"]
        assert "\n" not in mail["Subject"]
        assert "\n\n\n" not in text
        assert html.count('class="button"') == 1
        for words in (mail["Subject"], text, html):
            assert "None" not in words
            assert "{%" not in words
            assert "{{" not in words
        assert "&#x27;" not in text
        for address in (*_addresses(text), *_addresses(html)):
            assert address.startswith(site.SITE_URL)
    assert len(mails()) == 4


def _addresses(words: str) -> list[str]:
    return re.findall(r"https?://[^\s\"'<>]+", words)


@pytest.mark.django_db(transaction=True)
def test_an_event_is_written_of_once_however_often_its_job_runs():
    tell(newcomer(), "hours-arrived", data=PAID, by_mail=True)
    tasks.deliver_events()
    event = Event.objects.get()
    for _ in range(3):
        tasks.mail_event(event.pk)
    operations.write_letter("ana@example.org", Words("again", "again"), event=event)
    assert Letter.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_who_cannot_sign_in_any_more_gets_no_letter():
    member = newcomer(is_active=False)
    tell(member, "hours-arrived", data=PAID, by_mail=True)
    drain()
    assert not Letter.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_subject_stays_one_line_and_whole_whatever_the_name():
    sender = newcomer(name="A\r\nBcc: all@example.org " + "x" * 50)
    tell(newcomer(), "hours-arrived", about=sender, data=PAID, by_mail=True)
    drain()
    [mail] = mails()
    assert mail["Bcc"] is None
    assert "A Bcc: all@example.org" in mail["Subject"]
