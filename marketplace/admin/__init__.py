"""The staff's doors to the marketplace: categories, listings, exchanges to look at, and the cases of moderators."""

from . import cases, categories, exchanges, listings

__all__ = ["cases", "categories", "exchanges", "listings"]
