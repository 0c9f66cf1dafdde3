"""The audit log."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


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
