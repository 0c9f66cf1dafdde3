"""A page that is in none of the walks of test_every_page.py is named here, so that a new one is looked at too."""

from __future__ import annotations

from itertools import chain

from django.urls import resolve

from tests.access_table import ROLES, ROWS, Row

from . import test_every_page as walks

SIGHTSEERS = [ROLES.index(role) for role in ("anonymous", "member", "coordinator")]

NO_PAGES = {
    # files and what programs read
    "statement_file", "receipt_file", "evidence", "pix_qr_code", "pix_status", "api_schema", "healthz", "robots",
    # parts of pages
    "send_people", "send_several_people", "unread_badge", "events_since", "admin:search", "admin:jsi18n",
}  # fmt: skip
# Looked at by other stories, or drawn by the very template of a page that is.
SEEN_ELSEWHERE = {
    "account_reauthenticate": "/account/2fa/totp/activate/ leads there, see FOR_OTHERS",
    "exchange_counter": "tests/stories/test_an_exchange.py",
    "admin:case": "tests/admin/test_case_in_browser.py",
    "admin:accounts_staffmove_change": "as admin:ledger_hold_change",
    "admin:accounts_staffmove_approve_it": "as admin:ledger_account_give_hours",
    "admin:accounts_staffmove_decline_it": "as admin:ledger_account_give_hours",
    "admin:marketplace_listing_show_it": "as admin:marketplace_listing_hide_it",
}


def is_a_page(row: Row) -> bool:
    """Whether a stranger, a member or a coordinator can read it as a page of ours."""
    shown = row.method == "GET" and any(row.cells[column] == "200" for column in SIGHTSEERS)
    return shown and row.name not in NO_PAGES and not row.name.startswith(("api:", "api_auth:"))


def walked() -> set[str]:
    """The names of all that the walks go to, and of the rows they open in the staff's lists."""
    paths = (
        *walks.FOR_THE_MARKET,
        *walks.FOR_PAYING,
        *walks.FOR_STRANGERS,
        *walks.FOR_MEMBERS,
        *walks.FOR_STAFF,
        *chain.from_iterable(walks.FOR_OTHERS.values()),
        *(f"/admin/{name}/" for name in walks.STAFF_LISTS),
    )
    lists = {name.replace("/", "_") for name in walks.STAFF_LISTS}
    rows = {f"admin:{name}_{what}" for name in lists for what in ("change", "history")}  # a history is one template
    return {resolve(path.split("?")[0]).view_name for path in paths} | rows


def test_every_page_is_in_one_of_the_walks():
    seen = walked() | set(chain.from_iterable(walks.FOUND_ON_THE_WAY.values())) | set(SEEN_ELSEWHERE)
    assert sorted({row.name for row in ROWS if is_a_page(row)} - seen) == []


def test_no_exception_is_made_for_what_is_gone():
    named = {row.name for row in ROWS}
    assert sorted((NO_PAGES | set(SEEN_ELSEWHERE)) - named) == []


def test_each_walk_that_finds_pages_on_its_way_exists():
    assert [name for name in walks.FOUND_ON_THE_WAY if not hasattr(walks, name)] == []
