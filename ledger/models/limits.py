"""How far accounts may go: changes of limits, with their day and their reason."""

from __future__ import annotations

from datetime import date
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from timebank.durations import in_words

from .accounts import Account


class LimitChangeQuerySet(models.QuerySet["LimitChange"]):
    def planned(self) -> Self:
        """Changes still to come, in the order in which they take effect."""
        return self.filter(applied_at=None, called_off_at=None).order_by("takes_effect_at", "pk")

    def due(self, at: object) -> Self:
        """Planned changes whose moment has come."""
        return self.planned().filter(takes_effect_at__lte=at)

    def meant_for(self, account: Account) -> Self:
        """Changes for ``account`` alone and, while it has no limits of its own, those for all."""
        alone = Q(account=account)
        return self.filter(alone if account.has_own_limits else alone | Q(account=None, kind=account.kind))


class LimitChange(models.Model):
    """New limits from some moment on, for one account or for every account of a kind, and why.

    The limits of an account that has its own are left alone by a change for its kind, until it returns to the common
    ones: then they are written here as they were at that moment. What is planned takes effect once, or is called off
    once, and stays.
    """

    class State(models.TextChoices):
        PLANNED = "planned", _("planned")
        MADE = "made", _("took effect")
        CALLED_OFF = "called_off", _("called off")

    account = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="limit_changes", verbose_name=_("account")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Account.Kind)
    credit_limit_minutes = models.BigIntegerField(_("credit limit (minutes)"))
    soft_limit_minutes = models.BigIntegerField(_("soft limit (minutes)"), null=True, blank=True)
    max_balance_minutes = models.BigIntegerField(_("largest balance (minutes)"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    created_at = models.DateTimeField(_("written"))
    takes_effect_at = models.DateTimeField(_("takes effect"))
    applied_at = models.DateTimeField(_("took effect"), null=True, blank=True)
    returns_to_common = models.BooleanField(_("back to the common limits"), default=False)
    called_off_at = models.DateTimeField(_("called off"), null=True, blank=True)
    called_off_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("called off by"),
    )
    called_off_because = models.CharField(_("called off because"), max_length=500, blank=True)

    objects = LimitChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of limits")
        verbose_name_plural = _("changes of limits")
        indexes = [
            models.Index(
                fields=["takes_effect_at"],
                condition=Q(applied_at=None, called_off_at=None),
                name="limit_change_to_come",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(credit_limit_minutes__gte=0), name="limit_change_not_negative"),
            models.CheckConstraint(
                condition=Q(soft_limit_minutes=None) | Q(soft_limit_minutes__gte=0),
                name="limit_change_soft_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(max_balance_minutes=None) | Q(max_balance_minutes__gt=0), name="limit_change_most_is_some"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="limit_change_has_a_reason"),
            models.CheckConstraint(
                condition=Q(returns_to_common=False) | Q(account__isnull=False), name="limit_change_returns_one_account"
            ),
            models.CheckConstraint(
                condition=Q(applied_at=None) | Q(called_off_at=None), name="limit_change_made_or_called_off"
            ),
            models.CheckConstraint(
                condition=Q(called_off_at=None, called_off_by=None, called_off_because="")
                | (Q(called_off_at__isnull=False, called_off_by__isnull=False) & ~Q(called_off_because="")),
                name="limit_change_called_off_by_whom_and_why",
            ),
        ]

    def __str__(self) -> str:
        return f"−{in_words(self.credit_limit_minutes)}"

    @property
    def state(self) -> State:
        if self.applied_at is not None:
            return self.State.MADE
        return self.State.PLANNED if self.called_off_at is None else self.State.CALLED_OFF

    @property
    def from_day(self) -> date:
        """The day where the community is, on which it takes effect, or was to."""
        return timezone.localtime(self.applied_at or self.takes_effect_at, timezone.get_default_timezone()).date()

    @property
    def told(self) -> dict[str, Any]:
        """What events say of it: a day and minutes, no words."""
        return {
            "state": self.state.value,
            "from_day": self.from_day.isoformat(),
            "credit_limit_minutes": self.credit_limit_minutes,
            "soft_limit_minutes": self.soft_limit_minutes,
            "max_balance_minutes": self.max_balance_minutes,
            "returns_to_common": self.returns_to_common,
        }
