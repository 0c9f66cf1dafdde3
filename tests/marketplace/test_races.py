"""Both at once, by real processes, on both engines: one wins, the other is told, and the books are sound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.ledger.racing import ENGINES, PROCESSES, Racers, order, racing
from tests.rounds import rounds

pytestmark = [pytest.mark.race, pytest.mark.sqlite_only]


@pytest.fixture(scope="module", params=ENGINES)
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Racers]:
    with racing(request.param, tmp_path_factory, "tests.marketplace.racer") as started:
        yield started


@pytest.fixture
def racers(town: Racers) -> Iterator[Racers]:
    """After each story the whole town is looked through."""
    yield town
    assert town.one("faults") == []


def do(what: str, scene: dict[str, Any], by: str, **how: Any) -> dict[str, Any]:
    return order("do", what=what, exchange=scene["exchange"], by=scene[by], **how)


def look(racers: Racers, scene: dict[str, Any]) -> dict[str, Any]:
    """How it ended."""
    found: dict[str, Any] = racers.one("look", exchange=scene["exchange"])
    return found


def race(racers: Racers, *orders: dict[str, Any]) -> Counter[str]:
    return Counter(map(str, racers.all(*orders)))


def test_accepted_and_withdrawn_at_once_it_is_one_of_both(racers: Racers) -> None:
    for _ in range(rounds(200)):
        scene = racers.one("scene", state="proposed")
        answers = race(
            racers,
            do("accept_exchange", scene, "provider", version=1),
            do("withdraw_exchange", scene, "receiver"),
        )
        found = look(racers, scene)
        if found["state"] == "accepted":
            assert (answers, found["receiver"]) == ({"accept_exchange": 1, "out_of_turn": 3}, 120)
        else:
            assert (answers, found["receiver"]) == ({"withdraw_exchange": 1, "out_of_turn": 3}, 180)
        assert len(found["steps"]) == 2


def test_accepted_and_countered_in_two_tabs_it_is_one_of_both(racers: Racers) -> None:
    other = {"minutes": 30, "starts_at": None, "place": "", "version": 1, "nonce": "c"}
    for _ in range(rounds(200)):
        scene = racers.one("scene", state="proposed")
        answers = race(
            racers, do("accept_exchange", scene, "provider", version=1), do("counter", scene, "provider", **other)
        )
        found = look(racers, scene)
        if found["state"] == "accepted":
            assert answers == {"accept_exchange": 1, "out_of_turn": 3}
        else:  # now it is the other one who is asked
            assert (found["state"], answers) == ("proposed", {"counter": 1, "not_yours": 3})


def test_confirmed_and_disputed_at_once_each_knows_of_the_other(racers: Racers) -> None:
    """A completed exchange can be disputed: where the confirmation was first, the dispute is about what arrived."""
    for _ in range(rounds(200)):
        scene = racers.one("scene", state="delivered")
        answers = race(
            racers,
            do("confirm_exchange", scene, "receiver"),
            do("open_dispute", scene, "provider", reason="time", statement="More.", nonce="d"),
        )
        found = look(racers, scene)
        assert found["state"] == "disputed"
        assert answers["open_dispute"] == 2  # the second click finds the first dispute
        if found["steps"][-2:] == ["confirm", "dispute"]:
            assert (answers["confirm_exchange"], answers["out_of_turn"], found["provider"]) == (1, 1, 60)
        else:
            assert (answers["out_of_turn"], found["steps"][-1], found["provider"]) == (2, "dispute", 0)


def test_confirmed_and_lapsed_at_once_the_hours_move_once(racers: Racers) -> None:
    for _ in range(rounds(200)):
        scene = racers.one("scene", state="delivered")
        racers.one("time_runs_out", exchange=scene["exchange"])
        answers = race(
            racers,
            do("confirm_exchange", scene, "receiver", minutes=45),
            order("lapse", exchange=scene["exchange"]),
        )
        found = look(racers, scene)
        if answers["confirm_exchange"]:
            assert (answers, found["provider"]) == (
                {"confirm_exchange": 1, "out_of_turn": 1, "nothing_to_do": 2},
                45,
            )
        else:
            assert (answers, found["provider"]) == ({"lapsed": 1, "nothing_to_do": 1, "out_of_turn": 2}, 60)
        assert found["state"] == "completed"


def test_one_form_sent_by_many_clicks_is_one_exchange(racers: Racers) -> None:
    for _ in range(rounds(200)):
        listing, asker = racers.one("listing_and_asker")
        answers = racers.all(order("ask", listing=listing, by=asker, nonce="form"))
        assert len(set(answers)) == 1
        found = look(racers, {"exchange": answers[0]})
        assert (found["steps"], found["messages"]) == (["propose"], 1)


def test_two_forms_about_one_listing_are_one_exchange_and_the_others_are_told(racers: Racers) -> None:
    for _ in range(rounds(200)):
        listing, asker = racers.one("listing_and_asker")
        answers = racers.all(*(order("ask", listing=listing, by=asker, nonce=str(n)) for n in range(PROCESSES)))
        assert Counter(answer for answer in answers if isinstance(answer, str)) == {"already_asked": PROCESSES - 1}


def test_of_moderators_who_rule_differently_the_first_wins(racers: Racers) -> None:
    staff = racers.one("moderators", count=PROCESSES)
    outcomes = [("release", None, 60), ("refund", None, 0), ("split", 20, 20), ("split", 59, 59)]
    for _ in range(rounds(200)):
        scene = racers.one("scene", state="disputed")
        answers = racers.all(
            *(
                order("decide", dispute=scene["dispute"], by=by, outcome=outcome, provider_minutes=share)
                for by, (outcome, share, _gets) in zip(staff, outcomes, strict=True)
            )
        )
        assert Counter(answers)["already_decided"] == PROCESSES - 1
        (won,) = (number for number, answer in enumerate(answers) if answer != "already_decided")
        found = look(racers, scene)
        assert (found["state"], found["provider"]) == ("resolved", outcomes[won][2])
        assert found["receiver"] == 180 - outcomes[won][2]


def test_the_same_last_hour_is_promised_to_one(racers: Racers) -> None:
    for _ in range(rounds(200)):
        scene = racers.one("scene", state="proposed", minutes=60)
        other = racers.one("another_exchange", receiver=scene["receiver"])
        answers = race(
            racers,
            do("accept_exchange", scene, "provider", version=1),
            do("accept_exchange", other, "provider", version=1),
        )
        assert answers["accept_exchange"] == 1
        assert answers["partner_is_short"] in {1, 2}  # the winner's second click is out of turn
        assert sorted([look(racers, scene)["state"], look(racers, other)["state"]]) == ["accepted", "proposed"]
        assert look(racers, scene)["receiver"] == 0


def test_cancelled_and_started_or_delivered_at_once_it_is_in_one_state(racers: Racers) -> None:
    for _ in range(rounds(200)):
        scene = racers.one("scene", state="accepted")
        answers = race(
            racers,
            do("cancel_exchange", scene, "receiver"),
            do("deliver_exchange", scene, "provider", minutes=60),
        )
        found = look(racers, scene)
        if found["state"] == "cancelled":
            assert (answers["cancel_exchange"], answers["deliver_exchange"], found["receiver"]) == (1, 0, 180)
        else:
            assert (answers["cancel_exchange"], answers["deliver_exchange"], found["receiver"]) == (0, 1, 120)


def test_messages_sent_at_once_are_one_line_in_the_inbox(racers: Racers) -> None:
    for _ in range(rounds(200)):
        scene = racers.one("scene", state="accepted")
        racers.all(*(do("send_message", scene, "receiver", text="Hi", nonce=str(n)) for n in range(PROCESSES)))
        found = look(racers, scene)
        assert (found["messages"], found["lines"]) == (PROCESSES, 1)
