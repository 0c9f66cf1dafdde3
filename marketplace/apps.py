from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class MarketplaceConfig(AppConfig):
    name = "marketplace"
    verbose_name = _("Marketplace")

    def ready(self) -> None:
        from accounts import roles
        from ledger import statements
        from notifications import letters

        from . import (
            categories,
            queries,
            tasks,  # noqa: F401  deadlines are kept from the first moment on
        )

        for type_ in ("exchange-changed", "exchange-reminder"):
            letters.add_words(type_, queries.title_of_event)
        letters.add_words("exchange-message", queries.message_of_event)
        statements.add_categories(queries.named_categories)

        post_migrate.connect(categories.make_first_ones, sender=self)
        post_migrate.connect(roles.make_groups, sender=self)  # again, for now our permissions are there to be given
