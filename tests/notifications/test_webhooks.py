"""A member's programs are told what she is told: signed, in order, tried again, and nothing around us is reached."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache

from accounts.operations import suspend_member
from notifications import outside, webhooks
from notifications.api_events import EventDataSerializer
from notifications.models import Answer, Event, Webhook
from notifications.operations import tell
from notifications.tasks import call_webhook
from tests.api.programs import Person, Program, problem
from tests.factories import make_coordinator, make_member
from tests.pages.reading import words
from tests.work import drain
from timebank import clock
from timebank.jobs import running
from timebank.jobs.models import Job

from .listener import Listener

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return make_member(minutes=60, name="Ana Souza")


@pytest.fixture
def listener(settings) -> Iterator[Listener]:
    settings.WEBHOOKS_MAY_REACH_PRIVATE = True
    cache.clear()
    with Listener() as listening:
        yield listening


def listening_for(member, listener: Listener) -> Webhook:
    drain()
    made, listener.secret = webhooks.make_webhook(member, address=listener.address)
    return made


def arrive(member, count: int = 1) -> list[int]:
    """So many things that she is told; returns their numbers."""
    for number in range(count):
        tell(member, "hours-arrived", data={"transfer": f"t{number}", "amount_minutes": 10 + number})
    return list(Event.objects.filter(member=member).order_by("-seq").values_list("seq", flat=True)[:count])[::-1]


def run_next() -> Job:
    """What is tried again, at its time."""
    job = Job.objects.open().get(name__endswith="call_webhook")
    with clock.ahead_by(job.not_before - clock.now() + timedelta(seconds=1)):
        running.run(str(job.pk))
    job.refresh_from_db()
    return job


def test_it_is_told_what_she_is_told_from_now_on_in_order(ana, listener):
    hook = listening_for(ana, listener)
    before = hook.seq
    numbers = arrive(ana, 3)
    drain()

    assert numbers == [before + 1, before + 2, before + 3]
    assert [said["seq"] for said in listener.heard] == numbers
    assert listener.heard[0]["type"] == "hours-arrived"
    assert listener.heard[0]["data"]["amount_minutes"] == 10
    assert "Ana" not in str(listener.heard)
    hook.refresh_from_db()
    assert (hook.seq, hook.is_called, hook.failing_since) == (numbers[-1], False, None)
    arrive(ana)
    drain()
    assert len(listener.heard) == 4


def test_another_is_told_nothing_of_it(ana, listener):
    listening_for(make_member(), listener)
    arrive(ana)
    drain()

    assert listener.heard == []


def test_what_is_not_taken_comes_again_and_nothing_is_left_out(ana, listener):
    hook = listening_for(ana, listener)
    numbers = arrive(ana, 2)
    listener.status = 500
    with pytest.raises(AssertionError, match="call_webhook failed"):
        drain()
    assert len(listener.heard) == 1
    hook.refresh_from_db()
    assert hook.failing_since is not None

    run_next()
    listener.status = 200
    run_next()
    assert [said["seq"] for said in listener.heard] == [numbers[0], numbers[0], *numbers]
    assert listener.ids[0] == listener.ids[1] == listener.ids[2] != listener.ids[3]
    hook.refresh_from_db()
    assert (hook.seq, hook.failing_since, hook.is_called) == (numbers[-1], None, False)
    assert [one.status for one in webhooks.last_answers(hook, most=9)] == [200, 200, 500, 500]


def test_the_log_names_webhook_and_host_and_neither_path_nor_secret(ana, listener, caplog):
    listener.address += "/path-that-nobody-knows?token=in-the-query"
    hook = listening_for(ana, listener)
    arrive(ana)
    listener.status = 500
    with pytest.raises(AssertionError, match="call_webhook failed") as failed:
        drain()

    assert f"webhook {hook.public_id} at 127.0.0.1: 500" in caplog.text
    for secret in ("nobody-knows", "in-the-query", listener.secret):
        assert secret not in caplog.text + str(failed.value)
    assert "127.0.0.1" not in Job.objects.open().get(name__endswith="call_webhook").last_error


def test_after_a_day_in_vain_it_is_stopped_until_she_lets_it_go_on(client, ana, listener):
    hook = listening_for(ana, listener)
    numbers = arrive(ana)
    listener.status = 503
    with pytest.raises(AssertionError, match="call_webhook failed"):
        drain()
    with clock.ahead_by(timedelta(days=1, minutes=1)):
        running.run(str(Job.objects.open().get(name__endswith="call_webhook").pk))
        hook.refresh_from_db()
        assert hook.stopped_at is not None
        numbers += arrive(ana)
        drain()
        assert len(listener.heard) == 2

        client.force_login(ana)
        assert "for it took nothing" in words(client.get("/settings/webhooks/"))
        listener.status = 200
        client.post(f"/settings/webhooks/{hook.public_id}/resume/")
        drain()
    stopped = Event.objects.get(member=ana, type="webhook-stopped")
    assert [said["seq"] for said in listener.heard[2:]] == sorted([*numbers, stopped.seq])


def test_who_says_it_is_gone_is_asked_no_more(ana, listener):
    hook = listening_for(ana, listener)
    arrive(ana)
    listener.status = 410
    drain()

    hook.refresh_from_db()
    assert hook.stopped_at is not None
    assert len(listener.heard) == 1


def test_she_hears_once_that_it_is_stopped_and_her_other_programs_too(client, ana, listener, settings):
    settings.EMAIL_BACKEND = "notifications.letters.QueuedBackend"
    settings.MAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    listener.address += "/path-that-nobody-knows"
    listener.status = 410
    with Listener() as other:
        listening_for(ana, other)
        hook = listening_for(ana, listener)
        arrive(ana)
        drain()
    webhooks.resume_webhook(hook)
    listener.status = 204
    drain()

    [stopped] = Event.objects.inbox(ana).filter(type="webhook-stopped")
    assert (other.heard[-1]["seq"], other.heard[-1]["type"]) == (stopped.seq, "webhook-stopped")
    assert other.heard[-1]["data"] == {"webhook": hook.public_id, "gone": True}
    assert other.heard[-1]["data"].keys() <= set(EventDataSerializer().fields)
    client.force_login(ana)
    inbox = words(client.get("/notifications/"))
    assert "A program of yours says it is gone. It is told nothing any more." in inbox
    assert "127.0.0.1" in inbox
    assert client.get(f"/notifications/{stopped.seq}/")["Location"] == "/settings/webhooks/"
    letters = [letter for letter in mail.outbox if "it is gone" in letter.subject]
    assert [letter.to for letter in letters] == [[ana.email]]
    assert "/settings/webhooks/" in letters[0].body
    assert "nobody-knows" not in letters[0].body + inbox


def test_stopped_again_she_hears_of_it_again(ana, listener):
    hook = listening_for(ana, listener)
    arrive(ana)
    listener.status = 410
    drain()
    webhooks.resume_webhook(hook)
    drain()

    assert Event.objects.inbox(ana).filter(type="webhook-stopped").count() == 2


def test_a_redirect_is_not_followed(ana, listener):
    hook = listening_for(ana, listener)
    arrive(ana)
    listener.status = 302
    with pytest.raises(AssertionError, match="NotTaken"):
        drain()
    assert webhooks.last_answers(hook, most=1)[0].status == 302


def test_a_slow_listener_is_not_waited_for(ana, listener):
    hook = listening_for(ana, listener)
    arrive(ana)
    listener.is_slow.set()
    with pytest.raises(AssertionError, match="NotTaken"):
        drain()
    assert webhooks.last_answers(hook, most=1)[0].in_words == "it took too long to answer"


def test_one_is_called_at_a_time(ana, listener):
    listening_for(ana, listener)
    arrive(ana)
    cache.add("webhooks-calling", True)
    drain()
    assert listener.heard == []

    cache.delete("webhooks-calling")
    run_next()
    assert len(listener.heard) == 1


def test_suspended_she_is_told_nothing_there(ana, listener):
    hook = listening_for(ana, listener)
    suspend_member(ana, by=make_coordinator(), reason="To be talked about")
    drain()
    arrive(ana)
    drain()

    assert listener.heard == []
    assert problem(Person(ana).post("webhooks/", {"address": "https://example.org/x"})) == (403, "cannot_listen")
    hook.refresh_from_db()
    assert hook.is_called is False


def test_only_the_last_answers_are_kept(ana, listener):
    hook = listening_for(ana, listener)
    arrive(ana, webhooks.ANSWERS_KEPT + 5)
    drain()

    assert Answer.objects.filter(webhook=hook).count() == webhooks.ANSWERS_KEPT


def test_removed_meanwhile_it_is_told_nothing(ana, listener):
    hook = listening_for(ana, listener)
    arrive(ana)
    webhooks.remove_webhook(hook)
    drain()
    call_webhook(hook.pk)

    assert listener.heard == []


@pytest.mark.parametrize("address", [
    "http://example.org/", "ftp://example.org/", "https://", "https://user:secret@example.org/", "https://127.0.0.1/",
    "https://10.0.0.8/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://169.254.169.254/latest",
    "https://localhost/", "https://db/", "https://example.org:99999/", "https://example.org/a b", "javascript:alert(1)",
    "https://exämple.org/", "https://printer.local/", "https://0.0.0.0/", "https://0x7f.1/", "https://example.org/#here", "https://[64:ff9b::7f00:1]/x",
])  # fmt: skip
def test_nothing_around_us_is_an_address(ana, address):
    refused = Person(ana).post("webhooks/", {"address": address})

    assert problem(refused) == (400, "bad_address")
    assert refused.json()["field"] == "address"
    assert Webhook.objects.count() == 0


@pytest.mark.parametrize("port", [1, 22, 25, 80, 1023])
def test_a_port_of_another_service_is_no_address(ana, port):
    refused = Person(ana).post("webhooks/", {"address": f"https://example.org:{port}/x"})

    assert problem(refused) == (400, "bad_address")
    assert refused.json()["detail"] == "Programs are told at port 443, or at one from 1024 on."


@pytest.mark.parametrize("port", [443, 1024, 8443, 65535])
def test_the_port_of_the_web_and_the_free_ones_are(ana, port):
    assert Person(ana).post("webhooks/", {"address": f"https://example.org:{port}/x"}).status_code == 201


def test_a_port_that_is_refused_now_is_not_spoken_to_where_it_was_written_before(ana):
    drain()
    hook, _secret = webhooks.make_webhook(ana, address="https://example.org/x")
    Webhook.objects.update(address="https://example.org:22/x")
    arrive(ana)
    with pytest.raises(AssertionError, match="NotTaken"):
        drain()

    assert webhooks.last_answers(hook, most=1)[0].in_words == "nothing is posted to an address like this"


def test_a_name_that_leads_to_us_is_not_reached(ana, monkeypatch):
    monkeypatch.setattr("socket.getaddrinfo", lambda *_args, **_kw: [(2, 1, 6, "", ("127.0.0.1", 443))])

    with pytest.raises(outside.NotReached, match="not_public"):
        outside.post("https://rebound.example.org/", b"{}", {})


def test_on_the_page_the_secret_is_shown_once(client, ana):
    client.force_login(ana)
    page = client.post("/settings/webhooks/", {"address": "https://example.org/timebank"}).content.decode()

    secret = page.partition('id="secret">')[2].partition("<")[0]
    assert secret.startswith("whsec_")
    assert secret not in client.get("/settings/webhooks/").content.decode()
    assert secret not in str(Webhook.objects.values())
    assert "Nothing was told to it yet." in words(client.get("/settings/webhooks/"))
    hook = Webhook.objects.get()
    client.post(f"/settings/webhooks/{hook.public_id}/remove/")
    assert Webhook.objects.count() == 0


def test_on_the_page_a_test_message_is_sent_and_said_to_be_one(client, ana, listener):
    hook = listening_for(ana, listener)
    client.force_login(ana)
    page = client.post(f"/settings/webhooks/{hook.public_id}/ping/", follow=True)
    drain()

    assert "A test message is on its way." in words(page)
    assert [said["type"] for said in listener.heard] == ["ping"]
    assert "A test message" in words(client.get("/settings/webhooks/"))
    assert "answered 204" in words(client.get("/settings/webhooks/"))


def test_on_the_page_test_messages_are_limited(client, ana, listener, settings):
    settings.PING_RATE_LIMIT = "1/m/user"
    hook = listening_for(ana, listener)
    client.force_login(ana)
    client.post(f"/settings/webhooks/{hook.public_id}/ping/")
    late = client.post(f"/settings/webhooks/{hook.public_id}/ping/")
    drain()

    assert late.status_code == 429
    assert int(late["Retry-After"]) > 0
    assert "That is a lot in a short while." in words(late)
    assert len(listener.heard) == 1


def test_a_test_message_waits_for_its_turn(ana, listener):
    hook = listening_for(ana, listener)
    webhooks.ping_webhook(hook)
    cache.add("webhooks-calling", True)
    drain()
    assert listener.heard == []

    cache.delete("webhooks-calling")
    run_next()
    assert [said["type"] for said in listener.heard] == ["ping"]


def test_on_the_page_it_is_led_elsewhere(client, ana, listener):
    hook = listening_for(ana, listener)
    numbers = arrive(ana)
    listener.status = 500
    with pytest.raises(AssertionError, match="call_webhook failed"):
        drain()
    client.force_login(ana)
    with Listener() as other:
        other.secret = listener.secret
        page = client.post(f"/settings/webhooks/{hook.public_id}/address/", {"address": other.address}, follow=True)
        run_next()

    assert "From now on it is told at that address." in words(page)
    assert "It has taken nothing since" not in words(page)
    assert [said["seq"] for said in other.heard] == numbers


def test_on_the_page_a_bad_address_is_refused_and_stays_in_its_form(client, ana):
    client.force_login(ana)
    client.post("/settings/webhooks/", {"address": "https://example.org/one"})
    hook = Webhook.objects.get()
    refused = client.post(f"/settings/webhooks/{hook.public_id}/address/", {"address": "https://example.org:22/two"})
    empty = client.post(f"/settings/webhooks/{hook.public_id}/address/", {"address": ""})

    assert (refused.status_code, empty.status_code) == (422, 422)
    assert "Programs are told at port 443, or at one from 1024 on." in words(refused)
    assert refused.content.decode().count('value="https://example.org:22/two"') == 1
    assert f'href="#id_{hook.public_id}_address"' in refused.content.decode()
    assert "Write an address." in words(empty)
    hook.refresh_from_db()
    assert hook.address == "https://example.org/one"


def test_what_the_old_address_answers_late_says_nothing_of_the_new_one(ana, listener, monkeypatch):
    hook = listening_for(ana, listener)
    numbers = arrive(ana)
    listener.status = 410
    look_up = socket.getaddrinfo
    with Listener() as other:
        other.secret = listener.secret

        def look_up_slowly(*args, **how):
            monkeypatch.undo()
            webhooks.change_address(hook, address=other.address)
            return look_up(*args, **how)

        monkeypatch.setattr("socket.getaddrinfo", look_up_slowly)
        with pytest.raises(AssertionError, match="call_webhook failed"):
            drain()
        hook.refresh_from_db()
        assert (hook.stopped_at, hook.failing_since) == (None, None)
        run_next()

    assert [said["seq"] for said in other.heard] == numbers


def test_on_the_page_a_new_secret_is_shown_once_and_the_old_one_ends(client, ana, listener):
    hook = listening_for(ana, listener)
    client.force_login(ana)
    page = client.post(f"/settings/webhooks/{hook.public_id}/new-secret/").content.decode()
    old, listener.secret = listener.secret, page.partition('id="secret">')[2].partition("<")[0]
    arrive(ana)
    drain()

    assert listener.secret.startswith("whsec_")
    assert listener.secret != old
    assert listener.secret not in client.get("/settings/webhooks/").content.decode()
    assert len(listener.heard) == 1


def test_suspended_she_tests_nothing_and_leads_it_nowhere_but_may_end_a_secret(client, ana, listener):
    hook = listening_for(ana, listener)
    webhooks.ping_webhook(hook)
    suspend_member(ana, by=make_coordinator(), reason="To be talked about")
    drain()
    assert listener.heard == []

    person, path = Person(ana), f"webhooks/{hook.public_id}/"
    assert problem(person.post(f"{path}ping/")) == (403, "cannot_listen")
    assert problem(person.patch(path, {"address": "https://example.org/x"})) == (403, "cannot_listen")
    assert person.post(f"{path}new-secret/").json()["secret"] != listener.secret


@pytest.mark.parametrize("act", ["ping", "address", "new-secret"])
def test_of_another_nothing_is_done_on_the_page_and_nothing_by_reading(client, ana, act):
    hook, _secret = webhooks.make_webhook(make_member(), address="https://example.org/x")
    client.force_login(ana)

    assert client.post(f"/settings/webhooks/{hook.public_id}/{act}/").status_code == 404
    assert client.get(f"/settings/webhooks/{hook.public_id}/{act}/").status_code == 405


def test_by_the_api_it_is_made_read_and_removed(ana):
    person = Person(ana)
    made, again = (person.post("webhooks/", {"address": "https://example.org/x"}, key="one-and-the-same") for _ in "ab")
    assert made.json()["secret"].startswith("whsec_")
    assert again.json() == made.json() | {"secret": None}
    path = f"webhooks/{made.json()['id']}/"

    assert person.get(path).json()["address"] == "https://example.org/x"
    assert person.get(f"{path}answers/").json() == []
    assert problem(Person(make_member()).get(path)) == (404, "not_found")
    assert problem(Program(ana).post("webhooks/", {"address": "https://example.org/x"}))[0] == 403
    assert person.post(f"{path}remove/").status_code == 204
    for _ in range(webhooks.MOST_WEBHOOKS):
        person.post("webhooks/", {"address": "https://example.org/x"})
    assert problem(person.post("webhooks/", {"address": "https://example.org/x"})) == (409, "too_many_webhooks")
