"""``manage.py demo``: an invented neighbourhood to try Timebank out with."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Member
from timebank import demo


class Command(BaseCommand):
    help = "Loads Vila Esperança, an invented neighbourhood, into an empty community. Again, it changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="say nothing and do nothing where there are people")

    def handle(self, *args: Any, if_empty: bool, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demo has passwords that everybody knows, so it is refused in production.")
        if if_empty and Member.objects.people().exists():
            return
        if demo.is_loaded():
            self.stdout.write("The demo community is here already; nothing was changed.")
        else:
            self._build()
        if if_empty:
            return  # whoever asks so, as `serve --demo` does, says the logins herself
        self.stdout.write("You can sign in as:")
        for login in demo.logins():
            self.stdout.write(str(login))

    def _build(self) -> None:
        self.stdout.write("Building the demo community, which takes some seconds …")
        try:
            paid = demo.build()
        except demo.NotEmpty:
            raise CommandError(
                "There are members here already, and the demo wants an empty community: set VAR_DIR to another folder."
            ) from None
        people = Member.objects.people().count()
        self.stdout.write(f"{people} neighbours and {paid} payments are there.")
