"""A dispute about an exchange: what both say, what they show, and how a moderator rules."""

from __future__ import annotations

from pathlib import PurePath
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Member
from ledger.models import Hold
from timebank.ids import public_id

from .exchanges import Exchange

LONGEST_STATEMENT = 2000
LONGEST_REASON = 1000


class DisputeQuerySet(models.QuerySet["Dispute"]):
    def open(self) -> Self:
        """Those without a ruling, the longest waiting first."""
        return self.filter(decided_at=None).order_by("opened_at", "pk")

    def without(self, member: Member) -> Self:
        """Those ``member`` has no part in: nobody looks into a case of her own."""
        return self.exclude(exchange__provider=member).exclude(exchange__receiver=member)

    def with_people(self) -> Self:
        return self.select_related(
            "exchange__provider",
            "exchange__receiver",
            "exchange__listing__category__parent",
            "hold",
            "opened_by",
            "decided_by",
        )


class Dispute(models.Model):
    """The one dispute there can be about an exchange, and its ruling once there is one.

    ``hold`` has the minutes at stake: those of the exchange, or, where it was completed already, what the provider
    had available then, set aside for the receiver; None where that was nothing. ``provider_minutes`` of
    ``at_stake_minutes`` go to the provider by the ruling, the rest to the receiver.
    """

    class Reason(models.TextChoices):
        NOT_DONE = "not_done", _("It did not happen")
        DIFFERENT = "different", _("It was not what we agreed")
        TIME = "time", _("The time is not right")
        OTHER = "other", _("Something else")

    class Outcome(models.TextChoices):
        RELEASE = "release", _("all of it to the provider")
        REFUND = "refund", _("all of it back to the receiver")
        SPLIT = "split", _("shared between the two")

    public_id = models.CharField(_("public id"), max_length=22, unique=True, default=public_id, editable=False)
    exchange = models.OneToOneField(Exchange, models.PROTECT, related_name="dispute", verbose_name=_("exchange"))
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("opened by"), db_index=False
    )
    reason = models.CharField(_("reason"), max_length=10, choices=Reason)
    was_completed = models.BooleanField(default=False)
    hold = models.ForeignKey(Hold, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("hold"))
    at_stake_minutes = models.PositiveIntegerField(_("at stake (minutes)"))
    opened_at = models.DateTimeField(_("opened"))
    outcome = models.CharField(_("ruling"), max_length=10, choices=Outcome, blank=True)
    provider_minutes = models.PositiveIntegerField(_("to the provider (minutes)"), null=True, blank=True)
    because = models.TextField(_("why"), max_length=LONGEST_REASON, blank=True)
    decided_by = models.ForeignKey(  # None: nobody did in time
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by"),
        db_index=False,
    )  # fmt: skip
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    objects = DisputeQuerySet.as_manager()

    class Meta:
        verbose_name = _("case")  # as the staff call it
        verbose_name_plural = _("cases")
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_at=None, outcome="", provider_minutes=None)
                | Q(decided_at__isnull=False, provider_minutes__lte=F("at_stake_minutes")) & ~Q(outcome=""),
                name="dispute_decided_as_a_whole",
            ),
        ]
        indexes = [models.Index(fields=["opened_at"], condition=Q(decided_at=None), name="dispute_open")]

    def __str__(self) -> str:
        return str(self.exchange)

    @property
    def is_open(self) -> bool:
        return self.decided_at is None

    @property
    def receiver_minutes(self) -> int | None:
        """What the ruling gives back to the receiver."""
        return None if self.provider_minutes is None else self.at_stake_minutes - self.provider_minutes


class Statement(models.Model):
    """What one of the two says about it. Written once."""

    dispute = models.ForeignKey(Dispute, models.PROTECT, related_name="statements")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    text = models.TextField(_("what happened"), max_length=LONGEST_STATEMENT)
    nonce = models.CharField(max_length=40, editable=False)
    at = models.DateTimeField(_("written"))

    class Meta:
        verbose_name = _("statement")
        verbose_name_plural = _("statements")
        constraints = [models.UniqueConstraint(fields=["dispute", "author", "nonce"], name="statement_once")]

    def __str__(self) -> str:
        return str(self.pk)


class Evidence(models.Model):
    """A picture or PDF one of the two shows; only they and the moderators can open it."""

    class Kind(models.TextChoices):
        IMAGE = "image/jpeg", _("picture")
        PDF = "application/pdf", _("PDF")

    ENDINGS = {Kind.IMAGE: ".jpg", Kind.PDF: ".pdf"}

    public_id = models.CharField(max_length=22, unique=True, default=public_id, editable=False)
    dispute = models.ForeignKey(Dispute, models.PROTECT, related_name="evidence")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=20, choices=Kind)
    file = models.FileField(max_length=200, upload_to="evidence/")
    name = models.CharField(_("name"), max_length=100)  # as the person called it, for reading only
    size_bytes = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)  # of what was uploaded: the same file once
    at = models.DateTimeField(_("added"))

    class Meta:
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")
        constraints = [models.UniqueConstraint(fields=["dispute", "author", "sha256"], name="evidence_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def file_name(self) -> str:
        """Its name with the ending of what it is kept as."""
        return PurePath(self.name).stem + self.ENDINGS[self.Kind(self.kind)]
