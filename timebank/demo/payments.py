"""Three months of payments between neighbours, thought out before anything is written."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from .codes import CODES
from .exchanges import DEALS
from .people import PEOPLE, Person
from .topics import CATEGORIES, GIFTS, TOPICS, WARM_ENDINGS

SEED = 2182
DAYS = 92
A_DAY_HAS = (3, 4, 4, 5, 5, 6, 7)  # payments
GIFT_MINUTES: tuple[int, ...] = (30, 30, 60, 45)
HELD_BACK_MINUTES = 15 * 60  # who has so much is asked for help less often
FRIENDS = 5  # neighbours one turns to again and again

# The last day, by hand: what is unread when somebody first signs in.
# (minutes ago, payer, payee, minutes, kind, words, kind of help)
NEWEST = (
    (25 * 60 + 10, "ana", "cida", 60, "help", "Bolo de aniversário do Tomé", "baking"),
    (20 * 60 + 35, "luana", "ana", 60, "help", "Conversação em inglês na varanda", "languages"),
    (18 * 60 + 5, "dora", "margaret", 90, "help", "Tarde de histórias na clínica", "company"),
    (5 * 60 + 50, "margaret", "henrique", 45, "help", "Lift to the eye clinic", "rides"),
    (4 * 60 + 15, "rafael", "lourdes", 60, "help", "Bolo para o mutirão da bicicletaria", "baking"),
    (3 * 60 + 20, "chen", "daniel", 90, "help", "Fractions with my nephew, at last", "school"),
    (2 * 60 + 5, "seu-ze", "ana", 45, "help", "Aprendi a fazer videochamada", "phones"),
    (55, "priya", "margaret", 60, "help", "Finished my first sock", "crafts"),
    (25, "ana", "margaret", 30, "gift", "Feliz aniversário, Margaret!", ""),
)


@dataclass(frozen=True)
class Payment:
    at: datetime
    payer: str
    payee: str
    amount_minutes: int
    kind: str
    note: str
    category: str = ""


class Imagination:
    """Draws payments one after the other, keeping in mind what everybody has left."""

    def __init__(self, now: datetime, grant_minutes: int) -> None:
        self.draw = random.Random(SEED)  # noqa: S311  a story, no secret
        self.now = now
        self.grant_minutes = grant_minutes
        # What exchanges and codes will need is left alone, and what they bring is not counted on.
        self.minutes = {person.handle: 0 for person in PEOPLE}
        for deal in DEALS:
            self.minutes[deal.receiver] -= deal.agreed_minutes
        for code in CODES:
            if code.state == "paid":
                self.minutes[code.payer] -= code.amount_minutes or 0
        self.friends = {person.handle: self._friends_of(person) for person in PEOPLE}

    def payments(self) -> Iterator[Payment]:
        """All of them, oldest first."""
        for days_ago in range(DAYS, 1, -1):
            for person in PEOPLE:
                if person.days_here == days_ago or (person.days_here > DAYS == days_ago):
                    self.minutes[person.handle] += self.grant_minutes
            here = [person for person in PEOPLE if person.days_here > days_ago]
            for at in self._moments_of_a_day(days_ago):
                if payment := self._one_payment(at, here):
                    yield self._kept_in_mind(payment)
        for minutes_ago, payer, payee, amount_minutes, kind, note, category in NEWEST:
            if self.minutes[payer] >= amount_minutes:
                at = self.now - timedelta(minutes=minutes_ago)
                yield self._kept_in_mind(Payment(at, payer, payee, amount_minutes, kind, note, category))

    def _moments_of_a_day(self, days_ago: int) -> list[datetime]:
        zone = ZoneInfo(settings.TIME_ZONE)
        day = (self.now.astimezone(zone) - timedelta(days=days_ago)).date()
        minutes = sorted(self.draw.sample(range(8 * 60, 21 * 60), self.draw.choice(A_DAY_HAS)))
        return [datetime.combine(day, time(m // 60, m % 60), zone) for m in minutes]

    def _one_payment(self, at: datetime, here: list[Person]) -> Payment | None:
        payers = [person for person in here if self.minutes[person.handle] >= 30]
        payer = self._chosen(payers, [self.minutes[person.handle] ** 1.5 for person in payers])
        others = [person for person in here if person is not payer and person.helps_with]
        payee = self._chosen(others, [self._how_likely(payer, person) for person in others])
        if self.draw.random() < 0.08:
            amounts, words, kind, category = GIFT_MINUTES, GIFTS[payer.language], "gift", ""
        else:
            topic = self.draw.choice(payee.helps_with)
            amounts, portuguese, english = TOPICS[topic]
            words, kind, category = (portuguese if payer.language == "pt-br" else english), "help", CATEGORIES[topic]
        amount_minutes = self.draw.choice(amounts)
        note = self._in_her_words(payer, words, kind)
        if amount_minutes > self.minutes[payer.handle]:
            return None
        return Payment(at, payer.handle, payee.handle, amount_minutes, kind, note, category)

    def _in_her_words(self, payer: Person, words: tuple[str, ...], kind: str) -> str:
        note = self.draw.choice(words)
        roll = self.draw.random()
        if roll < 0.12:
            return ""  # not everybody writes something
        if roll < 0.4 and kind == "help":
            ending = self.draw.choice(WARM_ENDINGS[payer.language])
            return f"{note}. {ending}"
        return note

    def _friends_of(self, person: Person) -> set[str]:
        others = [other.handle for other in PEOPLE if other is not person]
        return set(self.draw.sample(others, FRIENDS))

    def _how_likely(self, payer: Person, payee: Person) -> int:
        has = self.minutes[payee.handle]
        likely = 1 if has > HELD_BACK_MINUTES else 3 if has > HELD_BACK_MINUTES // 2 else 6
        return likely * (8 if payee.handle in self.friends[payer.handle] else 1)

    def _chosen(self, people: list[Person], weights: list[float] | list[int]) -> Person:
        return self.draw.choices(people, weights)[0]

    def _kept_in_mind(self, payment: Payment) -> Payment:
        self.minutes[payment.payer] -= payment.amount_minutes
        self.minutes[payment.payee] += payment.amount_minutes
        return payment
