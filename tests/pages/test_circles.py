"""Time as it is drawn: an hour a circle, a quarter of it a quarter."""

from __future__ import annotations

import re

import pytest

from timebank.templatetags.timebank import hour_circles


def drawn(minutes: int) -> list[str]:
    return re.findall(r"#(q\d)", hour_circles(minutes))


@pytest.mark.parametrize(
    ("minutes", "quarters"),
    [
        (1, ["q1"]),
        (5, ["q1"]),
        (15, ["q1"]),
        (22, ["q1"]),
        (23, ["q2"]),
        (57, ["q4"]),
        (60, ["q4"]),
        (67, ["q4"]),
        (68, ["q4", "q1"]),
        (90, ["q4", "q2"]),
        (172, ["q4", "q4", "q3"]),
        (177, ["q4", "q4", "q4"]),
        (182, ["q4", "q4", "q4"]),
    ],
)
def test_circles_are_true_to_the_nearest_quarter(minutes, quarters):
    assert drawn(minutes) == quarters


def test_nothing_is_drawn_of_nothing():
    assert drawn(0) == []
