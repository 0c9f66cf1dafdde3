"""Who can sign in to the demo, and with what."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from accounts.models import Member

from .people import DOMAIN

PASSWORD = "vila-esperanca"  # noqa: S105  printed at each start; the demo is refused in production


@dataclass(frozen=True)
class Login:
    handle: str
    what: str

    @property
    def email(self) -> str:
        return f"{self.handle}@{DOMAIN}"

    @property
    def password(self) -> str:
        return PASSWORD

    def __str__(self) -> str:
        return f"  {self.what:<28} {self.email:<24} {self.password}"


LOGINS = (
    Login("ana", "a member (Portuguese)"),
    Login("margaret", "a member (English)"),
    Login("lourdes", "a coordinator (Portuguese)"),
    Login("daniel", "a moderator (English)"),
)


def logins() -> list[Login]:
    """The demo's logins that are in the database; none in production."""
    if settings.PRODUCTION:
        return []
    there = set(Member.objects.filter(email__in=[login.email for login in LOGINS]).values_list("email", flat=True))
    return [login for login in LOGINS if login.email in there]
