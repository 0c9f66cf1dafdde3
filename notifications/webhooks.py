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
from timebank.ids import public_id
from timebank.jobs import PlainFailure, enqueue
from timebank.retries import retried
from timebank.sealed import seal, unseal

from . import live, outside
from .models import Answer, Event, Feed, Webhook
from .models.webhooks import PING, WebhookQuerySet

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
    _check_membership(member)
    if Webhook.objects.of(member).count() >= MOST_WEBHOOKS:
        raise TooManyWebhooks(_("You have several of them already. Please remove one that you do not need any more."))
    secret = _new_secret()
    made = Webhook.objects.create(
        member=member,
        address=address,
        sealed_secret=seal(secret, _PURPOSE),
        seq=Feed.objects.filter(member=member).values_list("last_seq", flat=True).first() or 0,
        created_at=clock.now(),
    )
    return made, secret


@retried
@transaction.atomic
def change_address(webhook: Webhook, *, address: str) -> None:
    """Have the same told at another address: signed as before, from where it was. One that was stopped stays so.

    Raises BadAddress, and CannotListen for who is no active member.
    """
    outside.check_address(address)
    _check_membership(get_user_model()._default_manager.get(pk=webhook.member_id))
    Webhook.objects.filter(pk=webhook.pk).exclude(address=address).update(address=address, failing_since=None)


@retried
def renew_secret(webhook: Webhook) -> str:
    """Sign with a new secret from now on, which is returned; the old one signs nothing any more."""
    secret = _new_secret()
    Webhook.objects.filter(pk=webhook.pk).update(sealed_secret=seal(secret, _PURPOSE))
    return secret


@retried
@transaction.atomic
def ping_webhook(webhook: Webhook) -> None:
    """Have a test message sent, once: to one that was stopped too. Whatever it answers, it stands as it stood.

    Raises CannotListen for who is no active member.
    """
    from .tasks import call_webhook

    _check_membership(get_user_model()._default_manager.get(pk=webhook.member_id))
    enqueue(call_webhook, webhook.pk, public_id())


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


def _check_membership(member: Any) -> None:
    if not member.is_member:
        raise CannotListen(_("You can do this once your membership is active."))


def _new_secret() -> str:
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


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


def call(webhook_id: int, *, ping: str = "") -> None:
    """Post to a webhook what it was not told yet, in order. Raises NotTaken where it is to be tried again.

    With ``ping``, the id of a test message, only that is posted. Told at least once: after a crash the same may come
    again, with the same ``webhook-id``. One webhook is called at a time, so that listeners who are slow, or mean to be,
    never keep all who work the queues from their payments.
    """
    if not cache.add(_CALLING, True, _LONGEST_TURN_SECONDS):
        _call_again(webhook_id, ping, after=_PAUSE)
        return
    try:
        _test(webhook_id, ping) if ping else _call(webhook_id)
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
    _call_again(webhook_id, "", after=_PAUSE)  # others have their turn between


def _test(webhook_id: int, ping: str) -> None:
    webhook = Webhook.objects.select_related("member").filter(pk=webhook_id).first()
    if webhook is None or not live.may_listen(webhook.member):
        return
    answer = Answer(webhook=webhook, type=PING, at=clock.now())
    _post(answer, f"ping-{ping}", {"type": PING, "timestamp": answer.at.isoformat(), "data": {}})
    _keep(answer)


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
def _call_again(webhook_id: int, ping: str, *, after: timedelta) -> None:
    from .tasks import call_webhook

    not_before = clock.now() + after
    if ping:
        enqueue(call_webhook, webhook_id, ping, not_before=not_before)
    elif webhook := Webhook.objects.running().select_for_update(no_key=True).filter(pk=webhook_id).first():
        _let_be_called(webhook, not_before=not_before)


def _tell(webhook: Webhook, event: Event) -> Answer:
    answer = Answer(webhook=webhook, seq=event.seq, type=event.type, at=clock.now())
    _post(answer, str(event.seq), event.told)
    return answer


def _post(answer: Answer, number: str, said: dict[str, Any]) -> None:
    """Post ``said`` to the answer's webhook, and write down what is answered."""
    body = json.dumps(said, separators=(",", ":")).encode()
    try:
        answer.status = outside.post(answer.webhook.address, body, signed(answer.webhook, number, body))
    except outside.NotReached as why:
        answer.error = str(why)


def signed(webhook: Webhook, number: str, body: bytes) -> dict[str, str]:
    """The headers that tell a program whom this is from, and that it is not an old one again."""
    id_, moment = f"{webhook.public_id}-{number}", str(int(clock.now().timestamp()))
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
    """Keep the answer, and where the webhook stands by it; nothing where its address was changed meanwhile."""
    standing = _still(webhook)
    if answer.is_good:
        standing.filter(seq__lt=answer.seq).update(seq=answer.seq, failing_since=None)
    elif webhook.failing_since is None:
        standing.update(failing_since=answer.at)
    _keep(answer)


def _still(webhook: Webhook) -> WebhookQuerySet:
    """The webhook, if it still leads to where it did when it was called."""
    return Webhook.objects.filter(pk=webhook.pk, address=webhook.address)


@retried
@transaction.atomic
def _keep(answer: Answer) -> None:
    """Keep the answer among the last; the oldest go."""
    if not _still(answer.webhook).exists():
        return
    answer.save(force_insert=True)
    kept = answer.webhook.answers.order_by("-pk")[:ANSWERS_KEPT]
    answer.webhook.answers.exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()


@retried
@transaction.atomic
def _has_given_up(webhook: Webhook, answer: Answer) -> bool:
    """Whether nobody is told there any more, for it says so itself or took nothing for a day; she hears of it once."""
    from .operations import tell  # operations import tasks, which import this

    since, is_gone = webhook.failing_since or answer.at, answer.status == GONE
    if not is_gone and answer.at - since < GIVEN_UP_AFTER:
        return False
    if not _still(webhook).running().update(stopped_at=answer.at, is_called=False):
        return False
    said = {"webhook": webhook.public_id, "gone": is_gone}
    tell(webhook.member, Event.Type.WEBHOOK_STOPPED, data=said, in_inbox=True, by_mail=True)
    return True
