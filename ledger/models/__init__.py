"""The books: accounts of minutes, holds, transfers, lots, the lines of statements, and the log of it all.

Every amount is a whole number of minutes. Nothing here knows offers or profiles; people are known
only as the user model. The database itself refuses to change what is written once
(see ledger/triggers.py).
"""

from .accounts import Account
from .checks import BooksCheck
from .holds import OTHER_HELP, Hold, HoldQuerySet, Kind, Note
from .limits import LimitChange, LimitChangeQuerySet
from .log import Leaf, Record
from .lots import ExpiryNotice, Lot, LotQuerySet, Mint
from .payment_requests import PaymentRequest, PaymentRequestQuerySet
from .transfers import Entry, Transfer

__all__ = [
    "OTHER_HELP",
    "Account",
    "BooksCheck",
    "Entry",
    "ExpiryNotice",
    "Hold",
    "HoldQuerySet",
    "Kind",
    "Leaf",
    "LimitChange",
    "LimitChangeQuerySet",
    "Lot",
    "LotQuerySet",
    "Mint",
    "Note",
    "PaymentRequest",
    "PaymentRequestQuerySet",
    "Record",
    "Transfer",
]
