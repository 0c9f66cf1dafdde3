from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    name = "timebank.jobs"
    label = "jobs"

    def ready(self) -> None:
        # Web, worker and relay know the same work: whoever rings can also be the one who runs it.
        autodiscover_modules("tasks")
