"""``manage.py setup``: the first steps of a new community: its name, its language, its first coordinator."""

from __future__ import annotations

import getpass
import os
import sys
import tempfile
import zoneinfo
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from accounts import operations
from accounts.models import Member
from accounts.roles import Role
from timebank import demo

State = Member.State
LANGUAGES = dict(settings.LANGUAGES)
FORBIDDEN = set("\"'\\$#<>,;")  # they mean something in settings.env or in the sender of a mail


class Command(BaseCommand):
    help = "Asks for the community's name, language and first coordinator, and writes them down. Can be run again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--community", help="the community's name")
        parser.add_argument("--language", help=f"its language: {' or '.join(LANGUAGES)}")
        parser.add_argument("--time-zone", help="such as America/Sao_Paulo")
        parser.add_argument("--name", help="the first coordinator's name")
        parser.add_argument("--email", help="the first coordinator's e-mail address")
        parser.add_argument("--password", help="her password; better leave it out and be asked for it")
        parser.add_argument("--no-input", action="store_true", help="ask nothing; refuse what is missing")

    def handle(self, *args: Any, no_input: bool, **options: Any) -> None:
        self.asks = not no_input and sys.stdin.isatty()
        call_command("migrate", interactive=False, verbosity=0)
        if demo.is_loaded():
            raise CommandError(
                "The demo community lives in this database. Set VAR_DIR to a new folder for your own, "
                f"or delete {settings.VAR_DIR} if nobody needs the demo."
            )
        community = self._answer("The community's name", options["community"], _name, settings.COMMUNITY_NAME)
        language = self._answer(
            f"Its language ({' or '.join(LANGUAGES)})", options["language"], _language, settings.LANGUAGE_CODE
        )
        time_zone = self._answer("Its time zone", options["time_zone"], _time_zone, settings.TIME_ZONE)
        name = self._answer("The first coordinator's name", options["name"], _name)
        email = self._answer("Her e-mail address", options["email"], _email)
        coordinator = Member.objects.filter(email=email).first()
        if coordinator is not None and coordinator.state in {State.SUSPENDED, State.LEFT, State.STEWARD}:
            raise CommandError(f"{email} belongs to somebody who is no active member.")
        if coordinator is None:
            password = self._answer("Her password", options["password"], _password(name, email), secret=True)
        _write_settings({"COMMUNITY_NAME": community, "COMMUNITY_LANGUAGE": language, "TIME_ZONE": time_zone})
        # The rest of this process speaks of the new community too.
        settings.COMMUNITY_NAME, settings.LANGUAGE_CODE, settings.TIME_ZONE = community, language, time_zone
        steward = operations.community_fund().owner
        operations.change_profile(steward, display_name=community, about="")
        if coordinator is None:
            coordinator = operations.sign_up(display_name=name, email=email, password=password, language=language)
            operations.change_preferences(coordinator, language=language, time_zone=time_zone, theme="", text_size="")
        _make_coordinator(coordinator)
        self.stdout.write(
            f"{community} is set up. {coordinator.display_name} coordinates it, may give roles to others, and signs in "
            f"as {email}; before her first visit to the staff's pages she adds an authenticator app."
        )

    def _answer(
        self,
        question: str,
        given: str | None,
        checked: Callable[[str], str],
        default: str = "",
        *,
        secret: bool = False,
    ) -> str:
        """The checked answer: the option that was given, else what is typed; typed nonsense is asked again."""
        if given is not None:
            try:
                return checked(given)
            except ValueError as error:
                raise CommandError(str(error)) from None
        if not self.asks:
            if default:
                return default
            raise CommandError(f"{question} is missing: give it as an option (see manage.py setup --help).")
        while True:
            prompt = f"{question} [{default}]: " if default else f"{question}: "
            typed = getpass.getpass(prompt) if secret else input(prompt)
            try:
                return checked(typed or default)
            except ValueError as error:
                self.stderr.write(str(error))


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not name:
        raise ValueError("A name is needed.")
    if len(name) > 80:
        raise ValueError("A name has at most 80 letters.")
    if not name.isprintable() or set(name) & FORBIDDEN:
        raise ValueError(f"A name has none of {' '.join(sorted(FORBIDDEN))}")
    return name


def _language(text: str) -> str:
    code = text.strip().lower().replace("_", "-")
    if code not in LANGUAGES:
        raise ValueError(f"The language is {' or '.join(LANGUAGES)}, not {text!r}.")
    return code


def _time_zone(text: str) -> str:
    if text.strip() not in zoneinfo.available_timezones():
        raise ValueError(f"There is no time zone {text!r}. It looks like America/Sao_Paulo or Europe/Lisbon.")
    return text.strip()


def _email(text: str) -> str:
    address = text.strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        raise ValueError(f"{text!r} is no e-mail address. It looks like ana@example.org.") from None
    return address


def _password(name: str, email: str) -> Callable[[str], str]:
    def checked(text: str) -> str:
        try:
            validate_password(text, Member(display_name=name, email=email))
        except ValidationError as error:
            raise ValueError(" ".join(error.messages)) from None
        return text

    return checked


def _make_coordinator(member: Member) -> None:
    """Take her in, whatever JOINING says, and give her the role; done twice it changes nothing."""
    member = operations.join(operations.confirm_email(member))
    operations.make_administrator(member)
    operations.give_role(member, Role.COORDINATOR, by=None)


def _write_settings(values: dict[str, str]) -> None:
    """Write ``values`` into var/settings.env, keeping its other lines; all at once, readable by its owner only."""
    path = Path(settings.VAR_DIR) / "settings.env"
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = [
        line
        for line in (path.read_text(encoding="utf-8").splitlines() if path.exists() else [])
        if line.split("=", 1)[0].strip() not in values
    ]
    lines = [*kept, *(f'{name}="{value}"' for name, value in values.items())]
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix="settings.env.")  # made with mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink()
        raise
