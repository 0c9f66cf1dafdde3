"""``manage.py declare_queues``: make the queues, and those for dead letters, on RabbitMQ."""

from __future__ import annotations

from typing import Any

from amqp.exceptions import AMQPError
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from kombu.exceptions import OperationalError

from timebank.celery import declare_queues


class Command(BaseCommand):
    help = "Makes the three queues on RabbitMQ, with a queue for dead letters beside each. Harmless to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.EMBEDDED:
            raise CommandError("There is nothing to make: without BROKER_URL the queues live inside the server.")
        try:
            declare_queues()
        except (OSError, OperationalError, AMQPError) as error:
            raise CommandError(f"RabbitMQ does not let us in at BROKER_URL: {error}") from error
        self.stdout.write("The queues are there.")
