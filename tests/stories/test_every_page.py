"""Every page of ours, looked at in a real browser: for everyone's eyes, at every width, without a complaint.

One walk in each language. Pages that exist only in some state (with errors, on its way, suspended)
are brought into it, by what a person would do or by tests/stories/scene.py.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import translation
from playwright.sync_api import BrowserContext

from accounts.views.pace import too_many_requests
from tests.factories import PASSWORD
from tests.live import BASE_DIR, Server
from tests.needs import thorough
from timebank.demo.logins import PASSWORD as DEMO_PASSWORD
from timebank.middleware import busy_page, server_error

from .eyes import SIGHTS, Eyes

pytestmark = pytest.mark.browser

_number = itertools.count(1)

FOR_THE_MARKET = (
    "/explore/",
    "/explore/?kind=request&q=none&category=learning&time=30",
    "/listings/new/?kind=offer",
    "/listings/mine/",
    "/exchanges/",
)
FOR_PAYING = (
    "/pay/",
    "/pay/scan/",
    "/requests/",
    "/requests/?state=paid&q=none",
    "/requests/new/",
    "/requests/new/?who=one",
    "/requests/several/",
    "/requests/poster/",
)
FOR_STRANGERS = (
    "/",
    "/how-it-works/",
    "/terms/",
    "/privacy/",
    "/books/",
    "/account/signup/",
    "/account/login/",
    "/account/inactive/",
    "/account/password/reset/",
    "/account/password/reset/done/",
    "/account/password/reset/key/x-y/",
    "/account/password/reset/key/done/",
    "/account/confirm-email/",
    "/account/confirm-email/x/",
)
FOR_MEMBERS = (
    "/home/",
    "/wallet/",
    "/wallet/?show=in",
    "/wallet/?show=out",
    "/wallet/?choose=days",
    "/wallet/hours/",
    "/wallet/set-aside/",
    "/wallet/set-aside/?show=out",
    "/wallet/balance/",
    "/wallet/balance/?period=month",
    "/send/",
    "/send/several/",
    "/donate/",
    "/notifications/",
    "/settings/",
    "/settings/profile/",
    "/settings/blocks/",
    "/settings/tokens/",
    "/settings/webhooks/",
    "/agree/",
    "/account/email/",
    "/account/password/change/",
    "/account/2fa/",
    "/account/2fa/totp/activate/",
    "/account/sessions/",
    "/account/logout/",
    "/how-it-works/",
)
# Who has no hours to show, or none to give: what she sees, and how it is answered.
FOR_OTHERS = {
    "new": {"/home/": 200, "/wallet/": 200, "/send/": 403},
    "waiting": {"/home/": 200, "/send/": 403, "/account/password/set/": 200},
    "suspended": {"/home/": 200, "/wallet/": 200, "/send/": 403, "/pay/": 403, "/requests/": 200},
    "two-steps": {
        "/account/2fa/": 200,
        "/account/2fa/recovery-codes/": 200,
        "/account/2fa/recovery-codes/generate/": 200,
        "/account/2fa/totp/deactivate/": 200,
    },
    "forgetful": {"/account/2fa/totp/activate/": 200},  # asked who she is first
    "forgetful-two-steps": {"/account/2fa/reauthenticate/": 200},
}
STAFF_LISTS = (
    "accounts/member",
    "accounts/staffmove",
    "ledger/account",
    "ledger/hold",
    "ledger/transfer",
    "ledger/entry",
    "ledger/lot",
    "ledger/mint",
    "ledger/limitchange",
    "ledger/record",
    "ledger/paymentrequest",
    "jobs/job",
    "notifications/letter",
    "notifications/event",
    "marketplace/category",
    "marketplace/listing",
    "marketplace/exchange",
    "marketplace/dispute",
)
FOR_STAFF = (
    "/admin/",
    "/admin/books/",
    "/admin/ledger/",
    "/admin/accounts/",
    "/admin/password_change/done/",
    "/admin/ledger/account/limits-for-all/",
    "/admin/marketplace/category/add/",
    "/admin/accounts/member/?q=nobody",
    "/admin/accounts/member/?state__exact=suspended",
)
# Of a thing that exists, so that its address is found while walking.
FOUND_ON_THE_WAY = {
    "test_members_pages": {"profile", "transfer", "way_of_hours"},
    "test_offers_requests_and_exchanges": {"listing", "listing_edit", "propose", "exchange"},
    "test_codes": {"my_request", "payment_request", "requests_of_set"},
    "test_sending_to_several": {"send_several_sent"},
    "test_what_programs_can_do_is_drawn_without_a_complaint": {"api_docs"},
    "test_staff_pages": {
        "admin:accounts_member_history",
        "admin:accounts_member_approve_her",
        "admin:accounts_member_suspend_her",
        "admin:accounts_member_reinstate_her",
        "admin:ledger_account_give_hours",
        "admin:ledger_account_write_off_debt",
        "admin:ledger_account_change_its_limits",
        "admin:ledger_account_follow_common_limits",
        "admin:ledger_limitchange_call_off",
        "admin:ledger_transfer_undo",
        "admin:marketplace_listing_hide_it",
    },
}


@pytest.fixture(scope="module")
def town() -> Iterator[Server]:
    """A server with the demo's neighbourhood in it."""
    with Server(demo=True) as server:
        yield server


