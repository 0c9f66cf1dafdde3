"""A member's webhooks by the API: tested, led elsewhere, signed anew; a program really listens."""

from __future__ import annotations

import pytest

from notifications.models import Event
from notifications.operations import tell
from tests.factories import make_member
from tests.notifications.listener import Listener
from tests.notifications.test_webhooks import listener
from tests.work import drain
from timebank.jobs.models import Job

from .programs import Person, Program, problem

pytestmark = pytest.mark.django_db
__all__ = ["listener"]  # a fixture of these tests too


def listened_to(listener: Listener) -> tuple[Person, str]:
    """A member, and the path of her webhook."""
    person = Person(make_member(name="Ana Souza"))
    drain()
    made = person.post("webhooks/", {"address": listener.address}).json()
    listener.secret = made["secret"]
    return person, f"webhooks/{made['id']}/"


def arrive(person: Person) -> int:
    """Something that she is told; returns its number."""
    member = Event.member.field.related_model.objects.get(public_id=person.get("me/").json()["id"])
    tell(member, "hours-arrived", data={"transfer": "t1", "amount_minutes": 10})
    return Event.objects.filter(member=member).latest("seq").seq


def test_a_test_message_is_signed_and_answered_and_is_no_event(listener):
    person, path = listened_to(listener)
    before = person.get(path).json()
    asked = person.post(f"{path}ping/")
    drain()

    assert (asked.status_code, asked.json()) == (202, before)
    [heard] = listener.heard
    assert (heard["type"], heard["data"]) == ("ping", {})
    [answer] = person.get(f"{path}answers/").json()
    assert (answer["type"], answer["seq"], answer["status"]) == ("ping", None, 204)
    assert person.get(path).json() == before
    assert person.get(f"events/?since={before['seq']}").json()["events"] == []


def test_two_test_messages_are_two(listener):
    person, path = listened_to(listener)
    person.post(f"{path}ping/")
    person.post(f"{path}ping/")
    number = arrive(person)
    drain()

    assert sorted(said["type"] for said in listener.heard) == ["hours-arrived", "ping", "ping"]
    assert len(set(listener.ids)) == 3
    assert person.get(path).json()["seq"] == number


@pytest.mark.parametrize("status", [500, 410])
def test_a_test_message_that_is_not_taken_is_not_sent_again_and_changes_nothing(listener, status):
    person, path = listened_to(listener)
    before = person.get(path).json()
    listener.status = status
    person.post(f"{path}ping/")
    drain()

    assert person.get(f"{path}answers/").json()[0]["status"] == status
    assert person.get(path).json() == before
    assert not Job.objects.open().exists()


def test_one_that_was_stopped_is_tested_and_stays_stopped(listener):
    person, path = listened_to(listener)
    arrive(person)
    listener.status = 410
    drain()
    listener.status = 204
    stopped = person.get(path).json()
    person.post(f"{path}ping/")
    drain()

    assert stopped["stopped_at"]
    assert [said["type"] for said in listener.heard] == ["hours-arrived", "ping"]
    assert person.get(path).json() == stopped


def test_test_messages_are_limited(listener, settings):
    settings.PING_RATE_LIMIT = "2/m/user"
    person, path = listened_to(listener)
    person.post(f"{path}ping/")
    person.post(f"{path}ping/")
    late = person.post(f"{path}ping/")

    assert problem(late) == (429, "too_often")
    assert int(late["Retry-After"]) > 0


def test_led_elsewhere_it_goes_on_from_where_it_was_with_the_same_secret(listener):
    person, path = listened_to(listener)
    arrive(person)
    drain()
    before = person.get(path).json()
    with Listener() as other:
        other.secret = listener.secret
        changed = person.patch(path, {"address": other.address})
        number = arrive(person)
        drain()

    assert changed.json() == before | {"address": other.address}
    assert [said["seq"] for said in listener.heard] == [number - 1]
    assert [said["seq"] for said in other.heard] == [number]
    assert person.patch(path, {}).json() == person.get(path).json()


@pytest.mark.parametrize("address", ["https://127.0.0.1/", "https://example.org:22/", "http://example.org/", "x"])
def test_it_is_led_nowhere_a_new_one_would_not_be(address):
    person = Person(make_member())
    made = person.post("webhooks/", {"address": "https://example.org/x"}).json()
    path = f"webhooks/{made['id']}/"
    refused = person.patch(path, {"address": address})

    assert problem(refused) == (400, "bad_address")
    assert refused.json()["field"] == "address"
    assert person.get(path).json()["address"] == "https://example.org/x"
    assert problem(person.patch(path, {"secret": "x"})) == (400, "unknown_field")


def test_a_new_secret_is_shown_once_and_the_old_one_ends(listener):
    person, path = listened_to(listener)
    old = listener.secret
    made, again = (person.post(f"{path}new-secret/", key="one-and-the-same") for _ in "ab")
    arrive(person)
    listener.secret = made.json()["secret"]  # with which the listener checks each mark
    drain()

    assert listener.secret.startswith("whsec_")
    assert listener.secret != old
    assert again.json() == made.json() | {"secret": None}
    assert len(listener.heard) == 1


def test_of_another_nothing_is_tested_changed_or_signed_anew_and_not_by_a_token():
    ana = make_member()
    made = Person(ana).post("webhooks/", {"address": "https://example.org/x"}).json()
    path = f"webhooks/{made['id']}/"
    for program, code in ((Person(make_member()), 404), (Program(ana), 403)):
        assert problem(program.post(f"{path}ping/"))[0] == code
        assert problem(program.post(f"{path}new-secret/"))[0] == code
        assert problem(program.patch(path, {"address": "https://example.org/y"}))[0] == code
