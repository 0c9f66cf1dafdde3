"""A code shown on one screen and paid from another: both turn to "paid" by themselves, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, WebSocketRoute, expect

from tests.browser import OPTIONS
from tests.live import Server
from tests.needs import thorough

from .people import Meet, Person

pytestmark = pytest.mark.browser

ARRIVED = "main .paid"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """More people than usually may sign up within an hour."""
    with Server(RATE_LIMITS="0") as running:
        yield running


def make_code(person: Person, amount: str = "1 h", note: str = "Trouser hems", life: str = "30") -> str:
    """She makes a code and shows it; its address."""
    page = person.go("/requests/new/")
    page.fill("[name=amount]", amount)
    page.fill("[name=note]", note)
    page.select_option("[name=life]", life)
    page.click("main form.card button[type=submit].primary")
    page.wait_for_url("**/requests/*/")
    expect(page.locator("[role=timer]")).to_contain_text(":")
    return page.locator("#code").inner_text()


def pay(person: Person, address: str) -> None:
    """She opens the address of a code, as her phone's camera would, looks it over and pays."""
    page = person.page
    page.goto(address)
    page.click("main form button[type=submit].primary")
    page.wait_for_url("**/transfers/**")


def read_from_screen(page: Page, path: Path) -> str:
    """What an independent decoder reads from a picture of the whole window."""
    page.locator(".qr svg").scroll_into_view_if_needed()
    page.screenshot(path=path)
    (found,) = zxingcpp.read_barcodes(Image.open(path))
    assert found.format == zxingcpp.BarcodeFormat.QRCode
    return str(found.text)


@pytest.mark.parametrize("width", [390, thorough(1280)])
def test_one_shows_it_the_other_pays_and_both_see_it_paid(meet: Meet, width: int, tmp_path: Path) -> None:
    ana, bento = meet(f"Ana{width} Souza", width=width, theme="dark"), meet(f"Bento{width} Lima", width=width)
    ana.join()
    bento.join()
    address = make_code(ana)
    assert read_from_screen(ana.page, tmp_path / "screen.png") == address
    expect(ana.page.locator("main")).to_contain_text("Waiting for the payment…")
    here = ana.page.url

    bento.page.goto(address)
    expect(bento.page.locator("main")).to_contain_text(f"You pay 1 h to Ana{width} Souza.")
    expect(bento.page.locator("main")).to_contain_text("Balance afterwards: 3 h")
    pay(bento, address)

    expect(bento.page.locator(ARRIVED)).to_be_visible()
    expect(ana.page.locator(ARRIVED)).to_be_visible()
    expect(ana.page.locator("h1")).to_contain_text("You received 1 h!")
    expect(ana.page.locator("h1")).to_be_focused()
    assert ana.page.url == here
    assert "You received 1 h!" in ana.page.title().replace("\N{NO-BREAK SPACE}", " ") or "Paid" in ana.page.title()

    ana.page.get_by_role("link", name="Give it back").click()
    said = ana.page.locator("[data-left]")
    expect(said).to_have_text("Of this payment you keep 0 min.")
    picks = [ana.page.locator(f"[data-set='{minutes}']") for minutes in (30, 60, 120)]
    for pick, fits in zip(picks, (True, True, False), strict=True):
        expect(pick).to_be_visible(visible=fits)
    ana.page.fill("[name=amount]", "1 h 20 min")
    expect(said).to_have_text("Up to 1 h can still go back.")
    ana.page.fill("[name=amount]", "15 min")
    expect(said).to_have_text("Of this payment you keep 45 min.")
    ana.page.click("main form.card button[type=submit].primary")
    ana.page.wait_for_url("**/transfers/**")
    bento.go("/home/")
    bento.sees_available(195)


def blocked(socket: WebSocketRoute) -> None:
    socket.close(code=1011)


