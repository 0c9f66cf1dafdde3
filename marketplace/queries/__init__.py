"""The larger reads of the marketplace."""

from .cases import Reading, Side, preview_of, reading_of, standings_of
from .community import KEPT_SECONDS, MonthFigures, month_began_at, moved_this_month, this_month
from .exchanges import ended_with_hours_held, message_of_event, title_of_event
from .listings import ListingPage, category_tree, listing_page, named_categories, open_namesake
from .people import TrackRecord, reviews_of, track_record

__all__ = [
    "KEPT_SECONDS",
    "ListingPage",
    "MonthFigures",
    "Reading",
    "Side",
    "TrackRecord",
    "category_tree",
    "ended_with_hours_held",
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
    "title_of_event",
    "track_record",
]
