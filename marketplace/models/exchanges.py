"""An exchange: an agreement between a provider, who helps and is paid, and a receiver."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Member
from ledger.models import Hold
from timebank import clock
from timebank.ids import public_id

from .listings import LONGEST_DESCRIPTION, LONGEST_PLACE, LONGEST_TITLE, MOST_MINUTES, Listing

LONGEST_MESSAGE = 2000
LONGEST_REVIEW = 600


class ExchangeQuerySet(models.QuerySet["Exchange"]):
    def of(self, member: Member) -> Self:
        """Those ``member`` has a part in."""
        return self.filter(Q(provider=member) | Q(receiver=member))

    def waiting_for(self, member: Member) -> Self:
        """Those in which the next step is hers to take now, the most urgent first; see `Exchange.asks`."""
        if not member.is_member:
            return self.none()
        yet_to_come = Q(starts_at=None) | Q(starts_at__gt=clock.now())
        for_later = Q(state=Exchange.State.ACCEPTED) & yet_to_come
        both = Q(provider__state=Member.State.ACTIVE, receiver__state=Member.State.ACTIVE)
        can_be_answered = ~Q(state=Exchange.State.PROPOSED) | both
        return self.filter(can_be_answered, waits_for=member).exclude(for_later).order_by("deadline_at", "pk")

    def came_about(self) -> Self:
        """Those in which help was given, as far as is known: completed, disputed later or not, or settled."""
        return self.filter(Q(completed_at__isnull=False) | Q(state=Exchange.State.RESOLVED))

    def past_deadline(self, at: datetime) -> Self:
        return self.filter(deadline_at__lte=at).order_by("deadline_at", "pk")

    def to_be_reminded(self, at: datetime) -> Self:
        return self.filter(remind_at__lte=at).order_by("remind_at", "pk")

    def with_people(self) -> Self:
        return self.select_related("provider", "receiver", "listing", "listing__category__parent", "hold")


class Exchange(models.Model):
    """One agreement about one piece of help, from the first proposal to the settled hours.

    Which state follows which, and who may bring it about, stands in marketplace/rules.py. While it is `proposed`,
    ``minutes``, ``starts_at`` and ``place`` are the terms on the table and ``offered_by`` who put them there; from
    `accepted` on they are agreed, ``terms`` keeps the rules that were in force then, and ``hold`` has the hours.
    ``given_minutes`` is what the provider has of it in the end: confirmed, ruled, or kept when it was cancelled late.
    Always: an exchange that has ended has no deadline, waits for nobody, and its hold is released or returned.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", _("proposed")
        ACCEPTED = "accepted", _("accepted")
        IN_PROGRESS = "in_progress", _("in progress")
        DELIVERED = "delivered", _("delivered")
        COMPLETED = "completed", _("completed")
        DECLINED = "declined", _("declined")
        WITHDRAWN = "withdrawn", _("withdrawn")
        CANCELLED = "cancelled", _("cancelled")
        EXPIRED = "expired", _("expired")
        DISPUTED = "disputed", _("disputed")
        RESOLVED = "resolved", _("resolved")

    LIVE = (State.PROPOSED, State.ACCEPTED, State.IN_PROGRESS, State.DELIVERED, State.DISPUTED)
    WITHOUT_HOLD = (State.PROPOSED, State.DECLINED, State.WITHDRAWN)

    public_id = models.CharField(_("public id"), max_length=22, unique=True, default=public_id, editable=False)
    listing = models.ForeignKey(Listing, models.PROTECT, related_name="exchanges", verbose_name=_("listing"))
    # What the listing said when it was asked for: changed later, it says so to others.
    title = models.CharField(_("title"), max_length=LONGEST_TITLE, editable=False)
    description = models.TextField(_("description"), max_length=LONGEST_DESCRIPTION, blank=True, editable=False)
    provider = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="provided", verbose_name=_("provider"), db_index=False
    )
    receiver = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="obtained", verbose_name=_("receiver"), db_index=False
    )
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked by"), db_index=False
    )
    nonce = models.CharField(max_length=40, editable=False)
    state = models.CharField(_("state"), max_length=15, choices=State, default=State.PROPOSED)
    offered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    minutes = models.PositiveIntegerField(_("agreed (minutes)"))
    starts_at = models.DateTimeField(_("date and time"), null=True, blank=True)  # None: "we will agree"
    place = models.CharField(_("place"), max_length=LONGEST_PLACE, blank=True)
    version = models.PositiveIntegerField(default=1)  # of the terms on the table: nobody accepts what she has not seen
    terms = models.JSONField(default=dict)
    hold = models.OneToOneField(
        Hold, models.PROTECT, null=True, blank=True, related_name="exchange", verbose_name=_("hold")
    )
    delivered_minutes = models.PositiveIntegerField(_("delivered (minutes)"), null=True, blank=True)
    confirmed_minutes = models.PositiveIntegerField(_("confirmed (minutes)"), null=True, blank=True)
    given_minutes = models.PositiveIntegerField(_("given (minutes)"), null=True, blank=True)  # None: nothing came of it
    waits_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    deadline_at = models.DateTimeField(_("deadline"), null=True, blank=True)
    remind_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("proposed"))
    changed_at = models.DateTimeField(_("changed"))
    completed_at = models.DateTimeField(_("completed"), null=True, blank=True)
    reviews_until = models.DateTimeField(null=True, blank=True)

    objects = ExchangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("exchange")
        verbose_name_plural = _("exchanges")
        constraints = [
            models.CheckConstraint(condition=~Q(provider=F("receiver")), name="exchange_between_two"),
            models.CheckConstraint(
                condition=Q(minutes__gt=0, minutes__lte=MOST_MINUTES), name="exchange_minutes_in_range"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "accepted", "in_progress", "delivered", "disputed"])
                ^ Q(deadline_at=None),
                name="exchange_live_has_a_deadline",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "declined", "withdrawn", "expired"]) | Q(hold__isnull=False),
                name="exchange_agreed_has_a_hold",
            ),
            models.CheckConstraint(
                condition=~Q(state="completed") | Q(confirmed_minutes__gt=0, completed_at__isnull=False),
                name="exchange_completed_says_how_long",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["completed", "resolved"]) | Q(given_minutes__isnull=False),
                name="exchange_that_came_about_says_what_was_given",
            ),
            models.UniqueConstraint(fields=["opened_by", "nonce"], name="exchange_proposed_once"),
            models.UniqueConstraint(
                fields=["listing", "opened_by"],
                condition=Q(state__in=["proposed", "accepted", "in_progress", "delivered", "disputed"]),
                name="exchange_one_live_per_listing",
            ),
        ]
        indexes = [
            models.Index(fields=["provider", "-changed_at"], name="exchange_of_provider"),
            models.Index(fields=["receiver", "-changed_at"], name="exchange_of_receiver"),
            models.Index(fields=["waits_for", "deadline_at"], name="exchange_waits_for"),
            models.Index(fields=["deadline_at"], condition=Q(deadline_at__isnull=False), name="exchange_deadline"),
            models.Index(fields=["remind_at"], condition=Q(remind_at__isnull=False), name="exchange_reminder"),
            models.Index(fields=["reviews_until"], condition=Q(reviews_until__isnull=False), name="exchange_reviews"),
        ]

    def __str__(self) -> str:
        return f"{self.title} · {self.public_id}"

    def get_absolute_url(self) -> str:
        return reverse("exchange", args=[self.public_id])

    @property
    def is_live(self) -> bool:
        return self.state in self.LIVE

    def is_for_later(self, now: datetime) -> bool:
        """Whether it is agreed for a moment that is still to come, or still to be agreed on: nobody is asked yet."""
        return self.state == self.State.ACCEPTED and (self.starts_at is None or self.starts_at > now)

    @property
    def awaits_a_date(self) -> bool:
        """Whether the two have yet to agree on a date; once it began nobody waits for one any more."""
        return self.starts_at is None and self.state in (self.State.PROPOSED, self.State.ACCEPTED)

    def asks(self, member: Member, now: datetime) -> bool:
        """Whether the next step is ``member``'s to take now: who takes no part just now is asked for none.

        Nor is anybody asked to agree with who takes none.
        """
        if self.waits_for_id != member.pk or not member.is_member or self.is_for_later(now):
            return False
        return self.state != self.State.PROPOSED or self.partner_of(member).is_member

    @property
    def came_about(self) -> bool:
        """Whether help was given, as far as is known: see the queryset's."""
        return self.completed_at is not None or self.state == self.State.RESOLVED

    @property
    def minutes_so_far(self) -> int:
        """How long it is, as far as is known: what was given in the end, else what was delivered, else agreed."""
        if self.given_minutes is not None:
            return self.given_minutes
        return self.delivered_minutes or self.minutes

    def is_party(self, member: Member) -> bool:
        return member.pk in (self.provider_id, self.receiver_id)

    def partner_of(self, member: Member) -> Member:
        """The other of the two."""
        partner: Member = self.receiver if member.pk == self.provider_id else self.provider
        return partner

    def within(self, name: str) -> timedelta:
        """So long after something, by the rules in force when the two agreed: ``dispute`` → 14 days."""
        return timedelta(days=self.terms[f"{name}_within_days"])


