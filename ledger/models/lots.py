"""Where minutes came from: mints, and the lots they were cut into."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from timebank.durations import in_words

from .accounts import Account
from .transfers import Transfer


class Mint(models.Model):
    """Minutes that were not there before: what a transfer took beyond what its payer had; written once.

    Its issuer is the transfer's payer, its moment the transfer's. The sum of a mint's lots that are
    open, redeemed or retired is always its amount.
    """

    class Reason(models.TextChoices):
        GRANT = "grant", _("given out by the community fund")
        CREDIT = "credit", _("drawn on a credit line")
        REISSUE = "reissue", _("given back after the first ones were used up")

    transfer = models.OneToOneField(Transfer, models.PROTECT, related_name="mint", verbose_name=_("transfer"))
    issuer = models.ForeignKey(Account, models.PROTECT, related_name="mints", verbose_name=_("issuer"), db_index=False)
    amount_minutes = models.BigIntegerField(_("amount (minutes)"))
    reason = models.CharField(_("reason"), max_length=10, choices=Reason)

    class Meta:
        verbose_name = _("mint")
        verbose_name_plural = _("mints")
        constraints = [
            models.CheckConstraint(condition=Q(amount_minutes__gt=0), name="mint_makes_time"),
        ]

    def __str__(self) -> str:
        return f"{in_words(self.amount_minutes)} · {self.get_reason_display()}"


BURNT = ("redeemed", "retired")


class LotQuerySet(models.QuerySet["Lot"]):
    def open(self) -> Self:
        """What is somebody's now."""
        return self.filter(spent_in=None)

    def burnt(self) -> Self:
        """What is nobody's any more."""
        return self.filter(how__in=BURNT)

    def in_order_of_use(self) -> Self:
        """The one that is spent first comes first: soonest expiry, then the oldest."""
        return self.order_by(F("expires_at").asc(nulls_last=True), "mint", "pk")


class Lot(models.Model):
    """Some minutes of one mint while one account had them: born in a transfer, spent in a later one.

    Open lots of an account add up to max(its balance, 0). A lot is spent once and whole; what is left
    of it is a new lot, born in the same transfer. Nothing of a lot changes but that it is spent.
    """

    class Spent(models.TextChoices):
        PASSED_ON = "passed_on", _("passed on")  # its minutes are lots of the payee, or change of the payer
        MERGED = "merged", _("merged")  # into a larger one of the same owner, mint and expiry
        REDEEMED = "redeemed", _("redeemed")  # repaid what its owner owed
        RETIRED = "retired", _("retired")  # came back to the fund that had issued more than it had

    mint = models.ForeignKey(Mint, models.PROTECT, related_name="lots", verbose_name=_("mint"), db_index=False)
    owner = models.ForeignKey(Account, models.PROTECT, related_name="lots", verbose_name=_("owner"), db_index=False)
    amount_minutes = models.BigIntegerField(_("amount (minutes)"))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    born_in = models.ForeignKey(
        Transfer, models.PROTECT, related_name="lots_born", verbose_name=_("born in"), db_index=False
    )
    spent_in = models.ForeignKey(
        Transfer,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="lots_spent",
        verbose_name=_("spent in"),
        db_index=False,
    )
    how = models.CharField(_("how it was spent"), max_length=10, choices=Spent, blank=True)

    objects = LotQuerySet.as_manager()

    class Meta:
        verbose_name = _("lot")
        verbose_name_plural = _("lots")
        indexes = [
            # By it a lot's way back is followed: what was spent of its mint in the transfer it was born in.
            models.Index(fields=["spent_in", "mint"], condition=Q(spent_in__isnull=False), name="lot_spent"),
            models.Index(
                fields=["expires_at"], condition=Q(spent_in=None, expires_at__isnull=False), name="lot_expires"
            ),
            # What is not open of a mint any more: written only where something is burnt.
            models.Index(fields=["mint"], condition=Q(how__in=BURNT), name="lot_burnt"),
        ]
        constraints = [
            # Also the index by which a payer's lots are found; equal pieces are merged.
            models.UniqueConstraint(
                fields=["owner", "mint"], condition=Q(spent_in=None, expires_at=None), name="lot_open_once_lasting"
            ),
            models.UniqueConstraint(
                fields=["owner", "expires_at", "mint"],
                condition=Q(spent_in=None, expires_at__isnull=False),
                name="lot_open_once_expiring",
            ),
            models.CheckConstraint(condition=Q(amount_minutes__gt=0), name="lot_holds_time"),
            models.CheckConstraint(
                condition=Q(spent_in=None, how="") | (Q(spent_in__isnull=False) & ~Q(how="")), name="lot_spent_somehow"
            ),
        ]

    def __str__(self) -> str:
        return f"{in_words(self.amount_minutes)} · {self.mint_id}"


class ExpiryNotice(models.Model):
    """That an account's owner was told that minutes of hers expire on a day, some days before."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="+", db_index=False)
    expires_on = models.DateField()
    days_before = models.PositiveSmallIntegerField()
    told_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "expires_on", "days_before"], name="expiry_notice_once"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.expires_on} −{self.days_before} d"
