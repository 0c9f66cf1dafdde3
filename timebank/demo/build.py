"""Building the demo: everybody joins and pays through the operations, on a clock that is set back."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from accounts import operations as accounts
from accounts.models import Member
from accounts.roles import Role
from ledger import operations as ledger
from marketplace import operations as marketplace
from notifications import operations as notifications
from timebank import clock
from timebank.tasks import walk_the_books

from . import codes, limits, market
from .logins import LOGINS, PASSWORD
from .payments import Imagination, Payment
from .people import APPLICANTS, PEOPLE, Person

READ_UNTIL = timedelta(days=1)  # what is older was read by everybody


class NotEmpty(Exception):
    """There are people here who are not of the demo."""


def is_loaded() -> bool:
    return Member.objects.filter(email=LOGINS[0].email).exists()


@transaction.atomic  # all of it or nothing: whoever looks meanwhile sees no half-built street
def build() -> int:
    """Build Vila Esperança in an empty community and return how many payments were made.

    Nobody is told by mail or live: it is all old news. Raises NotEmpty.
    """
    if Member.objects.people().exists():
        raise NotEmpty
    now = clock.now()
    with _clock_at(now - timedelta(days=120)):
        accounts.community_fund()
    members: dict[str, Member] = {}
    paid = 0
    for at, act in _story(now, members):
        with _clock_at(at):
            paid += act()
    with _clock_at(now - timedelta(minutes=1)):
        marketplace.keep_deadlines()
        notifications.count_as_told()
        walk_the_books()  # as every night: a visitor reads that all of it adds up
    return paid


def _story(now: datetime, members: dict[str, Member]) -> Iterator[tuple[datetime, Callable[[], int]]]:
    """What happens and when, oldest first; each act returns the number of payments it made."""
    arrivals = sorted(PEOPLE + APPLICANTS, key=lambda person: -person.days_here)
    acts: list[Iterator[tuple[datetime, int, Callable[[], int]]]] = [
        ((_arrival(now, person), 0, _joins(person, members)) for person in arrivals),
        iter([(now - READ_UNTIL, 1, _everybody_reads(members))]),
        (
            (payment.at, 2, _pays(f"demo-{number}", payment, members))
            for number, payment in enumerate(Imagination(now, settings.STARTING_GRANT_MINUTES).payments())
        ),
        (
            (payment.at, 2, _pays(f"demo-credit-{number}", payment, members))
            for number, payment in enumerate(limits.payments_on_credit(now))
        ),
        ((at, 3, act) for at, act in market.story(now, members)),
        ((at, 4, act) for at, act in codes.story(now, members)),
        ((at, 5, act) for at, act in limits.story(now, members)),
    ]
    for at, _order, act in heapq.merge(*acts, key=lambda act: act[:2]):
        yield at, act


def _arrival(now: datetime, person: Person) -> datetime:
    """A moment in the daytime of the day she joined, the same for her in each demo."""
    zone = ZoneInfo(settings.TIME_ZONE)
    day = (now.astimezone(zone) - timedelta(days=person.days_here)).date()
    minutes = sum(map(ord, person.handle)) % (9 * 60)
    return datetime.combine(day, time(9 + minutes // 60, minutes % 60), zone)


def _joins(person: Person, members: dict[str, Member]) -> Callable[[], int]:
    def act() -> int:
        signs_in = any(login.handle == person.handle for login in LOGINS)
        member = accounts.sign_up(
            display_name=person.name,
            email=person.email,
            password=PASSWORD if signs_in else None,
            language=person.language,
        )
        member = accounts.change_profile(member, display_name=person.name, about=person.about)
        if person in APPLICANTS:
            accounts.apply_for_membership(member)
            return 0
        # Where a coordinator approves, the first of them had to be taken in by somebody too.
        members[person.handle] = accounts.join(accounts.confirm_email(member))
        if person.handle == "lourdes":
            accounts.give_role(member, Role.COORDINATOR, by=None)
        if person.handle == "daniel":
            accounts.give_role(member, Role.MODERATOR, by=None)
        return 0

    return act


def _pays(nonce: str, payment: Payment, members: dict[str, Member]) -> Callable[[], int]:
    def act() -> int:
        hold = accounts.send_hours(
            sender=members[payment.payer],
            recipient=members[payment.payee],
            amount_minutes=payment.amount_minutes,
            kind=payment.kind,
            note=payment.note,
            category=payment.category,
            nonce=nonce,
        )
        ledger.post(hold)
        return 1

    return act


def _everybody_reads(members: dict[str, Member]) -> Callable[[], int]:
    def act() -> int:
        for member in members.values():
            notifications.mark_all_read(member)
        return 0

    return act


@contextmanager
def _clock_at(moment: datetime) -> Iterator[None]:
    with clock.ahead_by(moment - clock.now()):
        yield
