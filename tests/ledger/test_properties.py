"""Whatever is done in whatever order: the books stay sound, and the hot path does what the ORM would."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from ledger import check, log, operations
from ledger.models import Account, Hold, Lot, Transfer
from ledger.operations import holds
from tests.factories import make_member
from tests.needs import IN_FULL
from tests.rounds import rounds
from timebank import clock
from timebank.errors import Refusal

from . import oracle
from .racing import ROOT, a_var, database_on_postgresql

pytestmark = pytest.mark.django_db

# Where mistakes hide: at nothing, one, an hour, and just below and above what there is.
Amount = tuple[str, int]
amounts = some.tuples(some.just("exactly"), some.sampled_from([0, 1, 2, 59, 60, 61])) | some.tuples(
    some.sampled_from(["available", "balance", "debt"]), some.sampled_from([-1, 0, 1])
)
people = some.integers(0, 2)
keys = some.sampled_from(["k:1", "k:2", "k:3"]) | some.none()
kinds = some.sampled_from(["help", "gift"])
steps = some.one_of(
    some.tuples(
        some.just("accept"), people, people, amounts, keys, some.booleans(), some.sampled_from(["", "Thanks"]), kinds
    ),
    some.tuples(some.just("accept"), people, people, amounts, keys, some.booleans(), some.just(""), kinds),
    some.tuples(some.just("post_due")),
    some.tuples(some.just("post"), some.integers(0, 9)),
    some.tuples(some.just("release"), some.integers(0, 9), some.sampled_from([0, 1, 2, 59, 60])),
    some.tuples(some.just("void"), some.integers(0, 9)),
    some.tuples(some.just("limit"), people, some.sampled_from([0, 1, 30, 59, 60, 61])),
)
# What there is besides accept and post, and so has no twin with the ORM.
more_steps = some.one_of(
    steps,
    some.tuples(
        some.just("reverse"), some.integers(0, 9), some.sampled_from([None, 1, 2, 59, 60, 61]), some.booleans()
    ),
    some.tuples(some.just("freeze"), some.integers(0, 9), some.booleans()),
    some.tuples(some.just("days_pass"), some.sampled_from([1, 30, 364, 365])),
    some.tuples(some.just("promise"), people, people, amounts, some.sampled_from([1, 30, 364])),
    some.tuples(some.just("two_workers")),
    some.tuples(some.just("sweep")),
    some.tuples(
        some.just("split"), people, some.sampled_from([0, 1, 2, 59, 60, 61]), some.tuples(*[some.integers(0, 3)] * 2)
    ),
    some.tuples(some.just("most"), people, some.sampled_from([1, 59, 60, 61, None])),
    some.tuples(some.just("grant"), people, some.sampled_from([1, 59, 60, 61])),
)
more_stories = some.lists(more_steps, min_size=1, max_size=25)
STORIES = max(100 if IN_FULL else 20, rounds(1000))  # told on both engines
stories = some.lists(steps, min_size=1, max_size=25)
many = settings(
    max_examples=rounds(1000),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@contextmanager
def undone() -> Iterator[None]:
    """What happens in the block did not happen."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class Told:
    """A story being told to the books, and what plain numbers say should be in them."""

    def __init__(self, accept: Callable[..., Hold], post: Callable[[Hold], Any], post_due: Callable[[], int]) -> None:
        self._accept, self._post, self._post_due = accept, post, post_due
        self._keys = itertools.count()
        self.accounts = list(Account.objects.filter(kind="member").order_by("pk").select_related("owner"))
        self.balances = {account.pk: account.balance_minutes for account in self.accounts}
        self.held = {account.pk: 0 for account in self.accounts}
        self.limits = {account.pk: account.credit_limit_minutes for account in self.accounts}
        self.floors = {pk: -limit for pk, limit in self.limits.items()}
        self.holds: list[Hold] = []
        self.live: dict[int, Hold] = {}
        self.steward, self.days = Account.objects.get(kind="fund").owner, 0

    def step(self, what: str, *how: Any) -> None:
        try:
            with transaction.atomic():
                getattr(self, what)(*how)
        except Refusal:
            pass

    def accept(self, payer: int, payee: int, amount: Amount, key: str | None, due: bool, note: str, kind: str) -> None:
        one, other = self.accounts[payer], self.accounts[payee]
        minutes = self._minutes(one.pk, amount)
        if one == other or minutes <= 0:
            if self._accept is operations.accept:
                self._is_no_payment(one, other, minutes)
            return
        available = self.balances[one.pk] - self.held[one.pk] - self.floors[one.pk]
        known = {hold.pk for hold in self.holds}
        hold = self._accept(
            payer=one,
            payee=other,
            amount_minutes=minutes,
            kind=kind,
            key=key or f"fresh:{next(self._keys)}",
            actor=one.owner,
            note=note,
            due=due,
        )
        if hold.pk in known:
            return
        assert minutes <= available
        self.held[one.pk] += minutes
        self.holds.append(hold)
        self.live[hold.pk] = hold

    def _is_no_payment(self, one: Account, other: Account, minutes: int) -> None:
        with pytest.raises(ValueError):
            operations.accept(
                payer=one,
                payee=other,
                amount_minutes=minutes,
                kind="help",
                key="no:payment",
                actor=one.owner,
            )

    def post_due(self) -> None:
        due = [hold for hold in self.live.values() if hold.due]
        assert self._post_due() == len(due)
        for hold in due:
            self._arrived(hold)

    def post(self, number: int) -> None:
        if self.holds:
            hold = self.holds[number % len(self.holds)]
            self._post(hold)
            if hold.pk in self.live:
                self._arrived(self.live[hold.pk])

    def release(self, number: int, less: int) -> None:
        if self.holds:
            hold = self.holds[number % len(self.holds)]
            released = operations.release(hold, minutes=max(hold.amount_minutes - less, 1), actor=hold.actor)
            if hold.pk in self.live:
                self.live[hold.pk] = released

    def void(self, number: int) -> None:
        if self.holds:
            hold = self.holds[number % len(self.holds)]
            operations.void(hold, actor=hold.actor)
            if self.live.pop(hold.pk, None):
                self.held[hold.payer_id] -= hold.amount_minutes
                self._raise_floor(hold.payer_id)

    def limit(self, person: int, minutes: int) -> None:
        account = self.accounts[person]
        operations.set_credit_limit(account, minutes, actor=account.owner)
        self.limits[account.pk] = minutes
        self.floors[account.pk] = min(-minutes, self.balances[account.pk] - self.held[account.pk])

    # --- more steps ---

    def reverse(self, number: int, minutes: int | None, override: bool) -> None:
        transfers = list(Transfer.objects.exclude(kind="reversal").order_by("pk"))
        if not transfers:
            return
        transfer = transfers[number % len(transfers)]
        left = operations.reversible_minutes(transfer)
        asked = left if minutes is None else minutes
        from_, to = transfer.payee_id, transfer.payer_id
        free = self._available(from_)
        back = operations.reverse(
            transfer, minutes=minutes, actor=self.steward, key=f"undo:{next(self._keys)}", override=override
        )
        assert back.amount_minutes == asked <= left
        assert override or asked <= free
        if asked > free and from_ in self.floors:
            self.floors[from_] = self.balances[from_] - self.held[from_] - asked
        self._moved(from_, to, asked)

    def freeze(self, number: int, stays: bool) -> None:
        if self.holds:
            hold = self.holds[number % len(self.holds)]
            frozen = operations.freeze(hold, until=clock.now() + timedelta(days=9), actor=hold.actor)
            if not stays:
                frozen = operations.unfreeze(frozen, actor=hold.actor)
            self.live[hold.pk] = frozen

    def promise(self, payer: int, payee: int, amount: Amount, days: int) -> None:
        """Hours kept for another until a day, on which they go back by themselves."""
        one, other = self.accounts[payer], self.accounts[payee]
        minutes = self._minutes(one.pk, amount)
        if one == other or minutes <= 0:
            return
        hold = operations.accept(
            payer=one,
            payee=other,
            amount_minutes=minutes,
            kind="help",
            key=f"promise:{next(self._keys)}",
            actor=one.owner,
            due=False,
            expires_at=clock.now() + timedelta(days=days),
        )
        self.held[one.pk] += minutes
        self.holds.append(hold)
        self.live[hold.pk] = hold

    def two_workers(self) -> None:
        """Both find the same due holds; what one has posted, the other posts no more."""
        found = [hold for hold in self.live.values() if hold.due]
        for hold in found[::2]:
            operations.post(hold)
        assert operations.post_due_holds() == len(found[1::2])
        for hold in found:
            operations.post(hold)
            self._arrived(hold)

    def days_pass(self, days: int) -> None:
        self.days += days

    def sweep(self) -> None:
        with clock.ahead_by(timedelta(days=self.days)):
            now = clock.now()
            expired = dict.fromkeys(self.balances, 0)
            for owner, minutes in Lot.objects.open().filter(expires_at__lte=now).values_list("owner", "amount_minutes"):
                expired[owner] = expired.get(owner, 0) + minutes
            operations.expire_minutes()
            operations.expire_holds()
        for pk in self.balances:
            swept = min(expired[pk], max(self.balances[pk] - self.held[pk], 0))
            if swept:
                self._moved(pk, None, swept)
            assert not swept or self.balances[pk] >= self.held[pk]
        for hold in list(self.live.values()):
            is_frozen = hold.frozen_until is not None and hold.frozen_until > now
            if hold.expires_at and hold.expires_at <= now and not hold.due and not is_frozen:
                del self.live[hold.pk]
                self.held[hold.payer_id] -= hold.amount_minutes
                self._raise_floor(hold.payer_id)

    def split(self, payer: int, total: int, weights: tuple[int, int]) -> None:
        others = [account for number, account in enumerate(self.accounts) if number != payer]
        if not any(weights) or not total:
            return
        one = self.accounts[payer]
        parts = [
            operations.Part(one, other, minutes)
            for other, minutes in zip(others, operations.shares(total, weights), strict=True)
        ]
        holds = operations.pay_together(parts, kind="help", key=f"party:{next(self._keys)}", actor=one.owner)
        assert sum(hold.amount_minutes for hold in holds) == total
        for hold in holds:
            self.held[one.pk] += hold.amount_minutes
            self.holds.append(hold)
            self.live[hold.pk] = hold

    def most(self, person: int, minutes: int | None) -> None:
        account = self.accounts[person]
        limits = operations.Limits(self.limits[account.pk], None, minutes)
        operations.change_limits(limits, account=account, reason="A story", by=self.steward)

    def grant(self, person: int, minutes: int) -> None:
        account = self.accounts[person]
        operations.pay_at_once(
            payer=self.steward.account,
            payee=account,
            amount_minutes=minutes,
            kind="grant",
            key=f"grant:{next(self._keys)}",
            actor=self.steward,
        )
        self._moved(None, account.pk, minutes)

    def is_as_told(self) -> None:
        """The books hold these numbers, and are sound."""
        assert check.faults() == []
        found = {account.pk: account for account in Account.objects.filter(kind="member")}
        assert {pk: account.balance_minutes for pk, account in found.items()} == self.balances
        assert {pk: account.held_minutes for pk, account in found.items()} == self.held
        assert {pk: account.floor_minutes for pk, account in found.items()} == self.floors

    def _arrived(self, hold: Hold) -> None:
        del self.live[hold.pk]
        moved = hold.post_minutes or hold.amount_minutes
        self.balances[hold.payer_id] -= moved
        self.held[hold.payer_id] -= hold.amount_minutes
        self.balances[hold.payee_id] += moved
        for account_id in (hold.payer_id, hold.payee_id):
            self._raise_floor(account_id)

    def _moved(self, payer: int | None, payee: int | None, minutes: int) -> None:
        for account_id, change in ((payer, -minutes), (payee, minutes)):
            if account_id in self.balances:
                self.balances[account_id] += change
                self._raise_floor(account_id)

    def _available(self, account_id: int) -> int:
        if account_id not in self.balances:
            return 10**9
        return self.balances[account_id] - self.held[account_id] - self.floors[account_id]

    def _raise_floor(self, account_id: int) -> None:
        free = self.balances[account_id] - self.held[account_id]
        self.floors[account_id] = max(self.floors[account_id], min(-self.limits[account_id], free))

    def _minutes(self, account_id: int, amount: Amount) -> int:
        base, more = amount
        return (
            more
            + {
                "exactly": 0,
                "available": self.balances[account_id] - self.held[account_id] - self.floors[account_id],
                "balance": self.balances[account_id],
                "debt": -self.balances[account_id],
            }[base]
        )


