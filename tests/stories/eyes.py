"""Looking at a page with everybody's eyes: axe in both themes, the narrowest and a wide window, and no complaint.

Full mode (make test FULL=1) runs axe over every page in two sights in each language, and over every row of it. Else
axe has one sight, in the language with the longer words, and of rows that are built alike it reads the first two; how
wide a page is, is always asked at both widths and with all its rows.
"""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Route

from tests.needs import IN_FULL

NARROWEST, WIDE = 320, 1280
Sight = tuple[int, str]  # how wide, and which theme
# Between the two walks each width is seen in each theme; when not in full, there is one walk.
SIGHTS: dict[str, tuple[Sight, ...]] = (
    {"en": ((NARROWEST, "light"), (WIDE, "dark")), "pt-br": ((NARROWEST, "dark"), (WIDE, "light"))}
    if IN_FULL
    else {"pt-br": ((NARROWEST, "dark"),)}
)
# Of the rules that are run, none needs what axe would load beforehand.
RUN_AXE = """within => axe.run(within ?? document, {resultTypes: ['violations'], preload: false})
    .then(found => found.violations)"""
IS_TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
# A word that goes on in the next line, without a hyphen of ours; addresses and codes are no words.
CUT_WORDS = r"""() => {
    const cut = new Set()
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (texts.nextNode()) {
        const text = texts.currentNode, within = text.parentElement
        if (!within.checkVisibility({visibilityProperty: true, opacityProperty: true}) || within.closest(".skip")) continue
        for (const {0: word, index} of text.data.matchAll(/(?<![\p{L}\p{M}\p{N}@/._:-])[\p{L}\p{M}]{2,20}(?![\p{L}\p{M}\p{N}@/_-]|[.:][\p{L}\p{N}])/gu)) {
            const range = document.createRange()
            range.setStart(text, index)
            range.setEnd(text, index + word.length)
            const lines = [...range.getClientRects()].filter(({width}) => width > 0).map(({top}) => Math.round(top))
            if (new Set(lines).size > 1) cut.add(word)
        }
    }
    return [...cut]
}"""
# Rows of the same elements with the same classes, roles and states, with words or without, are drawn by the same rules.
# Two of them stay, so that what must not be there twice can be.
TWO_OF_EACH_ROW = """() => {
    const states = one => [...one.attributes].filter(({name}) => name.startsWith("aria-") || name === "role")
    const built = one => `${one.tagName} ${one.className} ${states(one).map(({name, value}) =>
        name === "aria-label" || name.endsWith("by") || name === "aria-controls" ? name : name + value)} ${one.textContent.trim() !== ""}`
    const shape = one => `${built(one)}(${[...one.children].map(shape)})`
    for (const rows of document.querySelectorAll("table, tbody, .rows")) {
        const seen = {}
        for (const row of [...rows.children]) {
            const how = shape(row)
            seen[how] = (seen[how] ?? 0) + 1
            if (seen[how] > 2) row.remove()
        }
    }
}"""


class Eyes:
    """Looks at one page after the other, in the same sights, and remembers what is wrong."""

    def __init__(self, context: BrowserContext, url: str, sights: tuple[Sight, ...]) -> None:
        self.url, self.sights = url, sights
        self.page: Page = context.new_page()
        self.wrong: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.wrong.append(f"{self.page.url}: {error}"))

    def _hear(self, said: ConsoleMessage) -> None:
        refused = said.text.startswith("Failed to load resource") and said.location.get("url") == self.page.url
        if said.type in {"error", "warning"} and not refused:  # an error page says so itself
            self.wrong.append(f"{self.page.url}: {said.text}")

    def see(self, *paths: str, status: int = 200) -> None:
        """Go there, find a page with this status, and look at it."""
        for path in paths:
            answer = self.page.goto(self.url + path)
            assert answer is not None
            if answer.status != status:
                self.wrong.append(f"{path}: {answer.status}")
            self.look()

    def found_nothing(self) -> bool:
        assert not self.wrong, "\n".join(["", *self.wrong])
        return True

    def answers(self, path: str, status: int, page: str) -> None:
        """From here on, that address is this page, with everything it loads coming from the server."""

        def fulfil(route: Route) -> None:
            route.fulfill(status=status, body=page, content_type="text/html")

        self.page.route(self.url + path, fulfil)

    def send_empty(self, path: str, form: str = "main form", **fields: str) -> None:
        """Send a form of that page with only these ``fields``, past what the browser itself would ask for."""
        self.page.goto(self.url + path)
        for name, value in fields.items():
            self.page.fill(f"{form} [name={name}]", value)
        with self.page.expect_navigation():
            self.page.locator(form).last.evaluate("form => { form.noValidate = true; form.requestSubmit() }")
        if not self.page.locator("[aria-invalid=true], [role=alert], .errors, .note.bad").count():
            self.wrong.append(f"{path} sent empty says nothing")
        self.look()

    def look(self) -> None:
        seen = {width for width, _theme in self.sights}
        for width in {NARROWEST, WIDE} - seen:
            self.page.set_viewport_size({"width": width, "height": 800})
            self.wrong += _too_wide(self.page)
            self.wrong += _cut_words(self.page)
        for number, (width, theme) in enumerate(self.sights):
            self.page.set_viewport_size({"width": width, "height": 800})
            self.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            if "/admin/" in self.page.url:  # unfold asks for the theme once, when the page is made
                self.page.evaluate("theme => document.documentElement.className = theme", theme)
            self.page.evaluate(
                "document.getAnimations().forEach(one => one.effect.getComputedTiming().endTime === Infinity || one.finish())"
            )  # colours fade over
            found = _too_wide(self.page) + _cut_words(self.page)
            if number == 0:
                self.page.evaluate(AXE_SCRIPT)
            if not IN_FULL:
                self.page.evaluate(TWO_OF_EACH_ROW)
            self.wrong += [f"{theme} {barrier}" for barrier in found + _met_by_axe(self.page)]


def barriers(page: Page, *, within: str | None = None, two_of_each_row: bool = False) -> list[str]:
    """Whether the page as it stands reaches over its edge, and what axe finds on it."""
    page.wait_for_load_state()
    found = _too_wide(page)
    page.evaluate(AXE_SCRIPT)
    if two_of_each_row:
        page.evaluate(TWO_OF_EACH_ROW)
    return found + _met_by_axe(page, within)


def _met_by_axe(page: Page, within: str | None = None) -> list[str]:
    violations: list[dict[str, Any]] = page.evaluate(RUN_AXE, within)
    found = []
    for violation in violations:
        targets = ", ".join(str(node["target"]) for node in violation["nodes"][:4])
        found.append(f"{page.url} {_width(page)}: {violation['id']} at {targets}")
    return found


def _too_wide(page: Page) -> list[str]:
    return [f"{page.url} is wider than {_width(page)}"] if page.evaluate(IS_TOO_WIDE) else []


def _cut_words(page: Page) -> list[str]:
    """On the narrowest window; pages that are drawn by others, unfold and Swagger, are not asked."""
    if _width(page) != NARROWEST or any(others in page.url for others in ("/admin/", "/api/")):
        return []
    return [f"{page.url} cuts {', '.join(cut)}"] if (cut := page.evaluate(CUT_WORDS)) else []


def _width(page: Page) -> int | None:
    return (page.viewport_size or {}).get("width")
