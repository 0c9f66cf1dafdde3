"""Addresses of members' programs that are told what their members are told."""

from __future__ import annotations

from typing import Self
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from timebank.ids import public_id

LONGEST_ADDRESS = 500
PING = "ping"
_ERRORS = {
    "bad_address": gettext_lazy("nothing is posted to an address like this"),
    "no_such_name": gettext_lazy("there is no such name"),
    "not_public": gettext_lazy("the name leads to no public address"),
    "no_connection": gettext_lazy("nobody could be reached there"),
    "certificate": gettext_lazy("its certificate is not right"),
    "too_slow": gettext_lazy("it took too long to answer"),
    "no_answer": gettext_lazy("it gave no answer"),
}


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def of(self, member: object) -> Self:
        return self.filter(member=member).order_by("pk")

    def running(self) -> Self:
        return self.filter(stopped_at=None)


class Webhook(models.Model):
    """Where one member's events are posted, one after the other, from number ``seq`` + 1 on.

    What is not taken is tried again, and what follows waits: nothing is left out. After a day in vain it is stopped,
    until she lets it go on, from where it was. ``is_called`` says that a job for it is written and not done.
    """

    public_id = models.CharField(max_length=22, unique=True, default=public_id, editable=False)
    member = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="webhooks")
    address = models.CharField(gettext_lazy("address"), max_length=LONGEST_ADDRESS)
    sealed_secret = models.CharField(max_length=300)
    seq = models.BigIntegerField()
    is_called = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    failing_since = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        verbose_name = gettext_lazy("webhook")
        verbose_name_plural = gettext_lazy("webhooks")

    def __str__(self) -> str:
        return self.address

    @property
    def host(self) -> str:
        """The part of its address that is no secret."""
        return urlsplit(self.address).hostname or ""


class Answer(models.Model):
    """What a webhook was told once, and what it answered: a status, or why there was none. Only the last are kept.

    A test has no number, for it is no event.
    """

    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="answers")
    seq = models.BigIntegerField(null=True)
    type = models.CharField(max_length=60)
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=40, blank=True)

    def __str__(self) -> str:
        return f"{self.seq or self.type}: {self.status or self.error}"

    @property
    def is_test(self) -> bool:
        return self.type == PING

    @property
    def in_words(self) -> str:
        """What came of it, for the person whose program it is."""
        if self.status is None:
            return str(_ERRORS.get(self.error, _ERRORS["no_answer"]))
        return _("answered %(status)d") % {"status": self.status}

    @property
    def is_good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300
