"""Whatever three neighbours and a moderator do in whatever order, at whatever hour: all of it adds up."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from accounts.models import Member
from accounts.operations import send_hours
from ledger import check
from ledger.models import Kind, Transfer
from marketplace import operations
from marketplace.models import Dispute, Exchange
from tests.factories import balance, make_listing, make_member, make_moderator
from tests.rounds import rounds
from tests.work import drain
from timebank import clock
from timebank.errors import Refusal

from .sound import unsound

pytestmark = pytest.mark.django_db

STARTING = (90, 0, 200)
which = some.integers(0, 5)  # of the exchanges there are; the last ones more often than not
people = some.integers(0, 2)
minutes = some.sampled_from([1, 2, 30, 59, 60, 61, 90, 91, 200])
dates = some.none() | some.sampled_from([1, 23, 25, 24 * 5])  # hours from now
hours = some.sampled_from([1, 12, 23, 24, 25, 24 * 3, 24 * 7, 24 * 14, 24 * 31])


def expired_minutes() -> int:
    """What went back to the fund because nobody used it in a year."""
    expired = Transfer.objects.filter(kind=Kind.EXPIRY).aggregate(minutes=Sum("amount_minutes"))
    return expired["minutes"] or 0


class Neighbourhood(RuleBasedStateMachine):
    """An offer and a request of the first neighbour's; the two others ask, and anybody tries anything."""

    def __init__(self) -> None:
        super().__init__()
        self.undo = ExitStack()
        self.undo.enter_context(transaction.atomic())
        self.undo.callback(transaction.set_rollback, True)
        self.people = [make_member(minutes=has) for has in STARTING]
        self.moderators = [make_moderator(), make_moderator()]
        self.listings = [make_listing(self.people[0]), make_listing(self.people[0], kind="request")]
        self.count = 0

    def teardown(self) -> None:
        try:
            self._move(timedelta(days=1000))
            drain()
            self.all_adds_up()
            assert not Exchange.objects.filter(state__in=Exchange.LIVE).exists()
            assert sum(map(balance, self.people)) + expired_minutes() == sum(STARTING)
        finally:
            self.undo.close()

    # --- What they do ------------------------------------------------------------------------

    @rule(listing=some.integers(0, 1), by=people, minutes=minutes, date=dates, again=some.booleans())
    def ask(self, listing: int, by: int, minutes: int, date: int | None, again: bool) -> None:
        self._try(
            operations.propose,
            self.listings[listing],
            by=self.people[by],
            minutes=minutes,
            starts_at=self._at(date),
            message="Hello" if again else "",
            nonce=self._nonce(again),
        )

    @rule(n=which, by=people, minutes=minutes, date=dates)
    def suggest(self, n: int, by: int, minutes: int, date: int | None) -> None:
        if exchange := self._exchange(n):
            self._try(
                operations.counter,
                exchange,
                by=self.people[by],
                minutes=minutes,
                starts_at=self._at(date),
                place="",
                version=exchange.version,
                nonce=self._nonce(),
            )

    @rule(n=which, by=people, seen=some.sampled_from([0, 0, 0, -1]))
    def accept(self, n: int, by: int, seen: int) -> None:
        if exchange := self._exchange(n):
            self._try(operations.accept_exchange, exchange, by=self.people[by], version=exchange.version + seen)

    @rule(n=which, by=people, what=some.sampled_from(["decline", "withdraw", "start", "cancel"]))
    def step(self, n: int, by: int, what: str) -> None:
        if exchange := self._exchange(n):
            self._try(getattr(operations, f"{what}_exchange"), exchange, by=self.people[by])

    @rule(n=which, by=people, minutes=minutes)
    def deliver(self, n: int, by: int, minutes: int) -> None:
        if exchange := self._exchange(n):
            self._try(operations.deliver_exchange, exchange, by=self.people[by], minutes=minutes)

    @rule(n=which, by=people, minutes=some.none() | minutes)
    def confirm(self, n: int, by: int, minutes: int | None) -> None:
        if exchange := self._exchange(n):
            self._try(operations.confirm_exchange, exchange, by=self.people[by], minutes=minutes)

    @rule(n=which)
    def the_next_step_is_taken(self, n: int) -> None:
        """What whoever is waited for would most likely do, so that stories come to their ends too."""
        exchange = self._exchange(n)
        if exchange is None or exchange.waits_for is None:
            return
        by = exchange.waits_for
        match exchange.state:
            case Exchange.State.PROPOSED:
                self._try(operations.accept_exchange, exchange, by=by, version=exchange.version)
            case Exchange.State.ACCEPTED | Exchange.State.IN_PROGRESS:
                self._try(operations.deliver_exchange, exchange, by=by, minutes=exchange.minutes)
            case Exchange.State.DELIVERED:
                self._try(operations.confirm_exchange, exchange, by=by)

    @rule(n=which, by=people)
    def dispute(self, n: int, by: int) -> None:
        if exchange := self._exchange(n):
            how = {"reason": "other", "statement": "Not so.", "nonce": self._nonce()}
            self._try(operations.open_dispute, exchange, by=self.people[by], **how)

    @precondition(lambda self: Dispute.objects.exists())
    @rule(by=some.integers(0, 1), outcome=some.sampled_from(["release", "refund", "split"]), minutes=minutes)
    def decide(self, by: int, outcome: str, minutes: int) -> None:
        dispute = Dispute.objects.order_by("-pk").first()
        how = {"outcome": outcome, "provider_minutes": minutes if outcome == "split" else None, "because": "So."}
        self._try(operations.rule, dispute, by=self.moderators[by], **how)

    @rule(n=which, by=people, stars=some.integers(1, 5))
    def review(self, n: int, by: int, stars: int) -> None:
        if exchange := self._exchange(n):
            self._try(operations.review_exchange, exchange, by=self.people[by], stars=stars)

    @rule(n=which, by=people, again=some.booleans())
    def write(self, n: int, by: int, again: bool) -> None:
        if exchange := self._exchange(n):
            self._try(operations.send_message, exchange, by=self.people[by], text="Hello", nonce=self._nonce(again))

    @rule(by=people, to=people, minutes=minutes)
    def spend(self, by: int, to: int, minutes: int) -> None:
        sender, recipient = self.people[by], self.people[to]
        how = {"amount_minutes": minutes, "kind": "gift", "nonce": self._nonce(), "again": True}
        self._try(send_hours, sender=sender, recipient=recipient, **how)

    @rule(number=people, is_suspended=some.booleans())
    def suspend(self, number: int, is_suspended: bool) -> None:
        state = Member.State.SUSPENDED if is_suspended else Member.State.ACTIVE
        Member.objects.filter(pk=self.people[number].pk).update(state=state)
        self.people[number] = Member.objects.get(pk=self.people[number].pk)

    @rule(hours=hours)
    def time_passes_and_the_worker_is_late(self, hours: int) -> None:
        drain()  # what was due is posted: only the deadlines wait
        self._move(timedelta(hours=hours))

    @rule()
    def the_worker_comes(self) -> None:
        drain()

    # --- What holds --------------------------------------------------------------------------

    @invariant()
    def all_adds_up(self) -> None:
        assert check.faults() == []
        assert unsound() == []

    # --- Pieces ------------------------------------------------------------------------------

    def _try(self, operation: Callable[..., Any], *args: Any, **how: Any) -> None:
        with suppress(Refusal):
            operation(*args, **how)

    def _exchange(self, n: int) -> Exchange | None:
        keys = list(Exchange.objects.order_by("-pk").values_list("pk", flat=True)[:6])
        return Exchange.objects.select_related("waits_for").get(pk=keys[n % len(keys)]) if keys else None

    def _at(self, hours: int | None) -> Any:
        return None if hours is None else clock.now() + timedelta(hours=hours)

    def _nonce(self, again: bool = False) -> str:
        self.count += not again
        return f"n{self.count}"

    def _move(self, how_far: timedelta) -> None:
        self.undo.enter_context(clock.ahead_by(how_far))


def test_all_adds_up_after_every_step() -> None:
    run_state_machine_as_test(
        Neighbourhood,
        settings=settings(
            max_examples=rounds(500),
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
