"""The site's own words, so that one story can be told in every language of it."""

from __future__ import annotations

import functools
from collections.abc import Callable

import polib
from django.utils import translation
from django.utils.formats import number_format
from playwright.sync_api import Page

from tests.live import BASE_DIR
from tests.needs import thorough

Says = Callable[..., str]

# Each width and each language is seen; in full mode, each language at each width.
SEEN = [(390, "pt-BR"), thorough(1280, "en"), thorough(390, "en"), thorough(1280, "pt-BR")]


def words_in(language: str) -> Says:
    """What the site says there: ``says("Accept %(amount)s", amount="1 h")`` is "Aceitar 1 h" in Portuguese."""

    def says(text: str, **filled_in: object) -> str:
        with translation.override(language):
            said = translation.gettext(text)
            for name, value in filled_in.items():
                if isinstance(value, int):
                    filled_in[name] = number_format(value, force_grouping=True)
        assert language == "en" or said != text, f"{text!r} is not said in {language}"
        return said % filled_in if filled_in else said

    return says


def left_in_english(page: Page, within: str = "body") -> list[str]:
    """Whole lines of a Portuguese page for which the catalogue has Portuguese words."""
    if page.evaluate("document.documentElement.lang").lower() != "pt-br":
        return []
    lines = {line.strip() for line in page.locator(within).inner_text().splitlines()}
    return [f"{page.url} says {line!r}" for line in lines & _said_otherwise()]


@functools.cache
def _said_otherwise() -> set[str]:
    catalogue = polib.mofile(str(BASE_DIR / "locale" / "pt_BR" / "LC_MESSAGES" / "django.mo"))
    return {entry.msgid for entry in catalogue} - {entry.msgstr for entry in catalogue}
