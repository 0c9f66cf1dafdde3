"""Listings and exchanges of the demo, as acts on a clock that is set back; each through the operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from accounts.models import Member
from ledger import operations as ledger
from marketplace import operations as marketplace
from marketplace.models import Category, Exchange, Listing

from .exchanges import DEALS, Deal
from .listings import NOTICES, Notice
from .people import PEOPLE

State = Exchange.State
Act = Callable[[], int]
LATEST = timedelta(minutes=10)  # nothing happens in the demo after this long before now
_DAYS_HERE = {person.handle: person.days_here for person in PEOPLE}
_REACHED = [State.PROPOSED, State.ACCEPTED, State.IN_PROGRESS, State.DELIVERED, State.COMPLETED]


def story(now: datetime, members: dict[str, Member]) -> Iterator[tuple[datetime, Act]]:
    """Everything that happens on the market, oldest first; no act makes a payment by itself."""
    acts: list[tuple[datetime, int, Act]] = []
    for number, notice in enumerate(NOTICES):
        acts.append((_published_at(now, notice, number), len(acts), _lists(notice, number, members)))
    for number, deal in enumerate(DEALS):
        acts += [
            (at, len(acts) + step, act) for step, (at, act) in enumerate(_Telling(deal, number, now, members).acts())
        ]
    return ((at, act) for at, _number, act in sorted(acts, key=lambda act: act[:2]))


def _published_at(now: datetime, notice: Notice, number: int) -> datetime:
    """A day after its owner joined or later, but before anybody asked for it."""
    asked = [deal.days_ago for deal in DEALS if (deal.owner, deal.title) == notice.key]
    days = max([min(_DAYS_HERE[notice.handle] - 1, 3 + number % 60), *(day + 1 for day in asked)])
    return daytime(now, min(days, _DAYS_HERE[notice.handle] - 1), 8 + number % 12, number * 7 % 60)


def daytime(now: datetime, days_ago: int, hour: int, minute: int = 0) -> datetime:
    """That time of day where the community is, or just before now."""
    zone = ZoneInfo(settings.TIME_ZONE)
    day = (now.astimezone(zone) - timedelta(days=days_ago)).date()
    return min(datetime.combine(day, time(hour, minute), zone), now - LATEST)


def _lists(notice: Notice, number: int, members: dict[str, Member]) -> Act:
    def act() -> int:
        owner = members[notice.handle]
        listing = marketplace.write_listing(
            owner,
            kind=notice.kind,
            title=notice.title,
            description=notice.description,
            category=Category.objects.select_related("parent").get(slug=notice.category),
            minutes=notice.minutes,
            place=notice.place,
            nonce=f"demo-{number}",
            publish=notice.state != "draft",
        )
        if notice.state == "paused":
            marketplace.pause_listing(listing, by=owner)
        if notice.state == "closed":
            marketplace.close_listing(listing, by=owner)
        return 0

    return act


class _Telling:
    """One deal, told from asking to where it stands now."""

    def __init__(self, deal: Deal, number: int, now: datetime, members: dict[str, Member]) -> None:
        self.deal, self.number, self.now, self.members = deal, number, now, members
        self.asked_at = daytime(now, deal.days_ago, 9 + number % 9, number * 11 % 60)
        self.agreed_at = self._not_too_late(self.asked_at + timedelta(hours=3 + number % 5))
        days = deal.after_days
        self.slot = None if days is None else _slot(now, deal.days_ago - days, 10 + number % 8)
        ends = (self.slot or self.agreed_at + timedelta(days=1)) + timedelta(minutes=deal.agreed_minutes)
        self.done_at = self._not_too_late(ends)

    def acts(self) -> Iterator[tuple[datetime, Act]]:
        yield self.asked_at, self._ask
        for turn, words in enumerate(self.deal.talk[1:], start=1):
            yield self.asked_at + timedelta(minutes=20 * turn), self._says(turn, words)
        match self.deal.state:
            case State.PROPOSED:
                return
            case State.DECLINED:
                yield self.agreed_at, self._by_owner(marketplace.decline_exchange)
                return
            case State.WITHDRAWN:
                yield self.agreed_at, self._by_asking(marketplace.withdraw_exchange)
                return
            case State.EXPIRED:
                yield self.asked_at + timedelta(days=settings.ANSWER_WITHIN_DAYS, minutes=1), self._time_passes
                return
        yield self.agreed_at, self._accept
        if self.deal.state == State.CANCELLED:
            yield self.agreed_at + timedelta(hours=1), self._cancel
            return
        yield from self._on_from_agreed()

    def _on_from_agreed(self) -> Iterator[tuple[datetime, Act]]:
        reached = _REACHED.index(State(self.deal.state)) if self.deal.state in _REACHED else len(_REACHED)
        if reached >= _REACHED.index(State.IN_PROGRESS):
            yield self.done_at - timedelta(minutes=self.deal.agreed_minutes), self._start
        if reached >= _REACHED.index(State.DELIVERED):
            yield self.done_at, self._deliver
        if self.deal.trouble:
            yield self._not_too_late(self.done_at + timedelta(hours=2)), self._dispute
            yield self._not_too_late(self.done_at + timedelta(hours=21)), self._answer
            if self.deal.trouble.outcome:
                yield self._not_too_late(self.done_at + timedelta(days=2)), self._rule
        elif reached == _REACHED.index(State.COMPLETED):
            yield self._not_too_late(self.done_at + timedelta(hours=1)), self._confirm
            yield self._not_too_late(self.done_at + timedelta(hours=20)), self._review

    def _not_too_late(self, at: datetime) -> datetime:
        return min(at, self.now - LATEST)

    def _exchange(self) -> Exchange:
        return Exchange.objects.with_people().get(nonce=self._nonce, opened_by=self._asking)

    @property
    def _nonce(self) -> str:
        return f"demo-{self.number}"

    @property
    def _owner(self) -> Member:
        return self.members[self.deal.owner]

    @property
    def _asking(self) -> Member:
        return self.members[self.deal.asking]

    def _ask(self) -> int:
        listing = Listing.objects.get(owner=self._owner, title=self.deal.title)
        marketplace.propose(
            listing,
            by=self._asking,
            minutes=self.deal.agreed_minutes,
            starts_at=self.slot,
            place=listing.place,
            message=self.deal.talk[0] if self.deal.talk else "",
            nonce=self._nonce,
        )
        return 0

    def _says(self, turn: int, words: str) -> Act:
        def act() -> int:
            by = self._owner if turn % 2 else self._asking
            marketplace.send_message(self._exchange(), by=by, text=words, nonce=f"demo-{turn}")
            return 0

        return act

    def _by_owner(self, operation: Callable[..., Exchange]) -> Act:
        def act() -> int:
            operation(self._exchange(), by=self._owner)
            return 0

        return act

    def _by_asking(self, operation: Callable[..., Exchange]) -> Act:
        def act() -> int:
            operation(self._exchange(), by=self._asking)
            return 0

        return act

    def _accept(self) -> int:
        exchange = self._exchange()
        marketplace.accept_exchange(exchange, by=self._owner, version=exchange.version)
        return 0

    def _cancel(self) -> int:
        exchange = self._exchange()
        marketplace.cancel_exchange(exchange, by=exchange.provider)
        return 0

    def _start(self) -> int:
        exchange = self._exchange()
        marketplace.start_exchange(exchange, by=exchange.provider)
        return 0

    def _deliver(self) -> int:
        exchange = self._exchange()
        minutes = self.deal.real_minutes or exchange.minutes
        marketplace.deliver_exchange(exchange, by=exchange.provider, minutes=minutes)
        return 0

    def _confirm(self) -> int:
        exchange = self._exchange()
        marketplace.confirm_exchange(exchange, by=exchange.receiver)
        ledger.post_all_due()
        return 0

    def _review(self) -> int:
        for said, by in ((self.deal.of_owner, self._asking), (self.deal.of_asking, self._owner)):
            if said:
                marketplace.review_exchange(self._exchange(), by=by, stars=said.stars, text=said.words)
        return 0

    def _dispute(self) -> int:
        trouble = self.deal.trouble
        assert trouble
        marketplace.open_dispute(
            self._exchange(), by=self._asking, reason=trouble.reason, statement=trouble.statement, nonce="demo"
        )
        return 0

    def _answer(self) -> int:
        trouble = self.deal.trouble
        assert trouble
        marketplace.add_statement(self._exchange().dispute, by=self._owner, text=trouble.answer, nonce="demo-answer")
        return 0

    def _rule(self) -> int:
        trouble = self.deal.trouble
        assert trouble
        marketplace.rule(
            self._exchange().dispute,
            by=self.members["daniel"],
            outcome=trouble.outcome,
            provider_minutes=trouble.provider_minutes,
            because=trouble.because,
        )
        ledger.post_all_due()
        return 0

    def _time_passes(self) -> int:
        marketplace.keep_deadlines()
        return 0


def _slot(now: datetime, days_ago: int, hour: int) -> datetime:
    """The date two agreed on, at a full hour; it may be still to come."""
    zone = ZoneInfo(settings.TIME_ZONE)
    day = (now.astimezone(zone) - timedelta(days=days_ago)).date()
    return datetime.combine(day, time(hour), zone)