@pytest.mark.parametrize("is_live", [True, thorough(False)], ids=["live", "blocked"])
def test_its_time_goes_by_on_both_screens_and_one_tap_makes_a_new_one(meet: Meet, is_live: bool) -> None:
    clara, davi = meet("Clara Dias", width=390), meet("Davi Rocha")
    for person in (clara, davi):
        if not is_live:
            person.page.route_web_socket("**/ws/live/", blocked)
        person.join()
    address = make_code(clara, life="1")
    davi.page.goto(address)
    expect(davi.page.locator("main")).to_contain_text("You pay 1 h to Clara Dias.")

    for person in (clara, davi):
        expect(person.page.locator("h1")).to_have_text("This code is not good any more", timeout=75_000)
    clara.page.get_by_role("button", name="Make a new code").click()
    clara.page.wait_for_url(lambda url: url.rstrip("/").rpartition("/")[2] not in address)
    expect(clara.page.locator("main")).to_contain_text("Waiting for the payment…")
    pay(davi, clara.page.locator("#code").inner_text())
    expect(clara.page.locator(ARRIVED)).to_be_visible()


def test_who_is_asked_directly_sees_it_at_once_on_her_own_page_and_pays(meet: Meet) -> None:
    quita, rui = meet("Quitéria Reis", width=390), meet("Rui Prado", width=390)
    quita.join()
    rui.join()
    page = quita.go("/requests/new/?who=one")
    page.locator("[name=q]").press_sequentially("rui", delay=20)
    page.locator("#people").get_by_label("Rui Prado").check()
    page.fill("[name=amount]", "45 min")
    page.click("main form.card button[type=submit].primary")
    page.wait_for_url("**/requests/*/")
    expect(page.locator("main")).to_contain_text("Only Rui Prado can pay it, and was told.")

    rui.page.get_by_role("link", name="Quitéria Reis asks for 45 min").click()
    rui.page.click("main form button[type=submit].primary")

    expect(rui.page.locator(ARRIVED)).to_be_visible()
    expect(page.locator(ARRIVED)).to_be_visible()
    assert rui.server.wait_for_mail(rui.email, "Quitéria")


def test_where_sockets_are_blocked_both_see_it_all_the_same(meet: Meet) -> None:
    elisa, fabio, gilda = (meet(name, width=390) for name in ("Elisa Nunes", "Fabio Melo", "Gilda Reis"))
    for person in (elisa, fabio, gilda):
        person.page.route_web_socket("**/ws/live/", blocked)
        person.join()
    address = make_code(elisa)
    gilda.page.goto(address)
    expect(gilda.page.locator("main")).to_contain_text("You pay 1 h to Elisa Nunes.")

    pay(fabio, address)

    expect(elisa.page.locator(ARRIVED)).to_be_visible()
    expect(gilda.page.locator("h1")).to_have_text("This code was paid already")


def test_without_a_connection_the_page_says_that_the_code_is_still_good(meet: Meet) -> None:
    hana = meet("Hana Luz", width=390)
    hana.join()
    make_code(hana)
    page = hana.page
    still_good = page.get_by_text("Without a connection, too, the code is good")
    expect(still_good).to_be_hidden()

    hana.context.set_offline(True)
    expect(still_good).to_be_visible()
    expect(page.locator(".qr svg")).to_be_visible()
    hana.context.set_offline(False)
    expect(still_good).to_be_hidden()
    hana.complaints.clear()  # the browser's own lines about the network that was gone


def test_taken_back_it_turns_on_the_other_screen_too(meet: Meet) -> None:
    hugo, iris = meet("Hugo Braga", width=390), meet("Iris Prado", width=390)
    hugo.join()
    iris.join()
    address = make_code(hugo)
    iris.page.goto(address)
    expect(iris.page.locator("main")).to_contain_text("You pay 1 h to Hugo Braga.")
    iris.page.wait_for_function("document.body.dataset.live === 'on'")

    hugo.page.get_by_role("button", name="Take this code back").click()

    expect(hugo.page.locator("h1")).to_have_text("You took this code back")
    expect(iris.page.locator("h1")).to_have_text("This code was taken back")


def test_the_code_is_copied(meet: Meet) -> None:
    joana = meet("Joana Dias", width=390)
    joana.context.grant_permissions(["clipboard-read", "clipboard-write"])
    joana.join()
    address = make_code(joana)

    joana.page.get_by_role("button", name="Copy the code").click()

    expect(joana.page.get_by_role("button", name="Copied")).to_be_visible()
    assert joana.page.evaluate("navigator.clipboard.readText()") == address


