"""Setting hours aside, and giving them back."""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Sum
from django.db.models.functions import Greatest, Least
from django.utils.translation import gettext_lazy as _

from ledger import log
from ledger.hot_path import Earlier, NewHold, PostgreSQL, SQLite, statements
from ledger.lots import GIVES_BACK
from ledger.models import OTHER_HELP, Account, Hold, Kind, Transfer
from ledger.tasks import post_due_holds
from timebank import clock, failpoints
from timebank.durations import in_words
from timebank.errors import Refusal
from timebank.ids import public_id
from timebank.jobs import enqueue, ring
from timebank.jobs.registry import job_functions
from timebank.retries import retried

from .accounts import account_id_of

LONGEST_KEY = 100
LONGEST_NOTE = 500
LONGEST_CATEGORY = 40
_KINDS = frozenset(Kind.values)
_COLUMNS = tuple(field.attname for field in Hold._meta.concrete_fields)
_MOST_A_COLUMN_HOLDS = 2**62  # minutes; nobody has them, and more would not fit the arithmetic


class NotEnoughTime(Refusal):
    code = "not_enough_time"
    field = "amount_minutes"


class AccountClosed(Refusal):
    code = "account_closed"


class AccountFull(Refusal):
    """The payee would have more than her account's largest balance."""

    code = "account_full"
    field = "amount_minutes"


class KeyReused(Refusal):
    """The key of an earlier request came with other values."""

    code = "key_reused"
    status = 422


class AlreadyPosted(Refusal):
    code = "already_posted"


class AlreadyVoided(Refusal):
    code = "already_voided"


class Frozen(Refusal):
    """Nobody releases, voids or lets expire what is frozen, until it is unfrozen or the time is over."""

    code = "hold_frozen"


@retried  # busy, deadlock, or the unique key: the whole function runs again, within its deadline
@transaction.atomic
def accept(
    *,
    payer: Account,
    payee: Account,
    amount_minutes: int,
    kind: str,
    key: str,
    actor: Any,
    note: str = "",
    due: bool = True,
    then: dict[str, Any] | None = None,
    category: str = "",
    expires_at: datetime | None = None,
    reverses: Transfer | None = None,
) -> Hold:
    """Set whole ``amount_minutes`` of ``payer`` aside for ``payee``; when ``due``, the worker posts them at once.

    Called again with the same ``key`` by the same ``actor`` and with the same values, it returns the
    first hold in its present state and sets nothing aside. ``then`` is ``{"job": name, "args": ids}``, enqueued in
    the transaction that resolves the hold. ``category`` is the code of the help, `OTHER_HELP` where nobody says; at
    ``expires_at`` a hold that is not due gives the minutes back by itself; ``reverses`` is for `reverse`.
    Keeps: balance − held never below the floor. Writes a record. Raises NotEnoughTime, AccountClosed,
    AccountFull, KeyReused; ValueError for what no form lets through.
    """
    _check(payer, payee, amount_minutes, kind, key, note, then)
    _check_ends(category, due, expires_at, reverses)
    hold = NewHold(
        public_id=public_id(),
        kind=str(kind),
        payer_id=payer.pk,
        payee_id=payee.pk,
        amount_minutes=amount_minutes,
        actor_id=actor.pk,
        key=key,
        request_hash=_hash_of(payer, payee, amount_minutes, kind, due, then, category, expires_at, reverses),
        then=then,
        due=due,
        created_at=clock.now(),
        category=category or (OTHER_HELP if kind == Kind.HELP else ""),
        reverses_id=None if reverses is None else reverses.pk,
        expires_at=expires_at,
    )
    with statements() as books:
        if amount_minutes > _MOST_A_COLUMN_HOLDS or not books.set_aside(payer.pk, amount_minutes):
            if earlier := books.find(actor.pk, key):  # a repeat, after the last minutes were set aside for the first
                return _the_same(earlier, hold, note)
            raise why_not(payer, amount_minutes)
        hold_id = books.write_hold(hold)
        if hold_id is None and not books.find(actor.pk, key):
            check_room(Account.objects.select_for_update(no_key=True).get(pk=payee.pk), amount_minutes, kind)
            hold_id = books.write_hold(hold, fits=True)
        if hold_id is None:
            earlier = books.find(actor.pk, key)
            assert earlier is not None, "the payee is open and locked, so only the key is in the way"
            books.set_aside(payer.pk, -amount_minutes)
            return _the_same(earlier, hold, note)
        words = _write_note(books, hold_id, note) if note else None
        by = account_id_of(actor, payer, payee)
        books.write_record("hold", _record_of(hold, payer, payee, by, words), hold.created_at)
    failpoints.reached("accept-before-commit")
    # What is due is posted within moments, and posting rings for its own record and this one.
    ring(post_due_holds if due else log.seal_records)
    return _as_model(hold, hold_id)


