"""What members are told: events with a number of their own for each member, and the mail sent."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Feed(models.Model):
    """A member's counter of events; its row is the lock that keeps their numbers in commit order."""

    member = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="feed", primary_key=True)
    last_seq = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.member_id}: {self.last_seq}"


class EventQuerySet(models.QuerySet["Event"]):
    def inbox(self, member: object) -> Self:
        """What ``member`` sees in her inbox, newest first."""
        return self.filter(member=member, in_inbox=True).order_by("-seq")

    def unread(self, member: object) -> Self:
        return self.filter(member=member, in_inbox=True, read_at=None)

    def since(self, member: object, seq: int) -> Self:
        return self.filter(member=member, seq__gt=seq).order_by("seq")

    def untold(self) -> Self:
        """Events no one was told of yet; each is its own job on the notifications queue."""
        return self.filter(told_at=None).order_by("pk")


class Event(models.Model):
    """One thing told to one member. ``seq`` has no gaps per member, so "what came after" is exact.

    ``data`` holds ids and minutes, never names or words; ``about`` is the other person. The
    sentence is made when it is read, in the reader's language (templates/notifications/events/).
    """

    member = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="events")
    seq = models.BigIntegerField()
    type = models.CharField(max_length=40)
    about = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    data = models.JSONField(default=dict)
    in_inbox = models.BooleanField(default=False)
    by_mail = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [models.UniqueConstraint(fields=["member", "seq"], name="event_number_once")]
        indexes = [
            models.Index(fields=["id"], condition=Q(told_at=None), name="event_untold"),
            models.Index(fields=["member", "-seq"], condition=Q(in_inbox=True), name="event_inbox"),
            models.Index(fields=["member"], condition=Q(in_inbox=True, read_at=None), name="event_unread"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.seq}"


class Letter(models.Model):
    """A mail to be sent by a job. Its words are emptied once it is sent."""

    recipient = models.EmailField(_("to"), max_length=254)
    subject = models.CharField(_("subject"), max_length=250)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    created_at = models.DateTimeField(_("written"))
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    class Meta:
        verbose_name = _("letter")
        verbose_name_plural = _("letters")
        constraints = [
            models.CheckConstraint(
                condition=Q(sent_at=None) | Q(text="", html=""), name="letter_sent_keeps_no_words"
            ),
        ]

    def __str__(self) -> str:
        return self.subject