class Step(models.Model):
    """One thing that happened to an exchange, in order: its timeline. Written once."""

    exchange = models.ForeignKey(Exchange, models.CASCADE, related_name="steps", db_index=False)
    seq = models.PositiveIntegerField()
    action = models.CharField(_("what"), max_length=20)
    by = models.ForeignKey(  # None: the worker, when a deadline passed
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    at = models.DateTimeField(_("when"))
    data = models.JSONField(default=dict)  # minutes and moments, never words

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        constraints = [models.UniqueConstraint(fields=["exchange", "seq"], name="step_number_once")]

    def __str__(self) -> str:
        return f"{self.seq}: {self.action}"

    @property
    def starts_at(self) -> datetime | None:
        """The date and time this step put on the table."""
        text: Any = self.data.get("starts_at")
        return datetime.fromisoformat(text) if text else None


class Message(models.Model):
    """What one of the two wrote to the other. A moderator reads it in a dispute only, and that is written down."""

    public_id = models.CharField(max_length=22, unique=True, default=public_id, editable=False)
    exchange = models.ForeignKey(Exchange, models.CASCADE, related_name="messages", db_index=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="messages_written", db_index=False
    )
    text = models.TextField(_("message"), max_length=LONGEST_MESSAGE)
    nonce = models.CharField(max_length=40, editable=False)
    sent_at = models.DateTimeField(_("sent"))

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [models.UniqueConstraint(fields=["exchange", "author", "nonce"], name="message_sent_once")]
        indexes = [models.Index(fields=["exchange", "id"], name="message_of_exchange")]

    def __str__(self) -> str:
        return str(self.pk)


class ReviewQuerySet(models.QuerySet["Review"]):
    def published(self) -> Self:
        return self.filter(published_at__isnull=False)

    def about(self, member: Member) -> Self:
        """What everybody may read about ``member``, newest first."""
        return self.published().filter(subject=member).order_by("-published_at", "-pk")


class Review(models.Model):
    """What one of the two says of the other afterwards; hidden until both wrote, or the time to write is over."""

    exchange = models.ForeignKey(Exchange, models.PROTECT, related_name="reviews", db_index=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="reviews_written", db_index=False)
    subject = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="reviews_received", db_index=False
    )
    stars = models.PositiveSmallIntegerField(_("stars"))
    text = models.TextField(_("your words"), max_length=LONGEST_REVIEW, blank=True)
    written_at = models.DateTimeField(_("written"))
    published_at = models.DateTimeField(_("published"), null=True, blank=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        constraints = [
            models.UniqueConstraint(fields=["exchange", "author"], name="review_once_each"),
            models.CheckConstraint(condition=Q(stars__gte=1, stars__lte=5), name="review_one_to_five_stars"),
            models.CheckConstraint(condition=~Q(author=F("subject")), name="review_of_the_other"),
        ]
        indexes = [
            models.Index(fields=["subject", "-published_at"], name="review_about"),
            models.Index(fields=["exchange"], condition=Q(published_at=None), name="review_hidden"),
        ]

    def __str__(self) -> str:
        return f"{self.stars}/5"
