"""The staff's doors to people: members, their accounts, and the hours that staff move."""

from . import books, members
from .members import MemberAdmin

__all__ = ["MemberAdmin", "books", "members"]
