"""The books: accounts of minutes, holds, transfers, the lines of statements, and the log of it all.

Every amount is a whole number of minutes. Nothing here knows offers or profiles; people are known
only as the user model. The database itself refuses to change what is written once
(see ledger/triggers.py).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from timebank.durations import in_words
from timebank.ids import public_id


class Account(models.Model):
    """The minutes of one member, or of the community fund.

    Always: balance − held ≥ floor. The floor follows the credit limit, ratcheting upwards while an
    account above its limit earns its way back (see ledger/operations/holds.py).
    """

    class Kind(models.TextChoices):
        MEMBER = "member", _("member")
        FUND = "fund", _("community fund")

    class State(models.TextChoices):
        OPEN = "open", _("open")
        CLOSED = "closed", _("closed")

    public_id = models.CharField(_("public id"), max_length=22, unique=True, default=public_id, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.MEMBER)
    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="account", verbose_name=_("owner")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    balance_minutes = models.BigIntegerField(_("balance (minutes)"), default=0)
    held_minutes = models.BigIntegerField(_("held (minutes)"), default=0)
    credit_limit_minutes = models.BigIntegerField(_("credit limit (minutes)"), default=0)
    floor_minutes = models.BigIntegerField(_("floor (minutes)"), default=0)
    last_seq = models.BigIntegerField(_("lines in the statement"), default=0)
    opened_at = models.DateTimeField(_("opened"))

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            models.CheckConstraint(
                condition=Q(balance_minutes__gte=F("floor_minutes") + F("held_minutes")), name="account_above_floor"
            ),
            models.CheckConstraint(condition=Q(held_minutes__gte=0), name="account_holds_no_less_than_nothing"),
            models.CheckConstraint(condition=Q(credit_limit_minutes__gte=0), name="account_limit_not_negative"),
            models.CheckConstraint(condition=Q(floor_minutes__lte=0), name="account_floor_not_positive"),
            models.UniqueConstraint(fields=["kind"], condition=Q(kind="fund"), name="account_one_fund"),
            models.CheckConstraint(
                condition=Q(state="open") | Q(balance_minutes=0, held_minutes=0), name="account_closed_is_empty"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.public_id}"

    @property
    def available_minutes(self) -> int:
        """What can be spent now: balance − held − floor."""
        return self.balance_minutes - self.held_minutes - self.floor_minutes

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN


class Kind(models.TextChoices):
    """What a movement of minutes is, for holds and transfers alike."""

    HELP = "help", _("help")
    GIFT = "gift", _("gift")
    GRANT = "grant", _("starting hours")
    REFUND = "refund", _("hours given back")


_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class HoldQuerySet(models.QuerySet["Hold"]):
    def due(self, at: datetime) -> Self:
        """Holds the worker should post by ``at``, oldest first."""
        return self.filter(state=Hold.State.HELD, due=True, try_at__lte=at).order_by("try_at", "pk")

    def live(self) -> Self:
        return self.filter(state=Hold.State.HELD)

    def live_of(self, account: Account) -> Self:
        """What is set aside from or for ``account``. Each part of the question has an index of its own."""
        parties = Q(payer=account) | Q(payee=account)
        kept = Q(state=Hold.State.HELD, due=False)
        due = Q(state=Hold.State.HELD, due=True, try_at__gt=_LONG_AGO)  # a range: SQLite walks no index without one
        return self.filter(Q(kept, payer=account) | Q(kept, payee=account) | Q(parties, due))


class Hold(models.Model):
    """Minutes set aside on the payer's account for the payee, until posted or voided: the escrow.

    A hold that is ``due`` is posted by the worker as soon as it can. ``key`` makes the request
    unique for its actor for ever; ``request_hash`` tells a repeat from a different request under
    the same key. Where ``post_minutes`` is set, so many are posted and the rest goes back to the
    payer in the same transaction. ``then`` names a job enqueued in the transaction that resolves the hold.
    """

    class State(models.TextChoices):
        HELD = "held", _("held")
        POSTED = "posted", _("posted")
        VOIDED = "voided", _("voided")

    public_id = models.CharField(_("public id"), max_length=22, unique=True, default=public_id, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    # On the hot path no foreign key has an index of its own where another answers every question asked.
    payer = models.ForeignKey(
        Account, models.PROTECT, related_name="holds_paying", verbose_name=_("payer"), db_index=False
    )
    payee = models.ForeignKey(
        Account, models.PROTECT, related_name="holds_receiving", verbose_name=_("payee"), db_index=False
    )
    amount_minutes = models.BigIntegerField(_("amount (minutes)"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.HELD)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="holds_made", verbose_name=_("made by"), db_index=False
    )
    key = models.CharField(_("key"), max_length=100)
    request_hash = models.CharField(max_length=64)
    then = models.JSONField(_("then"), null=True, blank=True)
    due = models.BooleanField(_("due"), default=False)
    post_minutes = models.BigIntegerField(_("to be posted (minutes)"), null=True, blank=True)  # None: all of it
    try_at = models.DateTimeField(_("try at"))
    tries = models.PositiveIntegerField(_("tries"), default=0)
    created_at = models.DateTimeField(_("made"))
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)

    objects = HoldQuerySet.as_manager()

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        indexes = [
            models.Index(fields=["try_at", "id"], condition=Q(due=True, state="held"), name="hold_due"),
            models.Index(fields=["payer", "created_at"], name="hold_of_payer"),
            # What is due is gone in a moment: to find it by person, the few rows of hold_due are looked through.
            models.Index(fields=["payer", "id"], condition=Q(due=False, state="held"), name="hold_kept_of_payer"),
            models.Index(fields=["payee", "id"], condition=Q(due=False, state="held"), name="hold_kept_of_payee"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["actor", "key"], name="hold_key_once"),
            models.CheckConstraint(condition=Q(amount_minutes__gt=0), name="hold_sets_time_aside"),
            models.CheckConstraint(condition=~Q(payer=F("payee")), name="hold_between_two_accounts"),
            models.CheckConstraint(
                condition=Q(post_minutes=None) | Q(post_minutes__gt=0, post_minutes__lt=F("amount_minutes"), due=True),
                name="hold_posts_a_part_of_itself",
            ),
            models.CheckConstraint(
                condition=Q(state="held", resolved_at=None) | (~Q(state="held") & Q(resolved_at__isnull=False)),
                name="hold_resolved_when_not_held",
            ),
        ]

    def __str__(self) -> str:
        return f"{in_words(self.amount_minutes)} · {self.public_id}"

    @property
    def moves_minutes(self) -> int:
        """What arrives of it, or arrived: all of it, unless it was released in part."""
        return self.amount_minutes if self.post_minutes is None else self.post_minutes


class Note(models.Model):
    """The words a person wrote on a hold: the only place for them, so that they can be erased.

    The log keeps a salted commitment to the text; erasing empties text and salt, and says when.
    """

    hold = models.OneToOneField(Hold, models.PROTECT, related_name="note", verbose_name=_("hold"))
    text = models.TextField(_("text"), max_length=500, blank=True)
    salt = models.CharField(max_length=32, blank=True)
    erased_at = models.DateTimeField(_("erased"), null=True, blank=True)

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        constraints = [
            models.CheckConstraint(condition=Q(erased_at=None) | Q(text="", salt=""), name="note_erased_is_empty"),
        ]

    def __str__(self) -> str:
        return self.text


class Transfer(models.Model):
    """Minutes that moved from a payer to a payee; written once, never changed or deleted."""

    # One row holds both ends, so the books balance by construction.
    public_id = models.CharField(_("public id"), max_length=22, editable=False)  # its hold's, and unique there
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    payer = models.ForeignKey(Account, models.PROTECT, related_name="paid", verbose_name=_("payer"), db_index=False)
    payee = models.ForeignKey(Account, models.PROTECT, related_name="received", verbose_name=_("payee"), db_index=False)
    amount_minutes = models.BigIntegerField(_("amount (minutes)"))
    hold = models.OneToOneField(  # a hold is posted at most once
        Hold, models.PROTECT, null=True, blank=True, related_name="transfer", verbose_name=_("hold")
    )
    posted_at = models.DateTimeField(_("posted"))

    class Meta:
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        constraints = [
            models.CheckConstraint(condition=Q(amount_minutes__gt=0), name="transfer_moves_time"),
            models.CheckConstraint(condition=~Q(payer=F("payee")), name="transfer_between_two_accounts"),
        ]

    def __str__(self) -> str:
        return f"{in_words(self.amount_minutes)} · {self.public_id}"


class Entry(models.Model):
    """One line of an account's statement: minutes in (+) or out (−), and the balance after it."""

    account = models.ForeignKey(
        Account, models.PROTECT, related_name="entries", verbose_name=_("account"), db_index=False
    )
    seq = models.BigIntegerField(_("line"))
    transfer = models.ForeignKey(
        Transfer, models.PROTECT, related_name="entries", verbose_name=_("transfer"), db_index=False
    )
    amount_minutes = models.BigIntegerField(_("amount (minutes)"))
    balance_after_minutes = models.BigIntegerField(_("balance after (minutes)"))

    class Meta:
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        constraints = [
            models.UniqueConstraint(fields=["account", "seq"], name="entry_line_once"),
            models.UniqueConstraint(fields=["transfer", "account"], name="entry_once_per_side"),
            models.CheckConstraint(condition=~Q(amount_minutes=0), name="entry_moves_time"),
            models.CheckConstraint(condition=Q(seq__gt=0), name="entry_lines_count_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.seq}: {self.amount_minutes:+} min"


class Record(models.Model):
    """One line of the audit log: what happened, as canonical JSON with pseudonymous ids (RFC 8785).

    Written in the transaction it tells of, never changed. ``Leaf`` gives it its number.
    """

    kind = models.CharField(_("kind"), max_length=20)
    body = models.TextField(_("body"))
    created_at = models.DateTimeField(_("written"))

    class Meta:
        verbose_name = _("record")
        verbose_name_plural = _("records")

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Leaf(models.Model):
    """The number of a record in the log, without gaps from 0, and its RFC 6962 leaf hash in hex."""

    number = models.BigIntegerField(_("number"), primary_key=True)
    record = models.OneToOneField(Record, models.PROTECT, related_name="leaf", verbose_name=_("record"))
    hash = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("leaf")
        verbose_name_plural = _("leaves")
        constraints = [models.CheckConstraint(condition=Q(number__gte=0), name="leaf_numbers_from_zero")]

    def __str__(self) -> str:
        return str(self.number)
