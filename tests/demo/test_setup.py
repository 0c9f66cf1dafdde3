"""Setting up a community of one's own."""

from __future__ import annotations

import io
import os
import stat
import subprocess
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Member
from ledger.models import Record
from ledger.operations import fund
from tests.factories import make_member
from tests.live import Server, manage
from timebank import demo

pytestmark = pytest.mark.django_db

GOOD = {
    "community": "Banco de Horas do Porto",
    "language": "pt-br",
    "time_zone": "Europe/Lisbon",
    "name": "Rosa Lima",
    "email": "Rosa@example.org",
    "password": "three grey cats",
}


@pytest.fixture(autouse=True)
def own_var(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    # the command changes these for the rest of its process
    settings.COMMUNITY_NAME, settings.LANGUAGE_CODE, settings.TIME_ZONE = "X", "en", "UTC"


def setup(capsys, **answers: str) -> str:
    call_command("setup", no_input=True, **{**GOOD, **answers})
    return capsys.readouterr().out


def test_a_community_with_its_first_coordinator(capsys, settings, tmp_path):
    (tmp_path / "settings.env").write_text("JOINING=approved\nCOMMUNITY_NAME=Old\n")
    settings.JOINING = "approved"  # she has nobody to approve her

    said = setup(capsys)

    assert said.startswith("Banco de Horas do Porto ")
    assert "Rosa Lima" in said
    rosa = Member.objects.get(email="rosa@example.org")
    assert (rosa.state, rosa.language, rosa.time_zone) == (Member.State.ACTIVE, "pt-br", "Europe/Lisbon")
    assert (rosa.is_staff, rosa.is_superuser, rosa.roles) == (True, True, {"coordinators"})
    assert rosa.check_password("three grey cats")
    assert rosa.account.balance_minutes == settings.STARTING_GRANT_MINUTES
    assert fund().owner.display_name == "Banco de Horas do Porto"
    env = tmp_path / "settings.env"
    assert env.read_text().splitlines() == [
        "JOINING=approved",
        'COMMUNITY_NAME="Banco de Horas do Porto"',
        'COMMUNITY_LANGUAGE="pt-br"',
        'TIME_ZONE="Europe/Lisbon"',
    ]
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["settings.env"]


@pytest.mark.parametrize(
    "name", ["Maria D'Avila", "Maria D’Avila", 'Rosa "Zizi" Lima', "Rosa Lima, Jr.", "Zé & Cia; $ #1"]
)
def test_a_coordinator_is_called_what_she_is_called(capsys, tmp_path, name):
    setup(capsys, name=name)
    assert Member.objects.get(email="rosa@example.org").display_name == name
    assert name not in (tmp_path / "settings.env").read_text()


def test_run_again_it_renames_the_community_and_doubles_nobody(capsys, settings):
    setup(capsys)
    records = Record.objects.count()
    setup(capsys, community="Horas do Douro", password="another password")
    rosa = Member.objects.people().get()
    assert rosa.check_password("three grey cats")
    assert fund().owner.display_name == "Horas do Douro"
    assert Record.objects.count() == records


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"community": "  "}, "A name is needed."),
        ({"community": 'Horas "do" $HOME'}, "A community’s name has none of"),
        ({"community": "x" * 81}, "at most 80 letters"),
        ({"language": "fr"}, "The language is en or pt-br, not 'fr'."),
        ({"time_zone": "Lisbon"}, "There is no time zone “Lisbon”."),
        ({"email": "rosa"}, "“rosa” is no e-mail address."),
        ({"password": "short"}, "Choose at least 10 characters that are not a common password"),
        ({"password": "rosa@example.org"}, "This is too much like your name or address."),
        ({"name": "Rosa\x07Lima"}, "remove the invisible control characters"),
        ({"name": None}, "Missing: Name of the first coordinator."),
        ({"community": None}, "Missing: Name of the community."),
    ],
)
def test_bad_answers_are_refused_in_a_sentence_and_change_nothing(capsys, tmp_path, answers, sentence):
    with pytest.raises(CommandError, match=sentence.replace("$", r"\$")):
        setup(capsys, **{"language": "en", **answers})
    assert not Member.objects.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_suspended_person_is_not_made_coordinator(capsys, tmp_path):
    setup(capsys)
    Member.objects.people().update(state=Member.State.SUSPENDED)
    (tmp_path / "settings.env").unlink()
    with pytest.raises(CommandError, match="no active member"):
        setup(capsys, language="en")
    assert list(tmp_path.iterdir()) == []


