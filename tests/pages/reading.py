"""Reading a page as a person does: words without tags, and what its lines say."""

from __future__ import annotations

import html
import re
from typing import Any


def words(response: Any) -> str:
    """The words of the page's main part (or of a fragment), with single spaces."""
    text = response.content.decode()
    main = re.search(r"<main.*</main>", text, re.DOTALL)
    apart = re.sub(r"</?(?:p|div|dt|dd|li|h\d|section|a|header)\b[^>]*>", " ", main[0] if main else text)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", apart)).split())


def amounts(response: Any) -> list[int]:
    """The amounts of the lines on the page, in their order, in minutes."""
    lines = re.findall(r"<li\b[^>]*>.*?</li>", response.content.decode(), re.DOTALL)
    found = [re.search(r'<data class="amount[^"]*" value="(-?\d+)"', line) for line in lines]
    return [int(amount[1]) for amount in found if amount]


def links(response: Any, text: str) -> list[str]:
    """Where the links lead whose words are ``text``."""
    found = re.findall(r'<a [^>]*?href="([^"]*)"[^>]*>(.*?)</a>', response.content.decode(), re.DOTALL)
    return [html.unescape(where) for where, inside in found if " ".join(re.sub(r"<[^>]*>", "", inside).split()) == text]
