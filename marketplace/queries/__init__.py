"""The larger reads of the marketplace."""

from .cases import Reading, Side, preview_of, reading_of, standings_of
from .community import KEPT_SECONDS, MonthFigures, month_began_at, moved_this_month, this_month
from .exchanges import (
    ended_with_hours_held,
    exchange_of_hold,
    message_of_event,
    titles_of_exchanges,
    titles_of_transfers,
)
from .listings import (
    MOST_COUNTED,
    ListingPage,
    category_tree,
    how_many,
    listing_page,
    named_categories,
    open_namesake,
    titles_of_listings,
    why_hidden,
)
from .people import TrackRecord, reviews_of, track_record

__all__ = [
    "KEPT_SECONDS",
    "MOST_COUNTED",
    "ListingPage",
    "MonthFigures",
    "Reading",
    "Side",
    "TrackRecord",
    "category_tree",
    "ended_with_hours_held",
    "exchange_of_hold",
    "how_many",
    "listing_page",
    "message_of_event",
    "month_began_at",
    "moved_this_month",
    "named_categories",
    "open_namesake",
    "preview_of",
    "reading_of",
    "reviews_of",
    "standings_of",
    "this_month",
    "titles_of_exchanges",
    "titles_of_listings",
    "titles_of_transfers",
    "track_record",
    "why_hidden",
]
