"""Faults put into the ledger on purpose, one at a time: the tests of the ledger must find nearly all of them.

    python -m tests.ledger.mutants [--only NAME] [--jobs 2]

Each mutant is a copy of the program with one line changed, in an operation, in a trigger or in a
constraint; the tests of the ledger (without races) run on it, on SQLite, until the first fails. A mutant
that lives through them all is named. Exit status 1 when fewer than 95 % are caught.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

BASE_DIR = Path(__file__).resolve().parents[2]
LONGEST_RUN_SECONDS = 900
SHARE_TO_CATCH = 0.95
TESTS = ["tests/ledger", "--deselect", "tests/ledger/test_races.py", "-x", "-q", "-n", "0", "-p", "no:cacheprovider"]


class Mutant(NamedTuple):
    """``before`` stands once in the file, and becomes ``after``."""

    name: str
    path: str
    before: str
    after: str


HOLDS, POSTING = "ledger/operations/holds.py", "ledger/operations/posting.py"
HOT, SQL, LOTS = "ledger/hot_path.py", "ledger/hot_path_sql.py", "ledger/lots.py"
TRIGGERS = "ledger/triggers.py"
FIRST, PARTIAL, LATER = (f"ledger/migrations/{name}.py" for name in ("0001_initial", "0002_partial_post", "0003_lots"))
EXPIRY, REVERSALS, SHARING = (f"ledger/operations/{name}.py" for name in ("expiry", "reversals", "sharing"))
LIMITS, ACCOUNTS = "ledger/operations/limits.py", "ledger/operations/accounts.py"

MUTANTS = (
    # --- accept ---
    Mutant("a hold one minute beyond the floor", SQL, "- held_minutes - %s >= floor_minutes", "- held_minutes - %s >= floor_minutes - 1"),
    Mutant("a closed account sends", SQL, "WHERE id = %s AND state = 'open' AND balance_minutes", "WHERE id = %s AND balance_minutes"),
    Mutant("a closed account receives", SQL, "FROM ledger_account WHERE id = %s AND state = 'open' AND (max", "FROM ledger_account WHERE id = %s AND (max"),
    Mutant("a repeat sets the minutes aside again", HOLDS, "            books.set_aside(payer.pk, -amount_minutes)\n", ""),
    Mutant("a repeat with other values is taken for the first", HOLDS, "if earlier.request_hash != asked.request_hash or not is_same_note:", "if not is_same_note:"),
    Mutant("a repeat with other words is taken for the first", HOLDS, "if earlier.request_hash != asked.request_hash or not is_same_note:", "if earlier.request_hash != asked.request_hash:"),
    Mutant("the largest balance is passed by a minute", HOLDS, "+ coming + amount_minutes > most:", "+ coming + amount_minutes > most + 1:"),
    Mutant("what is on its way is not counted to the largest balance", HOLDS, "payee.balance_minutes + coming + amount_minutes", "payee.balance_minutes + amount_minutes"),
    # --- release, void, freeze, expiry of holds ---
    Mutant("a hold is released twice with other minutes", HOLDS, "    if hold.post_minutes != part:", "    if False:"),
    Mutant("a void forgets the held minutes", HOLDS, 'held_minutes=F("held_minutes") - hold.amount_minutes', 'held_minutes=F("held_minutes")'),
    Mutant("a void frees a minute too many", HOLDS, 'held_minutes=F("held_minutes") - hold.amount_minutes', 'held_minutes=F("held_minutes") - hold.amount_minutes - 1'),
    Mutant("a void does not raise the floor", HOLDS, 'floor_minutes=Greatest(F("floor_minutes"), Least(-F("credit_limit_minutes"), freed)),', ""),
    Mutant("a posted hold is voided", HOLDS, "    if hold.state == Hold.State.POSTED:\n        raise AlreadyPosted", "    if False:\n        raise AlreadyPosted"),
    Mutant("a void twice gives back twice", HOLDS, "    if hold.went_back:\n        return hold\n", ""),
    Mutant("what is frozen is voided", HOLDS, "        return hold\n    _check_not_frozen(hold)\n    freed", "        return hold\n    freed"),
    Mutant("what is frozen expires", "ledger/models/holds.py", "return self.exclude(frozen_until__gt=at)", "return self.all()"),
    Mutant("what is due is frozen", "ledger/operations/freezing.py", "filter(pk=hold.pk, due=False)", "filter(pk=hold.pk)"),
    # --- post ---
    Mutant("posting moves one minute more", HOT, "(hold.payee_id, hold.amount_minutes, 0),", "(hold.payee_id, hold.amount_minutes + 1, 0),"),
    Mutant("posting keeps the minutes held", HOT, "(hold.payer_id, -hold.amount_minutes, hold.held_minutes),", "(hold.payer_id, -hold.amount_minutes, hold.amount_minutes),"),
    Mutant("posting does not raise the floor", SQL, "min(-credit_limit_minutes, balance_minutes + %s - held_minutes + %s))", "floor_minutes + 0 * (%s + %s))"),
    Mutant("a line says the balance of another moment", HOT, "            balances[id_] -= minutes\n    lines.reverse()", "    lines.reverse()"),
    Mutant("a part that was released is posted whole", SQL, '_POSTED_MINUTES = "coalesce(post_minutes, amount_minutes)"', '_POSTED_MINUTES = "amount_minutes"'),
    Mutant("a hold put off is posted before its time", SQL, "AND state = 'held' AND try_at <= %s ORDER BY", "AND state = 'held' AND %s IS NOT NULL ORDER BY"),
    Mutant("a transfer forgets its category", SQL, "id, resolved_at, category, reverses_id,", "id, resolved_at, '', reverses_id,"),
    Mutant("a batch that fails is given up whole", POSTING, "        return len(due), _post_by_halves(due)", "        return len(due), 0"),
    Mutant("the two are not told", POSTING, "*(telling for one in posted for telling in _tellings(one)), ", ""),
    # --- lots ---
    Mutant("a lot too few is read", HOT, "                if reached >= minutes:", "                if reached + 1 >= minutes:"),
    Mutant("what is joined is not read", HOT, "        if given:\n", "        if not given:\n"),
    Mutant("the change of a lot is lost", LOTS, "            if change := piece.amount_minutes - part:", "            if (change := piece.amount_minutes - part) > 1:"),
    Mutant("what expires last is spent first", LOTS, "    return piece.expires_at is None,", "    return piece.expires_at is not None,"),
    Mutant("the youngest mint is spent first", LOTS, ", is_new, number\n", ", is_new, -number\n"),
    Mutant("nothing is redeemed", LOTS, "        if burnt:\n            stream = self._burn", "        if burnt < 0:\n            stream = self._burn"),
    Mutant("one minute too few is minted", LOTS, "stream.append((self._mint(movement, minted), None, minted))", "stream.append((self._mint(movement, max(minted - 1, 1)), None, minted))"),
    Mutant("pieces are not merged", LOTS, "            if had := purse.get(same):", "            if (had := purse.get(same)) and False:"),
    Mutant("a gift makes minutes lasting", LOTS, "frozenset({Kind.HELP, Kind.GRANT})", "frozenset({Kind.HELP, Kind.GRANT, Kind.GIFT})"),
    Mutant("help keeps the day of expiry", LOTS, "frozenset({Kind.HELP, Kind.GRANT})", "frozenset({Kind.GRANT})"),
    Mutant("members retire and the fund redeems", LOTS, "Lot.Spent.RETIRED if movement.is_to_fund", "Lot.Spent.RETIRED if not movement.is_to_fund"),
    Mutant("a mint says another reason", LOTS, "Mint.Reason.GRANT if movement.is_from_fund", "Mint.Reason.GRANT if not movement.is_from_fund"),
    # --- expiry, reversals, limits, shares ---
    Mutant("held minutes are swept", EXPIRY, "max(account.balance_minutes - account.held_minutes, 0)", "max(account.balance_minutes, 0)"),
    Mutant("minutes are swept a day early", EXPIRY, "filter(owner=account, expires_at__lte=clock.now())", "filter(owner=account, expires_at__lte=clock.now() + timedelta(days=1))"),
    Mutant("all she has is swept", EXPIRY, "minutes = min(expired_minutes, max(", "minutes = max(0, max("),
    Mutant("the same notice comes twice", EXPIRY, "    if ExpiryNotice.objects.filter(account_id=account_id, expires_on=day, days_before__lte=days_before).exists():\n        return 0\n", "    ExpiryNotice.objects.filter(account_id=account_id, expires_on=day).delete()\n"),
    Mutant("more goes back than was moved", REVERSALS, "    if minutes is not None and minutes > left:", "    if minutes is not None and minutes > left + 1:"),
    Mutant("earlier reversals do not count", REVERSALS, "    return int(transfer.amount_minutes - back)", "    return int(transfer.amount_minutes)"),
    Mutant("a reversal passes the limit unasked", REVERSALS, "    if override and not earlier and", "    if not earlier and"),
    Mutant("an override lowers the floor without a record", REVERSALS, '    write_record(\n        "limit",', '    dict(\n        _="limit",'),
    Mutant("the odd minutes are lost", SHARING, "        parts[number] += 1\n", "        parts[number] += 0\n"),
    Mutant("the odd minutes go to the smallest remainders", SHARING, "key=lambda number: (-remainders[number], number)", "key=lambda number: (remainders[number], number)"),
    Mutant("of those paid together some are paid, if not all can be", SHARING, "@retried\n@transaction.atomic\ndef pay_together(", "def pay_together("),
    Mutant("a part added under a used key is paid", SHARING, "    if earlier and earlier != set(keys[:-1]):\n", "    if False:\n"),
    Mutant("who pays several is told of one part, not of the whole", SHARING, "        if total > now.available_minutes:\n", "        if False:\n"),
    Mutant("a limit cut below a debt lets her spend", LIMITS, 'Least(-minutes, F("balance_minutes") - F("held_minutes"))', "-minutes - 10**6"),
    Mutant("a change for all takes away what one has of her own", LIMITS, "return [account for account in locked if not account.has_own_limits]", "return locked"),
    Mutant("a change takes effect before its day", LIMITS, "    if change.takes_effect_at <= now:", "    if True:"),
    Mutant("what was called off takes effect", LIMITS, "    if change.state != LimitChange.State.PLANNED:", "    if change.state == LimitChange.State.MADE:"),
    Mutant("an account keeps limits of its own", LIMITS, "change.account_id is not None and not change.returns_to_common", "change.account_id is not None"),
    Mutant("an account with hours is closed", ACCOUNTS, "    if account.balance_minutes or Hold.objects.live_of(account).exists():", "    if False:"),
    # --- what the database keeps ---
    Mutant("a transfer can be changed", TRIGGERS, '*_never("ledger_transfer", "UPDATE", "DELETE", "TRUNCATE"),', '*_never("ledger_transfer", "DELETE", "TRUNCATE"),'),
    Mutant("an entry can be deleted", TRIGGERS, '*_never("ledger_entry", "UPDATE", "DELETE", "TRUNCATE"),', '*_never("ledger_entry", "UPDATE", "TRUNCATE"),'),
    Mutant("a mint can be changed", TRIGGERS, '*_never("ledger_mint", "UPDATE", "DELETE", "TRUNCATE"),', '*_never("ledger_mint", "DELETE", "TRUNCATE"),'),
    Mutant("a spent lot can be spent again", TRIGGERS, 'f"OLD.spent_in_id IS NOT NULL OR {_any_differs(*_WHAT_A_LOT_IS)}"', 'f"{_any_differs(*_WHAT_A_LOT_IS)}"'),
    Mutant("a lot can grow", TRIGGERS, '_WHAT_A_LOT_IS = ("id", "mint_id", "owner_id", "amount_minutes", "expires_at", "born_in_id")', '_WHAT_A_LOT_IS = ("id", "mint_id", "owner_id", "expires_at", "born_in_id")'),
    Mutant("a resolved hold is held again", TRIGGERS, "f\"OLD.state <> 'held' OR {_any_differs(*_WHAT_A_HOLD_SAYS)}\"", 'f"{_any_differs(*_WHAT_A_HOLD_SAYS)}"'),
    Mutant("a line may say any balance", TRIGGERS, " AND NEW.balance_after_minutes = account.balance_minutes)))", ")))"),
    Mutant("a transfer may differ from its hold", TRIGGERS, " AND coalesce(hold.post_minutes, hold.amount_minutes) = NEW.amount_minutes", ""),
    Mutant("reversals may exceed what they undo", TRIGGERS, "\" AND first.amount_minutes >= (SELECT sum(back.amount_minutes) FROM ledger_transfer AS back\"\n        \" WHERE back.reverses_id = first.id))\",", '")",'),
    Mutant("no constraint on the floor", FIRST, "django.db.models.expressions.CombinedExpression(models.F('floor_minutes'), '+', models.F('held_minutes'))", "-(10**9)"),
    Mutant("no constraint on amounts of transfers", FIRST, "models.CheckConstraint(condition=models.Q(('amount_minutes__gt', 0)), name='transfer_moves_time')", "models.CheckConstraint(condition=models.Q(('amount_minutes__gt', -1)), name='transfer_moves_time')"),
    Mutant("no constraint that a lot holds time", LATER, "models.CheckConstraint(condition=models.Q(('amount_minutes__gt', 0)), name='lot_holds_time')", "models.CheckConstraint(condition=models.Q(('amount_minutes__gt', -1)), name='lot_holds_time')"),
    Mutant("a hold may post more than itself", PARTIAL, "('post_minutes__lt', models.F('amount_minutes'))", "('post_minutes__lt', 10**9)"),
)  # fmt: skip


class Outcome(NamedTuple):
    mutant: Mutant
    caught_by: str  # "" where it lived


def run(mutant: Mutant) -> Outcome:
    """Put the fault into a copy of the program and run the ledger's tests on it."""
    with tempfile.TemporaryDirectory(prefix="timebank-mutant-") as place:
        copy = Path(place)
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=BASE_DIR, check=True, capture_output=True).stdout
        for name in filter(None, listed.decode().split("\0")):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(BASE_DIR / name, copy / name)
        path = copy / mutant.path
        text = path.read_text()
        if text.count(mutant.before) != 1:
            raise SystemExit(f"{mutant.name}: {mutant.path} does not say it once any more: {mutant.before!r}")
        path.write_text(text.replace(mutant.before, mutant.after))
        return Outcome(mutant, _first_failure(copy))


