"""Minutes set aside, and what a movement of minutes is for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from timebank.durations import in_words
from timebank.ids import public_id

from .accounts import Account

OTHER_HELP = "other"  # the code of help of which nobody said what kind it was


class Kind(models.TextChoices):
    """What a movement of minutes is, for holds and transfers alike."""

    HELP = "help", _("help")
    GIFT = "gift", _("gift")
    GRANT = "grant", _("hours from the community fund")
    REFUND = "refund", _("hours given back")
    DONATION = "donation", _("donation to the community fund")
    EXPIRY = "expiry", _("expired hours")
    WRITE_OFF = "write_off", _("written off")
    REVERSAL = "reversal", _("reversal")


_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class HoldQuerySet(models.QuerySet["Hold"]):
    def due(self, at: datetime) -> Self:
        """Holds the worker should post by ``at``, oldest first."""
        return self.filter(state=Hold.State.HELD, due=True, try_at__lte=at).order_by("try_at", "pk")

    def live(self) -> Self:
        return self.filter(state=Hold.State.HELD)

    def on_their_way(self) -> Self:
        """Live holds that arrive in a moment."""
        return self.live().filter(due=True)

    def set_aside(self) -> Self:
        """Live holds that are kept until somebody says what becomes of them."""
        return self.live().filter(due=False)

    def not_frozen(self, at: datetime) -> Self:
        return self.exclude(frozen_until__gt=at)

    def to_expire(self, at: datetime) -> Self:
        """Holds whose own time is over by ``at``, oldest first."""
        return (
            self.filter(state=Hold.State.HELD, due=False, expires_at__lte=at)
            .not_frozen(at)
            .order_by("expires_at", "pk")
        )

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
    A hold that is not due ends by itself at ``expires_at``, if it has one; until ``frozen_until`` nobody
    resolves it. ``category`` is the code of the help that is paid for; ``reverses`` the transfer it undoes.
    """

    class State(models.TextChoices):
        HELD = "held", _("held")
        POSTED = "posted", _("posted")
        VOIDED = "voided", _("voided")
        EXPIRED = "expired", _("expired")

    public_id = models.CharField(_("public id"), max_length=22, unique=True, default=public_id, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    category = models.CharField(_("category of help"), max_length=40, blank=True)
    reverses = models.ForeignKey(
        "Transfer", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("reverses"), db_index=False
    )
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
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    frozen_until = models.DateTimeField(_("frozen until"), null=True, blank=True)

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
            models.Index(
                fields=["expires_at", "id"],
                condition=Q(due=False, state="held", expires_at__isnull=False),
                name="hold_expires",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["actor", "key"], name="hold_key_once"),
            models.CheckConstraint(condition=Q(amount_minutes__gt=0), name="hold_sets_time_aside"),
            models.CheckConstraint(condition=~Q(payer=F("payee")), name="hold_between_two_accounts"),
            models.CheckConstraint(
                condition=Q(post_minutes=None) | Q(post_minutes__gt=0, post_minutes__lt=F("amount_minutes"), due=True),
                name="hold_posts_a_part_of_itself",
            ),
            models.CheckConstraint(condition=Q(due=False) | Q(frozen_until=None), name="hold_due_is_not_frozen"),
            models.CheckConstraint(
                condition=Q(state="held", resolved_at=None) | (~Q(state="held") & Q(resolved_at__isnull=False)),
                name="hold_resolved_when_not_held",
            ),
        ]

    def __str__(self) -> str:
        return f"{in_words(self.amount_minutes)} · {self.public_id}"

    @property
    def is_by_payer(self) -> bool:
        """Whether its payer, whose account came with it, set it aside herself: no exchange, ruling or staff did."""
        return self.actor_id == self.payer.owner_id

    @property
    def went_back(self) -> bool:
        """Whether its minutes are its payer's again."""
        return self.state in {Hold.State.VOIDED, Hold.State.EXPIRED}

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