@pytest.fixture(scope="module", params=["pt-br", thorough("en")])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def scene(town: Server, language: str) -> Any:
    command = [sys.executable, "-m", "tests.stories.scene", language]
    made = subprocess.run(command, cwd=BASE_DIR, env=town.env, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout)


@pytest.fixture
def eyes(town: Server, language: str, new_context: Callable[..., BrowserContext], scene: Any) -> Callable[..., Eyes]:
    """``eyes("suspended")``: those of somebody with her session; of a stranger, if nobody is named."""

    def open_eyes(who: str = "") -> Eyes:
        context = new_context(locale={"pt-br": "pt-BR"}.get(language, language))
        if who:
            context.add_cookies([{"name": "sessionid", "value": scene["sessions"][who], "url": town.url}])
        return Eyes(context, town.url, SIGHTS[language])

    return open_eyes


def signs_in(eyes: Eyes, email: str, password: str) -> None:
    eyes.page.goto(eyes.url + "/account/login/")
    eyes.page.fill("[name=login]", email)
    eyes.page.fill("[name=password]", password)
    eyes.page.click("main button[type=submit]")
    eyes.page.wait_for_url(lambda url: "/account/login/" not in url)


def test_strangers_pages(eyes: Callable[..., Eyes], scene: Any) -> None:
    stranger = eyes()
    stranger.see(*FOR_STRANGERS, scene["confirm"], scene["reset"])
    for path in ("/account/signup/", "/account/login/", "/account/password/reset/"):
        stranger.send_empty(path)
    stranger.send_empty("/account/login/", login="nobody@vila.example", password="not hers at all")
    stranger.send_empty(scene["reset"])
    signs_in(stranger, scene["two_steps"], PASSWORD)
    assert stranger.page.url.endswith("/account/2fa/authenticate/")
    stranger.look()
    stranger.send_empty("/account/2fa/authenticate/", "main form:has([name=code])", code="123")
    assert stranger.found_nothing()


def test_members_pages(eyes: Callable[..., Eyes], scene: Any) -> None:
    ana = eyes()
    signs_in(ana, "ana@vila.example", DEMO_PASSWORD)
    ana.see(*FOR_MEMBERS, *(scene[name] for name in ("arrived", "on_its_way", "way", "person", "herself")))
    ana.see(f"{scene['way']}?skip=1")
    for path in ("/settings/profile/", "/account/password/change/", "/account/2fa/totp/activate/", "/agree/"):
        ana.send_empty(path, **({"display_name": ""} if path == "/settings/profile/" else {}))
    ana.send_empty("/account/email/", "main form:has([name=email])", email="no address")
    assert ana.found_nothing()


def test_offers_requests_and_exchanges(eyes: Callable[..., Eyes]) -> None:
    ana = eyes()
    signs_in(ana, "ana@vila.example", DEMO_PASSWORD)
    ana.see(*FOR_THE_MARKET, *listings(ana), *exchanges_of_hers(ana))
    ana.send_empty("/listings/new/?kind=request", "main form:has([name=title])", title="")
    assert ana.found_nothing()