def test_without_a_script_nothing_is_offered_that_needs_one(meet: Meet) -> None:
    lia = meet("Lia Braga", width=390)
    lia.join()
    address = make_code(lia)
    here, server = lia.page.url, lia.server.url
    plain = lia.page.context.browser.new_context(java_script_enabled=False)  # type: ignore[union-attr]
    plain.add_cookies(lia.context.cookies())  # type: ignore[arg-type]
    page = plain.new_page()

    page.goto(here)
    expect(page.locator("#code")).to_have_text(address)
    expect(page.get_by_role("button", name="Copy the code")).to_be_hidden()
    page.goto(f"{server}/requests/poster/")
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    plain.close()


def test_the_printed_poster_reads_and_leads_to_sending(meet: Meet, tmp_path: Path) -> None:
    karin, lauro = meet("Karin Alves", width=390), meet("Lauro Pinto", width=390)
    karin.join()
    lauro.join()
    page = karin.go("/requests/poster/")
    page.emulate_media(media="print")
    page.pdf(path=tmp_path / "poster.pdf", format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", (tmp_path / "poster.pdf").read_bytes())) == 1
    expect(page.get_by_role("navigation").first).to_be_hidden()
    expect(page.locator(".poster")).to_contain_text("Scan to give me hours at Vila Esperança")
    address = read_from_screen(page, tmp_path / "print.png")
    paper = pypdfium2.PdfDocument(tmp_path / "poster.pdf")[0].render(scale=100 / 72).to_pil()
    (found,) = zxingcpp.read_barcodes(paper)
    assert found.text == address

    lauro.page.goto(address)
    lauro.page.wait_for_url("**/send/?to=*")
    expect(lauro.page.locator("#people").get_by_label("Karin Alves")).to_be_checked()


# --- The camera ---------------------------------------------------------------------------------------


def film(code: str, path: Path) -> None:
    """What a camera sees that looks at a code: a few frames of raw video, black and white, a little askew."""
    import segno

    picture = Image.new("L", (640, 480), 170)
    segno.make_qr(code, error="m").save(path.with_suffix(".png"), scale=7, border=4)
    drawn = Image.open(path.with_suffix(".png")).convert("L")
    drawn = drawn.rotate(4, expand=True, fillcolor=255, resample=Image.Resampling.BICUBIC)
    picture.paste(drawn, ((640 - drawn.width) // 2, (480 - drawn.height) // 2))
    luma, chroma = picture.tobytes(), bytes([128]) * (320 * 240 * 2)
    path.write_bytes(b"YUV4MPEG2 W640 H480 F15:1 Ip A1:1 C420jpeg\n" + (b"FRAME\n" + luma + chroma) * 4)


@pytest.fixture
def looking_at(browser: Browser, chromium_path: str) -> Iterator[Callable[..., BrowserContext]]:
    """A browser whose camera looks at a code; or one whose camera she does not allow, unless she ``may``."""
    opened: list[Browser] = []

    def look(code: str, path: Path, *, may: bool = True) -> BrowserContext:
        film(code, path)
        camera = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={path}"]
        asked = ["--use-fake-ui-for-media-stream"] if may else ["--use-fake-ui-for-media-stream=deny"]
        started = browser.browser_type.launch(executable_path=chromium_path, args=[*OPTIONS, *camera, *asked])
        opened.append(started)
        permissions = ["camera"] if may else []
        context = started.new_context(viewport={"width": 390, "height": 844}, locale="en", permissions=permissions)
        context.set_default_timeout(15_000)
        return context

    yield look
    for started in opened:
        started.close()


def with_camera(person: Person, context: BrowserContext) -> Page:
    """Her own session in that other browser."""
    context.add_cookies(person.context.cookies())  # type: ignore[arg-type]
    page = context.new_page()
    page.on("console", person._hear)
    page.on("pageerror", lambda error: person.complaints.append(str(error)))
    page.goto(person.server.url + "/pay/scan/")
    return page


# A browser's own detector, as its standard says: told the formats, asked about the picture that plays.
DETECTOR = """
    window.BarcodeDetector = class {
        static async getSupportedFormats() { return ["qr_code"] }
        constructor({ formats }) { this.formats = formats }
        async detect(video) {
            const { default: decode } = await import(document.querySelector("[data-scan]").dataset.decoder)
            const pen = Object.assign(document.createElement("canvas"), { width: video.videoWidth, height: video.videoHeight })
                .getContext("2d")
            pen.drawImage(video, 0, 0)
            sessionStorage.detected = this.formats
            return [{ rawValue: decode(pen.getImageData(0, 0, video.videoWidth, video.videoHeight)) }]
        }
    }
"""


@pytest.mark.parametrize(
    "has_detector", [False, thorough(True)], ids=["with our decoder", "with the browser's detector"]
)
def test_the_camera_finds_the_code_and_it_is_paid(
    meet: Meet, looking_at: Callable[..., BrowserContext], tmp_path: Path, has_detector: bool
) -> None:
    number = int(has_detector)
    marina, nilo = meet(f"Marina{number} Luz", width=390), meet(f"Nilo{number} Faria", width=390)
    marina.join()
    nilo.join()
    address = make_code(marina)
    context = looking_at(address, tmp_path / "camera.y4m")
    if has_detector:  # Chromium has none on Linux: what it would find is read from the picture by ours
        context.add_init_script(DETECTOR)
    page = with_camera(nilo, context)
    expect(page.locator("[data-scan] [role=status]")).to_contain_text("The camera is used to find the code")

    page.get_by_role("button", name="Use the camera").click()

    page.wait_for_url(address)
    expect(page.locator("main")).to_contain_text(f"You pay 1 h to Marina{number} Luz.")
    assert page.evaluate("sessionStorage.detected ?? null") == ("qr_code" if has_detector else None)
    page.click("main form button[type=submit].primary")
    expect(page.locator(ARRIVED)).to_be_visible()
    expect(marina.page.locator(ARRIVED)).to_be_visible()


def test_a_camera_that_is_not_allowed_is_said_and_the_code_can_be_typed(
    meet: Meet, looking_at: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    olga, paulo = meet("Olga Reis", width=390), meet("Paulo Sá", width=390)
    olga.join()
    paulo.join()
    make_code(olga)
    spoken = olga.page.locator(".spoken b").inner_text()
    page = with_camera(paulo, looking_at("x", tmp_path / "camera.y4m", may=False))

    page.get_by_role("button", name="Use the camera").click()
    expect(page.locator("[data-scan] [role=status]")).to_contain_text("The camera is not allowed for this page.")
    page.fill("[name=code]", spoken.lower())
    page.get_by_role("button", name="Go on").click()

    expect(page.locator("main")).to_contain_text("You pay 1 h to Olga Reis.")


@pytest.mark.parametrize("address", ["https://example.org/menu", "https://example.org/p/CxYz12345ab/"])
def test_a_code_of_something_else_is_said(
    meet: Meet, looking_at: Callable[..., BrowserContext], tmp_path: Path, address: str
) -> None:
    rita = meet("Rita Lopes", width=390)
    rita.join()
    page = with_camera(rita, looking_at(address, tmp_path / "camera.y4m"))

    page.get_by_role("button", name="Use the camera").click()

    expect(page.locator("[data-scan] [role=status]")).to_contain_text("That is a code, but none of this community.")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Use the camera")).to_be_visible()


def test_where_what_reads_the_code_does_not_load_the_camera_stops_and_pasting_is_offered(
    meet: Meet, looking_at: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    saulo = meet("Saulo Reis", width=390)
    saulo.join()
    context = looking_at("x", tmp_path / "camera.y4m")
    context.route("**/vendor/qr/**", lambda route: route.abort())
    page = with_camera(saulo, context)

    page.get_by_role("button", name="Use the camera").click()

    expect(page.locator("[data-scan] [role=status]")).to_contain_text("Paste the code below, or load this page again.")
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    expect(page.get_by_role("button", name="Use the camera")).to_be_visible()
    assert page.evaluate("document.querySelector('[data-scan] video').srcObject") is None
    (heard,) = saulo.complaints  # the browser's own line about the file, and no error of ours
    assert "net::ERR_FAILED" in heard
    saulo.complaints.clear()


# What a browser without such a camera says to what we ask for.
UNFIT = "navigator.mediaDevices.getUserMedia = async () => { throw new OverconstrainedError('facingMode') }"


def test_a_camera_that_does_not_fit_is_not_called_taken(
    meet: Meet, looking_at: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    tania = meet("Tânia Luz", width=390)
    tania.join()
    context = looking_at("x", tmp_path / "camera.y4m")
    context.add_init_script(UNFIT)
    page = with_camera(tania, context)

    page.get_by_role("button", name="Use the camera").click()

    expect(page.locator("[data-scan] [role=status]")).to_contain_text("There is no camera here that fits.")
