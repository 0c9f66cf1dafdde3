"""A process killed at any step of an exchange leaves it before the step or after it, never between.

Who acts is a process of its own that calls what the pages call, killed before or just after the
commit; the site while it answers a page; and the worker of a town, when a deadline passes. Afterwards state, hold, timeline and notices agree,
the same act again works or is told that it was done, and a town that starts finds nothing amiss.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live import BASE_DIR
from tests.needs import thorough

from .messages import bell
from .town import Person, Town

KILLED = -9
BEFORE, AFTER = "exchange-before-commit", "after-commit"
KEEP_DEADLINES = "marketplace.tasks.keep_deadlines"

# What is done, from which state to which; what is held then; and what doing it again is told.
ACTS = {
    "propose": ("", "proposed", 0, "done"),
    "counter": ("proposed", "proposed", 0, "not_yours"),
    "accept": ("proposed", "accepted", 60, "out_of_turn"),
    "decline": ("proposed", "declined", 0, "out_of_turn"),
    "withdraw": ("proposed", "withdrawn", 0, "out_of_turn"),
    "start": ("accepted", "in_progress", 60, "out_of_turn"),
    "deliver": ("in_progress", "delivered", 60, "out_of_turn"),
    "confirm": ("delivered", "completed", 0, "out_of_turn"),
    "cancel": ("accepted", "cancelled", 0, "out_of_turn"),
    "dispute": ("delivered", "disputed", 60, "done"),
    "rule": ("disputed", "resolved", 0, "already_decided"),
}
MOVED = {"confirm": 45, "rule": 20}


class Neighbours:
    """The process in which neighbours act (tests/faults/neighbours.py), on the books of a town."""

    def __init__(self, town: Town) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.neighbours"],
            cwd=BASE_DIR,
            env=town.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(town.var / "neighbours.log").open("ab"),
            text=True,
        )

    def ask(self, name: str, *args: Any) -> Any:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps([name, args]) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture(scope="module")
def alive() -> Iterator[dict[Town, Neighbours]]:
    """The neighbours of each town; they outlive its processes, and several stories."""
    of_each: dict[Town, Neighbours] = {}
    yield of_each
    for neighbours in of_each.values():
        neighbours.end()


@pytest.fixture
def neighbours(town: Town, alive: dict[Town, Neighbours]) -> Neighbours:
    if town not in alive:
        alive[town] = Neighbours(town)
    return alive[town]


@pytest.mark.parametrize("failpoint", [BEFORE, thorough(AFTER)])
def test_killed_over_each_act(town: Town, neighbours: Neighbours, failpoint: str) -> None:
    scenes = {}
    for act, (before, to, _held, again) in ACTS.items():
        scenes[act] = scene = neighbours.ask("scene", before)
        was = neighbours.ask("look", scene)

        assert neighbours.ask("die_over", failpoint, act, scene) == KILLED, act

        found = neighbours.ask("look", scene)
        if failpoint == BEFORE:
            assert found == was, act
        else:
            assert_done(act, found, was, to)
        assert neighbours.ask("act", act, scene) == ("done" if failpoint == BEFORE else again), act
        found = neighbours.ask("look", scene)
        assert_done(act, found, was, to)
        assert neighbours.ask("act", act, scene) == again, act
        assert neighbours.ask("look", scene) == found, act

    town.start()
    at_rest(town)
    for act, scene in scenes.items():
        found = neighbours.ask("look", scene)
        moved, held = MOVED.get(act, 0), ACTS[act][2]
        assert (found["faults"], found["has"], found["held"]) == ([], [600 + moved, 600 - moved], [0, held]), act


def assert_done(act: str, found: dict[str, Any], was: dict[str, Any], to: str) -> None:
    """The one step was taken, whole: state and hold agree, it is in the timeline once, and told once."""
    assert (found["state"], found["faults"]) == (to, []), act
    assert found["steps"] == [*was["steps"], act]
    assert found["told"] == was["told"] + 1
    assert found["messages"] == (1 if act == "propose" else was["messages"])


# What is pressed on a page by whom, in which state, and what is sent.
PRESSED = {
    "accept": ("proposed", "provider", {"version": "1"}),
    "confirm": ("delivered", "receiver", {"minutes": "45 min"}),
}


@pytest.mark.parametrize(
    ("act", "failpoint"),
    [("accept", BEFORE), ("confirm", AFTER), thorough("accept", AFTER), thorough("confirm", BEFORE)],
)
def test_the_site_killed_while_a_page_is_answered(town: Town, neighbours: Neighbours, act: str, failpoint: str) -> None:
    state, who, form = PRESSED[act]
    _before, to, held, _again = ACTS[act]
    scene = neighbours.ask("scene", state)
    was, pages = neighbours.ask("look", scene), neighbours.ask("pages", scene)
    person = Person(scene[who], "", pages[who])
    town.start("site", failpoint=failpoint)

    with pytest.raises((OSError, http.client.HTTPException)):
        town.post(f"{pages['path']}{act}/", form, person)
    assert town.wait_for_the_end_of("site") == KILLED

    found = neighbours.ask("look", scene)
    if failpoint == BEFORE:
        assert found == was
    else:
        assert_done(act, found, was, to)
    town.start()
    pressed_again = town.post(f"{pages['path']}{act}/", form, person)
    assert pressed_again.status == (302 if failpoint == BEFORE else 409)
    at_rest(town)
    found = neighbours.ask("look", scene)
    assert_done(act, found, was, to)
    moved = MOVED.get(act, 0)
    assert (found["has"], found["held"]) == ([600 + moved, 600 - moved], [0, held])


@pytest.mark.parametrize(
    ("state", "end", "provider_has"),
    [thorough("accepted", "expired", 600), ("delivered", "completed", 660), thorough("disputed", "resolved", 600)],
)
def test_the_worker_killed_over_a_deadline(
    town: Town, neighbours: Neighbours, state: str, end: str, provider_has: int
) -> None:
    kill_the_worker_over_a_deadline(town, neighbours, BEFORE, state, end, provider_has)


@pytest.mark.needs("full")
def test_the_worker_killed_just_after_a_deadline(town: Town, neighbours: Neighbours) -> None:
    kill_the_worker_over_a_deadline(town, neighbours, AFTER, "delivered", "completed", 660)


def kill_the_worker_over_a_deadline(
    town: Town,
    neighbours: Neighbours,
    failpoint: str,
    state: str,
    end: str,
    provider_has: int,
) -> None:
    scene = neighbours.ask("scene", state)
    was = neighbours.ask("look", scene)
    if town.is_full:
        town.start("worker", failpoint=failpoint)  # its children die, and it starts new ones
        neighbours.ask("time_runs_out", scene["exchange"])
        town.publish(bell("transactions", KEEP_DEADLINES))  # as the relay would
        town.wait_for(30, lambda _: "exited with 'signal 9" in town.said("worker"))
        town.kill("worker")
    else:
        town.start("site", failpoint=failpoint)
        neighbours.ask("time_runs_out", scene["exchange"])
        assert town.wait_for_the_end_of("site") == KILLED
    found = neighbours.ask("look", scene)
    assert found["faults"] == []
    if failpoint == BEFORE:
        assert (found["state"], found["steps"], found["held"]) == (state, was["steps"], was["held"])

    town.start()
    town.wait_for(40, lambda _: neighbours.ask("look", scene)["state"] == end)
    at_rest(town)
    found = neighbours.ask("look", scene)
    assert (found["state"], found["faults"], found["held"]) == (end, [], [0, 0])
    assert found["steps"] == [*was["steps"], "lapse"]
    assert found["told"] == was["told"] + 1
    assert found["has"] == [provider_has, 1200 - provider_has]


def at_rest(town: Town) -> None:
    """Until everybody is told, everything due is posted and numbered."""
    books = town.wait_for(
        60,
        lambda now: not (now["untold"] or now["unsealed"] or now["open_jobs"] or now["unsent"]),
    )
    assert (books["faults"], books["dead_jobs"]) == ([], 0)
