"""Plain functions that make what a story needs, through the operations the site itself uses."""

from __future__ import annotations

import itertools
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group

from accounts.models import Member
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
