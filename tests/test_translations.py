"""Everything the site says, it says in Portuguese too."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest

from accounts.admin import MemberAdmin
from accounts.models import Member
from marketplace.admin.exchanges import ExchangeAdmin
from marketplace.admin.listings import ListingAdmin
from marketplace.models import Exchange, Listing

from .live import BASE_DIR

CATALOGUE = BASE_DIR / "locale" / "pt_BR" / "LC_MESSAGES" / "django.po"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|<[^>]+>")


@pytest.fixture(scope="module")
def catalogue() -> polib.POFile:
    return polib.pofile(str(CATALOGUE))


def texts(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def filled_in(text: str) -> set[str]:
    return set(PLACEHOLDER.findall(text))


def test_nothing_is_left_untranslated_or_unsure(catalogue: polib.POFile) -> None:
    assert [entry.msgid for entry in catalogue if not entry.translated() or entry.obsolete] == []


def test_a_translation_fills_in_what_the_sentence_does(catalogue: polib.POFile) -> None:
    wrong = [
        entry.msgid
        for entry in catalogue
        for text in texts(entry)
        if filled_in(text) not in [filled_in(entry.msgid), filled_in(entry.msgid_plural or entry.msgid)]
    ]
    assert wrong == []


def test_the_compiled_catalogue_is_of_this_catalogue(catalogue: polib.POFile) -> None:
    compiled = polib.mofile(str(CATALOGUE.with_suffix(".mo")))
    said = {(entry.msgctxt, entry.msgid): texts(entry) for entry in compiled}
    assert said == {(entry.msgctxt, entry.msgid): texts(entry) for entry in catalogue}


@pytest.mark.needs("gettext")
def test_every_sentence_of_the_code_is_in_the_catalogue(catalogue: polib.POFile, tmp_path: Path) -> None:
    for name in ("accounts", "ledger", "marketplace", "notifications", "templates", "timebank", "locale", "static"):
        shutil.copytree(BASE_DIR / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(BASE_DIR / "manage.py", tmp_path)
    collect = [sys.executable, "manage.py", "makemessages", "-l", "pt_BR", "--no-obsolete", "--no-location", "-v0"]
    subprocess.run(collect, cwd=tmp_path, check=True, capture_output=True)  # run `make messages` where this differs
    collected = polib.pofile(str(tmp_path / CATALOGUE.relative_to(BASE_DIR)))

    assert {(e.msgctxt, e.msgid) for e in collected} == {(e.msgctxt, e.msgid) for e in catalogue}


def test_the_staff_reads_of_each_state_in_words() -> None:
    for shown, states in ((MemberAdmin, Member.State), (ListingAdmin, Listing.State), (ExchangeAdmin, Exchange.State)):
        assert set(states) <= set(
            shown.standing.label
        )  # a state that is missing there is shown by its name in the code
