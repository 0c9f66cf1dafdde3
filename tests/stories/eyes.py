"""Looking at a page with everybody's eyes: axe in both themes, the narrowest and a wide window, and no complaint."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Route

NARROWEST, WIDE = 320, 1280
Sight = tuple[int, str]  # how wide, and which theme
# Between the two walks each width is seen in each theme.
SIGHTS: dict[str, tuple[Sight, Sight]] = {
    "en": ((NARROWEST, "light"), (WIDE, "dark")),
    "pt-br": ((NARROWEST, "dark"), (WIDE, "light")),
}
RUN_AXE = "axe.run(document, {resultTypes: ['violations']}).then(found => found.violations)"
IS_TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


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
        for number, (width, theme) in enumerate(self.sights):
            self.page.set_viewport_size({"width": width, "height": 800})
            self.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            if "/admin/" in self.page.url:  # unfold asks for the theme once, when the page is made
                self.page.evaluate("theme => document.documentElement.className = theme", theme)
            self.page.evaluate("document.getAnimations().forEach(one => one.finish())")  # colours fade over
            if number == 0:
                self.page.evaluate(AXE_SCRIPT)
            self.wrong += [f"{theme} {barrier}" for barrier in _found_on(self.page)]


def barriers(page: Page) -> list[str]:
    """What axe finds on the page as it stands, and whether it reaches over its edge."""
    page.evaluate(AXE_SCRIPT)
    return _found_on(page)


def _found_on(page: Page) -> list[str]:
    width = (page.viewport_size or {}).get("width")
    violations: list[dict[str, Any]] = page.evaluate(RUN_AXE)
    found = []
    for violation in violations:
        targets = ", ".join(str(node["target"]) for node in violation["nodes"][:4])
        found.append(f"{page.url} {width}: {violation['id']} at {targets}")
    if page.evaluate(IS_TOO_WIDE):
        found.append(f"{page.url} is wider than {width}")
    return found
