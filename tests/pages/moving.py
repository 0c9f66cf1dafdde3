"""Moving hours for a story about pages, through the operations the site uses."""

from __future__ import annotations

import itertools
from datetime import datetime

from accounts.models import Member
from accounts.operations import send_hours
from ledger.models import Hold
from ledger.operations import accept, post, void

_number = itertools.count(1)


def start(sender: Member, recipient: Member, minutes: int = 60, note: str = "", kind: str = "help") -> Hold:
    """Hours that are on their way."""
    return send_hours(
        sender=sender,
        recipient=recipient,
        amount_minutes=minutes,
        kind=kind,
        note=note,
        nonce=f"story-{next(_number)}",
        again=True,
    )


def keep(sender: Member, recipient: Member, minutes: int = 60, expires_at: datetime | None = None) -> Hold:
    """Hours that are set aside until somebody says what becomes of them."""
    return accept(
        payer=sender.account,
        payee=recipient.account,
        amount_minutes=minutes,
        kind="help",
        key=f"kept-{next(_number)}",
        actor=sender,
        due=False,
        expires_at=expires_at,
    )


def send(sender: Member, recipient: Member, minutes: int = 60, note: str = "", kind: str = "help") -> Hold:
    """Hours that arrived."""
    hold = start(sender, recipient, minutes, note, kind)
    post(hold)
    return Hold.objects.get(pk=hold.pk)


def call_off(hold: Hold, *, actor: Member) -> Hold:
    return void(hold, actor=actor)
