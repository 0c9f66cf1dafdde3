"""Every state, every action, everybody: what the table allows leads where it says, and nothing else changes a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction

from accounts.models import Member
from ledger.models import Account, Hold, Record, Transfer
from marketplace import operations, rules
from marketplace.models import Dispute, Exchange, Message, Review, Statement, Step
from marketplace.operations import deadlines
from marketplace.rules import WAYS, Action, NotYours, OutOfTurn, Role
from notifications.models import Event
from tests.factories import make_coordinator, make_exchange, make_member, make_moderator
from tests.work import drain
from timebank import clock
from timebank.errors import Refusal
from timebank.jobs.models import Job

from .sound import unsound

pytestmark = pytest.mark.django_db

State = Exchange.State
EVERYTHING = (
    Exchange, Step, Message, Review, Dispute, Statement, Hold, Transfer, Account, Event, Record, Job,
)  # fmt: skip

# What a refusal out of turn says of the present state: written here once more, for people.
SAID = {
    State.PROPOSED: "is still a proposal",
    State.ACCEPTED: "is agreed and has not begun",
    State.IN_PROGRESS: "is in progress",
    State.DELIVERED: "is marked as done",
    State.COMPLETED: "is completed",
    State.DECLINED: "was declined",
    State.WITHDRAWN: "was withdrawn",
    State.CANCELLED: "was cancelled",
    State.EXPIRED: "expired",
    State.DISPUTED: "is disputed",
    State.RESOLVED: "was settled by a moderator",
}


def _rule(exchange: Exchange, by: Member) -> Any:
    dispute = Dispute.objects.filter(exchange=exchange).first()
    if dispute is None:  # no page leads there
        return rules.check_turn(exchange, Action.RULE, by)
    return operations.rule(dispute, by=by, outcome="split", provider_minutes=20, because="Some of it was done.")


ACT: dict[Action, Callable[[Exchange, Member], Any]] = {
    Action.COUNTER: lambda exchange, by: operations.counter(
        exchange, by=by, minutes=45, starts_at=None, place="", version=exchange.version, nonce="cell"
    ),
    Action.ACCEPT: lambda exchange, by: operations.accept_exchange(exchange, by=by, version=exchange.version),
    Action.DECLINE: lambda exchange, by: operations.decline_exchange(exchange, by=by),
    Action.WITHDRAW: lambda exchange, by: operations.withdraw_exchange(exchange, by=by),
    Action.START: lambda exchange, by: operations.start_exchange(exchange, by=by),
    Action.DELIVER: lambda exchange, by: operations.deliver_exchange(exchange, by=by, minutes=60),
    Action.CONFIRM: lambda exchange, by: operations.confirm_exchange(exchange, by=by),
    Action.CANCEL: lambda exchange, by: operations.cancel_exchange(exchange, by=by),
    Action.DISPUTE: lambda exchange, by: operations.open_dispute(
        exchange, by=by, reason="other", statement="Not so.", nonce="cell"
    ),
    Action.RULE: _rule,
    # These two nobody can do to an exchange: it is made by asking, and only time lets it lapse.
    Action.PROPOSE: lambda exchange, by: rules.check_turn(exchange, Action.PROPOSE, by),
    Action.LAPSE: lambda exchange, by: rules.check_turn(exchange, Action.LAPSE, by),
}


@pytest.fixture(params=["offer", "request"])
def kind(request: pytest.FixtureRequest) -> str:
    """Of an offer the receiver asks and the provider answers; of a request it is the other way round."""
    return str(request.param)


@pytest.mark.parametrize("state", State)
def test_each_cell_of_the_table(state: State, kind: str) -> None:
    exchange = make_exchange(state=state, kind=kind)
    drain()
    everybody = people_around(exchange)
    before = all_rows()

    wrong = [
        f"{action} by {name}: {what}"
        for action in Action
        for name, person in everybody.items()
        if (what := what_is_wrong(exchange, action, person, before))
    ]

    assert wrong == []
    assert (len(everybody), len(Action)) == (10, 12)


def people_around(exchange: Exchange) -> dict[str, Callable[[], Member]]:
    """Who tries. Each of the two is also who is asked or who proposed, by the kind of listing."""
    others = {
        "a moderator": make_moderator(),
        "a coordinator": make_coordinator(),
        "a suspended moderator": make_moderator(state=Member.State.SUSPENDED),
        "a stranger": make_member(minutes=60),
    }
    moderators = Group.objects.get(name="moderators")

    def two(side: str, *, state: str = Member.State.ACTIVE, moderator: bool = False) -> Callable[[], Member]:
        def person() -> Member:
            member = Member.objects.get(pk=getattr(exchange, f"{side}_id"))
            Member.objects.filter(pk=member.pk).update(state=state)
            if moderator:
                member.groups.add(moderators)
            return Member.objects.get(pk=member.pk)

        return person

    return {name: (lambda member=member: member) for name, member in others.items()} | {
        name: two(side, **more)
        for side in ("provider", "receiver")
        for name, more in (
            (f"the {side}", {}),
            (f"the {side}, a moderator too", {"moderator": True}),
            (f"the {side}, suspended", {"state": Member.State.SUSPENDED}),
        )
    }


def what_is_wrong(exchange: Exchange, action: Action, person: Callable[[], Member], before: list[Any]) -> str:
    """What is not as the table says, in a word; "" where all is well. Undone afterwards."""
    with undone():
        by = person()
        refusal: Refusal | None = None
        try:
            with transaction.atomic():
                ACT[action](Exchange.objects.get(pk=exchange.pk), by)
        except Refusal as refused:
            refusal = refused
        now = Exchange.objects.get(pk=exchange.pk)
        way = WAYS.get((State(exchange.state), action))
        is_repeat = action == Action.DISPUTE and exchange.state == State.DISPUTED and by.pk == exchange.receiver_id
        if is_repeat and refusal is None:  # she opened it: a second click finds it open
            return "" if all_rows() == before else "opening it again changed something"
        if way is None or not way.roles & rules.roles_of(by, exchange) or by.is_suspended:
            if all_rows() != before:
                return "refused, and something changed"
            return _unexpected(exchange, action, by, way is None, refusal)
        if refusal is not None:
            return f"refused: {refusal!r}"
        return _not_done(now, action, by, way.to, steps=len(before[EVERYTHING.index(Step)]) + 1)


def _unexpected(exchange: Exchange, action: Action, by: Member, nowhere: bool, refusal: Refusal | None) -> str:
    """Whether ``refusal`` is the one that this cell asks for."""
    if refusal is None:
        return "allowed"
    ruled = action == Action.RULE and exchange.state in {State.DISPUTED, State.RESOLVED}
    if ruled and exchange.is_party(by):
        fits = isinstance(refusal, operations.OwnCase)
    elif ruled and not by.is_moderator:
        fits = isinstance(refusal, operations.NotAModerator)
    elif ruled and nowhere:
        fits = isinstance(refusal, operations.AlreadyDecided) and "ruled first" in str(refusal)
    elif nowhere:
        fits = type(refusal) is OutOfTurn and SAID[State(exchange.state)] in str(refusal)
    elif rules.may(by, action, exchange):
        fits = by.is_suspended and type(refusal) is operations.CannotTakePart
    else:
        fits = type(refusal) is NotYours
    return "" if fits else f"{type(refusal).__name__}: {refusal}"


def _not_done(now: Exchange, action: Action, by: Member, to: State, *, steps: int) -> str:
    step = now.steps.order_by("-seq").first()
    assert step is not None
    if now.state != to:
        return f"it is {now.state}, not {to}"
    if now.steps.count() != steps or (step.action, step.by_id) != (action, by.pk):
        return f"its last step is {step}"
    drain()
    return "; ".join(unsound())


@pytest.mark.parametrize("state", State)
def test_before_its_deadline_the_worker_changes_nothing(state: State, kind: str) -> None:
    exchange = make_exchange(state=state, kind=kind)
    drain()
    before = all_rows()

    assert deadlines.let_lapse(exchange.pk) is False
    assert operations.keep_deadlines() == 0

    assert all_rows() == before


@pytest.mark.parametrize("state", State)
def test_after_its_deadline_the_worker_goes_where_the_table_says(state: State, kind: str) -> None:
    exchange = make_exchange(state=state, kind=kind)
    way = WAYS.get((state, Action.LAPSE))

    with clock.ahead_by(timedelta(days=365)):
        assert deadlines.let_lapse(exchange.pk) is (way is not None)
        drain()

    exchange.refresh_from_db()
    assert exchange.state == (way.to if way else state)
    assert way is None or way.roles == {Role.WORKER}
    assert unsound() == []


@pytest.mark.parametrize("state", State)
def test_asking_again_is_another_exchange_or_none(state: State) -> None:
    exchange = make_exchange(state=state)
    row = Exchange.objects.filter(pk=exchange.pk).values().get()

    def ask_again() -> Exchange:
        return operations.propose(exchange.listing, by=exchange.receiver, minutes=30, nonce="again")

    if exchange.is_live:
        with pytest.raises(operations.AlreadyAsked) as refused:
            ask_again()
        assert refused.value.exchange == exchange
    else:
        assert ask_again() != exchange

    assert Exchange.objects.filter(pk=exchange.pk).values().get() == row


def test_what_the_table_says_of_itself() -> None:
    live = set(Exchange.LIVE)
    assert {state for state, action in WAYS if action == Action.LAPSE} == live  # every state has an exit by time
    assert all(WAYS[state, Action.LAPSE].to not in live for state in live)  # and that is an end
    assert all((way.roles == {Role.WORKER}) is (action == Action.LAPSE) for (_state, action), way in WAYS.items())
    ends = set(State) - live
    assert {(state, action) for state, action in WAYS if state in ends} == {(State.COMPLETED, Action.DISPUTE)}
    assert len(set(SAID.values())) == len(State)


@contextmanager
def undone() -> Iterator[None]:
    """What happens in the block did not happen."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def all_rows() -> list[Any]:
    """As they lie in the database: it is asked so often that objects would take most of the time."""
    found = []
    with connection.cursor() as cursor:
        for model in EVERYTHING:
            cursor.execute(f"SELECT * FROM {model._meta.db_table} ORDER BY {model._meta.pk.column}")
            found.append(cursor.fetchall())
    return found
