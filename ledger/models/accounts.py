"""Accounts of minutes."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from timebank.ids import public_id


class Account(models.Model):
    """The minutes of one member, or of the community fund.

    Always: balance − held ≥ floor. The floor follows the credit limit, ratcheting upwards while an
    account above its limit earns its way back (see ledger/operations/holds.py). Below −soft limit its
    owner is warned; what would lift it above its largest balance is refused.
    """

    class Kind(models.TextChoices):
        MEMBER = "member", _("member")
        FUND = "fund", _("community fund")

    class State(models.TextChoices):
        OPEN = "open", _("open")
        CLOSED = "closed", _("closed")

    public_id = models.CharField(_("public id"), max_length=22, unique=True, default=public_id, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.MEMBER)
    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="account", verbose_name=_("owner")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    balance_minutes = models.BigIntegerField(_("balance (minutes)"), default=0)
    held_minutes = models.BigIntegerField(_("held (minutes)"), default=0)
    credit_limit_minutes = models.BigIntegerField(_("credit limit (minutes)"), default=0)
    floor_minutes = models.BigIntegerField(_("floor (minutes)"), default=0)
    soft_limit_minutes = models.BigIntegerField(_("soft limit (minutes)"), null=True, blank=True)
    max_balance_minutes = models.BigIntegerField(_("largest balance (minutes)"), null=True, blank=True)
    has_own_limits = models.BooleanField(_("has limits of its own"), default=False)
    last_seq = models.BigIntegerField(_("lines in the statement"), default=0)
    opened_at = models.DateTimeField(_("opened"))

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            models.CheckConstraint(
                condition=Q(balance_minutes__gte=F("floor_minutes") + F("held_minutes")), name="account_above_floor"
            ),
            models.CheckConstraint(condition=Q(held_minutes__gte=0), name="account_holds_no_less_than_nothing"),
            models.CheckConstraint(condition=Q(credit_limit_minutes__gte=0), name="account_limit_not_negative"),
            models.CheckConstraint(condition=Q(floor_minutes__lte=0), name="account_floor_not_positive"),
            models.UniqueConstraint(fields=["kind"], condition=Q(kind="fund"), name="account_one_fund"),
            models.CheckConstraint(
                condition=Q(state="open") | Q(balance_minutes=0, held_minutes=0), name="account_closed_is_empty"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.public_id}"

    @property
    def available_minutes(self) -> int:
        """What can be spent now: balance − held − floor."""
        return self.balance_minutes - self.held_minutes - self.floor_minutes

    def is_below_soft_limit(self, *, less: int = 0) -> bool:
        """Whether its owner owes more than the soft limit, now or with ``less`` minutes to spend."""
        soft = self.soft_limit_minutes
        return soft is not None and self.balance_minutes - self.held_minutes - less < -soft

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN
