"""The documents keep up with the code."""

from __future__ import annotations

import re
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent


def test_every_variable_is_explained():
    settings = (BASE_DIR / "timebank/settings.py").read_text()
    operations = (BASE_DIR / "docs/operations.md").read_text()
    read = set(re.findall(r'(?:env(?:\.\w+)?|_kept_secret)\("([A-Z_]+)"', settings))
    assert sorted(name for name in read if f"`{name}`" not in operations) == []


def test_every_command_of_make_is_in_its_help():
    makefile = (BASE_DIR / "Makefile").read_text()
    commands = set(re.findall(r"^\.PHONY: (\S+)", makefile, re.MULTILINE))
    explained = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    assert commands == explained


def test_the_documents_link_to_what_is_there():
    pages = [BASE_DIR / "README.md", *BASE_DIR.glob("docs/*.md")]
    broken = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert broken == []