def listings(ana: Eyes) -> list[str]:
    """An offer of hers, published and as it is changed, and one of a neighbour's, and how it is asked for."""
    page = ana.page
    page.goto(ana.url + "/listings/new/?kind=offer")
    page.fill("[name=title]", f"Conserto de torneira {next(_number)}")
    page.select_option("[name=category]", "plumbing")
    page.click("main button[value=publish]")
    page.wait_for_url(lambda url: "/new/" not in url)
    hers = page.url.removeprefix(ana.url)
    page.goto(ana.url + "/explore/")
    other = str(page.locator(".listing:not(:has(.tag.info)) h3 a").first.get_attribute("href"))
    return [hers, f"{hers}edit/", other, f"{other}ask/"]


def exchanges_of_hers(ana: Eyes) -> list[str]:
    """One exchange of each standing that she has, and the pages behind what she can do there."""
    ana.page.goto(ana.url + "/exchanges/")
    rows = ana.page.locator("#exchanges .rows > li:has(a[href^='/exchanges/'])").all()
    by_tag = {row.locator(".tag").first.inner_text(): row.locator("h3 a").get_attribute("href") for row in rows}
    assert len(by_tag) > 2
    return [str(path) for path in by_tag.values()]


def test_what_programs_can_do_is_drawn_without_a_complaint(eyes: Callable[..., Eyes]) -> None:
    stranger = eyes()
    stranger.page.goto(stranger.url + "/api/docs/")
    for one in ("account_retrieve", "transfers_create"):
        stranger.page.locator(f"#api [id$={one}] .opblock-summary-control").click()
        stranger.page.wait_for_selector(f"#api [id$={one}] .opblock-body")
    assert stranger.page.locator("#api .opblock").count() > 10
    stranger.look()
    assert stranger.found_nothing()


def test_codes(eyes: Callable[..., Eyes]) -> None:
    ana = eyes()
    signs_in(ana, "ana@vila.example", DEMO_PASSWORD)
    page = ana.page
    page.goto(ana.url + "/pay/")
    asked_of_her = str(page.locator(".next-step a[href^='/p/']").first.get_attribute("href"))
    page.goto(ana.url + "/requests/new/")
    page.click("main form.card button[type=submit].primary")  # any amount
    page.wait_for_url("**/requests/*/")
    page.goto(ana.url + "/requests/")
    rows = page.locator("#requests .rows > li").all()
    by_tag = {row.locator(".tag").inner_text(): str(row.locator("h3 a").get_attribute("href")) for row in rows}
    assert len(by_tag) == 4
    paid = by_tag[{"pt-br": "Paga"}.get(str(page.evaluate("document.documentElement.lang")), "Paid")]
    ana.see(*FOR_PAYING, *by_tag.values(), asked_of_her, f"{paid}give-back/")
    ana.send_empty("/pay/", "main form:has([name=code])", code="no code")
    ana.send_empty("/requests/new/", "main form:has([name=amount])", amount="2")
    ana.send_empty("/requests/new/?who=one", "main form:has([name=amount])")
    ana.send_empty(f"{paid}give-back/", "main form:has([name=amount])", amount="100 h")
    ana.send_empty("/requests/several/", "main form:has([name=amount])", amount="1 h")
    page.goto(ana.url + "/requests/several/")
    page.fill("[name=q]", "da")
    page.wait_for_selector("#found small")  # what is found, with since when they are here
    for n in range(2):
        page.locator("#found input").nth(n).check()
    page.fill("[name=amount]", "31 min")
    page.click("main form button[type=submit].primary")
    page.wait_for_url("**/requests/several/*/")
    ana.look()
    assert ana.found_nothing()


def test_sending_step_by_step(eyes: Callable[..., Eyes], scene: Any) -> None:
    ana = eyes()
    signs_in(ana, "ana@vila.example", DEMO_PASSWORD)
    ana.send_empty("/send/", "main form:has([name=amount])", amount="1e3")
    for _ in range(2):  # the same once more: she is asked whether she means it
        page = ana.page
        page.goto(ana.url + f"/send/?q={scene['neighbour'].split()[0]}")
        page.locator("#people").get_by_label(scene["neighbour"]).check()
        page.fill("[name=amount]", "7 min")
        page.click("main form button[type=submit].primary")
        page.wait_for_url("**/send/review/*/")
        ana.look()
        page.click("main form button[type=submit].primary")
        page.wait_for_url(lambda url: "/transfers/" in url or "/send/review/" in url)
        ana.look()
    assert "/send/review/" in ana.page.url
    assert ana.found_nothing()


