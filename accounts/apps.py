from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        from allauth.account.signals import email_confirmed

        from notifications import doors

        from . import roles, sockets

        doors.add_tokens(sockets.who_listens, sockets.living_tokens)
        post_migrate.connect(roles.make_groups, sender=self)
        email_confirmed.connect(take_in_confirmed)


def take_in_confirmed(request: HttpRequest, email_address: Any, **kwargs: Any) -> None:
    """What follows when allauth has marked an address as confirmed, by whichever of its ways."""
    from . import operations

    operations.take_in(email_address.user)