@pytest.fixture
def three_members() -> None:
    make_member(minutes=60)
    make_member(minutes=120, credit_limit_minutes=60)
    make_member()


@many
@given(story=more_stories)
@pytest.mark.usefixtures("three_members")
def test_the_books_are_sound_after_every_step(story: list[Any]) -> None:
    with undone():
        told = Told(operations.accept, operations.post, operations.post_due_holds)
        for step in story:
            told.step(*step)
            told.is_as_told()


@many
@given(story=stories)
@pytest.mark.usefixtures("three_members")
def test_the_hot_path_leaves_the_rows_the_orm_would(story: list[Any]) -> None:
    at = clock.now()

    def tell(
        accept: Callable[..., Hold], post: Callable[[Hold], Any], post_due: Callable[[], int]
    ) -> dict[str, list[Any]]:
        with _nothing_is_random(at), undone():
            told = Told(accept, post, post_due)
            for step in story:
                told.step(*step)
            return oracle.rows()

    by_hand = tell(operations.accept, operations.post, operations.post_due_holds)
    by_orm = tell(oracle.accept, _post_by_orm, oracle.post_due_holds)

    assert by_hand == by_orm


@pytest.mark.sqlite_only
@pytest.mark.needs("postgresql")
def test_the_same_stories_end_alike_on_both_engines(tmp_path_factory: pytest.TempPathFactory) -> None:
    def told(url: str) -> list[Any]:
        environment = {"VAR_DIR": a_var(tmp_path_factory), "DATABASE_URL": url, "LOG_LEVEL": "ERROR"}
        said = subprocess.run(
            [sys.executable, "-m", "tests.ledger.two_engines", str(STORIES)],
            cwd=ROOT,
            env={**os.environ, "BROKER_URL": "", "REDIS_URL": "", **environment},
            stdout=subprocess.PIPE,
            check=True,
        )
        return list(json.loads(said.stdout))

    on_sqlite = told("")
    with database_on_postgresql() as url:
        on_postgresql = told(url)

    assert len(on_sqlite) == STORIES
    assert sum(len(left["transfers"]) for left in on_sqlite) > 2 * len(on_sqlite)  # more than what they begin with
    assert on_sqlite == on_postgresql


def _post_by_orm(hold: Hold) -> None:
    oracle.post(hold)
    if not Transfer.objects.filter(hold=hold).exists():
        raise operations.AlreadyVoided


@contextmanager
def _nothing_is_random(at: datetime) -> Iterator[None]:
    """Ids and nonces are counted and time stands still, so that two tellings can be compared."""
    counters = {name: itertools.count() for name in ("public_id", "nonce", "salt")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: at)
        # An id is taken for a request that is then refused or a repeat; by both alike.
        patch.setattr(holds, "public_id", lambda: f"{next(counters['public_id']):018d}")
        patch.setattr(log, "nonce", lambda: f"{next(counters['nonce']):032x}")
        patch.setattr(holds.secrets, "token_hex", lambda _bytes: f"{next(counters['salt']):032x}")
        yield
