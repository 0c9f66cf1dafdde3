"""Offers and requests, and the categories they stand in."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.models import Member
from timebank.ids import public_id
from timebank.plain import plain

LONGEST_TITLE = 80
LONGEST_DESCRIPTION = 2000
LONGEST_PLACE = 120
MOST_MINUTES = 100 * 60  # one exchange: longer help is agreed bit by bit


class CategoryQuerySet(models.QuerySet["Category"]):
    def kinds(self) -> Self:
        """The categories listings stand in: those below a heading."""
        return self.filter(parent__isnull=False).select_related("parent").order_by("parent__position", "position", "pk")

    def headings(self) -> Self:
        return self.filter(parent=None).order_by("position", "pk")


class Category(models.Model):
    """A kind of help, below a heading; named in both languages. Headings stand on top and have no heading."""

    class Hue(models.TextChoices):
        MATA = "mata", _("green")
        IPE = "ipe", _("yellow")
        GOIABA = "goiaba", _("red")
        ANIL = "anil", _("blue")

    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="kinds", verbose_name=_("heading")
    )
    slug = models.SlugField(_("in addresses"), max_length=40, unique=True)
    name_en = models.CharField(_("name in English"), max_length=60)
    name_pt_br = models.CharField(_("name in Portuguese"), max_length=60)
    icon = models.SlugField(_("icon"), max_length=30, default="heart")
    hue = models.CharField(_("colour"), max_length=10, choices=Hue, default=Hue.MATA)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    objects = CategoryQuerySet.as_manager()

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        constraints = [
            models.CheckConstraint(condition=~Q(name_en="") & ~Q(name_pt_br=""), name="category_named_in_both"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.parent and (self.parent.parent_id or self.parent == self):
            raise ValidationError({"parent": _("A heading stands on top: choose one that has no heading itself.")})
        if self.parent and self.pk and self.kinds.exists():
            raise ValidationError({"parent": _("There are categories below this one, so it stays a heading.")})
        if self.parent is None and self.pk and self.listings.exists():
            raise ValidationError({"parent": _("Listings stand in this category, so it needs a heading.")})

    @property
    def name(self) -> str:
        """Its name in the reader's language."""
        return self.name_pt_br if (get_language() or "").startswith("pt") else self.name_en

    @property
    def turn(self) -> int:
        """Which way its tile is turned: 1 to 4."""
        return self.position % 4 + 1


def _visible_to(viewer: Member) -> Q:
    hers = Q(owner=viewer)
    is_open = Q(state=Listing.State.OPEN, owner__state=Member.State.ACTIVE)
    return hers | is_open if viewer.is_member else hers


class ListingQuerySet(models.QuerySet["Listing"]):
    def open(self) -> Self:
        """What can be asked for now: published, by somebody who is a member."""
        return self.filter(state=Listing.State.OPEN, owner__state=Member.State.ACTIVE)

    def visible_to(self, viewer: Member) -> Self:
        """What ``viewer`` may open: all that is open, if she is a member, and always her own."""
        return self.filter(_visible_to(viewer))

    def known_to(self, viewer: Member) -> Self:
        """What ``viewer`` may read: what is visible to her, and whatever she has an exchange about, gone or not."""
        about_it = {"listing": OuterRef("pk")}
        hers = Exists(viewer.provided.filter(**about_it)) | Exists(viewer.obtained.filter(**about_it))
        return self.filter(_visible_to(viewer) | hers)

    def once_open(self) -> Self:
        """Those everybody could read for a while; what the staff hid is none of them."""
        return self.filter(published_at__isnull=False, hidden_because="")

    def of(self, member: Member) -> Self:
        return self.filter(owner=member)

    def with_words(self, words: str) -> Self:
        """Listings that hold every one of ``words``, whatever the accents and case."""
        found = self
        for word in plain(words).split()[:10]:
            found = found.filter(plain_text__contains=word)
        return found

    def newest(self) -> Self:
        return self.order_by("-published_at", "-pk")


class Listing(models.Model):
    """An offer or a request: what somebody can help with, or needs help with.

    ``minutes`` is how long it usually takes; None means "we agree together". ``plain_text`` is a copy of all its
    words without accents and case, to search in. A draft is seen by its owner only; a closed
    listing also by those who have an exchange about it.
    """

    class Kind(models.TextChoices):
        OFFER = "offer", _("offer")
        REQUEST = "request", _("request")

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        OPEN = "open", _("open")
        PAUSED = "paused", _("paused")
        CLOSED = "closed", _("closed")

    public_id = models.CharField(_("public id"), max_length=22, unique=True, default=public_id, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="listings", verbose_name=_("member"), db_index=False
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    title = models.CharField(_("title"), max_length=LONGEST_TITLE)
    description = models.TextField(_("description"), max_length=LONGEST_DESCRIPTION, blank=True)
    category = models.ForeignKey(
        Category, models.PROTECT, related_name="listings", verbose_name=_("category"), null=True, blank=True
    )
    minutes = models.PositiveIntegerField(_("how long (minutes)"), null=True, blank=True)
    place = models.CharField(_("place"), max_length=LONGEST_PLACE, blank=True)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="en")
    plain_text = models.TextField(editable=False)
    hidden_because = models.CharField(_("why hidden"), max_length=300, blank=True)
    nonce = models.CharField(max_length=40, editable=False)
    created_at = models.DateTimeField(_("written"))
    changed_at = models.DateTimeField(_("changed"))
    published_at = models.DateTimeField(_("published"), null=True, blank=True)

    objects = ListingQuerySet.as_manager()

    class Meta:
        verbose_name = _("listing")
        verbose_name_plural = _("listings")
        constraints = [
            models.CheckConstraint(condition=~Q(title=""), name="listing_has_a_title"),
            models.CheckConstraint(
                condition=Q(minutes=None) | Q(minutes__gt=0, minutes__lte=MOST_MINUTES), name="listing_minutes_in_range"
            ),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(published_at__isnull=False, category__isnull=False),
                name="listing_published_is_whole",
            ),
            models.UniqueConstraint(fields=["owner", "nonce"], name="listing_written_once"),
        ]
        indexes = [
            models.Index(fields=["-published_at", "-id"], condition=Q(state="open"), name="listing_newest"),
            models.Index(fields=["category", "-published_at"], condition=Q(state="open"), name="listing_in_category"),
            models.Index(fields=["owner", "-changed_at"], name="listing_of_owner"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("listing", args=[self.public_id])

    @property
    def is_offer(self) -> bool:
        return self.kind == self.Kind.OFFER

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    @property
    def is_hidden(self) -> bool:
        """Whether a coordinator took it off the list."""
        return bool(self.hidden_because)
