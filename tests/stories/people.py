"""People at a real browser: what one of them does on the pages, in the words of a story."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect

from tests.live import Server, first_link

PASSWORD = "a rather long password 7"

_number = itertools.count(1)


class Person:
    """One person with her own browser; every console error she meets is remembered."""

    def __init__(self, server: Server, context: BrowserContext, name: str) -> None:
        self.server, self.context, self.name = server, context, name
        self.email = f"{next(_number)}.{server.port}@example.org"
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{self.page.url}: {message.text}")

    def go(self, path: str) -> Page:
        self.page.goto(self.server.url + path)
        return self.page

    def join(self) -> None:
        """Sign up and open the link in the mail: afterwards she is on her dashboard."""
        page = self.go("/account/signup/")
        page.fill("[name=display_name]", self.name)
        page.fill("[name=email]", self.email)
        page.fill("[name=password1]", PASSWORD)
        page.check("[name=agree]")
        page.click("main button[type=submit]")
        link = first_link(self.server.wait_for_mail(self.email, "/account/confirm-email/"))
        page.goto(link)
        if "/account/confirm-email/" in page.url:
            page.click("main button[type=submit]")
        page.wait_for_url(f"{self.server.url}/home/")

    def send(self, other: Person, amount: str, note: str = "") -> None:
        """Find ``other`` as she types, look it over, send."""
        self.fill_in(other, amount, note)
        self.confirm()

    def fill_in(self, other: Person, amount: str, note: str = "") -> None:
        page = self.go("/send/")
        page.locator("[name=q]").press_sequentially(other.name.split()[0], delay=20)
        page.locator("#people").get_by_label(other.name).check()
        page.fill("[name=amount]", amount)
        if note:
            page.fill("[name=note]", note)
        page.click("main form button[type=submit].primary")
        page.wait_for_url("**/send/review/*/")

    def confirm(self) -> None:
        self.page.click("main form button[type=submit].primary")
        self.page.wait_for_url("**/transfers/**")

    def sees_available(self, minutes: int) -> None:
        """Her dashboard, as it stands there, shows so much to spend."""
        expect(self.page.locator(f".panel data.huge[value='{minutes}']")).to_be_visible()


Meet = Callable[..., Person]
