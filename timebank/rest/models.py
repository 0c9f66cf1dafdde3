"""Calls that move value, each known by its caller's key, with what was answered."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Call(models.Model):
    """One call under an ``Idempotency-Key`` and its answer, written in the transaction of what it did.

    ``fingerprint`` tells a repeat from another call under the same key.
    """

    member = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=100)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    location = models.CharField(max_length=200, blank=True)
    answer = models.JSONField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "key"], name="rest_call_once")]

    def __str__(self) -> str:
        return self.key