@retried
@transaction.atomic
def release(hold: Hold, *, minutes: int | None = None, actor: Any) -> Hold:
    """Let ``hold`` be posted: all of it, or ``minutes`` of it while the rest goes back to the payer.

    The worker posts it at once. Released again with the same minutes, it stays as it is. Writes a
    record. Raises AlreadyPosted where other minutes were released before, AlreadyVoided, Frozen; ValueError
    for more than is held, or for nothing.
    """
    minutes = hold.amount_minutes if minutes is None else minutes
    if type(minutes) is not int or not 0 < minutes <= hold.amount_minutes:
        raise ValueError("a hold is released whole or in part")
    part = None if minutes == hold.amount_minutes else minutes
    # One conditional UPDATE: of two who release it differently, one does.
    kept = Hold.objects.live().not_frozen(clock.now()).filter(pk=hold.pk, due=False)
    if kept.update(due=True, post_minutes=part, try_at=clock.now(), frozen_until=None):
        account = Account.objects.get(pk=hold.payer_id)
        log.write_record("release", hold=hold.public_id, amount_minutes=minutes, by=account_id_of(actor, account))
        ring(post_due_holds)
        return Hold.objects.get(pk=hold.pk)
    hold = Hold.objects.get(pk=hold.pk)
    if hold.went_back:
        raise AlreadyVoided(_("These hours went back to their owner."))
    _check_not_frozen(hold)
    if hold.post_minutes != part:
        raise AlreadyPosted(_("These hours have arrived already."))
    return hold


@retried
@transaction.atomic
def void(hold: Hold, *, actor: Any) -> Hold:
    """Give the hours of ``hold`` back to its payer; voiding twice gives them back once. Writes a record.

    Raises AlreadyPosted when they have arrived, Frozen.
    """
    return give_back(hold, Hold.State.VOIDED, actor=actor)


def give_back(hold: Hold, state: Hold.State, *, actor: Any = None) -> Hold:
    """End a live hold in ``state``, voided or expired, and free its minutes. See `void` and `expire_holds`."""
    account = Account.objects.select_for_update(no_key=True).get(pk=hold.payer_id)
    hold = Hold.objects.select_for_update().get(pk=hold.pk)
    if hold.state == Hold.State.POSTED:
        raise AlreadyPosted(_("These hours have arrived already."))
    if hold.went_back:
        return hold
    _check_not_frozen(hold)
    freed = F("balance_minutes") - F("held_minutes") + hold.amount_minutes
    Account.objects.filter(pk=account.pk).update(
        held_minutes=F("held_minutes") - hold.amount_minutes,
        floor_minutes=Greatest(F("floor_minutes"), Least(-F("credit_limit_minutes"), freed)),
    )
    hold.state, hold.resolved_at, hold.frozen_until = state, clock.now(), None
    hold.save(update_fields=["state", "resolved_at", "frozen_until"])
    if state == Hold.State.VOIDED:
        log.write_record("void", hold=hold.public_id, by=account_id_of(actor, account))
    else:
        log.write_record("expire", hold=hold.public_id)
    enqueue_then(hold.then)
    return hold


def _check_not_frozen(hold: Hold) -> None:
    if hold.frozen_until is not None and hold.frozen_until > clock.now():
        raise Frozen(_("These hours are frozen while a dispute about them is open."))


def enqueue_then(then: dict[str, Any] | None) -> None:
    """Enqueue the job a hold carries, in the transaction that resolves it."""
    if then is not None:
        enqueue(job_functions[then["job"]], *then["args"])


def _check(
    payer: Account, payee: Account, amount_minutes: int, kind: str, key: str, note: str, then: dict[str, Any] | None
) -> None:
    if type(amount_minutes) is not int or amount_minutes <= 0 or payer.pk == payee.pk:
        raise ValueError("a hold needs two accounts and a positive whole number of minutes")
    if kind not in _KINDS:
        raise ValueError(f"no movement of minutes is of the kind {kind!r}")
    if not 0 < len(key) <= LONGEST_KEY or len(note) > LONGEST_NOTE or "\0" in key + note:
        raise ValueError("a key or note is too long, or no text")
    if then is not None and (then.keys() != {"job", "args"} or then["job"] not in job_functions):
        raise ValueError("then is a known job's name and its arguments")


