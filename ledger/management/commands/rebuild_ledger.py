"""manage.py rebuild_ledger --verify: play all transfers again and compare."""

from __future__ import annotations

import itertools
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger import replay

MOST_NAMED = 20


class Command(BaseCommand):
    help = (
        "Play all transfers again from zero and compare balances, statements, mints and lots with what is there. "
        "Exit status 1, naming the rows, when something differs."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--verify", action="store_true", required=True, help="only compare; nothing is ever changed"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with replay.one_moment():
            found = list(itertools.islice(replay.differences(), MOST_NAMED))
        if found:
            raise CommandError(
                "\n".join(["The books are not what follows from their transfers.", *found]), returncode=1
            )
        self.stdout.write("The books are what follows from their transfers.")
