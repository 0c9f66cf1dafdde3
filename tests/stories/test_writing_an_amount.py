"""The form for sending hours, helped along by its scripts: they say nothing the server would not say."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.live import Server
from tests.needs import thorough
from timebank.durations import NotMinutes, in_words, parse_minutes, said_in

from .people import Meet, Person

pytestmark = pytest.mark.browser

TEXTS = (
    "2", "14", "15", "90", "2.5", "2,5", "2.500", "000090", "1,5 h", "1.5h", "1 hora", "2 d", "1:30", "1h30", "1 h 30 min", "1h 90", "1:75",
    "uma hora", "uma hora e meia", "1 h and a half", "half an hour", "an hour", "meia hora", "1 dia e meia", "um dia e meio", "2 d and a half", "e meia",
    "0", "0,01 h", "0.5 min", "1.5 min", "1.000 min", "2.000 h", "0.125 d", "1 d 2 h 5 min", "30 min 1 h", "1,5 h 30 min",
    "1.51", "0,001", "-5", "abc", "1e3", "1 h 2 h", "h", "e 30", "1. h", "90 MIN.", "９０", "1\u2009h\u202f30\u00a0min", "999999999 min",
    "1000000000 min", "9" * 30 + " h", "1" + "0" * 400,
)  # fmt: skip


def minutes_in(text: str) -> int | None:
    try:
        return parse_minutes(text)
    except NotMinutes:
        return None


@pytest.fixture(scope="module")
def irene(server: Server, browser: Browser) -> list[Any]:
    """The cookies of a member who joined once for all these stories: one place can sign up so often an hour."""
    irene = Person(server, browser.new_context(), "Irene Prado")
    irene.join()
    cookies: list[Any] = irene.context.cookies()
    irene.context.close()
    return cookies


@pytest.fixture
def form(meet: Meet, irene: list[Any]) -> Page:
    person = meet("Irene Prado", width=390, height=844)
    person.context.add_cookies(irene)
    return person.go("/send/")


@pytest.mark.parametrize("units", ["hours", thorough("minutes"), thorough("days")])
def test_what_the_page_reads_is_what_the_server_reads(form: Page, units: str) -> None:
    form.evaluate(
        "units => Object.assign(document.querySelector('[data-stepper]').dataset, {units, available: 2_000_000_000})",
        units,
    )
    read = {}
    for text in TEXTS:
        form.fill("[name=amount]", text)
        left = (form.locator("[data-left]").text_content() or "").replace("\N{NO-BREAK SPACE}", " ")
        read[text] = left.removeprefix("You will have ").removesuffix(" left.")

    with said_in(units):
        expected = {text: minutes_in(text) for text in TEXTS}
        assert read == {text: in_words(2_000_000_000 - n) if n else "" for text, n in expected.items()}


def test_a_step_from_what_cannot_be_read_changes_nothing(form: Page) -> None:
    more = form.get_by_role("button", name="15 minutes more")
    for text, then in [("", "15 min"), ("1,5 h", "1 h 45 min"), ("uma hora", "1 h 15 min"), ("1 hoar", "1 hoar")]:
        form.fill("[name=amount]", text)
        more.click()
        expect(form.locator("[name=amount]")).to_have_value(then)
    expect(form.locator("[data-left]")).to_contain_text("Write the time in hours and minutes")

    form.fill("[name=amount]", "2")
    more.click()
    expect(form.locator("[name=amount]")).to_have_value("2")
    expect(form.locator("[data-left]")).to_have_text("2 h or 2 min?")
    expect(form.locator("[data-readings]").get_by_role("button", name="2 h")).to_be_focused()
    form.locator("[data-readings]").get_by_role("button", name="2 h").click()
    expect(form.locator("[name=amount]")).to_have_value("2 h")
    expect(form.locator("[data-readings]")).to_be_hidden()

    form.fill("[name=amount]", "1.5")
    more.click()
    expect(form.locator("[data-left]")).to_have_text("1.5 h?")  # a minute and a half is not to be had
    form.locator("[data-readings]").get_by_role("button", name="1.5 h").click()
    expect(form.locator("[name=amount]")).to_have_value("1.5 h")

    form.fill("[name=amount]", "3")
    form.get_by_role("button", name="30 min").click()  # a quick pick answers as well, at the first press
    expect(form.locator("[name=amount]")).to_have_value("30 min")


def test_steps_end_at_what_she_can_send_and_say_so(form: Page) -> None:
    form.evaluate("document.querySelector('[data-stepper]').dataset.available = 448")
    amount, said = form.locator("[name=amount]"), form.locator("[data-left]")
    more, less = (form.get_by_role("button", name=f"15 minutes {way}") for way in ("more", "less"))
    amount.fill("7 h 15 min")
    more.click()
    expect(amount).to_have_value("7 h 28 min")
    expect(said).to_have_text("You will have 0 min left.")
    expect(more).to_be_disabled()
    more.click(force=True)
    expect(amount).to_have_value("7 h 28 min")
    expect(said).to_have_text("You can send up to 7 h 28 min.")
    less.click()
    expect(amount).to_have_value("7 h 15 min")
    expect(more).to_be_enabled()
    amount.fill("8 h 20 min")
    expect(said).to_have_text("You can send up to 7 h 28 min.")


def test_the_way_on_is_in_sight_on_a_phone_also_after_a_refusal(form: Page) -> None:
    page = form
    look_over = page.get_by_role("button", name="Look it over")
    expect(look_over).to_be_in_viewport(ratio=1)
    look_over.click()
    expect(page.locator(".errors")).to_contain_text("Choose who gets the hours.")
    expect(look_over).to_be_in_viewport(ratio=1)
    page.locator("[name=note]").focus()
    covered = page.evaluate("innerHeight - document.querySelector('.acts').getBoundingClientRect().top")
    note = page.locator("[name=note]").bounding_box()
    assert note
    assert note["y"] + note["height"] <= 844 - covered + 1


def test_what_is_mended_is_no_longer_called_wrong(form: Page) -> None:
    form.fill("[name=amount]", "2")
    form.click("main form button.primary")
    expect(form.locator(".errors")).to_contain_text("2 h or 2 min?")
    expect(form.locator("[name=amount]")).to_have_value("2")

    form.locator("[data-readings]").get_by_role("button", name="2 h").click()

    expect(form.locator("#id_amount-e")).to_have_count(0)
    expect(form.locator("[name=amount]")).not_to_have_attribute("aria-invalid", "true")
    expect(form.locator("[data-left]")).to_have_text("You will have 2 h left.")
    expect(form.locator(".errors")).to_be_visible()  # nobody is chosen yet


def test_enter_finds_the_neighbour_and_back_leads_to_what_can_be_seen(meet: Meet) -> None:
    jonas, karla = meet("Jonas Teles", width=390), meet("Karla Pinto")
    jonas.join()
    karla.join()
    page = jonas.go("/send/")
    page.fill("[name=q]", "karla p")
    page.press("[name=q]", "Enter")
    expect(page.locator("#people").get_by_label("Karla Pinto")).to_be_checked()
    expect(page).to_have_url(re.compile(r"/send/$"))

    page.fill("[name=amount]", "half an hour")
    page.click("main form button.primary")
    page.wait_for_url("**/send/review/*/")
    page.get_by_role("link", name="Change it").click()
    expect(page.locator("[name=amount]")).to_have_value("half an hour")
    expect(page.locator("#people").get_by_label("Karla Pinto")).to_be_checked()
    page.click("main form button.primary")
    page.wait_for_url("**/send/review/*/")
    page.click("main form button.primary")
    page.wait_for_url("**/transfers/**")
    receipt = page.url

    page.go_back()
    expect(page).to_have_url(receipt)


def test_one_chosen_by_hand_hides_the_others_until_asked(meet: Meet) -> None:
    lia = meet("Lia Zanetti", width=390)
    lia.join()
    for name in ("Zulmira Um", "Zulmira Dois"):
        meet(name).join()
    page = lia.go("/send/")
    page.fill("[name=q]", "zulmira")
    first, other = (page.locator("#people").get_by_label(name) for name in ("Zulmira Um", "Zulmira Dois"))
    expect(other).to_be_visible()
    first.check()
    expect(other).to_be_hidden()
    page.get_by_role("button", name="Choose somebody else").click()
    expect(first).to_be_focused()
    page.keyboard.press("ArrowUp")  # passes by; nothing is hidden under her hands
    expect(first).to_be_visible()
    expect(other).to_be_checked()
    page.focus("[name=amount]")
    expect(first).to_be_hidden()


def test_without_scripts_enter_finds_and_an_answer_is_one_press(meet: Meet) -> None:
    nora, olga = meet("Nora Faria", width=390), meet("Olga Abreu")
    nora.join()
    olga.join()
    plain = nora.page.context.browser.new_context(java_script_enabled=False)  # type: ignore[union-attr]
    plain.add_cookies(nora.page.context.cookies())  # type: ignore[arg-type]
    page = plain.new_page()
    page.goto(nora.server.url + "/send/")
    page.fill("[name=q]", "olga")
    page.press("[name=q]", "Enter")
    page.get_by_label("Olga Abreu").check()
    page.fill("[name=amount]", "2")
    page.click("main form button.primary")
    page.click("[data-readings] button >> nth=0")
    expect(page.locator("main")).to_contain_text("You send 2 h to Olga Abreu.")
    plain.close()
