from typing import Any

from django.apps import AppConfig
from django.db import DEFAULT_DB_ALIAS
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class LedgerConfig(AppConfig):
    name = "ledger"
    verbose_name = _("Ledger")

    def ready(self) -> None:
        from notifications import letters
        from notifications.queries import add_names

        from . import queries

        letters.add_words("hours-arrived", queries.words_of_event)
        letters.add_words("payment-asked", queries.words_of_request)
        letters.add_facts("payment-asked", queries.facts_of_request)
        add_names("limits_changed", queries.why_limits_change)
        add_names("limits_called_off", queries.why_called_off)
        # No rule: where Django lets a migration's before and after be told.
        pre_migrate.connect(_before_migrations, sender=self)
        post_migrate.connect(_after_migrations, sender=self)


def _before_migrations(using: str, plan: list[Any], **_told: Any) -> None:
    from . import triggers

    if using == DEFAULT_DB_ALIAS and plan:  # with nothing to do, a running server's books stay guarded throughout
        triggers.remove()


def _after_migrations(using: str, **_told: Any) -> None:
    from . import triggers

    if using == DEFAULT_DB_ALIAS:
        triggers.install()
