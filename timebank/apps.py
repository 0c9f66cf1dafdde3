from django.apps import AppConfig
from django.db.backends.signals import connection_created


class TimebankConfig(AppConfig):
    name = "timebank"

    def ready(self) -> None:
        # Registers the start-up checks, and the one Celery app that every process rings through.
        from . import celery, checks  # noqa: F401
        from .plain import teach_sqlite

        # No rule: where Django tells of a new connection.
        connection_created.connect(teach_sqlite)
