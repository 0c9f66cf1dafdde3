"""Keeping two people apart."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Block, Member
from timebank import clock
from timebank.retries import retried

from .refusals import ToOneself


@retried
@transaction.atomic
def block(member: Member, *, by: Member) -> None:
    """Keep ``member`` and ``by`` apart: neither sends the other hours, asks for them, or asks for an exchange.

    ``member`` is not told, and what the two agreed on before goes on. Twice blocks once. Raises ToOneself.
    """
    if member == by:
        raise ToOneself(_("You cannot block yourself."))
    Block.objects.get_or_create(by=by, of=member, defaults={"created_at": clock.now()})


@retried
def unblock(member: Member, *, by: Member) -> None:
    """Let the two turn to each other again, as far as it is for ``by`` to say."""
    Block.objects.filter(by=by, of=member).delete()
