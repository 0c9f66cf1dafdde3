from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    name = "timebank.jobs"
    label = "jobs"
    verbose_name = _("Running")

    def ready(self) -> None:
        # Web, worker and relay know the same work: whoever rings can also be the one who runs it.
        autodiscover_modules("tasks")
