"""Minutes that moved, and the lines of statements."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from timebank.durations import in_words

from .accounts import Account
from .holds import Hold, Kind


class Transfer(models.Model):
    """Minutes that moved from a payer to a payee; written once, never changed or deleted.

    A mistake is undone by reversals, in part or whole, never more than it moved. Help and grants say
    when the minutes they bring expire (``minutes_expire_at``, None: never); other kinds leave that as it was.
    """

    # One row holds both ends, so the books balance by construction.
    public_id = models.CharField(_("public id"), max_length=22, editable=False)  # its hold's, and unique there
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    category = models.CharField(_("category of help"), max_length=40, blank=True)
    payer = models.ForeignKey(Account, models.PROTECT, related_name="paid", verbose_name=_("payer"), db_index=False)
    payee = models.ForeignKey(Account, models.PROTECT, related_name="received", verbose_name=_("payee"), db_index=False)
    amount_minutes = models.BigIntegerField(_("amount (minutes)"))
    hold = models.OneToOneField(  # a hold is posted at most once
        Hold, models.PROTECT, null=True, blank=True, related_name="transfer", verbose_name=_("hold")
    )
    reverses = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="reversals",
        verbose_name=_("reverses"),
        db_index=False,
    )
    posted_at = models.DateTimeField(_("posted"))
    minutes_expire_at = models.DateTimeField(_("its minutes expire"), null=True, blank=True)

    class Meta:
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        indexes = [
            models.Index(fields=["reverses"], condition=Q(reverses__isnull=False), name="transfer_reversals"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="reversal", reverses__isnull=False) | (~Q(kind="reversal") & Q(reverses=None)),
                name="transfer_reversal_names_the_first",
            ),
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
