"""Naming, ordering and taking away the categories of the community."""

from __future__ import annotations

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Member
from marketplace.models import Category, Listing
from timebank.retries import retried

from .listings import words_of
from .refusals import CategoryInUse, NotACoordinator

LONGEST_SLUG = 34  # a number may follow it


@retried
@transaction.atomic
def save_category(category: Category, *, by: Member) -> Category:
    """Keep a new category, or a changed one; its listings are found by its new names at once.

    A new one gets its word for addresses from its English name, and keeps it for ever. Raises NotACoordinator.
    """
    _check_coordinates(by)
    if not category.slug:
        category.slug = _free_slug(category.name_en)
    known_as = Category.objects.filter(pk=category.pk).values_list("name_en", "name_pt_br", "parent_id").first()
    category.save()
    if known_as and known_as != (category.name_en, category.name_pt_br, category.parent_id):
        _let_listings_be_found_by_new_names(category)
    return category


@retried
@transaction.atomic
def delete_category(category: Category, *, by: Member) -> None:
    """Take away a category that nothing stands in. Raises NotACoordinator, CategoryInUse."""
    _check_coordinates(by)
    check_unused(category)
    category.delete()


def check_unused(category: Category) -> None:
    """Raises CategoryInUse; the sentence says what stands in it."""
    if below := category.kinds.count():
        raise CategoryInUse(
            ngettext(
                "%(n)d category stands below “%(name)s”. Move or delete it first.",
                "%(n)d categories stand below “%(name)s”. Move or delete them first.",
                below,
            )
            % {"n": below, "name": category}
        )
    if used := category.listings.count():
        raise CategoryInUse(
            ngettext(
                "%(n)d listing stands in “%(name)s”, so it stays. You can give it another name, or move it down.",
                "%(n)d listings stand in “%(name)s”, so it stays. You can give it another name, or move it down.",
                used,
            )
            % {"n": used, "name": category}
        )


def _let_listings_be_found_by_new_names(category: Category) -> None:
    concerned = Listing.objects.filter(category=category) | Listing.objects.filter(category__parent=category)
    listings = list(concerned.select_related("category__parent"))
    for listing in listings:
        listing.plain_text = words_of(listing)
    Listing.objects.bulk_update(listings, ["plain_text"], batch_size=200)


def _check_coordinates(by: Member) -> None:
    if not by.is_coordinator:
        raise NotACoordinator(_("Only a coordinator can change the categories."))


def _free_slug(name: str) -> str:
    wanted = slugify(name)[:LONGEST_SLUG].strip("-") or "category"
    taken = set(Category.objects.filter(slug__startswith=wanted).values_list("slug", flat=True))
    numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
    return wanted if wanted not in taken else next(slug for slug in numbered if slug not in taken)
