"""Freezing a hold while people argue about it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ledger import log
from ledger.models import Account, Hold
from timebank import clock
from timebank.retries import retried

from .accounts import account_id_of
from .holds import AlreadyPosted, AlreadyVoided


@retried
@transaction.atomic
def freeze(hold: Hold, *, until: datetime, actor: Any) -> Hold:
    """Keep ``hold`` as it is until ``until``, whatever else asks for it; again, the later call counts.

    Writes a record. Raises AlreadyPosted when its hours are on their way or have arrived, AlreadyVoided;
    ValueError for a time that has passed.
    """
    if until <= clock.now():
        raise ValueError("a hold is frozen for some time")
    return _set_frozen(hold, until, actor)


@retried
@transaction.atomic
def unfreeze(hold: Hold, *, actor: Any) -> Hold:
    """Let ``hold`` be resolved again; one that is not frozen stays as it is. Writes a record."""
    if Hold.objects.live().filter(pk=hold.pk, frozen_until=None).exists():
        return Hold.objects.get(pk=hold.pk)
    return _set_frozen(hold, None, actor)


def _set_frozen(hold: Hold, until: datetime | None, actor: Any) -> Hold:
    if not Hold.objects.live().filter(pk=hold.pk, due=False).update(frozen_until=until):
        now = Hold.objects.get(pk=hold.pk)
        if now.state in {Hold.State.VOIDED, Hold.State.EXPIRED}:
            raise AlreadyVoided(_("These hours went back to their owner."))
        raise AlreadyPosted(_("These hours have arrived already."))
    account = Account.objects.get(pk=hold.payer_id)
    said = None if until is None else log.moment(until)
    log.write_record("freeze", hold=hold.public_id, until=said, by=account_id_of(actor, account))
    return Hold.objects.get(pk=hold.pk)
