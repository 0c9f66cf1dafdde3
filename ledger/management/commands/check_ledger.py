"""manage.py check_ledger: walk the books from end to end."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledger import check, triggers


class Command(BaseCommand):
    help = (
        "Check every invariant of the books. Exit status 1, naming the first bad row of each, when one does not hold."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        found = [str(fault) for fault in check.faults()]
        if missing := triggers.missing():
            found.append(f"triggers missing or changed: {', '.join(missing)}")
        if found:
            raise CommandError("\n".join(["The books are not sound.", *found]), returncode=1)
        self.stdout.write("The books are sound.")
