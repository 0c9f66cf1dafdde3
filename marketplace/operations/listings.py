"""Writing a listing, publishing it, and taking it off the list again."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Member
from ledger.log import write_record
from marketplace.models import Category, Listing
from notifications.operations import tell
from timebank import clock
from timebank.plain import plain
from timebank.retries import retried

from .refusals import AlreadyWritten, CannotTakePart, ListingClosed, ListingIncomplete


@retried
@transaction.atomic
def write_listing(
    owner: Member,
    *,
    kind: str,
    title: str,
    description: str = "",
    category: Category | None = None,
    minutes: int | None = None,
    place: str = "",
    nonce: str,
    publish: bool = True,
) -> Listing:
    """Write a new offer or request of ``owner``'s; a draft unless ``publish``. ``minutes`` None: we agree together.

    Sent again with the same ``nonce`` and words it returns the first. Raises CannotTakePart, ListingIncomplete;
    AlreadyWritten where the words are others, so that none are lost unseen.
    """
    if earlier := Listing.objects.of(owner).filter(nonce=nonce).first():
        asked = (kind, title, description, category and category.pk, minutes, place)
        if asked != (earlier.kind, *_words_and_terms(earlier)):
            raise AlreadyWritten(
                str(_("You sent this form before, with other words. Change what you wrote then, or send this as new.")),
                earlier,
            )
        return publish_listing(earlier, by=owner) if publish and earlier.state == Listing.State.DRAFT else earlier
    _check_may_list(owner)
    at = clock.now()
    listing = Listing(
        owner=owner,
        kind=kind,
        title=title,
        description=description,
        category=category,
        minutes=minutes,
        place=place,
        language=owner.language,
        nonce=nonce,
        created_at=at,
        changed_at=at,
    )
    if publish:
        _publish(listing)
    listing.plain_text = words_of(listing)
    listing.save(force_insert=True)
    return listing


@retried
@transaction.atomic
def change_listing(
    listing: Listing,
    *,
    by: Member,
    title: str,
    description: str,
    category: Category | None,
    minutes: int | None,
    place: str,
    publish: bool = True,
) -> Listing:
    """Say it differently; ``publish`` also puts a draft, a paused or a closed one on the list.

    What neighbours agreed on before stays as agreed. Raises CannotTakePart, ListingIncomplete, ListingClosed.
    """
    _check_may_list(by)
    listing = _locked_own(listing, by)
    listing.title, listing.description, listing.place = title, description, place
    listing.category, listing.minutes = category, minutes
    listing.changed_at = clock.now()
    if publish:
        _publish(listing)
    elif category is None and listing.state != Listing.State.DRAFT:
        raise ListingIncomplete(_("Choose what kind of help it is, so that neighbours find it."))
    listing.plain_text = words_of(listing)
    listing.save()
    return listing


@retried
@transaction.atomic
def publish_listing(listing: Listing, *, by: Member) -> Listing:
    """Put a draft, a paused or a closed listing on the list. Published twice it stays where it is.

    Raises CannotTakePart, ListingIncomplete, ListingClosed.
    """
    _check_may_list(by)
    listing = _locked_own(listing, by)
    _publish(listing)
    listing.save(update_fields=["state", "published_at", "changed_at"])
    return listing


@retried
@transaction.atomic
def pause_listing(listing: Listing, *, by: Member) -> Listing:
    """Take it off the list for a while; what was asked for goes on. Raises ListingClosed."""
    return _take_off(listing, by, Listing.State.PAUSED)


@retried
@transaction.atomic
def close_listing(listing: Listing, *, by: Member) -> Listing:
    """Take it off the list for good; its words stay with its owner, to be published again one day."""
    return _take_off(listing, by, Listing.State.CLOSED)


@retried
@transaction.atomic
def hide_listing(listing: Listing, *, by: Member, because: str) -> Listing:
    """Let a coordinator or moderator take a listing off the list; its owner is told, and why. Writes a record.

    Raises CannotTakePart.
    """
    _check_may_hide(by, listing)
    listing = Listing.objects.select_for_update().get(pk=listing.pk)
    listing.hidden_because, listing.changed_at = because, clock.now()
    if listing.state == Listing.State.OPEN:
        listing.state = Listing.State.PAUSED
    listing.save(update_fields=["hidden_because", "state", "changed_at"])
    write_record("listing", listing=listing.public_id, change="hidden", by=by.account.public_id)
    _tell_owner(listing)
    return listing


@retried
@transaction.atomic
def show_listing(listing: Listing, *, by: Member) -> Listing:
    """Let it be published again by its owner, after `hide_listing`; she is told. Writes a record.

    Raises CannotTakePart.
    """
    _check_may_hide(by, listing)
    listing = Listing.objects.select_for_update().get(pk=listing.pk)
    listing.hidden_because, listing.changed_at = "", clock.now()
    listing.save(update_fields=["hidden_because", "changed_at"])
    write_record("listing", listing=listing.public_id, change="shown", by=by.account.public_id)
    _tell_owner(listing)
    return listing


def _tell_owner(listing: Listing) -> None:
    data = {"listing": listing.public_id, "hidden": listing.is_hidden}
    tell(listing.owner, "listing-changed", data=data, in_inbox=True, by_mail=True)


def _check_may_list(member: Member) -> None:
    if not Member.objects.active().filter(pk=member.pk).exists():
        raise CannotTakePart(_("You can offer and ask for help once you are a member again."))


def _check_may_hide(by: Member, listing: Listing) -> None:
    if not (by.is_coordinator or by.is_moderator) or by.pk == listing.owner_id:
        raise CannotTakePart(_("Only a coordinator or a moderator can do this, and not with a listing of their own."))


def _locked_own(listing: Listing, by: Member) -> Listing:
    """The listing as it is now, locked. Raises Listing.DoesNotExist where it is another's."""
    return Listing.objects.select_for_update().get(pk=listing.pk, owner=by)


def _publish(listing: Listing) -> None:
    if listing.is_hidden:
        raise ListingClosed(_("A coordinator took this off the list: %(why)s") % {"why": listing.hidden_because})
    if listing.category is None:
        raise ListingIncomplete(_("Choose what kind of help it is, so that neighbours find it."))
    if listing.state == Listing.State.OPEN:
        return
    listing.state = Listing.State.OPEN
    listing.published_at = listing.changed_at = clock.now()


def _take_off(listing: Listing, by: Member, state: Listing.State) -> Listing:
    listing = _locked_own(listing, by)
    if listing.state == Listing.State.DRAFT and state == Listing.State.PAUSED:
        raise ListingClosed(_("This is still a draft, so nobody sees it."))
    if listing.state == Listing.State.DRAFT:
        listing.delete()  # a draft that is closed was never anything to anybody
        return listing
    if listing.state != state:
        listing.state, listing.changed_at = state, clock.now()
        listing.save(update_fields=["state", "changed_at"])
    return listing


def _words_and_terms(listing: Listing) -> tuple[object, ...]:
    return listing.title, listing.description, listing.category_id, listing.minutes, listing.place


def words_of(listing: Listing) -> str:
    """All that a search looks in, its category's names in both languages included."""
    category = listing.category
    names = [category.name_en, category.name_pt_br] if category else []
    if category and category.parent:
        names += [category.parent.name_en, category.parent.name_pt_br]
    return plain(" ".join([listing.title, listing.description, listing.place, *names]))
