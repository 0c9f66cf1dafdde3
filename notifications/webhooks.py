"""Telling a member's programs what she is told: signed, in order, tried again until it is taken.

Signed as the Standard Webhooks specification says: ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature``,
``v1,`` and the base64 of HMAC-SHA256 over id, timestamp and body, with points between them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from timebank import clock
from timebank.errors import Refusal
from timebank.jobs import PlainFailure, enqueue
from timebank.retries import retried
from timebank.sealed import seal, unseal

from . import live, outside
from .models import Answer, Event, Feed, Webhook

MOST_WEBHOOKS = 5  # of one member
ANSWERS_KEPT = 20
GIVEN_UP_AFTER = timedelta(days=1)
GONE = 410
_PURPOSE = "webhook secrets"
_PREFIX = "whsec_"
_CALLING = "webhooks-calling"
_TURN_SECONDS, _LONGEST_TURN_SECONDS = 20, 50
_PAUSE = timedelta(seconds=2)


class TooManyWebhooks(Refusal):
    code = "too_many_webhooks"


class CannotListen(Refusal):
    """She is no active member."""

    code = "cannot_listen"
    status = 403


class NotTaken(PlainFailure):
    """A program did not take what it was told; the job is tried again.

    Its words name the host alone, for the rest of an address may be secret.
    """

    def __init__(self, webhook: Webhook, answer: Answer) -> None:
        super().__init__(f"webhook {webhook.public_id} at {webhook.host}: {answer.status or answer.error}")


# --- Hers ---------------------------------------------------------------------------------------------


@retried
@transaction.atomic
def make_webhook(member: Any, *, address: str) -> tuple[Webhook, str]:
    """Have what ``member`` is told from now on posted to ``address``; returns it with the secret it is signed with.

    Raises BadAddress, TooManyWebhooks, and CannotListen for who is no active member.
    """
    outside.check_address(address)
    member = get_user_model()._default_manager.select_for_update(no_key=True).get(pk=member.pk)
    if not member.is_member:
        raise CannotListen(_("You can do this once your membership is active."))
    if Webhook.objects.of(member).count() >= MOST_WEBHOOKS:
        raise TooManyWebhooks(_("You have several of them already. Please remove one that you do not need any more."))
    secret = _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()
    made = Webhook.objects.create(
        member=member,
        address=address,
        sealed_secret=seal(secret, _PURPOSE),
        seq=Feed.objects.filter(member=member).values_list("last_seq", flat=True).first() or 0,
        created_at=clock.now(),
    )
    return made, secret


@retried
def remove_webhook(webhook: Webhook) -> None:
    """Tell it nothing any more."""
    Webhook.objects.filter(pk=webhook.pk).delete()


@retried
@transaction.atomic
def resume_webhook(webhook: Webhook) -> None:
    """Let one that was stopped go on from where it was."""
    found = Webhook.objects.select_for_update(no_key=True).filter(pk=webhook.pk).first()
    if found is not None and found.stopped_at is not None:
        found.stopped_at = found.failing_since = None
        _let_be_called(found)


def last_answers(webhook: Webhook, *, most: int) -> list[Answer]:
    """What it answered, the latest first."""
    return list(webhook.answers.order_by("-pk")[:most])


def hosts_of(public_ids: Collection[str]) -> dict[str, str]:
    """What each of these webhooks is called where its address would say too much; one query."""
    return {one.public_id: one.host for one in Webhook.objects.filter(public_id__in=public_ids)}


# --- Telling it ---------------------------------------------------------------------------------------


def note_events(member_ids: Collection[int]) -> None:
    """In the transaction that takes events as told: let the webhooks of these members be called, once each.

    Their rows are locked before it is looked whether one is called already: the job that finds no more events says so
    under the same lock, so that none is overlooked between the two.
    """
    theirs = Webhook.objects.running().filter(member__in=member_ids)
    if not theirs.exists():
        return
    for webhook in theirs.select_for_update(no_key=True).order_by("pk"):
        if not webhook.is_called:
            _let_be_called(webhook)


def _let_be_called(webhook: Webhook, *, not_before: datetime | None = None) -> None:
    from .tasks import call_webhook

    webhook.is_called = True
    webhook.save(update_fields=["is_called", "stopped_at", "failing_since"])
    enqueue(call_webhook, webhook.pk, not_before=not_before)


def call(webhook_id: int) -> None:
    """Post to a webhook what it was not told yet, in order. Raises NotTaken where it is to be tried again.

    Told at least once: after a crash the same event may come again, with the same ``webhook-id``. One webhook is called
    at a time, so that listeners who are slow, or mean to be, never keep all who work the queues from their payments.
    """
    if not cache.add(_CALLING, True, _LONGEST_TURN_SECONDS):
        _call_again(webhook_id, after=_PAUSE)
        return
    try:
        _call(webhook_id)
    finally:
        cache.delete(_CALLING)


def _call(webhook_id: int) -> None:
    until = monotonic() + _TURN_SECONDS
    while monotonic() < until:
        webhook = Webhook.objects.running().select_related("member").filter(pk=webhook_id).first()
        if webhook is None:
            return
        event = _next_event(webhook)
        if event is None:
            if _is_done(webhook_id):
                return
            continue
        answer = _tell(webhook, event)
        _note(webhook, answer)
        if not answer.is_good:
            if _has_given_up(webhook, answer):
                return
            raise NotTaken(webhook, answer)
    _call_again(webhook_id, after=_PAUSE)  # others have their turn between


def _next_event(webhook: Webhook) -> Event | None:
    if not live.may_listen(webhook.member):
        return None
    return Event.objects.since(webhook.member_id, webhook.seq).first()


@retried
@transaction.atomic
def _is_done(webhook_id: int) -> bool:
    """Whether there is nothing more to tell; looked at once more under the lock, see `note_events`."""
    webhook = Webhook.objects.select_for_update(no_key=True, of=("self",)).select_related("member").get(pk=webhook_id)
    if _next_event(webhook) is not None:
        return False
    Webhook.objects.filter(pk=webhook_id).update(is_called=False)
    return True


@retried
@transaction.atomic
def _call_again(webhook_id: int, *, after: timedelta) -> None:
    if webhook := Webhook.objects.running().select_for_update(no_key=True).filter(pk=webhook_id).first():
        _let_be_called(webhook, not_before=clock.now() + after)


def _tell(webhook: Webhook, event: Event) -> Answer:
    body = json.dumps(event.told, separators=(",", ":")).encode()
    answer = Answer(webhook=webhook, seq=event.seq, type=event.type, at=clock.now())
    try:
        answer.status = outside.post(webhook.address, body, signed(webhook, event, body))
    except outside.NotReached as why:
        answer.error = str(why)
    return answer


def signed(webhook: Webhook, event: Event, body: bytes) -> dict[str, str]:
    """The headers that tell a program whom this is from, and that it is not an old one again."""
    id_, moment = f"{webhook.public_id}-{event.seq}", str(int(clock.now().timestamp()))
    key = base64.b64decode(unseal(webhook.sealed_secret, _PURPOSE).removeprefix(_PREFIX))
    mark = hmac.new(key, f"{id_}.{moment}.".encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "webhook-id": id_,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{base64.b64encode(mark).decode()}",
    }


@retried
@transaction.atomic
def _note(webhook: Webhook, answer: Answer) -> None:
    """Keep the answer, and where the webhook stands by it; the oldest answers go."""
    standing = Webhook.objects.filter(pk=webhook.pk)
    if answer.is_good:
        standing.filter(seq__lt=answer.seq).update(seq=answer.seq, failing_since=None)
    elif webhook.failing_since is None:
        standing.update(failing_since=answer.at)
    if not standing.exists():
        return  # removed meanwhile
    answer.save(force_insert=True)
    kept = webhook.answers.order_by("-pk").values("pk")[:ANSWERS_KEPT]
    webhook.answers.exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()


@retried
@transaction.atomic
def _has_given_up(webhook: Webhook, answer: Answer) -> bool:
    """Whether nobody is told there any more, for it says so itself or took nothing for a day; she hears of it once."""
    from .operations import tell  # operations import tasks, which import this

    since, is_gone = webhook.failing_since or answer.at, answer.status == GONE
    if not is_gone and answer.at - since < GIVEN_UP_AFTER:
        return False
    if Webhook.objects.running().filter(pk=webhook.pk).update(stopped_at=answer.at, is_called=False):
        said = {"webhook": webhook.public_id, "gone": is_gone}
        tell(webhook.member, Event.Type.WEBHOOK_STOPPED, data=said, in_inbox=True, by_mail=True)
    return True
