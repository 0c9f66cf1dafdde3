"""The demo community: Vila Esperança, an invented neighbourhood, built through the public operations.

With a fixed seed: built twice, it has the same people, payments and balances. Only the days move,
so that the newest payment is always minutes old.
"""

from .build import NotEmpty, build, is_loaded
from .logins import LOGINS, Login, logins

__all__ = ["LOGINS", "Login", "NotEmpty", "build", "is_loaded", "logins"]
