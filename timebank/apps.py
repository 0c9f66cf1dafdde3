from django.apps import AppConfig


class TimebankConfig(AppConfig):
    name = "timebank"

    def ready(self) -> None:
        from . import checks  # noqa: F401  registers the start-up checks
