"""Keys to the API that a member makes for a program of hers."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Member, Token
from timebank import clock
from timebank.retries import retried

from .refusals import NotAllowed, TooManyTokens

PREFIX = "tb_"
MOST_TOKENS = 20  # living, of one member
LONGEST_LIFE_DAYS = 366
_SHOWN_LETTERS = 9
_USED_AGAIN_AFTER = timedelta(minutes=5)


@retried
@transaction.atomic
def make_token(member: Member, *, name: str, days: int, may_pay: bool) -> tuple[Token, str]:
    """Make a token that reads what is hers, and pays for her where it ``may_pay``, for so many ``days``.

    Returns it with its words, which are kept nowhere. Raises NotAllowed for who is no active member, TooManyTokens;
    ValueError for a life that no form lets through.
    """
    if not 1 <= days <= LONGEST_LIFE_DAYS:
        raise ValueError("a token lives a day to a year")
    member = Member.objects.select_for_update(no_key=True).get(pk=member.pk)
    if not member.is_member:
        raise NotAllowed(_("You can make a token once your membership is active."))
    now = clock.now()
    if member.tokens.living(now).count() >= MOST_TOKENS:
        raise TooManyTokens(_("You have many tokens already. Please end one that you do not need any more."))
    words = PREFIX + secrets.token_urlsafe(32)
    token = Token.objects.create(
        member=member,
        name=name,
        start=words[:_SHOWN_LETTERS],
        token_hash=_hash_of(words),
        may_pay=may_pay,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    return token, words


@retried
def end_token(token: Token) -> None:
    """Let nobody in by ``token`` any more; ending twice ends it once."""
    Token.objects.filter(pk=token.pk, ended_at=None).update(ended_at=clock.now())


def find_token(words: str) -> Token | None:
    """The living token with these words, and its member as she is now; None for none. Notes that it is used."""
    now = clock.now()
    token = Token.objects.living(now).select_related("member").filter(token_hash=_hash_of(words)).first()
    if token is not None and (token.last_used_at is None or token.last_used_at < now - _USED_AGAIN_AFTER):
        _note_use(token.pk)
    return token


@retried
def _note_use(pk: int) -> None:
    Token.objects.filter(pk=pk).update(last_used_at=clock.now())


def _hash_of(words: str) -> str:
    return hashlib.sha256(words.encode(errors="replace")).hexdigest()  # of 256 random bits: no salt is needed