def test_it_keeps_away_from_the_demo(capsys, tmp_path):
    make_member(email=demo.LOGINS[0].email)
    with pytest.raises(CommandError, match="The demo community lives in this database"):
        setup(capsys)
    assert list(tmp_path.iterdir()) == []


class Pipe(io.StringIO):
    """What a script sends in; a Terminal says that it is one."""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_answers_are_read_from_a_pipe_line_by_line(monkeypatch, settings):
    lines = ["en", "Porto Hours", "", "Rosa Lima", "rosa@example.org", "three grey cats", ""]
    monkeypatch.setattr("sys.stdin", Pipe("\n".join(lines)))

    call_command("setup")

    rosa = Member.objects.people().get()
    assert (rosa.display_name, rosa.time_zone, rosa.language) == ("Rosa Lima", "UTC", "en")
    assert rosa.check_password("three grey cats")
    assert settings.COMMUNITY_NAME == "Porto Hours"


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["en", ""], "Missing: Name of the community."),
        (["en"], "Missing: Name of the community."),
        (["en", "Porto", "Mars"], "no time zone “Mars”"),
    ],
)
def test_a_pipe_that_ends_or_errs_is_told_so(monkeypatch, tmp_path, lines, sentence):
    monkeypatch.setattr("sys.stdin", Pipe("\n".join(lines)))
    with pytest.raises(CommandError, match=sentence):
        call_command("setup")
    assert list(tmp_path.iterdir()) == []


def test_at_a_terminal_each_question_is_asked_until_answered_and_the_password_twice(monkeypatch, capsys):
    typed = iter(["klingon", "en", "", "Porto Hours", "", "Rosa Lima", "rosa@example.org"])
    secrets = iter(["short", "three grey cats", "three gray cats", "three grey cats", "three grey cats"])
    asked: list[str] = []
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("builtins.input", lambda prompt: asked.append(prompt) or next(typed))
    monkeypatch.setattr("getpass.getpass", lambda prompt: asked.append(prompt) or next(secrets))

    call_command("setup")

    assert asked[2] == asked[3] == "Name of the community: "
    assert asked.count("The same password again: ") == 2
    assert "two different passwords" in capsys.readouterr().err
    assert Member.objects.people().get().check_password("three grey cats")


def test_the_next_start_goes_by_what_setup_wrote(tmp_path):
    env = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "COMMUNITY_NAME"}}
    env |= {"VAR_DIR": str(tmp_path)}
    options = [f"--{name.replace('_', '-')}={value}" for name, value in GOOD.items()]
    done: subprocess.CompletedProcess[str] = manage("setup", "--no-input", *options, env=env)
    assert done.returncode == 0, done.stderr
    shown = manage("shell", "-v0", "-c", "from django.conf import settings; print(settings.COMMUNITY_NAME)", env=env)
    assert shown.stdout.strip() == GOOD["community"]
    assert Path(tmp_path, "timebank.sqlite3").exists()


def test_how_to_set_up_is_said_until_somebody_is_there():
    hint = "Nobody is here yet. To set up your community: "
    with Server() as server:
        assert hint in server.log_text()
        server.stop()
        begun = len(server.log_text())
        server.manage("setup", "--no-input", *(f"--{name.replace('_', '-')}={value}" for name, value in GOOD.items()))
        server.start()
        assert hint not in server.log_text()[begun:]
