"""What neighbours offer and ask for, and what becomes of it."""

from .disputes import LONGEST_REASON, LONGEST_STATEMENT, Dispute, Evidence, Statement
from .exchanges import LONGEST_MESSAGE, LONGEST_REVIEW, Exchange, Message, Review, Step
from .listings import LONGEST_DESCRIPTION, LONGEST_PLACE, LONGEST_TITLE, MOST_MINUTES, Category, Listing

__all__ = [
    "LONGEST_DESCRIPTION",
    "LONGEST_MESSAGE",
    "LONGEST_PLACE",
    "LONGEST_REASON",
    "LONGEST_REVIEW",
    "LONGEST_STATEMENT",
    "LONGEST_TITLE",
    "MOST_MINUTES",
    "Category",
    "Dispute",
    "Evidence",
    "Exchange",
    "Listing",
    "Message",
    "Review",
    "Statement",
    "Step",
]
