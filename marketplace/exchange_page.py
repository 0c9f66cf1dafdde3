"""What the page of an exchange shows one of its two people: read once, so that every part of it agrees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import groupby

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Member
from ledger.models import Account
from timebank import clock
from timebank.durations import shown

from . import words
from .models import Dispute, Exchange, Message, Review, Step
from .operations import may_review
from .operations.disputes import READ, who_may_rule
from .rules import Action, is_over_for_good, is_too_early, late_cancel_minutes, may

State = Exchange.State
LATEST_MESSAGES = 50
MOST_MESSAGES = 1000


_ONWARD = {Action.PROPOSE, Action.ACCEPT, Action.START, Action.DELIVER, Action.CONFIRM, Action.DISPUTE, Action.RULE}
_ENDS = {Action.DECLINE, Action.WITHDRAW, Action.CANCEL}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the thread: a message, or what happened. ``key`` stays its own."""

    key: str
    at: datetime
    text: str
    is_step: bool = False
    is_mine: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the way an exchange goes: "done", "now", "next", or "ended" where it goes no further."""

    standing: str
    icon: str
    title: str
    at: datetime | None = None
    by: datetime | None = None
    more: str = ""


class ExchangePage:
    """One exchange as ``reader``, who has a part in it, sees it now."""

    def __init__(self, exchange: Exchange, reader: Member, *, whole_thread: bool = False) -> None:
        self.exchange, self.reader = exchange, reader
        self.partner = exchange.partner_of(reader)
        self.is_provider = reader.pk == exchange.provider_id
        self.now = clock.now()
        self.steps: list[Step] = list(exchange.steps.order_by("seq"))
        most = MOST_MESSAGES if whole_thread else LATEST_MESSAGES
        newest = list(Message.objects.filter(exchange=exchange).order_by("-pk")[: most + 1])
        self.has_earlier = len(newest) > most
        self.messages = newest[:most][::-1]
        self.reviews: list[Review] = list(exchange.reviews.all()) if exchange.reviews_until or self.is_over else []

    @property
    def is_over(self) -> bool:
        return not self.exchange.is_live

    @property
    def version(self) -> str:
        """Changes with everything but the messages, so that a part is put anew only where there is something new."""
        seq = self.steps[-1].seq if self.steps else 0
        of_both = f"{self.reader.state}-{self.partner.is_member}"
        return f"{seq}-{len(self.reviews)}-{bool(self.exchange.reviews_until)}-{of_both}"

    # --- What can be done -----------------------------------------------------------------------

    @cached_property
    def can(self) -> dict[str, bool]:
        """By the name of the action: what the reader may do now, as far as can be told before she tries."""
        can = {action.value: self.reader.is_member and may(self.reader, action, self.exchange) for action in Action}
        if not self.partner.is_member:
            can |= dict.fromkeys([Action.ACCEPT, Action.COUNTER, Action.START], False)  # it takes both of them
        can[Action.START] = can[Action.START] and not is_too_early(self.exchange, self.now)
        until = self._dispute_until
        can[Action.DISPUTE] = can[Action.DISPUTE] and (until is None or self.now < until)
        return can

    @cached_property
    def account(self) -> Account | None:
        """The reader's, where saying yes would set minutes of hers aside."""
        if self.is_provider or self.exchange.state != State.PROPOSED or not self.can[Action.ACCEPT]:
            return None
        return Account.objects.filter(owner=self.reader).first()

    @property
    def available_minutes(self) -> int:
        """What the reader could set aside, where saying yes would."""
        return max(self.account.available_minutes, 0) if self.account else 0

    @property
    def is_short(self) -> bool:
        """Whether the reader has fewer minutes than she would set aside by saying yes."""
        return self.account is not None and self.available_minutes < self.exchange.minutes

    @property
    def owes_much(self) -> bool:
        """Whether the reader would owe more than her soft limit by saying yes."""
        return self.account is not None and self.account.is_below_soft_limit(less=self.exchange.minutes)

    @property
    def talk_is_over(self) -> bool:
        """Whether nothing more is written, for it ended with nothing given."""
        return is_over_for_good(self.exchange)

    @property
    def may_write(self) -> bool:
        return self.reader.is_member and self.partner.is_member and not self.talk_is_over

    @property
    def _dispute_until(self) -> datetime | None:
        done = self.exchange.completed_at
        return done + self.exchange.within("dispute") if done else None

    @property
    def starts_later(self) -> bool:
        """Whether the two can say that it has begun once its day has come."""
        is_theirs = may(self.reader, Action.START, self.exchange) and self.reader.is_member and self.partner.is_member
        return is_theirs and is_too_early(self.exchange, self.now)

    @property
    def is_for_later(self) -> bool:
        """Whether it is agreed, and its moment is still to come, or to be agreed on."""
        return self.exchange.is_for_later(self.now)

    @property
    def asks_reader(self) -> bool:
        """Whether it is the reader who is to take the next step, now."""
        return self.exchange.asks(self.reader, self.now)

    @property
    def kept_when_cancelled(self) -> int:
        """The minutes that stay with the provider if the reader cancels now."""
        return late_cancel_minutes(self.exchange, self.reader, self.now) if self.exchange.terms else 0

    @property
    def goes_over_minutes(self) -> int:
        """What silence confirms: what was delivered, and never more than was agreed."""
        return min(self.exchange.delivered_minutes or self.exchange.minutes, self.exchange.minutes)

    @property
    def extra_minutes(self) -> int:
        """How much longer than agreed the provider says it took."""
        return max((self.exchange.delivered_minutes or 0) - self.exchange.minutes, 0)

    @property
    def held_minutes(self) -> int:
        """What is set aside for it just now."""
        if self.dispute and self.dispute.is_open:
            return self.dispute.at_stake_minutes
        hold = self.exchange.hold
        return hold.amount_minutes if hold and self.exchange.is_live else 0

    # --- The thread -----------------------------------------------------------------------------

    @cached_property
    def days(self) -> list[tuple[date, list[Line]]]:
        """What was written and what happened, by the day on the reader's clock."""
        since = self.messages[0].sent_at if self.has_earlier else None
        happened = [line for line in self._happened() if since is None or line.at >= since]
        lines = sorted(self._written() + happened, key=lambda line: line.at)
        return [(day, list(of_day)) for day, of_day in groupby(lines, lambda line: timezone.localdate(line.at))]

    def _written(self) -> list[Line]:
        return [
            Line(
                key=f"m-{message.sent_at:%Y%m%d%H%M%S%f}-{message.author_id == self.exchange.provider_id:d}",
                at=message.sent_at,
                text=message.text,
                is_mine=message.author_id == self.reader.pk,
            )
            for message in self.messages
        ]

    def _happened(self) -> list[Line]:
        said = words.story(self.steps, self.exchange, self.reader)
        return [
            Line(key=f"s-{step.seq}", at=step.at, text=text, is_step=True)
            for step, text in zip(self.steps, said, strict=True)
        ]

    # --- The way it goes ------------------------------------------------------------------------

    @cached_property
    def stages(self) -> list[Stage]:
        """What was done, what is next and what comes after that."""
        return [*self._done(), *self._now(), *self._next()]

    def _done(self) -> list[Stage]:
        latest = max((step.seq for step in self.steps if step.action == Action.COUNTER), default=None)
        stages = []
        for step, text in zip(self.steps, words.story(self.steps, self.exchange, self.reader), strict=True):
            title = text.rstrip(".")
            if step.action in _ONWARD or step.seq == latest:
                stages.append(Stage("done", "check", title, at=step.at))
            elif step.action in _ENDS:
                stages.append(Stage("ended", "x", title, at=step.at))
            elif step.action == Action.LAPSE:
                went_over = self.exchange.completed_at or "minutes" in step.data
                stages.append(Stage("done" if went_over else "ended", "check" if went_over else "x", title, at=step.at))
        return stages

    def _now(self) -> list[Stage]:
        exchange, name = self.exchange, self.partner.get_short_name()
        asked = exchange.waits_for_id == self.reader.pk
        match exchange.state:
            case State.PROPOSED:
                title = _("You answer") if asked else _("%(name)s answers") % {"name": name}
                return [Stage("now", "hourglass", title, by=exchange.deadline_at)]
            case State.ACCEPTED if self.is_for_later and exchange.starts_at:
                return [Stage("now", "calendar", _("You meet"), at=exchange.starts_at, more=exchange.place)]
            case State.ACCEPTED if self.is_for_later:
                return [Stage("now", "calendar", _("You settle a date"), by=exchange.deadline_at)]
            case State.ACCEPTED | State.IN_PROGRESS:
                title = _("You say that it is done") if asked else _("%(name)s says that it is done") % {"name": name}
                return [Stage("now", "hourglass", title, by=exchange.deadline_at)]
            case State.DELIVERED:
                title = _("You confirm") if asked else _("%(name)s confirms") % {"name": name}
                return [Stage("now", "hourglass", title, by=exchange.deadline_at)]
            case State.DISPUTED:
                return [Stage("now", "scale", _("A moderator rules"), by=exchange.deadline_at)]
            case _ if self.exchange.reviews_until:
                return [Stage("now", "star", _("You review each other"), by=exchange.reviews_until)]
        return []

    def _next(self) -> list[Stage]:
        exchange, name = self.exchange, self.partner.get_short_name()
        accept = Stage("next", "hourglass", _("The hours are set aside"), more=shown(exchange.minutes))
        deliver = Stage("next", "check", _("You meet, and say that it is done"))
        confirm = Stage(
            "next", "check", _("%(name)s confirms") % {"name": name} if self.is_provider else _("You confirm")
        )
        review = Stage("next", "star", _("You review each other"), more=_("Shown once both have written"))
        match exchange.state:
            case State.PROPOSED:
                return [accept, deliver, confirm, review]
            case State.ACCEPTED if self.is_for_later:
                says = _("%(name)s says that it is done") % {"name": name}
                said = Stage("next", "check", _("You say that it is done") if self.is_provider else says)
                return [said, confirm, review]
            case State.ACCEPTED | State.IN_PROGRESS:
                return [confirm, review]
            case State.DELIVERED | State.DISPUTED:
                return [review]
        return []

    # --- Dispute --------------------------------------------------------------------------------

    @cached_property
    def dispute(self) -> Dispute | None:
        """The dispute with what both said and show; None where there never was one."""
        if not any(step.action == Action.DISPUTE for step in self.steps):
            return None
        rows = Dispute.objects.select_related("opened_by", "decided_by")
        return rows.prefetch_related("statements", "evidence").get(exchange=self.exchange)

    @property
    def has_said_her_side(self) -> bool:
        dispute = self.dispute
        return bool(dispute and any(said.author_id == self.reader.pk for said in dispute.statements.all()))

    @cached_property
    def somebody_may_rule(self) -> bool:
        """Whether there is a moderator who has no part in it."""
        return who_may_rule(self.exchange).exists()

    @property
    def keeps_without_a_ruling(self) -> bool:
        """Whether it is the reader who has the hours at stake again if nobody rules: they were taken from her."""
        return bool(self.dispute and self.dispute.was_completed) == self.is_provider

    @property
    def reads(self) -> Sequence[Step]:
        """Each time a moderator read what the two wrote to each other."""
        return [step for step in self.steps if step.action == READ]

    @property
    def ruling(self) -> str:
        """Who gets what by the ruling, to the reader; empty while there is none."""
        dispute = self.dispute
        if not dispute or dispute.is_open:
            return ""
        if not dispute.at_stake_minutes:
            return _("The dispute is settled. There were no hours to share.")
        mine = self.my_ruled_minutes
        theirs = dispute.at_stake_minutes - mine
        shares = {"mine": shown(mine), "name": self.partner.get_short_name(), "theirs": shown(theirs)}
        return _("You get %(mine)s, %(name)s gets %(theirs)s.") % shares

    @property
    def my_ruled_minutes(self) -> int:
        """What the ruling gives the reader."""
        dispute = self.dispute
        minutes = dispute and (dispute.provider_minutes if self.is_provider else dispute.receiver_minutes)
        return minutes or 0

    # --- Reviews --------------------------------------------------------------------------------

    @property
    def mine(self) -> Review | None:
        return next((review for review in self.reviews if review.author_id == self.reader.pk), None)

    @property
    def theirs(self) -> Review | None:
        """What the other one wrote, once it may be read."""
        return next((r for r in self.reviews if r.author_id != self.reader.pk and r.published_at), None)

    @property
    def may_review(self) -> bool:
        return self.reader.is_member and self.mine is None and may_review(self.exchange, self.reader)
