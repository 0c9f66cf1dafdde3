"""A payment beside django-hordak's transfer, on PostgreSQL, in turns within one run.

    python -m bench.beside

django-hordak keeps books by double entry and is what one would take for a ledger in Django. Its ``transfer_to``
writes a transaction and two legs; whoever may not overspend has to lock the payer and sum her legs before. It lives in
an environment of its own, `.venv-bench`, made from requirements-bench.lock by `make bench`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from .engines import a_database, begin, rate, ratio
from .sizes import size
from .town import Trade, make_members

PYTHON = Path(__file__).parents[1] / ".venv-bench" / "bin" / "python"
MEMBERS = 60
TURNS = 5
PAYMENTS = size(400)  # in each turn
LEGS = size(1_000_000)
AIMS = {"unchecked": "1", "checked": "3", "checked, with a past": "8"}


def main() -> None:
    """Ask for both databases, and measure in a process that knows ours."""
    if not PYTHON.exists():
        print("django-hordak: there is no .venv-bench; `make bench` makes it. Not measured.")
        return
    with (
        tempfile.TemporaryDirectory(prefix="timebank-bench-") as var,
        a_database("postgresql") as ours,
        a_database("postgresql", "hordak") as theirs,
    ):
        if ours is None or theirs is None:
            print("django-hordak: no PostgreSQL answers at TEST_POSTGRESQL_URL; not measured.")
            return
        environment = {**os.environ, "VAR_DIR": var, "DATABASE_URL": ours, "BROKER_URL": "", "LOG_LEVEL": "ERROR"}
        subprocess.run([sys.executable, "-m", "bench.beside", theirs], check=True, env=environment)


class Hordak:
    """The other side, in its own environment and process."""

    def __init__(self, url: str) -> None:
        command = [str(PYTHON), str(Path(__file__).with_name("hordak_side.py")), url]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.name = self._line()

    def do(self, what: str, count: int) -> float:
        """How many a second."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what} {count}\n")
        self._process.stdin.flush()
        return float(self._line())

    def stop(self) -> None:
        self._process.communicate()

    def _line(self) -> str:
        assert self._process.stdout is not None
        if not (line := self._process.stdout.readline()):
            raise RuntimeError("django-hordak's side ended; see above")
        return line.strip()


def measure(url: str) -> None:
    print(begin())
    hordak, trade = Hordak(url), Trade(make_members(MEMBERS, minutes=100_000))
    print(f"beside {hordak.name}, {MEMBERS} accounts, median of {TURNS} turns")
    rates: dict[str, list[float]] = {"one by one": [], "gathered": [], "unchecked": [], "checked": []}
    for turn in range(TURNS + 1):  # the first warms up
        accepted, posted = (
            rate(PAYMENTS, lambda: trade.accept(PAYMENTS)),
            rate(PAYMENTS, trade.post),
        )
        measured = {
            "one by one": rate(PAYMENTS, lambda: trade.pay(PAYMENTS)),
            "gathered": 1 / (1 / accepted + 1 / posted),
            "unchecked": hordak.do("unchecked", PAYMENTS),
            "checked": hordak.do("checked", PAYMENTS),
        }
        if turn:
            for what, speed in measured.items():
                rates[what].append(speed)
    hordak.do("fill", LEGS // 2)
    hordak.do("checked", PAYMENTS)
    rates["checked, with a past"] = [hordak.do("checked", PAYMENTS) for _ in range(TURNS)]
    hordak.stop()
    print(f"  accept + post, posts gathering as they do under load  {median(rates['gathered']):>7,.0f}/s")
    print(f"  accept + post, each waiting for the one before        {median(rates['one by one']):>7,.0f}/s")
    words = {
        "unchecked": "its transfer, neither lock nor look",
        "checked": "its transfer, payer locked and her legs summed",
        "checked, with a past": f"the same with {LEGS:,} legs in the books",
    }
    for what, said in words.items():
        print(
            f"  {said:<54}{median(rates[what]):>7,.0f}/s; ours gathered is {ratio(rates['gathered'], rates[what]):.1f}"
            f" times it (aim ≥ {AIMS[what]}), one by one {ratio(rates['one by one'], rates[what]):.1f} times"
        )


if __name__ == "__main__":
    measure(sys.argv[1]) if len(sys.argv) > 1 else main()
