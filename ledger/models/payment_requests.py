"""Asking to be paid: a code that one person shows and another pays."""

from __future__ import annotations

import secrets
import string
from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from timebank.durations import in_words

from .accounts import Account
from .holds import Hold
from .transfers import Transfer

TXID_LETTERS = string.ascii_letters + string.digits
TXID_LENGTH = 32  # 190 bits: whoever has one was shown it
# No letter or digit that looks or sounds like another of them, in English or in Portuguese.
SPOKEN_LETTERS = "ACEFHJKLMPRTUVXY3479"
SPOKEN_LENGTH = 6  # 64 million; guesses are few and only codes that are active answer


def new_txid() -> str:
    """A new random transaction id, such as ``"q8ZrT0…"``: 26 to 35 of [A-Za-z0-9], as a Pix has."""
    return "".join(secrets.choice(TXID_LETTERS) for _ in range(TXID_LENGTH))


def new_spoken_code() -> str:
    """A new random code that is easily said, such as ``"KA7VPX"``."""
    return "".join(secrets.choice(SPOKEN_LETTERS) for _ in range(SPOKEN_LENGTH))


class PaymentRequestQuerySet(models.QuerySet["PaymentRequest"]):
    def payable(self, at: datetime) -> Self:
        """What can be paid at this moment; `over` is the opposite, so that a request is paid or expires, never both."""
        return self.filter(state=PaymentRequest.State.ACTIVE, expires_at__gt=at)

    def over(self, at: datetime) -> Self:
        """What was neither paid nor cancelled in its time, and is not marked as expired yet."""
        return self.filter(state=PaymentRequest.State.ACTIVE, expires_at__lte=at).order_by("expires_at", "pk")

    def made_by(self, member: Any) -> Self:
        return self.filter(payee__owner=member)

    def of(self, member: Any) -> Self:
        """What ``member`` asked for, or paid."""
        return self.filter(Q(payee__owner=member) | Q(paid_hold__payer__owner=member))

    def with_what_went_back(self) -> Self:
        """Each with ``back_minutes``, how much of what was paid was given back, and whether all ``is_given_back``."""
        back = Transfer.objects.filter(reverses__hold=OuterRef("paid_hold")).order_by().values("reverses")
        minutes = Coalesce(Subquery(back.annotate(minutes=Sum("amount_minutes")).values("minutes")), 0)
        requests = self.annotate(back_minutes=minutes)
        return requests.annotate(is_given_back=Q(back_minutes__gt=0, back_minutes=F("paid_hold__amount_minutes")))


class PaymentRequest(models.Model):
    """Hours that one member asks for, by a code that she shows: paid once, or cancelled, or expired.

    ``amount_minutes`` None lets the payer say how much. ``txid`` is what the QR code's address ends in;
    ``spoken_code`` is its short form, and answers only while the request is active. ``asked_of`` is the one
    person who may pay it; None: whoever has the code. ``paid_hold`` is the payment. The words in ``note``
    can be erased. ``key`` makes it once, however often its form is sent.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("waiting")
        PAID = "paid", _("paid")
        EXPIRED = "expired", _("expired")
        CANCELLED = "cancelled", _("cancelled")

    payee = models.ForeignKey(
        Account, models.PROTECT, related_name="payment_requests", verbose_name=_("payee"), db_index=False
    )
    key = models.CharField(_("key"), max_length=100)
    txid = models.CharField(_("code"), max_length=35, unique=True, default=new_txid)
    spoken_code = models.CharField(_("spoken code"), max_length=6, default=new_spoken_code)
    amount_minutes = models.BigIntegerField(_("amount (minutes)"), null=True, blank=True)
    note = models.TextField(_("message"), max_length=500, blank=True)
    category = models.CharField(_("category of help"), max_length=40, blank=True)
    asked_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("asked of")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ACTIVE)
    created_at = models.DateTimeField(_("made"))
    expires_at = models.DateTimeField(_("expires"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    paid_hold = models.OneToOneField(
        Hold, models.PROTECT, null=True, blank=True, related_name="payment_request", verbose_name=_("paid by")
    )
    renews = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="renewal", verbose_name=_("renews")
    )

    objects = PaymentRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("payment request")
        verbose_name_plural = _("payment requests")
        indexes = [
            models.Index(fields=["payee", "-id"], name="request_of_payee"),
            models.Index(fields=["expires_at", "id"], condition=Q(state="active"), name="request_ends"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["payee", "key"], name="request_key_once"),
            models.UniqueConstraint(
                fields=["spoken_code"], condition=Q(state="active"), name="request_spoken_code_once_active"
            ),
            models.CheckConstraint(
                condition=Q(amount_minutes=None) | Q(amount_minutes__gt=0), name="request_asks_for_time"
            ),
            models.CheckConstraint(
                condition=Q(state="paid", paid_hold__isnull=False) | (~Q(state="paid") & Q(paid_hold=None)),
                name="request_paid_by_a_hold",
            ),
            models.CheckConstraint(
                condition=Q(state="active", ended_at=None) | (~Q(state="active") & Q(ended_at__isnull=False)),
                name="request_ended_when_not_active",
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=models.F("created_at")), name="request_has_a_life"),
        ]

    def __str__(self) -> str:
        return f"{in_words(self.amount_minutes) if self.amount_minutes else _('open amount')} · {self.txid}"

    def get_absolute_url(self) -> str:
        """Where it is paid; who made it follows it there."""
        return reverse("payment_request", args=[self.txid])

    @property
    def address(self) -> str:
        """What its QR code says."""
        return f"{settings.SITE_URL}{self.get_absolute_url()}"

    @property
    def spoken(self) -> str:
        """The short code in two groups, as one says it: "KA7 VPX"."""
        return f"{self.spoken_code[:3]} {self.spoken_code[3:]}"

    def is_payable(self, at: datetime) -> bool:
        return self.state == self.State.ACTIVE and self.expires_at > at

    def is_over(self, at: datetime) -> bool:
        """Whether its time went by, marked as expired or not yet."""
        return self.state == self.State.EXPIRED or (self.state == self.State.ACTIVE and self.expires_at <= at)
