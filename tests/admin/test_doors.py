"""Who comes into the staff's site, and how."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import reverse

from accounts.models import Member
from accounts.roles import Role
from ledger.models import Leaf, Note
from tests.factories import make_coordinator, make_member, make_moderator, make_superuser
from tests.pages.moving import keep, send, start
from timebank.durations import NO_BREAK

pytestmark = pytest.mark.django_db

INDEX = "/admin/"


def test_a_stranger_is_sent_to_the_communitys_own_sign_in(client):
    answer = client.get(INDEX, follow=False)
    assert answer.status_code == 302
    answer = client.get(answer["Location"])
    assert answer["Location"].startswith(reverse("account_login"))


def test_a_member_without_a_role_is_refused(signed_in):
    browser = signed_in(make_member())
    assert browser.get(reverse("admin:login")).status_code == 403
    assert browser.get(INDEX)["Location"].startswith(reverse("admin:login"))
    assert browser.get(reverse("admin:accounts_member_changelist")).status_code == 302


def test_staff_without_a_second_step_are_sent_to_set_one_up(client):
    coordinator = make_coordinator()
    client.force_login(coordinator)
    assert client.get(INDEX)["Location"].startswith(reverse("mfa_activate_totp"))


def test_the_demos_staff_come_in_without_one(client):
    client.force_login(make_coordinator(email="lourdes@vila.example"))
    assert client.get(INDEX).status_code == 200


def test_a_suspended_coordinator_stays_outside(signed_in):
    browser = signed_in(make_coordinator(state=Member.State.SUSPENDED))
    assert browser.get(INDEX).status_code == 302
    assert browser.get(reverse("admin:login")).status_code == 403


def test_staff_who_are_in_are_taken_to_the_overview(signed_in):
    browser = signed_in(make_coordinator())
    assert browser.get(reverse("admin:login"))["Location"] == INDEX
    assert browser.get(reverse("admin:password_change"))["Location"] == reverse("account_change_password")


# The admin's lists, and who may open them: coordinator, moderator, administrator.
LISTS = {
    "accounts_member": (True, True, True),
    "accounts_staffmove": (True, True, True),
    "ledger_account": (True, False, True),
    "ledger_hold": (True, False, True),
    "ledger_transfer": (True, False, True),
    "ledger_entry": (True, False, True),
    "ledger_lot": (True, False, True),
    "ledger_mint": (True, False, True),
    "ledger_limitchange": (True, False, True),
    "ledger_paymentrequest": (True, False, True),
    "ledger_record": (True, False, True),
    "jobs_job": (True, False, True),
    "notifications_letter": (True, False, True),
    "notifications_event": (False, False, True),
    "marketplace_category": (True, False, True),
    "marketplace_listing": (True, True, True),
    "marketplace_exchange": (True, True, True),
    "marketplace_dispute": (True, True, True),
}


@pytest.mark.parametrize(
    ("make", "column"),
    [(make_coordinator, 0), (make_moderator, 1), (make_superuser, 2)],
    ids=["coordinator", "moderator", "administrator"],
)
def test_each_role_opens_its_lists_and_no_others(signed_in, make, column):
    browser = signed_in(make())
    opened = {name: browser.get(reverse(f"admin:{name}_changelist")).status_code == 200 for name in LISTS}
    assert opened == {name: may[column] for name, may in LISTS.items()}
    assert (browser.get(reverse("admin:books")).status_code == 200) == LISTS["ledger_account"][column]


def test_nothing_else_is_in_the_admin():
    registered = {f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry}
    assert registered == set(LISTS)
    for model in (EmailAddress, Authenticator, UserSession, Group, Note, Leaf):
        assert not admin.site.is_registered(model)


def test_of_all_that_roles_may_change_there_are_only_a_coordinators_categories_and_jobs_to_run_again():
    changed = {}
    for role in Role:
        names = set(Group.objects.get(name=role).permissions.values_list("codename", flat=True))
        assert names
        changed[role] = {name for name in names if not name.startswith("view_")}
    assert changed == {
        Role.COORDINATOR: {"add_category", "change_category", "delete_category", "run_again_job"},
        Role.MODERATOR: set(),
    }


def figures(browser) -> dict[str, str]:
    page = browser.get(INDEX).content.decode()
    found = re.findall(r"<div><dt>(.*?)</dt><dd>(.*?)</dd></div>", page)
    return {re.sub("<[^>]+>", "", name): value.replace(NO_BREAK, " ") for name, value in found}


def test_the_overview_counts_what_each_role_may_see(signed_in):
    ana, bento = make_member(minutes=240), make_member()
    make_member(state=Member.State.APPLIED)
    send(ana, bento, 90)
    start(ana, bento, 15)
    keep(ana, bento, 30)
    keep(ana, bento, 15)

    market = {"Open cases": "0", "Offers and requests": "0", "Exchanges under way": "0"}
    everyone = {"Waiting for approval": "1", "Moved this month": "1 h 30 min", **market}
    running = {"Payments on their way": "1", "Payments set aside": "2", "Jobs given up": "0"}
    assert figures(signed_in(make_coordinator())) == {"Members": "3", **everyone, **running}
    assert figures(signed_in(make_moderator())) == {"Members": "4", **everyone}


def test_who_waits_although_joining_is_open_is_explained(signed_in, settings):
    browser = signed_in(make_coordinator())
    make_member(state=Member.State.APPLIED)
    assert "still wait for a yes" in browser.get(INDEX).content.decode()
    settings.JOINING = "approved"
    assert "still wait for a yes" not in browser.get(INDEX).content.decode()
