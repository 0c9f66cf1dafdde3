"""One row for each piece of work that left a request: outbox and inbox in one."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class JobQuerySet(models.QuerySet["Job"]):
    def open(self) -> Self:
        return self.filter(done_at=None, dead_at=None)

    def overdue(self, at: datetime) -> Self:
        """Open jobs whose message should be sent again by ``at``, longest waiting first."""
        return self.open().filter(not_before__lte=at).order_by("not_before", "pk")

    def dead(self) -> Self:
        return self.filter(done_at=None).exclude(dead_at=None)


class Job(models.Model):
    """Work written in the same transaction as its cause, done once however often its message comes.

    ``args`` are ids, never words about people. ``not_before`` is when the relay rings for it
    (again): a lease that doubles while nobody does the work. ``claimed_until`` keeps a second
    worker off a slow job; ``last_error`` tells kind and place of a failure, never its words.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("work"), max_length=100)
    queue = models.CharField(_("queue"), max_length=20)
    args = models.JSONField(_("arguments"), default=list)
    created_at = models.DateTimeField(_("written"))
    not_before = models.DateTimeField(_("not before"))
    delayed = models.BooleanField(_("delayed on purpose"), default=False)
    claimed_until = models.DateTimeField(_("taken until"), null=True, blank=True)
    rung = models.PositiveIntegerField(_("times rung"), default=0)
    tries = models.PositiveIntegerField(_("tries"), default=0)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    dead_at = models.DateTimeField(_("given up"), null=True, blank=True)
    last_error = models.TextField(_("last error"), blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        permissions = [("run_again_job", "Can run again what was given up")]
        indexes = [
            models.Index(fields=["not_before"], condition=Q(done_at=None, dead_at=None), name="job_open"),
            models.Index(fields=["dead_at"], condition=Q(done_at=None), name="job_dead"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(done_at__isnull=False, dead_at__isnull=False), name="job_ends_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.id}"
