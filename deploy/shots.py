"""Take the README's pictures: the demo community on a server of its own, in a real browser.

    python -m deploy.shots

Writes docs/shots/*.png. Needs Chromium.
"""

from __future__ import annotations

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import OPTIONS
from tests.live import BASE_DIR, Server
from tests.needs import chromium

SHOTS = BASE_DIR / "docs/shots"
WIDE, PHONE = (1280, 800), (390, 844)


def _page(browser: Browser, size: tuple[int, int], theme: str = "light", locale: str = "en") -> Page:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        device_scale_factor=1,
        color_scheme=theme,  # type: ignore[arg-type]
        locale=locale,
        reduced_motion="reduce",
    )
    return context.new_page()


def _sign_in(page: Page, server: Server, email: str, password: str) -> None:
    page.goto(f"{server.url}/account/login/")
    page.fill("[name=login]", email)
    page.fill("[name=password]", password)
    page.click("main button[type=submit]")
    page.wait_for_url("**/home/")


def _login(said: str, who: str) -> list[str]:
    """Address and password of ``who``, as the demo printed them."""
    line = next(line for line in said.splitlines() if who in line)
    return line.split()[-2:]


def _take(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=SHOTS / f"{name}.png")
    print(f"docs/shots/{name}.png")


def main() -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    with Server(ready=False) as server, sync_playwright() as playwright:
        server.stop()
        said = server.manage("demo", timeout=600)
        server.start()
        browser = playwright.chromium.launch(executable_path=chromium(), args=OPTIONS)
        english, portuguese = _login(said, "a member (English)"), _login(said, "a member (Portuguese)")

        page = _page(browser, WIDE)
        page.goto(server.url)
        _take(page, "landing")
        _sign_in(page, server, *english)
        _take(page, "dashboard")
        page.goto(f"{server.url}/wallet/")
        _take(page, "wallet")

        page = _page(browser, PHONE, "dark")
        _sign_in(page, server, *english)
        _take(page, "phone-dark")
        page = _page(browser, PHONE, locale="pt-BR")
        _sign_in(page, server, *portuguese)
        _take(page, "phone-portuguese")
        page.goto(f"{server.url}/send/")
        _take(page, "phone-send")
        browser.close()


if __name__ == "__main__":
    main()