def _first_failure(copy: Path) -> str:
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "VAR_DIR", "CI"}}
    command = [sys.executable, "-m", "pytest", *TESTS]
    try:
        said = subprocess.run(
            command, cwd=copy, env=kept, capture_output=True, text=True, check=False, timeout=LONGEST_RUN_SECONDS
        )
    except subprocess.TimeoutExpired:
        return "it never ended"
    if said.returncode == 0:
        return ""
    failed = [line for line in said.stdout.splitlines() if line.startswith(("FAILED tests/", "ERROR tests/"))]
    return failed[0].split(" - ")[0].split(" ", 1)[1] if failed else f"pytest ended with {said.returncode}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="mutants whose name contains this")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    chosen = [mutant for mutant in MUTANTS if asked.only in mutant.name]
    lived = 0
    with concurrent.futures.ThreadPoolExecutor(asked.jobs) as pool:
        for outcome in pool.map(run, chosen):
            lived += not outcome.caught_by
            print(
                f"{'lived ' if not outcome.caught_by else 'caught'} {outcome.mutant.name}: {outcome.caught_by}",
                flush=True,
            )
    caught = len(chosen) - lived
    print(f"{caught} of {len(chosen)} caught")
    sys.exit(caught < SHARE_TO_CATCH * len(chosen))


if __name__ == "__main__":
    main()
