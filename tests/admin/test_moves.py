"""Staff move hours on the staff's site: one asks, another approves, and both members read of it."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import formats, timezone

from accounts.models import Member, StaffMove
from accounts.operations import grant
from ledger.models import Account, LimitChange
from ledger.operations import apply_due_limits
from tests.factories import balance, make_coordinator, make_member, make_moderator
from tests.pages.moving import send
from tests.pages.reading import words
from timebank import clock

pytestmark = pytest.mark.django_db

# Session, member, her second step, what she may see, the rows, what is unread; for moves also her roles.
QUERIES = {"accounts/staffmove": 7, "ledger/lot": 6, "ledger/mint": 6, "ledger/limitchange": 6}


def key_on(page: Any) -> str:
    found = re.search(r'name="key" value="([^"]+)"', page.content.decode())
    assert found
    return found[1]


def ask(browser: Client, address: str, **typed: str) -> Any:
    """Open the form and send it."""
    return browser.post(address, {"key": key_on(browser.get(address)), "reason": "A new roof", **typed})


def of(member: Member, what: str = "change") -> str:
    return f"/admin/ledger/account/{member.account.pk}/{what}/"


def test_a_coordinator_gives_hours_from_the_page_of_an_account(signed_in):
    ana = make_member(minutes=60)
    browser = signed_in(make_coordinator())

    assert b"Give hours" in browser.get(of(ana)).content
    assert b"Write off a debt" not in browser.get(of(ana)).content
    sent = ask(browser, of(ana, "give"), amount_minutes="2 h")

    assert sent["Location"] == of(ana)
    assert balance(ana) == 180
    refused = ask(browser, of(ana, "write-off"), amount_minutes="1 h")
    assert refused.status_code == 422
    assert b"Only what is owed can be written off: 0 min." in refused.content
    assert b"A new roof" in refused.content


def test_a_coordinator_gives_hours_to_the_members_she_chose_in_the_list(signed_in):
    ana, bento = make_member(minutes=60, name="Ana Souza"), make_member(name="Bento Lima")
    browser, accounts = signed_in(make_coordinator()), "/admin/ledger/account/"
    fund = Account.objects.get(kind="fund")
    chosen = {"action": "give_to_selected", "_selected_action": [ana.account.pk, bento.account.pk, fund.pk]}

    form = browser.post(accounts, chosen)
    assert "Ana Souza · 1 h" in words(form)
    assert f'name="_selected_action" value="{fund.pk}"' not in form.content.decode()
    typed = chosen | {"key": key_on(form), "reason": "After the flood", "split": "evenly", "amount_minutes": "1 min"}
    refused = browser.post(accounts, typed)
    assert refused.status_code == 422
    assert "1 min is too little for 2 people" in words(refused)
    assert "After the flood" in words(refused)
    done = browser.post(accounts, typed | {"amount_minutes": "2 h"}, follow=True)
    assert "Done: 2 h moved." in words(done)
    browser.post(accounts, typed | {"amount_minutes": "2 h"})

    assert (balance(ana), balance(bento)) == (120, 60)
    much = browser.post(accounts, typed | {"amount_minutes": "30 h", "key": "another-form"}, follow=True)
    assert "2 of these wait until a second person approves them." in words(much)
    none = browser.post(accounts, chosen | {"_selected_action": [fund.pk]}, follow=True)
    assert "Choose the accounts of 1 to 100 members." in words(none)


def test_only_a_coordinator_gives_hours_from_the_list(signed_in):
    ana = make_member()
    browser = signed_in(make_moderator())
    chosen = {"action": "give_to_selected", "_selected_action": [ana.account.pk]}

    browser.post(
        "/admin/ledger/account/", chosen | {"reason": "x", "amount_minutes": "1 h", "split": "each", "key": "k"}
    )

    assert balance(ana) == 0


def test_much_waits_and_a_second_coordinator_approves_it(signed_in, client):
    lourdes, rosa, ana = make_coordinator(), make_coordinator(), make_member()
    browser = signed_in(lourdes)
    ask(browser, of(ana, "give"), amount_minutes="11 h")
    move = StaffMove.objects.get()
    page = f"/admin/accounts/staffmove/{move.pk}"

    shown = browser.get(f"{page}/change/")
    assert "Approve" not in words(shown)
    assert "waiting for a second person" in words(shown)
    assert "('waiting'" not in html.unescape(shown.content.decode())
    assert browser.post(f"{page}/approve/").status_code == 422
    assert balance(ana) == 0
    assert b"Moves that wait for a second person" in browser.get("/admin/").content
    other = signed_in(rosa)
    other.post(f"{page}/approve/")

    assert balance(ana) == 660


def test_a_payment_undone_is_linked_both_ways_for_both_members(signed_in, client):
    ana, bento = make_member(name="Ana Souza", minutes=120), make_member(name="Bento Lima")
    first = send(ana, bento, 60)
    browser = signed_in(make_coordinator())

    ask(browser, f"/admin/ledger/transfer/{first.transfer.pk}/undo/", minutes="20 min")
    move = StaffMove.objects.get()
    assert (balance(ana), move.state) == (60, "waiting")
    moderator = signed_in(make_moderator())
    moderator.post(f"/admin/accounts/staffmove/{move.pk}/approve/")

    assert (balance(ana), balance(bento)) == (80, 40)
    undoing = StaffMove.objects.get().made
    for member in (ana, bento):
        client.force_login(member)
        assert f"/transfers/{undoing.public_id}/" in client.get(f"/transfers/{first.public_id}/").content.decode()
        page = client.get(f"/transfers/{undoing.public_id}/")
        assert f"/transfers/{first.public_id}/" in page.content.decode()
        assert "Reason A new roof" in words(page)


def test_who_approves_an_undo_reads_whose_hours_are_short_and_that_it_may_pass_the_limit(signed_in):
    ana, bento, clara = make_member(minutes=120), make_member(name="Bento Lima"), make_member()
    undo = f"/admin/ledger/transfer/{send(ana, bento, 60).transfer.pk}/undo/"
    send(bento, clara, 60)
    browser = signed_in(make_coordinator())
    assert "Even below the limit" in words(browser.get(undo))
    ask(browser, undo)
    ask(browser, undo, may_pass_limit="on")
    approve, approve_below = (
        f"/admin/accounts/staffmove/{move.pk}/approve/" for move in StaffMove.objects.order_by("pk")
    )
    moderator = signed_in(make_moderator())

    refused = moderator.post(approve)
    assert refused.status_code == 422
    assert "Bento Lima has only 0 min to give back; this needs 1 h." in words(refused)
    warning = "This may take Bento Lima below the limit of what they may owe."
    assert warning not in words(moderator.get(approve))
    assert warning in words(moderator.get(approve_below))
    moderator.post(approve_below)
    assert (balance(ana), balance(bento)) == (120, -60)


def test_a_coordinator_changes_limits_and_the_account_keeps_why(signed_in):
    ana, lourdes = make_member(minutes=0), make_coordinator()
    browser = signed_in(lourdes)
    typed = {
        "credit_minutes": "2 h", "soft_minutes": "1 h", "max_balance_minutes": "10 h", "reason": "The assembly of May",
    }  # fmt: skip

    assert browser.post(of(ana, "limits"), typed)["Location"] == of(ana)

    assert Account.objects.get(owner=ana).credit_limit_minutes == 120
    change = LimitChange.objects.get()
    assert (
        f"{formats.date_format(timezone.localtime(change.takes_effect_at), 'j M Y, H:i')} · for this account"
        f" · credit limit 2 h · soft limit 1 h · largest balance 10 h · {lourdes}: The assembly of May"
    ) in words(browser.get(of(ana))).replace("\xa0", " ")
    wrong = browser.post(of(ana, "limits"), {**typed, "soft_minutes": "3 h"})
    assert wrong.status_code == 422
    assert b"The soft limit must be smaller" in wrong.content
    assert browser.post(of(lourdes, "limits"), typed).status_code == 422


@pytest.mark.parametrize(
    ("days", "told"),
    [(-1, "Choose today or a later day."), (0, "The limits are changed."), (1, "The limits will change.")],
)
def test_limits_change_today_or_on_a_later_day_but_never_on_a_past_one(signed_in, days, told):
    browser = signed_in(make_coordinator())
    address = "/admin/ledger/account/limits-for-all/"
    day = timezone.localtime(clock.now(), timezone.get_default_timezone()).date() + timedelta(days=days)
    typed = {"credit_minutes": "2 h", "reason": "The assembly of May", "from_day": day.isoformat()}

    page = browser.post(address, typed, follow=True)

    assert told in words(page)
    assert [bool(change.applied_at) for change in LimitChange.objects.all()] == [[], [True], [False]][days + 1]


IN_A_WHILE = (timezone.localdate() + timedelta(days=40)).isoformat()


def test_a_coordinator_sees_what_is_planned_and_calls_it_off(signed_in):
    ana, lourdes = make_member(name="Ana Souza"), make_coordinator(name="Lourdes Lima")
    browser = signed_in(lourdes)
    for_all = "/admin/ledger/account/limits-for-all/"
    browser.post(of(ana, "limits"), {"credit_minutes": "2 h", "reason": "A new roof", "from_day": IN_A_WHILE})
    browser.post(for_all, {"credit_minutes": "1 h", "reason": "The assembly of May", "from_day": IN_A_WHILE})
    of_ana, of_all = LimitChange.objects.order_by("pk")

    both = [f"/admin/ledger/limitchange/{change.pk}/call-off/" for change in (of_ana, of_all)]
    assert all(address in browser.get(of(ana, "limits")).content.decode() for address in both)
    page = browser.get(for_all).content.decode()
    assert [address in page for address in both] == [False, True]
    assert "A new roof" in words(browser.get(both[0]))
    assert browser.post(both[0], {"reason": ""}).status_code == 422
    assert both[0] in browser.get(f"/admin/ledger/limitchange/{of_ana.pk}/change/").content.decode()
    done = browser.post(both[0], {"reason": "The roof was mended"}, follow=True)

    assert "This is called off: the limits stay as they are." in words(done)
    assert both[0] not in done.content.decode()
    said = words(browser.get(of(ana))).replace("\xa0", " ")
    assert "largest balance – · called off · Lourdes Lima: A new roof" in said
    assert "Lourdes Lima: The roof was mended" in said
    assert "largest balance – · planned · Lourdes Lima: The assembly of May" in said
    with clock.ahead_by(timedelta(days=50)):
        apply_due_limits()
    assert Account.objects.get(owner=ana).credit_limit_minutes == 60
    late = browser.post(both[1], {"reason": "Too late"})
    assert (late.status_code, "This has taken effect already." in words(late)) == (422, True)
    for state, number in (("planned", 0), ("made", 1), ("called_off", 1)):
        listed = browser.get(f"/admin/ledger/limitchange/?state={state}").content.decode()
        assert listed.count("field-standing") == number


def test_nobody_calls_off_what_is_planned_for_herself(signed_in):
    lourdes = make_coordinator()
    signed_in(make_coordinator()).post(
        of(lourdes, "limits"), {"credit_minutes": "2 h", "reason": "x", "from_day": IN_A_WHILE}
    )
    change = LimitChange.objects.get()
    browser = signed_in(lourdes)

    address = f"/admin/ledger/limitchange/{change.pk}/call-off/"
    assert address not in browser.get(f"/admin/ledger/limitchange/{change.pk}/change/").content.decode()
    refused = browser.post(address, {"reason": "x"})

    assert (refused.status_code, "nobody in their own case" in words(refused)) == (422, True)
    assert LimitChange.objects.planned().get() == change


def test_a_coordinator_lets_an_account_follow_the_common_limits_again(signed_in):
    ana, lourdes = make_member(name="Ana Souza"), make_coordinator(name="Lourdes Lima")
    browser = signed_in(lourdes)
    browser.post("/admin/ledger/account/limits-for-all/", {"credit_minutes": "1 h", "reason": "The assembly of May"})
    assert of(ana, "common-limits") not in browser.get(of(ana)).content.decode()
    browser.post(of(ana, "limits"), {"credit_minutes": "5 h", "reason": "A new roof"})
    assert of(ana, "common-limits") in browser.get(of(ana)).content.decode()

    assert "credit limit 1 h · soft limit – · largest balance –" in words(
        browser.get(of(ana, "common-limits"))
    ).replace("\xa0", " ")
    done = browser.post(of(ana, "common-limits"), {"reason": "The roof is on"}, follow=True)

    assert "This account follows the common limits again." in words(done)
    said = words(done).replace("\xa0", " ")
    assert "back to the common limits · credit limit 1 h" in said
    assert "Lourdes Lima: The roof is on" in said
    account = Account.objects.get(owner=ana)
    assert (account.credit_limit_minutes, account.has_own_limits) == (60, False)
    again = browser.post(of(ana, "common-limits"), {"reason": "x"})
    assert (again.status_code, "follows the common limits already" in words(again)) == (422, True)


@pytest.mark.parametrize("rows", [1, 3, 50])
def test_the_lists_ask_the_same_for_any_number_of_rows(signed_in, rows):
    lourdes, ana = make_coordinator(), make_member()
    for number in range(rows):
        grant(ana.account, amount_minutes=5, reason="Seeds", by=lourdes, key=f"n-{number}")
        LimitChange.objects.create(
            account=ana.account, kind="member", credit_limit_minutes=0, reason="Seeds", by=lourdes,
            created_at=ana.joined_at, takes_effect_at=ana.joined_at, applied_at=ana.joined_at,
        )  # fmt: skip
    browser = signed_in(lourdes)
    counts = {}
    for name in QUERIES:
        browser.get(f"/admin/{name}/")
        with CaptureQueriesContext(connection) as asked:
            assert browser.get(f"/admin/{name}/").status_code == 200
        counts[name] = len(asked)
    assert counts == QUERIES
