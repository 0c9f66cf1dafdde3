from django.apps import AppConfig


class TimebankConfig(AppConfig):
    name = "timebank"

    def ready(self) -> None:
        # Registers the start-up checks, and the one Celery app that every process rings through.
        from . import celery, checks  # noqa: F401
