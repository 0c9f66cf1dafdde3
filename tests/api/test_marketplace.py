"""Listings, exchanges, reviews and disputes by programs: the same operations as on the pages."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from PIL import Image

from ledger.models import Hold
from marketplace.models import Category, Dispute, Exchange, Listing, Message
from tests.factories import available, balance, make_exchange, make_listing, make_member
from tests.work import drain
from timebank import clock

from .programs import Person, Program, problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return make_member(minutes=120, name="Ana Souza")


@pytest.fixture
def bento():
    return make_member(name="Bento Lima")


OFFER = {"kind": "offer", "title": "Hems and buttons", "category": "repairs", "minutes": 60, "description": "By hand"}


# --- Listings -----------------------------------------------------------------------------------------


def test_categories_are_named_in_the_callers_language(ana):
    named = {one["slug"]: one for one in Program(make_member(language="pt-br")).get("categories/").json()}

    assert named["repairs"] == {
        "slug": "repairs",
        "name": "Pequenos consertos",
        "heading": "home",
        "icon": named["repairs"]["icon"],
    }
    assert named["home"]["heading"] is None
    assert len(named) == Category.objects.count()


def test_a_listing_is_written_found_changed_and_closed(ana, bento):
    hers, his = Person(bento), Program(ana)
    written = hers.post("listings/", OFFER)
    id_ = written.json()["id"]
    assert written.status_code == 201
    assert written["Location"] == f"/api/v1/listings/{id_}/"
    assert written.json() | OFFER == written.json()
    assert written.json()["owner"] == {"id": bento.public_id, "name": "Bento Lima"}

    assert [one["id"] for one in his.get("listings/?q=HEMS&kind=offer&category=home").json()["results"]] == [id_]
    assert his.get("listings/?kind=request").json()["results"] == []
    changed = hers.patch(f"listings/{id_}/", {"minutes": None, "place": "At  my home"})
    assert (changed.status_code, changed.json()["minutes"], changed.json()["place"]) == (200, None, "At my home")
    assert (changed.json()["title"], changed.json()["state"]) == ("Hems and buttons", "open")

    assert hers.post(f"listings/{id_}/pause/").json()["state"] == "paused"
    assert problem(his.get(f"listings/{id_}/")) == (404, "not_found")
    assert hers.post(f"listings/{id_}/publish/").json()["state"] == "open"
    assert hers.post(f"listings/{id_}/close/").json()["state"] == "closed"
    assert [one["state"] for one in hers.get("listings/?mine=true").json()["results"]] == ["closed"]


def test_a_draft_needs_a_title_only_and_is_gone_when_closed(bento):
    hers = Person(bento)
    draft = hers.post("listings/", {"kind": "request", "title": "Somebody to talk to", "publish": False}).json()
    assert (draft["state"], draft["category"], draft["published_at"]) == ("draft", None, None)
    assert problem(hers.post(f"listings/{draft['id']}/publish/")) == (409, "listing_incomplete")

    gone = [hers.post(f"listings/{draft['id']}/close/", key="one-and-the-same") for _ in range(2)]
    assert [(one.status_code, one.content) for one in gone] == [(204, b""), (204, b"")]
    assert Listing.objects.count() == 0


@pytest.mark.parametrize(("changes", "code"), [
    ({"title": ""}, "blank"), ({"title": "!!!"}, "no_letters"), ({"title": "x" * 81}, "max_length"),
    ({"title": "a\u202eb"}, "control"), ({"category": "nothing"}, "does_not_exist"), ({"category": "home"}, "does_not_exist"),
    ({"minutes": 0}, "not_positive"), ({"minutes": True}, "not_whole"), ({"minutes": 6001}, "too_much"),
    ({"kind": "gift"}, "invalid_choice"), ({"state": "open"}, "unknown_field"), ({"owner": "x"}, "unknown_field"),
    ({"category": None}, "listing_incomplete"), ({"category": ["repairs"]}, "does_not_exist"), ({"category": {"a": 1}}, "does_not_exist"),
])  # fmt: skip
def test_a_listing_that_is_none(bento, changes, code):
    refused = Person(bento).post("listings/", OFFER | changes)

    assert problem(refused) in {(400, code), (409, code)}
    assert Listing.objects.count() == 0


def test_nobody_changes_anothers_listing(ana, bento):
    listing = make_listing(bento)

    for act in ("publish", "pause", "close"):
        assert problem(Person(ana).post(f"listings/{listing.public_id}/{act}/")) == (404, "not_found")
    assert problem(Person(ana).patch(f"listings/{listing.public_id}/", {"title": "Mine now"})) == (404, "not_found")


def test_a_token_writes_nothing_it_was_not_made_for(ana):
    listing, exchange = (
        make_listing(ana),
        make_exchange(provider=ana, receiver=make_member(minutes=60), state="proposed"),
    )
    for program in (Program(ana), Program(ana, may_pay=False)):
        assert problem(program.post("listings/", OFFER))[0] == 403
        assert problem(program.post(f"listings/{listing.public_id}/close/"))[0] == 403
        assert problem(program.post(f"exchanges/{exchange.public_id}/messages/", {"text": "Hello"}))[0] == 403
        assert problem(program.post(f"exchanges/{exchange.public_id}/dispute/", {}))[0] == 403
        assert problem(program.post("notifications/read/"))[0] == 403
    assert (
        problem(Program(ana, may_pay=False).post(f"exchanges/{exchange.public_id}/accept/", {"version": 1}))[0] == 403
    )


def test_what_was_taken_off_the_list_is_read_by_its_owner_only(ana, bento):
    exchange = make_exchange(provider=bento, receiver=ana)
    Listing.objects.filter(pk=exchange.listing_id).update(
        hidden_because="Rude", description="Rude words", state="paused"
    )
    path = f"listings/{exchange.listing.public_id}/"

    assert (Program(ana).get(path).json()["description"], Program(ana).get(path).json()["hidden_because"]) == ("", "")
    assert Program(bento).get(path).json()["description"] == "Rude words"
    assert problem(Program(make_member()).get(path)) == (404, "not_found")


def test_lists_come_in_the_order_that_is_asked_for(ana, bento):
    ids = [make_listing(bento, title=f"Number {number}").public_id for number in range(5)]
    program = Program(ana)

    def found(query: str) -> list[str]:
        path, all_ = f"listings/?page_size=2&{query}", []
        while path:
            page = program.get(path).json()
            all_ += [one["id"] for one in page["results"]]
            path = (page["next"] or "").partition("/api/v1/")[2]
        return all_

    assert found("") == found("ordering=-published_at") == found("ordering=-created_at") == ids[::-1]
    assert found("ordering=published_at") == ids
    assert problem(program.get("listings/?ordering=title")) == (400, "no_such_order")
    assert problem(program.get("listings/?ordering=published_at&mine=true")) == (400, "no_such_order")


# --- Exchanges ----------------------------------------------------------------------------------------


def test_an_exchange_from_asking_to_reviews(ana, bento):
    offer = make_listing(bento)
    payer, helper = Person(ana), Person(bento)
    starts_at = (clock.now() + timedelta(days=2)).replace(microsecond=0)

    asked = payer.post("exchanges/", {
        "listing": offer.public_id, "minutes": 60, "starts_at": starts_at.isoformat(), "place": "My home", "message": "Hello!",
    })  # fmt: skip
    path = asked["Location"].removeprefix("/api/v1/")
    assert asked.status_code == 201
    assert (asked.json()["state"], asked.json()["waits_for"], asked.json()["version"]) == (
        "proposed",
        bento.public_id,
        1,
    )
    assert asked.json()["actions"] == ["withdraw"]
    assert helper.get(path).json()["actions"] == ["accept", "counter", "decline"]

    other = helper.post(f"{path}counter/", {"minutes": 45, "version": 1}).json()
    assert (other["minutes"], other["starts_at"], other["version"]) == (45, asked.json()["starts_at"], 2)
    assert other["terms"] == {}
    assert problem(payer.post(f"{path}accept/", {"version": 1})) == (409, "terms_changed")
    agreed = payer.post(f"{path}accept/", {"version": 2}).json()
    assert (agreed["state"], agreed["hold"], available(ana)) == ("accepted", Hold.objects.latest("pk").public_id, 75)

    assert problem(helper.post(f"{path}start/")) == (409, "too_early")
    assert helper.get(path).json()["actions"] == ["cancel", "deliver"]
    with clock.ahead_by(starts_at - clock.now()):
        assert helper.post(f"{path}start/").json()["state"] == "in_progress"
    assert helper.post(f"{path}deliver/", {"minutes": 40}).json()["delivered_minutes"] == 40
    confirmed = payer.post(f"{path}confirm/", {"minutes": 40})
    assert (confirmed.status_code, confirmed.json()["state"]) == (202, "completed")
    assert confirmed["Location"] == f"/api/v1/holds/{agreed['hold']}/"
    drain()
    assert (balance(ana), balance(bento)) == (80, 40)
    assert payer.get(f"transfers/{agreed['hold']}/").json()["amount_minutes"] == 40

    payer.post(f"{path}reviews/", {"stars": 5, "text": "Wonderful"})
    assert helper.get(f"{path}reviews/").json()["results"] == []
    assert [one["stars"] for one in payer.get(f"{path}reviews/").json()["results"]] == [5]
    helper.post(f"{path}reviews/", {"stars": 4})
    assert [one["text"] for one in payer.get(f"members/{bento.public_id}/reviews/").json()["results"]] == ["Wonderful"]
    assert payer.get(f"members/{bento.public_id}/reputation/").json() == {"exchanges": 1, "reviews": 1, "stars": "5.00"}
    happened = [step["action"] for step in helper.get(f"{path}steps/").json()["results"]]
    assert happened == ["confirm", "deliver", "start", "accept", "counter", "propose"]


def test_messages_are_sent_once_and_read_by_the_two(ana, bento):
    exchange = make_exchange(provider=bento, receiver=ana)
    path = f"exchanges/{exchange.public_id}/messages/"

    first, again = (Person(ana).post(path, {"text": " Bring\r\nthread "}, key="one-and-the-same") for _ in range(2))
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    read = Person(bento).get(path).json()["results"]
    assert [(one["id"], one["text"]) for one in read] == [(first.json()["id"], "Bring\nthread")]
    assert Message.objects.count() == 1
    assert problem(Person(make_member()).get(path)) == (404, "not_found")
    assert problem(Person(make_member()).post(path, {"text": "Hello"})) == (404, "not_found")


def test_what_the_rules_refuse_is_said_with_its_code(ana, bento):
    exchange = make_exchange(provider=bento, receiver=ana, state="proposed", minutes=60)
    path = f"exchanges/{exchange.public_id}/"

    assert problem(Person(ana).post(f"{path}accept/", {"version": 1})) == (403, "not_yours")
    assert problem(Person(ana).post(f"{path}confirm/", {"minutes": 60})) == (409, "out_of_turn")
    too_much = Person(ana).post("exchanges/", {"listing": make_listing(bento).public_id, "minutes": 600})
    assert problem(too_much) == (409, "not_enough_time")
    assert too_much.json()["field"] == "minutes"
    again = Person(ana).post("exchanges/", {"listing": exchange.listing.public_id, "minutes": 60})
    assert problem(again) == (409, "already_asked")


@pytest.mark.parametrize(("changes", "code"), [
    ({"minutes": True}, "not_whole"), ({"minutes": None}, "null"), ({"starts_at": "tomorrow"}, "invalid"),
    ({"starts_at": 5}, "invalid"), ({"starts_at": "2090-12-01T10:00:00"}, "no_zone"), ({"message": "x" * 2001}, "max_length"), ({"state": "completed"}, "unknown_field"),
    ({"starts_at": "2001-01-01T10:00:00Z"}, "slot_in_the_past"), ({"place": "a\u202eb"}, "control"),
])  # fmt: skip
def test_a_proposal_that_is_none(ana, bento, changes, code):
    asked = {"listing": make_listing(bento).public_id, "minutes": 60} | changes

    assert problem(Person(ana).post("exchanges/", asked)) in {(400, code), (409, code)}
    assert Exchange.objects.count() == 0


def test_exchanges_are_filtered(ana, bento):
    waiting = make_exchange(provider=ana, receiver=make_member(minutes=60), state="proposed")
    make_exchange(provider=bento, receiver=ana, state="completed")

    def found(query: str) -> list[str]:
        return [one["id"] for one in Program(ana).get(f"exchanges/?{query}").json()["results"]]

    assert found("waiting=true") == found("live=true") == found("state=proposed") == [waiting.public_id]
    assert len(found("")) == 2
    assert len(found("live=false")) == 1
    assert problem(Program(ana).get("exchanges/?state=banana")) == (400, "invalid_choice")


# --- Disputes -----------------------------------------------------------------------------------------


def picture() -> io.BytesIO:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(file, "PNG")
    file.seek(0)
    file.name = "stain.png"
    return file


def test_a_dispute_with_what_both_say_and_show(ana, bento, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    exchange = make_exchange(provider=bento, receiver=ana, state="delivered")
    opened = Person(ana).post(f"exchanges/{exchange.public_id}/dispute/", {"reason": "time", "statement": "Too long."})
    path = opened["Location"].removeprefix("/api/v1/")
    assert (opened.status_code, opened.json()["outcome"], opened.json()["at_stake_minutes"]) == (201, None, 60)

    assert Person(bento).post(f"{path}statements/", {"text": "It was not."}).status_code == 201
    shown = [Person(bento).upload(f"{path}evidence/", picture()) for _ in range(2)]
    assert [one.status_code for one in shown] == [201, 201]
    read = Person(ana).get(path).json()
    assert [one["text"] for one in read["statements"]] == ["Too long.", "It was not."]
    assert [(one["name"], one["author"]["id"]) for one in read["evidence"]] == [("stain.jpg", bento.public_id)]
    file = Person(ana).get(f"evidence/{read['evidence'][0]['id']}/")
    assert file["Content-Type"] == "image/jpeg"
    assert b"".join(file.streaming_content).startswith(b"\xff\xd8")
    assert [one["id"] for one in Person(ana).get("disputes/?open=true").json()["results"]] == [read["id"]]
    assert problem(Person(make_member()).get(path)) == (404, "not_found")
    assert problem(Person(make_member()).get(f"evidence/{read['evidence'][0]['id']}/")) == (404, "not_found")


def test_a_file_that_is_no_picture_is_refused(ana, bento, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    exchange = make_exchange(provider=bento, receiver=ana, state="delivered")
    Person(ana).post(f"exchanges/{exchange.public_id}/dispute/", {"reason": "time", "statement": "Too long."})
    path, person = f"disputes/{Dispute.objects.get().public_id}/evidence/", Person(ana)

    assert problem(person.upload(path, io.BytesIO(b"MZ not a picture"))) == (422, "bad_file")
    assert problem(person.upload(path, io.BytesIO(b""))) == (422, "bad_file")
    assert problem(person.post(path, {"file": "x"})) == (415, "unsupported_media_type")


# --- What she is told ---------------------------------------------------------------------------------


def test_the_inbox_is_read_in_sentences(ana, bento):
    make_exchange(provider=bento, receiver=ana, state="proposed")
    lines = Person(bento).get("notifications/?unread=true").json()["results"]

    assert lines[0]["text"] == "Ana Souza asks you for an exchange of 1 h."
    assert lines[0]["about"] == {"id": ana.public_id, "name": "Ana Souza"}
    assert lines[0]["address"].endswith(f"/exchanges/{Exchange.objects.get().public_id}/")
    assert Person(bento).get(f"notifications/{lines[0]['seq']}/").json() == lines[0]

    assert Person(bento).post("notifications/read/", {"up_to": lines[0]["seq"]}).json() == {"read": len(lines)}
    assert Person(bento).get("notifications/?unread=true").json()["results"] == []


def test_events_after_a_number(ana, bento):
    make_exchange(provider=bento, receiver=ana, state="proposed")
    told = Program(bento).get("events/?since=0").json()

    assert told["whole"] is True
    assert [event["seq"] for event in told["events"]] == list(range(1, told["seq"] + 1))
    assert Program(bento).get(f"events/?since={told['seq']}").json()["events"] == []
    assert problem(Program(bento).get("events/?since=-1")) == (400, "min_value")
    assert problem(Program(bento).get("events/")) == (400, "required")


def test_a_suspended_member_still_answers_in_a_dispute_and_does_nothing_else(ana, bento):
    exchange = make_exchange(provider=bento, receiver=ana, state="delivered")
    opened = Person(ana).post(f"exchanges/{exchange.public_id}/dispute/", {"reason": "time", "statement": "Too long."})
    type(bento).objects.filter(pk=bento.pk).update(state="suspended")

    said = Person(bento).post(f"disputes/{opened.json()['id']}/statements/", {"text": "It was not."})
    assert said.status_code == 201
    assert problem(Person(bento).post("listings/", OFFER)) == (403, "cannot_take_part")
    assert Person(bento).get("listings/").json()["results"] == []
    assert json.loads(Person(bento).get("me/").content)["state"] == "suspended"
