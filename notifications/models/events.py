"""What members are told: events with a number of their own for each member, and the mail sent."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from timebank.durations import shown

_NUMBERS = {"payment", "limits_changed", "limits_called_off"}  # in an event's data: keys of rows, for us alone


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

    class Type(models.TextChoices):
        """What can be told; also the type of the live frame and the name of its templates."""

        HOURS_ARRIVED = "hours-arrived", _("hours arrived")
        HOURS_GRANTED = "hours-granted", _("hours from the community fund")
        HOURS_DELIVERED = "hours-delivered", _("hours were delivered")
        HOURS_EXPIRING = "hours-expiring", _("hours expire soon")
        HOURS_EXPIRED = "hours-expired", _("hours expired")
        HOURS_REVERSED = "hours-reversed", _("a payment was undone")
        MEMBERSHIP_CHANGED = "membership-changed", _("membership changed")
        GRANT_FAILED = "grant-failed", _("starting hours could not be given")
        APPLICATION = "application", _("somebody asks to join")
        EXCHANGE_CHANGED = "exchange-changed", _("a step of an exchange")
        EXCHANGE_MESSAGE = "exchange-message", _("a message")
        EXCHANGE_REMINDER = "exchange-reminder", _("an exchange waits")
        DISPUTE_OPENED = "dispute-opened", _("a dispute was opened")
        PAYMENT_ASKED = "payment-asked", _("somebody asks for hours")
        PAYMENT_CONFIRMED = "payment-confirmed", _("a code was paid")
        PAYMENT_EXPIRED = "payment-expired", _("the time of a code is over")
        PAYMENT_CANCELLED = "payment-cancelled", _("a code was taken back")
        LIMITS_CHANGED = "limits-changed", _("limits changed, or will")
        LISTING_CHANGED = "listing-changed", _("a listing was hidden or may be shown")
        WEBHOOK_STOPPED = "webhook-stopped", _("a program is told nothing any more")

    TYPES = frozenset(Type.values)

    # Written on the way of every payment: no index that another one or nobody's question makes needless.
    member = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="events", db_index=False)
    seq = models.BigIntegerField()
    type = models.CharField(max_length=40)
    about = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False)
    data = models.JSONField(default=dict)
    in_inbox = models.BooleanField(default=False)
    by_mail = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)

    title = ""  # what it is about is called, once `queries.name` has looked; no column

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [
            models.UniqueConstraint(fields=["member", "seq"], name="event_number_once"),
            models.CheckConstraint(condition=Q(seq__gt=0), name="event_numbers_count_from_one"),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(told_at=None), name="event_untold"),
            models.Index(fields=["member", "-seq"], condition=Q(in_inbox=True), name="event_inbox"),
            models.Index(fields=["member"], condition=Q(in_inbox=True, read_at=None), name="event_unread"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.seq}"

    def get_absolute_url(self) -> str:
        """The page it is about."""
        if txid := self.data.get("txid"):
            return reverse("payment_request", args=[txid])
        if transfer := self.data.get("transfer"):
            return reverse("transfer", args=[transfer])
        if exchange := self.data.get("exchange"):
            return reverse("exchange", args=[exchange])
        if listing := self.data.get("listing"):
            return reverse("listing", args=[listing])
        if case := self.data.get("case"):
            return reverse("admin:case", args=[case])
        if "webhook" in self.data:
            return reverse("settings_webhooks")
        if self.type == self.Type.GRANT_FAILED and self.about:
            return self.about.get_absolute_url()
        if self.type == self.Type.APPLICATION:
            applicant = [self.about_id] if self.about_id else []
            return reverse("admin:accounts_member_change" if applicant else "admin:index", args=applicant)
        if self.type == self.Type.HOURS_EXPIRING:
            return reverse("hours")
        of_the_wallet = {self.Type.HOURS_GRANTED, self.Type.LIMITS_CHANGED}
        return reverse("wallet" if self.type in of_the_wallet else "dashboard")

    @property
    def frame(self) -> dict[str, Any]:
        """What sockets carry of it."""
        return {
            **self.data,
            "seq": self.seq,
            "type": self.frame_type,
            "in_inbox": self.in_inbox,
            "timestamp": self.created_at.isoformat(),
        }

    @property
    def told(self) -> dict[str, Any]:
        """What programs are told of it by the API and by webhooks."""
        return {
            "seq": self.seq,
            "type": self.type,
            "timestamp": self.created_at.isoformat(),
            "in_inbox": self.in_inbox,
            "data": self.public_data,
        }

    @property
    def public_data(self) -> dict[str, Any]:
        """Its data, with no number but public ids; a payment request has its txid."""
        return {name: value for name, value in self.data.items() if name not in _NUMBERS}

    @property
    def frame_type(self) -> str:
        """Its type, with the number of the payment request where it is about one: ``payment-confirmed-12``."""
        return f"{self.type}-{self.data['payment']}" if "payment" in self.data else self.type

    @property
    def amount(self) -> str:
        """Its minutes in words that stay on one line of a page."""
        return shown(self.data.get("amount_minutes", 0))

    @property
    def yours(self) -> str:
        """What of its minutes is the reader's, in words as `amount`."""
        return shown(self.data.get("yours_minutes", 0))

    @property
    def at_stake(self) -> str:
        """What there was to share, in words as `amount`."""
        return shown(self.data.get("at_stake_minutes", 0))

    @property
    def line_template(self) -> str:
        """What shows it in the inbox."""
        return f"notifications/events/{self.type}.html"


class LetterQuerySet(models.QuerySet["Letter"]):
    def unsent(self) -> Self:
        return self.filter(sent_at=None)


class Letter(models.Model):
    """A mail to one person, sent by a job. It keeps no words once it is sent."""

    event = models.OneToOneField(Event, models.CASCADE, null=True, blank=True, related_name="letter")  # written once
    recipient = models.EmailField(_("to"), max_length=254)
    sender = models.CharField(_("from"), max_length=254, blank=True)  # the site's own address when empty
    subject = models.CharField(_("subject"), max_length=250, blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    headers = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(_("written"))
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    objects = LetterQuerySet.as_manager()

    class Meta:
        verbose_name = _("letter")
        verbose_name_plural = _("letters")
        constraints = [
            models.CheckConstraint(
                condition=Q(sent_at=None) | Q(subject="", text="", html="", headers={}),
                name="letter_sent_keeps_no_words",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recipient} {self.created_at:%Y-%m-%d %H:%M}"