def test_sending_to_several(eyes: Callable[..., Eyes]) -> None:
    ana = eyes()
    signs_in(ana, "ana@vila.example", DEMO_PASSWORD)
    ana.send_empty("/send/several/", "main form:has([name=amount])", amount="1e3")
    page = ana.page
    page.goto(ana.url + "/send/several/?q=da")
    for n in range(3):
        page.locator("#found input").nth(n).check()
    ana.look()
    page.fill("[name=amount]", f"{30 + next(_number)} min")  # not just as much as in the other language
    page.click("main form button[type=submit].primary")
    page.wait_for_url("**/send/several/review/*/")
    ana.look()
    page.click("main form button[type=submit].primary")
    page.wait_for_url("**/send/several/sent/*/")
    ana.look()
    page.wait_for_selector("#sent .paid, #sent .tag.ok")
    ana.look()
    assert ana.found_nothing()


def test_pages_of_those_who_wait_are_suspended_or_sign_in_with_two_steps(eyes: Callable[..., Eyes]) -> None:
    for who, paths in FOR_OTHERS.items():
        hers = eyes(who)
        for path, status in paths.items():
            hers.see(path, status=status)
        assert hers.found_nothing()


def test_staff_pages(eyes: Callable[..., Eyes], scene: Any) -> None:
    her = eyes("superuser")
    her.see(*FOR_STAFF)
    her.page.goto(her.url + "/admin/books/")
    with her.page.expect_navigation():
        her.page.locator("main button[type=submit]").click()
    assert her.page.locator("[role=status]").is_visible()
    her.look()
    for name in STAFF_LISTS:
        her.see(f"/admin/{name}/")
        row = her.page.locator("#result_list tbody th a").first
        if row.count():
            her.see(str(row.get_attribute("href")))
    member = "/admin/accounts/member/{}/{}/"
    her.see(
        member.format(scene["pks"]["waiting"], "history"),
        member.format(scene["pks"]["waiting"], "approve"),
        member.format(scene["pks"]["neighbour"], "suspend"),
        member.format(scene["pks"]["suspended"], "reinstate"),
        member.format(scene["pks"]["neighbour"], "roles"),
    )
    of_an_account = f"/admin/ledger/account/{scene['pks']['account']}"
    her.see(*(f"{of_an_account}/{door}/" for door in ("give", "write-off", "limits", "common-limits")))
    doors = {"ledger/transfer": "undo", "ledger/limitchange": "call-off", "marketplace/listing": "hide"}
    for name, door in doors.items():
        her.page.goto(f"{her.url}/admin/{name}/")
        row = str(her.page.locator("#result_list tbody th a").first.get_attribute("href"))
        her.see(row.replace("/change/", f"/{door}/"))
    her.send_empty(member.format(scene["pks"]["neighbour"], "suspend"), "main form", reason="")
    assert her.found_nothing()


def test_pages_that_say_no(eyes: Callable[..., Eyes], language: str) -> None:
    stranger = eyes()
    stranger.see("/there/is/no/such/page/", status=404)
    stranger.page.goto(stranger.url + "/account/login/")
    stranger.page.context.clear_cookies()
    stranger.page.click("main button[type=submit]")  # without the cookie that shows it comes from our page
    stranger.look()
    # What nobody can bring about by clicking: each as its handler makes it.
    for name, handler in {"429": too_many_requests, "500": server_error, "503": busy_page}.items():
        status, page = made_by(handler, language)
        assert str(status) == name
        stranger.answers(f"/{name}/", status, page)
        stranger.see(f"/{name}/", status=status)
    ana = eyes()
    signs_in(ana, "ana@vila.example", DEMO_PASSWORD)
    ana.see("/wallet/?before=banana", status=400)
    ana.see("/wallet/?show=everything", status=422)
    ana.see("/admin/login/", status=403)
    ana.see("/transfers/hers/", status=404)
    assert stranger.found_nothing()
    assert ana.found_nothing()


def made_by(handler: Callable[[HttpRequest], HttpResponse], language: str) -> tuple[int, str]:
    request = RequestFactory().get("/wallet/")
    request.user = AnonymousUser()
    with translation.override(language):
        answer = handler(request)
    return answer.status_code, answer.content.decode()