def check_room(payee: Account, amount_minutes: int, kind: str) -> None:
    """Raise AccountClosed, or AccountFull where ``payee`` would have too much, what is on its way included."""
    if not payee.is_open:
        raise AccountClosed(_("That account is closed. It cannot receive hours."))
    most = payee.max_balance_minutes
    if most is None or kind in GIVES_BACK:
        return
    coming = Hold.objects.live_of(payee).filter(payee=payee).aggregate(minutes=Sum("amount_minutes"))["minutes"] or 0
    if payee.balance_minutes + coming + amount_minutes > most:
        raise AccountFull(
            _("That account may hold up to %(most)s, and this would be too much for it. Please send fewer hours.")
            % {"most": in_words(most)}
        )


def _check_ends(category: str, due: bool, expires_at: datetime | None, reverses: Transfer | None) -> None:
    if len(category) > LONGEST_CATEGORY or not (category.replace("-", "").replace("_", "").isalnum() or not category):
        raise ValueError("a category is a short code")
    if due and expires_at is not None:
        raise ValueError("what is due does not expire")
    if reverses is not None and not due:
        raise ValueError("a reversal is due at once")


def _hash_of(
    payer: Account,
    payee: Account,
    amount_minutes: int,
    kind: str,
    due: bool,
    then: dict[str, Any] | None,
    category: str,
    expires_at: datetime | None,
    reverses: Transfer | None,
) -> str:
    """What tells a repeat from another request under the same key; words are compared by themselves (I15)."""
    asked = f"{payer.public_id} {payee.public_id} {amount_minutes:d} {kind} {due:d} {json.dumps(then, sort_keys=True)}"
    # Said only where there is something to say, so that what was asked before these were known reads as it did.
    if category:
        asked += f" {category}"
    if expires_at is not None:
        asked += f" until {log.moment(expires_at)}"
    if reverses is not None:
        asked += f" instead of {reverses.public_id}"
    return hashlib.sha256(asked.encode()).hexdigest()


def _the_same(earlier: Earlier, asked: NewHold, note: str) -> Hold:
    """The earlier hold, if it was asked for in the same words."""
    is_same_note = earlier.erased_at is not None or (earlier.text or "") == note
    if earlier.request_hash != asked.request_hash or not is_same_note:
        raise KeyReused(_("This form was already sent with other values."))
    return Hold.objects.get(pk=earlier.hold_id)


def why_not(payer: Account, amount_minutes: int) -> Refusal:
    """Why ``amount_minutes`` cannot be set aside on ``payer``, in words: the refusal to raise."""
    now = Account.objects.get(pk=payer.pk)
    if not now.is_open:
        return AccountClosed(_("This account is closed. It cannot send hours."))
    return NotEnoughTime(
        _("You can send up to %(available)s; this needs %(amount)s.")
        % {"available": in_words(max(now.available_minutes, 0)), "amount": in_words(amount_minutes)}
    )


def _write_note(books: SQLite | PostgreSQL, hold_id: int, note: str) -> str:
    """Keep the words beside the hold; returns the commitment to them that goes into the log."""
    salt = secrets.token_hex(16)
    books.write_note(hold_id, note, salt)
    return log.commitment(note, salt)


def _record_of(hold: NewHold, payer: Account, payee: Account, by: str | None, words: str | None) -> str:
    return log.hold_body(
        log.moment(hold.created_at),
        hold.public_id,
        payer.public_id,
        payee.public_id,
        hold.amount_minutes,
        hold.kind,
        hold.due,
        by,
        words,
    )


def _as_model(hold: NewHold, hold_id: int) -> Hold:
    """The row just written, as the model."""
    return Hold.from_db(
        connection.alias,
        _COLUMNS,
        (
            hold_id,
            hold.public_id,
            hold.kind,
            hold.category,
            hold.reverses_id,
            hold.payer_id,
            hold.payee_id,
            hold.amount_minutes,
            Hold.State.HELD,
            hold.actor_id,
            hold.key,
            hold.request_hash,
            hold.then,
            hold.due,
            None,
            hold.created_at,
            0,
            hold.created_at,
            None,
            hold.expires_at,
            None,
        ),
    )
