"""The bench runs: each side of it, a small part of its size, with a figure for all that it says it measures."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .needs import thorough

pytestmark = pytest.mark.sqlite_only  # each measures the engines it can reach by itself

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("side", "says"),
    [
        ("ledger", ["bare loop, one commit per transfer", "each waiting for the one before", "posting a backlog"]),
        thorough("pages", ["/healthz", "/wallet/", "of the rate of the trivial page"]),
        thorough("api", ["trivial page", "events since", "send hours", "times the trivial page"]),
        thorough("codes", ["of asking and confirming a", "a bare broadcast to as many", "with the broker down"]),
        thorough("writers", ["0 errors ; ", "from accepted to posted, 5 payments"]),
        thorough("scale", ["no past", "past payments were posted", "balance chart", "whole, as CSV", "parts/s"]),
        pytest.param(
            "beside",
            ["its transfer, payer locked", "legs in the books"],
            marks=pytest.mark.needs("full", "postgresql", "django-hordak"),
        ),
    ],
)
def test_each_side_of_the_bench_runs(side, says):
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "VAR_DIR"}}

    ran = subprocess.run(
        [sys.executable, "-m", f"bench.{side}"],
        cwd=ROOT,
        env=kept | {"PART": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert ran.returncode == 0, ran.stderr
    assert [words for words in says if words not in ran.stdout] == []
