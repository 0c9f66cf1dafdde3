"""Who people are: members, and what they agreed to."""

from __future__ import annotations

import zoneinfo
from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any, Self

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, When
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from ledger.models import Account, Transfer
from timebank import clock
from timebank.durations import in_words
from timebank.ids import public_id
from timebank.plain import plain

BEFORE_A_PART = " -('’"  # what stands in a name before one of its parts: Ana Souza, Jean-Luc, Aparecida (Cida)


class MemberQuerySet(models.QuerySet["Member"]):
    def people(self) -> Self:
        """Everybody but the steward of the fund."""
        return self.exclude(state=Member.State.STEWARD)

    def active(self) -> Self:
        """Those who may give and receive hours."""
        return self.filter(state=Member.State.ACTIVE)

    def reachable_by(self, member: Member) -> Self:
        """Active members whom ``member`` may turn to: neither of the two has blocked the other."""
        blocked_by = Exists(Block.objects.filter(by=OuterRef("pk"), of=member))
        blocked = Exists(Block.objects.filter(by=member, of=OuterRef("pk")))
        return self.active().filter(~blocked_by, ~blocked)

    def applied(self) -> Self:
        """Those who wait for a coordinator's yes."""
        return self.filter(state=Member.State.APPLIED)

    def visible_to(self, viewer: Member) -> Self:
        """Whose profile ``viewer`` may open: that of active members if she is one, and always her own."""
        hers = Q(pk=viewer.pk)
        return self.filter(hers | Q(state=Member.State.ACTIVE)) if viewer.is_member else self.filter(hers)

    def named_like(self, words: str) -> Self:
        """Members whose name holds every one of ``words``, whatever the accents and case."""
        found = self
        for word in plain(words).split():
            found = found.filter(plain_name__contains=word)
        return found

    def likeliest_first(self, words: str, *, known: Sequence[int]) -> Self:
        """Names in which each of ``words`` begins a part first; of these those of ``known``, in its order; by name."""
        order: list[Any] = ["plain_name", "pk"]
        if known:
            order.insert(0, Case(*(When(pk=pk, then=place) for place, pk in enumerate(known)), default=len(known)))
        if begin := [_begins(word) for word in plain(words).split()]:
            order.insert(0, Case(When(Q(*begin), then=0), default=1))
        return self.order_by(*order)


def _begins(word: str) -> Q:
    """That a part of the name begins with ``word``."""
    marks = (Q(plain_name__contains=f"{mark}{word}") for mark in BEFORE_A_PART)
    return reduce(or_, marks, Q(plain_name__startswith=word))


class MemberManager(BaseUserManager["Member"]):
    def get_by_natural_key(self, username: str | None) -> Member:
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> Member:
        member: Member = self.model(email=self.normalize_email(email).lower(), **fields)
        member.set_password(password)
        member.save(using=self._db)
        return member

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> Member:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


def check_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(_("There is no such time zone."))


