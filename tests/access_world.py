"""One of each kind of person, for the table in tests/access_table.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache, cached_property
from http.cookies import SimpleCookie
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import Member, StaffMove, Token
from accounts.operations import ask_for_hours, change_limits, make_token, propose_reversal
from ledger.models import Lot, PaymentRequest, Transfer
from ledger.operations import Limits
from ledger.origins import public_id_of
from marketplace import operations as marketplace
from marketplace.models import Dispute, Exchange, Listing
from notifications.models import Webhook
from notifications.webhooks import make_webhook

from .factories import (
    PASSWORD,
    make_coordinator,
    make_dispute,
    make_exchange,
    make_listing,
    make_member,
    make_moderator,
    make_superuser,
)
from .work import drain


@cache
def password_hash() -> str:
    """Of everybody's password; made once, for that takes time."""
    return make_password(PASSWORD)


@dataclass
class World:
    """One of each kind of person, and things that belong to the member or to the suspended one."""

    member: Member = field(default_factory=lambda: make_member(minutes=300, name="Ana Souza"))
    other: Member = field(default_factory=lambda: make_member(minutes=300))
    neighbour: Member = field(default_factory=lambda: make_member(minutes=300))
    suspended: Member = field(default_factory=lambda: make_member(minutes=300))
    new: Member = field(default_factory=lambda: make_member(state="new"))
    waiting: Member = field(default_factory=lambda: make_member(state="applied"))
    coordinator: Member = field(default_factory=make_coordinator)
    moderator: Member = field(default_factory=make_moderator)
    superuser: Member = field(default_factory=make_superuser)

    cookies: dict[str, SimpleCookie] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for person in (self.coordinator, self.moderator, self.superuser):
            Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={})
        Member.objects.people().update(password=password_hash())

    def person(self, role: str) -> Member | None:
        return None if role == "anonymous" else getattr(self, role)

    def sign_in(self, roles: Iterable[str]) -> None:
        """Once for all rows: it takes as long as a page."""
        for role in roles:
            client = Client()
            if person := self.person(role):
                client.force_login(Member.objects.get(pk=person.pk))
            self.cookies[role] = client.cookies

    def whose(self, role: str) -> Member:
        """To whom the things belong that ``role`` asks for."""
        return self.suspended if role == "suspended" else self.member

    @cached_property
    def sent_together(self) -> dict[Member, str]:
        """The nonce of two payments that each made at once, and of two requests; made before the suspension."""
        from accounts.operations import ask_several, send_together

        nonces = {payer: f"together-{payer.pk}" for payer in self._owners}
        for payer, nonce in nonces.items():
            people = [self.neighbour, make_member()]
            send_together(sender=payer, recipients=people, amount_minutes=3, kind="help", nonce=nonce)
            ask_several(asker=payer, people=people, amount_minutes=3, nonce=nonce)
        return nonces

    @cached_property
    def payments(self) -> dict[Member, str]:
        """One payment to the neighbour from each, by its public id; made before the suspension."""
        from accounts.operations import send_hours

        paid = {
            payer: send_hours(
                sender=payer,
                recipient=self.neighbour,
                amount_minutes=30,
                kind="help",
                note="For the bicycle",
                nonce=f"access-{payer.pk}",
            ).public_id
            for payer in (self.member, self.suspended)
        }
        for whose in (self.member, self.suspended):
            send_hours(
                sender=self.neighbour,
                recipient=whose,
                amount_minutes=15,
                kind="gift",
                note="",
                nonce=f"access-back-{whose.pk}",
            )
        drain()
        return paid

    @cached_property
    def lots(self) -> dict[Member, str]:
        """Hours that each has, by what stands for them in addresses; made before the suspension."""
        assert self.payments
        newest = {whose: Lot.objects.open().filter(owner__owner=whose).latest("pk") for whose in self._owners}
        return {whose: public_id_of(lot.pk, whose.account) for whose, lot in newest.items()}

    @cached_property
    def listings(self) -> dict[tuple[Member, str], str]:
        """An open offer and a draft of each, by their public ids; made before the suspension."""
        return {
            (whose, what): make_listing(whose, publish=what == "listing").public_id
            for whose in (self.member, self.suspended)
            for what in ("listing", "draft")
        }

    @cached_property
    def offer(self) -> Listing:
        """What the neighbour offers."""
        return make_listing(self.neighbour)

    @cached_property
    def exchanges(self) -> dict[Member, Exchange]:
        """One that each is asked for by the neighbour."""
        return {whose: make_exchange(provider=whose, receiver=self.neighbour) for whose in self._owners}

    @cached_property
    def disputes(self) -> dict[Member, Dispute]:
        """One of each with the neighbour, with a file."""
        made = {}
        for whose in self._owners:
            exchange = make_exchange(provider=whose, receiver=self.neighbour, minutes=15, state="delivered")
            made[whose] = make_dispute(exchange)
            paper = SimpleUploadedFile("receipt.pdf", b"%PDF-1.4 a receipt")
            marketplace.add_evidence(made[whose], by=self.neighbour, upload=paper)
        return made

    @cached_property
    def tokens(self) -> dict[Member, Token]:
        """One of each for a program; made before the suspension."""
        return {whose: make_token(whose, name="a program", days=30, may_pay=True)[0] for whose in self._owners}

    @cached_property
    def webhooks(self) -> dict[Member, Webhook]:
        """Where programs of each are told; made before the suspension."""
        return {whose: make_webhook(whose, address="https://example.org/timebank")[0] for whose in self._owners}

    @cached_property
    def requests(self) -> dict[Member, PaymentRequest]:
        """A code of each by which she is paid; made before the suspension."""
        return {
            whose: ask_for_hours(asker=whose, amount_minutes=15, nonce=f"access-{whose.pk}")
            for whose in (*self._owners, self.neighbour)
        }

    @cached_property
    def move(self) -> StaffMove:
        """A payment of the neighbour's that the coordinator asks to undo; she changed the limits before."""
        assert self.payments
        transfer = Transfer.objects.filter(payer__owner=self.neighbour).earliest("pk")
        change_limits(Limits(0), account=None, reason="As ever", by=self.coordinator)
        asked = {"minutes": 1, "may_pass_limit": False, "reason": "By mistake", "key": "access"}
        return propose_reversal(transfer, by=self.coordinator, **asked)

    @property
    def _owners(self) -> tuple[Member, Member]:
        return (self.member, self.suspended)

    def thing(self, what: str, role: str) -> Any:
        """What ``args`` of a row name."""
        whose = self.whose(role)
        things: dict[str, Callable[[], Any]] = {
            "payment": lambda: self.payments[whose],
            "lot": lambda: self.lots[whose],
            "sent together": lambda: self.sent_together[whose],
            "asked together": lambda: self.sent_together[whose],
            "token": lambda: self.tokens[whose].public_id,
            "webhook": lambda: self.webhooks[whose].public_id,
            "request": lambda: self.requests[whose].txid,
            "request number": lambda: self.requests[whose].pk,
            "neighbour's request": lambda: self.requests[self.neighbour].txid,
            "neighbour's picture": lambda: f"qr_code_payment_{self.requests[self.neighbour].txid}",
            "poster": lambda: self.neighbour.public_id,
            "account": lambda: self.member.account.pk,
            "move": lambda: self.move.pk,
            "profile": lambda: whose.public_id,
            "event": lambda: whose.events.filter(type="hours-arrived").latest("seq").seq,
            "listing": lambda: self.listings[whose, what],
            "draft": lambda: self.listings[whose, what],
            "offer": lambda: self.offer.public_id,
            "exchange": lambda: self.exchanges[whose].public_id,
            "disputed exchange": lambda: self.disputes[whose].exchange.public_id,
            "evidence": lambda: self.disputes[whose].evidence.get().public_id,
            "dispute": lambda: self.disputes[whose].public_id,
            "case": lambda: self.disputes[self.member].public_id,
        }
        if what in things:
            assert self.payments  # they tell of themselves
            return things[what]()
        match what.split(":"):
            case ["person", who]:
                return getattr(self, who).pk
            case ["object", label]:
                return self.an_object_of(label)
        return what

    def an_object_of(self, label: str) -> Any:
        """The key of some row of a model, for its pages in the admin; 0 where there is none."""
        from django.apps import apps

        assert self.payments
        assert self.disputes
        assert self.move
        assert self.requests
        first = apps.get_model(label).objects.order_by("pk").first()
        return 0 if first is None else first.pk
