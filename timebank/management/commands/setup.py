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
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.utils import translation
from django.utils.translation import gettext as _

from accounts import operations
from accounts.models import Member
from accounts.passwords import check_password
from accounts.roles import Role
from accounts.words import NameField
from timebank import demo

State = Member.State
LANGUAGES = dict(settings.LANGUAGES)
FORBIDDEN = set("\"'\\$#<>,;")  # they mean something in settings.env or in the sender of a mail


class Command(BaseCommand):
    help = "Asks for the community's language, name and first coordinator, and writes them down. Can be run again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--community", help="the community's name")
        parser.add_argument("--language", help=f"its language: {' or '.join(LANGUAGES)}")
        parser.add_argument("--time-zone", help="such as America/Sao_Paulo")
        parser.add_argument("--name", help="the first coordinator's name")
        parser.add_argument("--email", help="the first coordinator's e-mail address")
        parser.add_argument("--password", help="the first coordinator's password; better leave it out and be asked")
        parser.add_argument("--no-input", action="store_true", help="ask nothing; refuse what is missing")

    def handle(self, *args: Any, no_input: bool, **options: Any) -> None:
        self.asks, self.at_a_terminal = not no_input, bool(sys.stdin and sys.stdin.isatty())
        call_command("migrate", interactive=False, verbosity=0)
        if demo.is_loaded():
            raise CommandError(
                "The demo community lives in this database. Set VAR_DIR to a new folder for your own, "
                f"or delete {settings.VAR_DIR} if nobody needs the demo."
            )
        # Asked first, in both languages, for the rest is said in the one that is chosen.
        question = f"Language / Idioma ({' / '.join(LANGUAGES)})"
        language = self._answer(question, options["language"], _language, settings.LANGUAGE_CODE)
        with translation.override(language):
            self._set_up(language, options)

    def _set_up(self, language: str, options: dict[str, Any]) -> None:
        community = self._answer(_("Name of the community"), options["community"], _community)
        time_zone = self._answer(_("Time zone"), options["time_zone"], _time_zone, settings.TIME_ZONE)
        name = self._answer(_("Name of the first coordinator"), options["name"], _name)
        email = self._answer(_("E-mail of the first coordinator"), options["email"], _email)
        coordinator = Member.objects.filter(email=email).first()
        if coordinator is not None and coordinator.state in {State.SUSPENDED, State.LEFT, State.STEWARD}:
            raise CommandError(_("%(email)s belongs to somebody who is no active member.") % {"email": email})
        if coordinator is None:
            question = _("Password of the first coordinator")
            password = self._answer(question, options["password"], _password(name, email), secret=True)
        _write_settings({"COMMUNITY_NAME": community, "COMMUNITY_LANGUAGE": language, "TIME_ZONE": time_zone})
        # The rest of this process speaks of the new community too.
        settings.COMMUNITY_NAME, settings.LANGUAGE_CODE, settings.TIME_ZONE = community, language, time_zone
        steward = operations.community_fund().owner
        operations.change_profile(steward, display_name=community, about="")
        if coordinator is None:
            coordinator = operations.sign_up(display_name=name, email=email, password=password, language=language)
            operations.change_preferences(coordinator, language=language, time_zone=time_zone)
        _make_coordinator(coordinator)
        said = _(
            "%(community)s is set up. %(name)s coordinates it, may give roles to others, and signs in as %(email)s; "
            "before the first visit to the staff’s pages an authenticator app is needed."
        )
        self.stdout.write(said % {"community": community, "name": coordinator.display_name, "email": email})

    def _answer(
        self,
        question: str,
        given: str | None,
        checked: Callable[[str], str],
        default: str = "",
        *,
        secret: bool = False,
    ) -> str:
        """The checked answer: the option that was given, else what is typed, else a line of what is piped in.

        Typed nonsense is asked for again; nonsense from an option or a pipe ends it.
        """
        if given is None and self.asks and self.at_a_terminal:
            return self._typed_answer(question, checked, default, secret=secret)
        if given is None and self.asks and sys.stdin and (line := sys.stdin.readline()):
            given = line.rstrip("\r\n") or default
        given = default if given is None else given
        if not given:
            missing = _("Missing: %(what)s. Give it as an option (see manage.py setup --help).")
            raise CommandError(missing % {"what": question})
        try:
            return checked(given)
        except ValueError as error:
            raise CommandError(str(error)) from None

    def _typed_answer(self, question: str, checked: Callable[[str], str], default: str, *, secret: bool) -> str:
        prompt = f"{question} [{default}]: " if default else f"{question}: "
        while True:
            try:
                answer = checked((getpass.getpass(prompt) if secret else input(prompt)) or default)
            except ValueError as error:
                self.stderr.write(str(error))
                continue
            if not secret or getpass.getpass(_("The same password again") + ": ") == answer:
                return answer
            self.stderr.write(_("These are two different passwords. Please try once more."))


def _name(text: str) -> str:
    """A name as the sign-up form takes it: "Maria D’Avila", "Rosa (Zizi) Lima"."""
    name = " ".join(text.split())
    if not name:
        raise ValueError(_("A name is needed."))
    if len(name) > 80:
        raise ValueError(_("A name has at most 80 letters."))
    try:
        return str(NameField().clean(name))
    except ValidationError as error:
        raise ValueError(" ".join(error.messages)) from None


def _community(text: str) -> str:
    name = _name(text)
    if not name.isprintable() or set(name) & FORBIDDEN:
        raise ValueError(_("A community’s name has none of %(signs)s") % {"signs": " ".join(sorted(FORBIDDEN))})
    return name


def _language(text: str) -> str:
    code = text.strip().lower().replace("_", "-")
    if code not in LANGUAGES:
        raise ValueError(f"The language is {' or '.join(LANGUAGES)}, not {text!r}.")
    return code


def _time_zone(text: str) -> str:
    if text.strip() not in zoneinfo.available_timezones():
        raise ValueError(
            _("There is no time zone “%(text)s”. It looks like America/Sao_Paulo or Europe/Lisbon.") % {"text": text}
        )
    return text.strip()


def _email(text: str) -> str:
    address = text.strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        raise ValueError(
            _("“%(text)s” is no e-mail address. It looks like ana@example.org.") % {"text": text}
        ) from None
    return address


def _password(name: str, email: str) -> Callable[[str], str]:
    def checked(text: str) -> str:
        try:
            check_password(text, Member(display_name=name, email=email))
        except ValidationError as error:
            raise ValueError(" ".join(error.messages)) from None
        return text

    return checked


def _make_coordinator(member: Member) -> None:
    """Take the coordinator in, whatever JOINING says, and give her the role; done twice it changes nothing."""
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