class Member(AbstractBaseUser, PermissionsMixin):
    """A person of the community, who signs in with her e-mail address.

    Suspension is a state, never ``is_active``: she may still sign in and read what is hers. The
    steward is no person: in her name the community fund acts, and nobody can sign in as her.
    """

    class State(models.TextChoices):
        NEW = "new", _("e-mail not confirmed")
        APPLIED = "applied", _("waiting for approval")
        ACTIVE = "active", _("member")
        SUSPENDED = "suspended", _("suspended")
        LEFT = "left", _("left")
        STEWARD = "steward", _("steward of the fund")

    class Theme(models.TextChoices):
        DEVICE = "", _("as my device")
        LIGHT = "light", _("light")
        DARK = "dark", _("dark")

    class TextSize(models.TextChoices):
        NORMAL = "", _("normal")
        LARGE = "large", _("large")

    class Units(models.TextChoices):
        """The largest unit that amounts are said in."""

        MINUTES = "minutes", _("minutes")
        HOURS = "hours", _("hours and minutes")
        DAYS = "days", _("days, hours and minutes")

    public_id = models.CharField(_("public id"), max_length=22, unique=True, default=public_id, editable=False)
    email = models.EmailField(_("e-mail"), max_length=254, unique=True)  # kept in lower case
    display_name = models.CharField(_("name"), max_length=80)
    plain_name = models.CharField(max_length=200, editable=False, db_index=True)
    about = models.TextField(_("about you"), max_length=600, blank=True)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="en")
    time_zone = models.CharField(
        _("time zone"), max_length=64, default=settings.TIME_ZONE, validators=[check_time_zone]
    )
    theme = models.CharField(_("colours"), max_length=10, choices=Theme, default=Theme.DEVICE, blank=True)
    text_size = models.CharField(_("text size"), max_length=10, choices=TextSize, default=TextSize.NORMAL, blank=True)
    units = models.CharField(_("units of time"), max_length=10, choices=Units, default=Units.HOURS)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.NEW)
    signed_up_at = models.DateTimeField(_("signed up"), default=clock.now)
    joined_at = models.DateTimeField(_("joined"), null=True, blank=True)
    suspended_because = models.TextField(_("why suspended"), max_length=500, blank=True)
    sessions_ended = models.PositiveIntegerField(default=0, editable=False)  # part of what a session proves
    is_active = models.BooleanField(_("may sign in"), default=True)
    is_staff = models.BooleanField(_("may use the admin"), default=False)

    objects = MemberManager.from_queryset(MemberQuerySet)()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["display_name"]

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="member_email_in_lower_case"),
            models.UniqueConstraint(fields=["state"], condition=Q(state="steward"), name="member_one_steward"),
            models.CheckConstraint(condition=~Q(display_name=""), name="member_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.display_name

    def save(self, *args: Any, **kwargs: Any) -> None:
        # No rule: a copy of the name to search by, kept beside it.
        self.plain_name = plain(self.display_name)
        if (fields := kwargs.get("update_fields")) is not None and "display_name" in fields:
            kwargs["update_fields"] = {*fields, "plain_name"}
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("profile", args=[self.public_id])

    def get_full_name(self) -> str:
        return self.display_name

    def get_short_name(self) -> str:
        return self.display_name.split()[0] if self.display_name.strip() else ""

    @property
    def initials(self) -> str:
        words = [word for word in self.display_name.split() if word[0].isalnum()] or [self.display_name]
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()

    @property
    def is_member(self) -> bool:
        """Whether she may give and receive hours now."""
        return self.state == self.State.ACTIVE

    @property
    def is_suspended(self) -> bool:
        return self.state == self.State.SUSPENDED

    @cached_property
    def roles(self) -> frozenset[str]:
        """The names of her groups, read once."""
        return frozenset(group.name for group in self.groups.all())

    @property
    def is_coordinator(self) -> bool:
        return self.is_member and (self.is_superuser or "coordinators" in self.roles)

    @property
    def is_moderator(self) -> bool:
        """Whether she may rule in disputes. Who administers the site may not, unless she is given the role too."""
        return self.is_member and "moderators" in self.roles

    def agreed_to(self, versions: dict[str, str]) -> bool:
        """Whether she agreed to these versions of the documents."""
        agreed = set(self.consents.values_list("document", "version"))
        return agreed >= set(versions.items())

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must match: with ``sessions_ended`` raised, all earlier ones match no more."""
        salt = "accounts.models.Member.get_session_auth_hash"
        value = f"{self.password}:{self.sessions_ended}"
        return salted_hmac(salt, value, secret=secret, algorithm="sha256").hexdigest()


class Consent(models.Model):
    """That a member agreed to one version of the terms or the privacy notice."""

    class Document(models.TextChoices):
        TERMS = "terms", _("terms")
        PRIVACY = "privacy", _("privacy notice")

    member = models.ForeignKey(Member, models.CASCADE, related_name="consents")
    document = models.CharField(max_length=10, choices=Document)
    version = models.CharField(max_length=20)
    agreed_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints = [
            models.UniqueConstraint(fields=["member", "document", "version"], name="consent_once_per_version")
        ]

    def __str__(self) -> str:
        return f"{self.document} {self.version}"


class StaffMoveQuerySet(models.QuerySet["StaffMove"]):
    def waiting(self) -> Self:
        """Those that wait for a second person, the oldest first."""
        return self.filter(state=StaffMove.State.WAITING).order_by("pk")


class StaffMove(models.Model):
    """Hours that staff move: asked for by one, and done at once or when another one approves it.

    A grant and a write-off go from the community fund to ``account``; a reversal takes back from
    ``account`` what ``transfer`` brought it. Who asks never approves.
    """

    class Kind(models.TextChoices):
        GRANT = "grant", _("hours from the fund")
        WRITE_OFF = "write_off", _("debt written off")
        REVERSAL = "reversal", _("payment undone")

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting for a second person")
        DONE = "done", _("done")
        DECLINED = "declined", _("declined")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    account = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name=_("account"))
    transfer = models.ForeignKey(
        Transfer, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("transfer to undo")
    )
    amount_minutes = models.BigIntegerField(_("amount (minutes)"))
    may_pass_limit = models.BooleanField(_("even below the limit"), default=False)
    reason = models.CharField(_("reason"), max_length=500)
    key = models.CharField(max_length=64)
    asked_by = models.ForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("asked for by"))
    asked_at = models.DateTimeField(_("asked for"))
    decided_by = models.ForeignKey(
        Member, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    made = models.OneToOneField(
        Transfer, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("transfer made")
    )

    objects = StaffMoveQuerySet.as_manager()

    class Meta:
        verbose_name = _("move by staff")
        verbose_name_plural = _("moves by staff")
        constraints = [
            models.UniqueConstraint(fields=["asked_by", "key"], name="staff_move_key_once"),
            models.CheckConstraint(condition=Q(amount_minutes__gt=0), name="staff_move_moves_time"),
            models.CheckConstraint(condition=~Q(reason=""), name="staff_move_has_a_reason"),
            models.CheckConstraint(
                condition=Q(state="declined") | Q(decided_by=None) | ~Q(decided_by=F("asked_by")),
                name="staff_move_needs_two",
            ),
            models.CheckConstraint(
                condition=Q(kind="reversal", transfer__isnull=False) | (~Q(kind="reversal") & Q(transfer=None)),
                name="staff_move_reversal_names_the_first",
            ),
            models.CheckConstraint(
                condition=~Q(kind="reversal", state="done", decided_by=None), name="staff_move_reversal_is_approved"
            ),
            models.CheckConstraint(
                condition=Q(state="done", made__isnull=False) | (~Q(state="done") & Q(made=None)),
                name="staff_move_done_has_moved",
            ),
        ]

    def __str__(self) -> str:
        return f"{in_words(self.amount_minutes)} · {self.get_kind_display()}"

    @property
    def is_waiting(self) -> bool:
        return self.state == self.State.WAITING


class Block(models.Model):
    """That ``by`` wants nothing to do with ``of``, who is not told. What the two agreed on before goes on."""

    by = models.ForeignKey(Member, models.CASCADE, related_name="blocks", verbose_name=_("by"), db_index=False)
    of = models.ForeignKey(Member, models.CASCADE, related_name="+", verbose_name=_("of"))
    created_at = models.DateTimeField(_("made"))

    class Meta:
        verbose_name = _("block")
        verbose_name_plural = _("blocks")
        constraints = [
            models.UniqueConstraint(fields=["by", "of"], name="block_once"),
            models.CheckConstraint(condition=~Q(by=models.F("of")), name="block_of_another"),
        ]

    def __str__(self) -> str:
        return f"{self.by_id} → {self.of_id}"


class TokenQuerySet(models.QuerySet["Token"]):
    def living(self, at: object) -> Self:
        """Those that can still be used."""
        return self.filter(ended_at=None, expires_at__gt=at)


class Token(models.Model):
    """A member's own key to the API for one program: what it may do, and until when.

    Shown once, when it is made; kept is only what it hashes to, and its ``start``, by which she knows it again.
    """

    public_id = models.CharField(max_length=22, unique=True, default=public_id, editable=False)
    member = models.ForeignKey(Member, models.CASCADE, related_name="tokens", verbose_name=_("member"))
    name = models.CharField(_("name"), max_length=60)
    start = models.CharField(max_length=12)
    token_hash = models.CharField(max_length=64, unique=True)
    may_pay = models.BooleanField(_("may pay"), default=False)
    created_at = models.DateTimeField(_("made"))
    expires_at = models.DateTimeField(_("expires"))
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = TokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("token")
        verbose_name_plural = _("tokens")
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=models.F("created_at")), name="token_has_a_life"),
            models.CheckConstraint(condition=~Q(name=""), name="token_has_a_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.start}…)"

    @property
    def scopes(self) -> frozenset[str]:
        """What it may do, as the API asks it."""
        return frozenset({"read", "pay"} if self.may_pay else {"read"})
