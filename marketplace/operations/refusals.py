"""What the rules of the marketplace refuse, and with which status."""

from __future__ import annotations

from timebank.errors import Refusal


class ListingClosed(Refusal):
    """It was paused, closed or hidden meanwhile, or its owner takes no part now."""

    code = "listing_closed"


class TooEarly(Refusal):
    """The day the two agreed on has not come."""

    code = "too_early"


class ListingIncomplete(Refusal):
    """A draft lacks what a published listing says."""

    code = "listing_incomplete"
    field = "category"


class AlreadyWritten(Refusal):
    """A form was sent again with other words, so that none of them are lost unseen. ``first`` is what it made then."""

    code = "already_written"

    def __init__(self, message: str, first: object) -> None:
        super().__init__(message)
        self.first = first


class OwnListing(Refusal):
    """Nobody asks herself for help."""

    code = "own_listing"


class AlreadyAsked(Refusal):
    """There is a live exchange about this listing between the two already. ``exchange`` is it."""

    code = "already_asked"

    def __init__(self, message: str, exchange: object) -> None:
        super().__init__(message)
        self.exchange = exchange


class CannotTakePart(Refusal):
    """The acting member may not do this now: suspended, or no member yet or any more."""

    code = "cannot_take_part"
    status = 403


class PartnerCannotTakePart(Refusal):
    """The other one is no active member now."""

    code = "partner_cannot_take_part"


class PartnerIsShort(Refusal):
    """The receiver has fewer hours available than the exchange needs; how many is her own business."""

    code = "partner_is_short"


class SlotInThePast(Refusal):
    code = "slot_in_the_past"
    field = "starts_at"


class SlotTooFar(Refusal):
    code = "slot_too_far"
    field = "starts_at"


class TermsChanged(Refusal):
    """The terms are not those that were shown any more."""

    code = "terms_changed"


class SomeMinutes(Refusal):
    """So many minutes cannot be agreed, delivered or confirmed."""

    code = "some_minutes"
    field = "minutes"


class TooLate(Refusal):
    """The time for this is over."""

    code = "too_late"


class AlreadyReviewed(Refusal):
    code = "already_reviewed"


class BadFile(Refusal):
    """What was uploaded is no picture and no PDF, too large, or one too many."""

    code = "bad_file"
    status = 422
    field = "file"


class BadFiles(BadFile):
    """One of several files given at once is no good, or there are too many; the sentence names it."""

    field = "files"


class AlreadyDecided(Refusal):
    """Another moderator ruled first; the sentence says how."""

    code = "already_decided"


class OwnCase(Refusal):
    """Nobody rules in a dispute she has a part in."""

    code = "own_case"
    status = 403


class NotAModerator(Refusal):
    code = "not_a_moderator"
    status = 403


class NotACoordinator(Refusal):
    code = "not_a_coordinator"
    status = 403


class CategoryInUse(Refusal):
    """Listings, or other categories, stand in it."""

    code = "category_in_use"
