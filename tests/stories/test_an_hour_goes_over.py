"""The story everything hangs on, in a real browser: joining, sending an hour, seeing it arrive."""

from __future__ import annotations

import pytest
from playwright.sync_api import WebSocketRoute, expect

from tests.needs import thorough

from .people import Meet

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [390, thorough(1280)])
def test_both_see_an_hour_go_over_without_reloading(meet: Meet, width: int) -> None:
    ana, bento = meet(f"Ana{width} Souza", width=width), meet(f"Bento{width} Lima", width=width, theme="dark")
    ana.join()
    bento.join()
    ana.sees_available(240)
    bento.sees_available(240)

    ana.send(bento, "1 h", note="Obrigada pela horta")

    expect(ana.page.locator("main .paid")).to_be_visible()
    bento.sees_available(300)
    expect(bento.page.locator("main")).to_contain_text("Obrigada pela horta")
    expect(bento.page.locator("[data-unread] .count")).to_have_text("2")  # the welcome, and this
    ana.go("/home/")
    ana.sees_available(180)
    mail = bento.server.wait_for_mail(bento.email, f"Ana{width}")
    assert "1 h" in str(mail["Subject"]) + mail.as_string()


def test_what_one_can_send_grows_while_one_writes_a_payment(meet: Meet) -> None:
    gilda, hugo = meet("Gilda Reis", width=390), meet("Hugo Braga")
    gilda.join()
    hugo.join()
    page = gilda.go("/send/")
    expect(page.locator("body")).to_have_attribute("data-live", "on")
    page.fill("[name=amount]", "4 h 15 min")
    said = page.locator("[data-stepper] [data-left]")
    expect(said).to_have_text("You can send up to 4\u00a0h.")

    hugo.send(gilda, "22 min")

    expect(page.locator("#up-to")).to_have_text("You can send up to 4 h 22 min.")
    expect(said).to_have_text("You will have 7\u00a0min left.")
    expect(page.locator("[name=amount]")).to_have_value("4 h 15 min")
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(page.locator("#available")).to_contain_text("4h22min")


def test_an_arrival_is_seen_after_the_socket_was_cut_and_came_back(meet: Meet) -> None:
    clara, davi = meet("Clara Dias"), meet("Davi Rocha")
    clara.join()
    sockets: list[WebSocketRoute] = []
    is_cut = False

    def through(socket: WebSocketRoute) -> None:
        if is_cut:
            socket.close(code=1011)
            return
        sockets.append(socket)
        socket.connect_to_server()

    davi.page.route_web_socket("**/ws/live/", through)
    davi.join()
    davi.sees_available(240)
    expect(davi.page.locator("[data-offline]")).to_be_hidden()

    is_cut = True
    for socket in sockets:
        socket.close(code=1011)
    expect(davi.page.locator("[data-offline]")).to_be_visible()
    clara.send(davi, "1 h")
    is_cut = False

    expect(davi.page.locator("[data-offline]")).to_be_hidden(timeout=40_000)
    davi.sees_available(300)


def test_too_much_is_refused_at_once_and_what_was_typed_stays(meet: Meet) -> None:
    elisa, fabio = meet("Elisa Nunes", width=390), meet("Fábio Melo")
    elisa.join()
    fabio.join()
    page = elisa.go("/send/")
    page.locator("[name=q]").press_sequentially("fabio", delay=20)
    page.locator("#people").get_by_label("Fábio Melo").check()
    page.fill("[name=amount]", "5h")
    page.fill("[name=note]", "for the fence")
    page.click("main form button[type=submit].primary")

    expect(page.locator(".errors")).to_contain_text("You can send up to 4 h; this needs 5 h.")
    expect(page.locator("[name=amount]")).to_have_value("5h")
    expect(page.locator("[name=note]")).to_have_value("for the fence")
    expect(page.locator("#people").get_by_label("Fábio Melo")).to_be_checked()

    page.fill("[name=amount]", "1 h")
    page.click("main form button[type=submit].primary")
    page.wait_for_url("**/send/review/*/")
    page.go_back()
    expect(page.locator("[name=amount]")).to_have_value("1 h")
    expect(page.locator(".errors")).to_have_count(0)


@pytest.mark.parametrize("width", [390, thorough(1280)])
def test_several_are_found_one_after_the_other_paid_at_once_and_seen_to_arrive(meet: Meet, width: int) -> None:
    lia = meet(f"Lia{width} Moura", width=width)
    marta, nilo, otto = (meet(f"{name}{width} Pires") for name in ("Marta", "Nilo", "Otto"))
    for person in (lia, marta, nilo, otto):
        person.join()
    page = lia.go("/send/several/")

    for person in (marta, nilo, otto):
        page.fill("[name=q]", person.name.split()[0].lower())
        page.keyboard.press("Enter")  # the only one found is the one meant
        expect(page.locator("#people").get_by_label(person.name)).to_be_checked()
    page.fill("[name=amount]", "1 h 40 min")
    page.click("main form button[type=submit].primary")

    page.wait_for_url("**/send/several/review/*/")
    for person, minutes in ((marta, 34), (nilo, 33), (otto, 33)):
        expect(page.locator("main .rows")).to_contain_text(f"{minutes}\u00a0min to {person.name}")
    page.click("main form button[type=submit].primary")
    expect(page.locator("#sent h1")).to_have_text("1\u00a0h\u00a040\u00a0min arrived!")
    expect(page.locator("#sent .rows .tag.ok")).to_have_count(3)
    otto.sees_available(240 + 33)
