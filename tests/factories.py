"""Plain functions that make what a story needs, through the operations the site itself uses."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import Group

from accounts.models import Member
from marketplace import operations as marketplace
from marketplace.models import Category, Dispute, Exchange, Listing
from marketplace.rules import EARLY_START
from timebank import clock

PASSWORD = "a long enough password"
NAMES = ("Ana Souza", "Bento Lima", "Clara Dias", "Davi Rocha", "Elisa Nunes", "Fábio Melo", "Gilda Reis", "Hugo Braga")

_number = itertools.count(1)


def make_member(
    *,
    minutes: int = 0,
    state: str = Member.State.ACTIVE,
    language: str = "en",
    name: str = "",
    email: str = "",
    password: str | None = None,
    credit_limit_minutes: int = 0,
    coordinator: bool = False,
    moderator: bool = False,
    **fields: Any,
) -> Member:
    """A member with a confirmed e-mail; from the state `active` on she has an account with ``minutes`` on it.

    The minutes come from the community fund, posted. ``password`` is None where nobody types it
    (``client.force_login``), for hashing one takes time.
    """
    number = next(_number)
    member = Member.objects.create_user(
        email or f"member{number}@example.org",
        password,
        display_name=name or f"{NAMES[number % len(NAMES)]} {number}",
        state=state,
        language=language,
        joined_at=clock.now() if _has_joined(state) else None,
        is_staff=fields.pop("is_staff", coordinator or moderator),
        **fields,
    )
    EmailAddress.objects.create(user=member, email=member.email, primary=True, verified=state != Member.State.NEW)
    for group, is_in in (("coordinators", coordinator), ("moderators", moderator)):
        if is_in:
            member.groups.add(Group.objects.get(name=group))
    if _has_joined(state):
        _give_account(member, minutes, credit_limit_minutes)
    return Member.objects.get(pk=member.pk)  # as the site would meet her, with nothing remembered


def make_coordinator(**fields: Any) -> Member:
    return make_member(coordinator=True, **fields)


def make_moderator(**fields: Any) -> Member:
    return make_member(moderator=True, **fields)


def make_superuser(**fields: Any) -> Member:
    return make_member(is_superuser=True, is_staff=True, **fields)


def _has_joined(state: str) -> bool:
    return state in {Member.State.ACTIVE, Member.State.SUSPENDED, Member.State.LEFT}


def _give_account(member: Member, minutes: int, credit_limit_minutes: int) -> None:
    from accounts.operations import community_fund
    from ledger.operations import open_account, pay_at_once

    account = open_account(member, credit_limit_minutes=credit_limit_minutes)
    if minutes:
        fund = community_fund()
        payer, payee = (fund, account) if minutes > 0 else (account, fund)
        pay_at_once(
            payer=payer,
            payee=payee,
            amount_minutes=abs(minutes),
            kind="grant",
            key=f"story:{member.pk}",
            actor=fund.owner,
        )


def balance(member: Member) -> int:
    """The minutes on the member's account, as the books have them now."""
    return Member.objects.get(pk=member.pk).account.balance_minutes


def available(member: Member) -> int:
    """The minutes the member could send now."""
    return Member.objects.get(pk=member.pk).account.available_minutes


def make_listing(
    owner: Member | None = None, *, kind: str = "offer", minutes: int | None = 60, **fields: Any
) -> Listing:
    """An open listing; "repairs" unless ``category`` names another slug."""
    number = next(_number)
    return marketplace.write_listing(
        owner or make_member(),
        kind=kind,
        title=fields.pop("title", f"Fixing taps {number}"),
        category=Category.objects.get(slug=fields.pop("category", "repairs")),
        minutes=minutes,
        nonce=f"listing-{number}",
        **fields,
    )


def make_exchange(
    *,
    state: str = Exchange.State.PROPOSED,
    provider: Member | None = None,
    receiver: Member | None = None,
    minutes: int = 60,
    kind: str = "offer",
    starts_at: datetime | None = None,
    listing: Listing | None = None,
) -> Exchange:
    """An exchange brought to ``state`` by its two people through the operations; hours are not posted yet.

    Of an offer the receiver asks, of a request the provider. The receiver has three times the minutes when not given.
    """
    provider = provider or make_member()
    receiver = receiver or make_member(minutes=3 * minutes)
    owner, asking = (provider, receiver) if kind == "offer" else (receiver, provider)
    listing = listing or make_listing(owner, kind=kind, minutes=minutes)
    exchange = marketplace.propose(
        listing, by=asking, minutes=minutes, starts_at=starts_at, place="At home", nonce=f"exchange-{next(_number)}"
    )
    return _bring(exchange, Exchange.State(state))


def _bring(exchange: Exchange, state: Exchange.State) -> Exchange:
    """``exchange`` taken from `proposed` to ``state``, step by step."""
    asked, proposer = exchange.partner_of(exchange.offered_by), exchange.offered_by
    match state:
        case Exchange.State.PROPOSED:
            return exchange
        case Exchange.State.DECLINED:
            return marketplace.decline_exchange(exchange, by=asked)
        case Exchange.State.WITHDRAWN:
            return marketplace.withdraw_exchange(exchange, by=proposer)
        case Exchange.State.EXPIRED:
            with clock.ahead_by(timedelta(days=settings.ANSWER_WITHIN_DAYS, minutes=1)):
                marketplace.keep_deadlines()
            return Exchange.objects.get(pk=exchange.pk)
    return _bring_on(marketplace.accept_exchange(exchange, by=asked, version=exchange.version), state)


def _bring_on(exchange: Exchange, state: Exchange.State) -> Exchange:
    """What was agreed, taken on to ``state``."""
    provider, receiver = exchange.provider, exchange.receiver
    if state == Exchange.State.CANCELLED:
        return marketplace.cancel_exchange(exchange, by=provider)
    steps = {
        Exchange.State.ACCEPTED: lambda: exchange,
        Exchange.State.IN_PROGRESS: lambda: _start(exchange),
        Exchange.State.DELIVERED: lambda: marketplace.deliver_exchange(exchange, by=provider, minutes=exchange.minutes),
        Exchange.State.COMPLETED: lambda: marketplace.confirm_exchange(exchange, by=receiver),
        Exchange.State.DISPUTED: lambda: make_dispute(exchange).exchange,
        Exchange.State.RESOLVED: lambda: (
            marketplace.rule(
                make_dispute(exchange), by=make_moderator(), outcome="refund", because="Nobody was there."
            ).exchange
        ),
    }
    for reached, step in steps.items():
        if reached == state or reached not in {Exchange.State.COMPLETED, Exchange.State.DISPUTED}:
            exchange = step()
        if reached == state:
            break
    return Exchange.objects.get(pk=exchange.pk)


def _start(exchange: Exchange) -> Exchange:
    """Begun when its day has come."""
    ahead = max(exchange.starts_at - clock.now() - EARLY_START, timedelta()) if exchange.starts_at else timedelta()
    with clock.ahead_by(ahead):
        return marketplace.start_exchange(exchange, by=exchange.provider)


def make_dispute(exchange: Exchange | None = None, *, by: Member | None = None) -> Dispute:
    """A dispute of the receiver's, unless ``by`` another, about an exchange marked as done."""
    exchange = exchange or make_exchange(state=Exchange.State.DELIVERED)
    return marketplace.open_dispute(
        exchange, by=by or exchange.receiver, reason="not_done", statement="Nobody came.", nonce=f"d-{next(_number)}"
    )
