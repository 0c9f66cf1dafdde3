from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class MarketplaceConfig(AppConfig):
    name = "marketplace"
    verbose_name = _("Marketplace")

    def ready(self) -> None:
        from accounts import roles
        from accounts.operations import suspension
        from ledger import statements
        from ledger.queries import add_cause
        from notifications import letters
        from notifications.queries import add_names

        from . import (
            categories,
            operations,
            queries,
            tasks,  # noqa: F401  deadlines are kept from the first moment on
        )
        from .letters import facts_of_event

        add_cause(queries.exchange_of_hold)
        add_names("exchange", queries.titles_of_exchanges)
        add_names("listing", queries.titles_of_listings)
        add_names("transfer", queries.titles_of_transfers)
        letters.add_words("exchange-message", queries.message_of_event)
        statements.add_categories(queries.named_categories)

        suspension.also_told.append(operations.of_her_standing)
        letters.add_words("listing-changed", queries.why_hidden)
        letters.add_facts("exchange-changed", facts_of_event)

        post_migrate.connect(categories.make_first_ones, sender=self)
        post_migrate.connect(roles.make_groups, sender=self)  # again, for now our permissions are there to be given
