"""What the site as a whole keeps in the database: how often something was done, while Redis is lost."""

from __future__ import annotations

from django.db import models


class Tally(models.Model):
    """What the shared cache would say of one limit of one person or place, until it expires.

    ``key`` is a hash of the cache's: no address stands here. Written and read by `timebank.tallies` alone.
    """

    key = models.CharField(max_length=64, primary_key=True)
    value = models.TextField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name_plural = "tallies"

    def __str__(self) -> str:
        return self.key
