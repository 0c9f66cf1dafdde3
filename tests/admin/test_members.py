"""Coordinators' and moderators' acts on members, through the admin's door."""

from __future__ import annotations

import pytest
from allauth.account.internal.flows.reauthentication import reauthenticate_by_password
from django.contrib.admin.models import LogEntry
from django.test import RequestFactory
from django.urls import reverse

from accounts.models import Member
from ledger.models import Record
from tests.factories import make_coordinator, make_member, make_moderator, make_superuser
from timebank.durations import shown

pytestmark = pytest.mark.django_db

LIST = "/admin/accounts/member/"


def page_of(member: Member, act: str = "change") -> str:
    return f"{LIST}{member.pk}/{act}/"


def said(answer) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def choose(browser, action: str, *members: Member, **more: str):
    return browser.post(LIST, {"action": action, "_selected_action": [m.pk for m in members], **more}, follow=True)


def state_of(member: Member) -> str:
    return Member.objects.get(pk=member.pk).state


def test_a_coordinator_approves_those_who_wait(signed_in):
    nadia, peter = (make_member(state=Member.State.APPLIED, name=name) for name in ("Nádia", "Peter"))
    coordinator = make_coordinator()
    browser = signed_in(coordinator)
    assert "Nádia" in browser.get("/admin/").content.decode()

    answer = choose(browser, "approve", nadia, peter)

    assert said(answer) == ["Nádia is a member now.", "Peter is a member now."]
    assert {state_of(nadia), state_of(peter)} == {Member.State.ACTIVE}
    assert nadia.account.balance_minutes == 240
    assert LogEntry.objects.filter(user=coordinator).count() == 2


def test_a_look_at_the_approval_page_approves_nobody(signed_in):
    nadia = make_member(state=Member.State.APPLIED)
    browser = signed_in(make_coordinator())
    assert browser.get(page_of(nadia, "approve")).status_code == 200
    assert state_of(nadia) == Member.State.APPLIED
    browser.post(page_of(nadia, "approve"))
    assert state_of(nadia) == Member.State.ACTIVE


def test_whoever_does_not_wait_cannot_be_approved(signed_in):
    member = make_member(name="Ana Souza")
    answer = choose(signed_in(make_coordinator()), "approve", member)
    assert said(answer) == ["Ana Souza: Ana Souza is not waiting for approval."]


def test_a_moderator_approves_nobody(signed_in):
    nadia = make_member(state=Member.State.APPLIED)
    browser = signed_in(make_moderator())
    choose(browser, "approve", nadia)
    assert browser.post(page_of(nadia, "approve")).status_code == 403
    assert state_of(nadia) == Member.State.APPLIED


@pytest.mark.parametrize("make", [make_coordinator, make_moderator])
def test_suspending_asks_for_a_reason_first(signed_in, make):
    member = make_member(name="Caio")
    browser = signed_in(make())

    asked = choose(browser, "suspend", member)
    assert "Reason" in asked.content.decode()
    assert "novalidate" in asked.content.decode()  # the page says so itself, in its own language
    assert "This field is required." in choose(browser, "suspend", member, reason="").content.decode()
    assert state_of(member) == Member.State.ACTIVE

    answer = choose(browser, "suspend", member, reason="You asked for a pause.")
    assert said(answer) == ["Caio is suspended."]
    member.refresh_from_db()
    assert (member.state, member.suspended_because) == (Member.State.SUSPENDED, "You asked for a pause.")


def test_from_her_own_page_a_member_is_suspended_and_taken_back(signed_in):
    member = make_member()
    browser = signed_in(make_coordinator())
    page = browser.get(page_of(member)).content.decode()
    assert page_of(member, "suspend") in page
    assert page_of(member, "approve") not in page

    assert browser.post(page_of(member, "suspend"), {"reason": "Three complaints."})["Location"] == page_of(member)
    assert state_of(member) == Member.State.SUSPENDED
    browser.post(page_of(member, "reinstate"))
    assert state_of(member) == Member.State.ACTIVE


def test_nobody_acts_in_her_own_case(signed_in):
    coordinator = make_coordinator()
    browser = signed_in(coordinator)
    answer = choose(browser, "suspend", coordinator, reason="Tired")
    assert "nobody in their own case" in said(answer)[0]
    assert state_of(coordinator) == Member.State.ACTIVE


def test_a_coordinator_gives_roles_to_nobody_and_not_to_herself(signed_in):
    coordinator, friend = make_coordinator(), make_member()
    browser = signed_in(coordinator)
    for member in (coordinator, friend):
        assert browser.post(page_of(member, "roles"), {"roles": ["moderators", "coordinators"]}).status_code == 403
    assert not friend.groups.exists()
    assert [group.name for group in coordinator.groups.all()] == ["coordinators"]


def signs_in_again(browser, member: Member) -> None:
    """As after typing her password again."""
    request = RequestFactory().get("/")
    request.session, request.user = browser.session, member
    reauthenticate_by_password(request)
    request.session.save()


def test_an_administrator_gives_and_takes_roles_but_not_her_own(signed_in):
    root, ana = make_superuser(), make_member(name="Ana")
    browser = signed_in(root)
    signs_in_again(browser, root)

    def after_choosing(member: Member, *roles: str) -> tuple[bool, frozenset[str]]:
        browser.post(page_of(member, "roles"), {"roles": roles})
        now = Member.objects.get(pk=member.pk)
        return now.is_staff, now.roles

    assert after_choosing(ana, "coordinators") == (True, {"coordinators"})
    assert after_choosing(ana) == (False, frozenset())
    assert after_choosing(root, "moderators") == (True, frozenset())
    assert Record.objects.filter(kind="role").count() == 2


def test_giving_a_role_asks_for_the_password_again(signed_in):
    ana = make_member()
    answer = signed_in(make_superuser()).post(page_of(ana, "roles"), {"roles": ["coordinators"]})
    assert answer["Location"].startswith((reverse("account_reauthenticate"), reverse("mfa_reauthenticate")))
    assert not ana.groups.exists()


def test_a_member_is_never_edited_added_or_deleted_here(signed_in):
    ana = make_member(name="Ana")
    browser = signed_in(make_superuser())
    refused = [
        browser.post(page_of(ana), {"display_name": "Eva", "is_superuser": "on"}),
        browser.post(page_of(ana, "delete"), {"post": "yes"}),
        browser.get(f"{LIST}add/"),
        browser.get(page_of(ana, "password")),
    ]
    assert [answer.status_code for answer in refused[:3]] == [403, 403, 403]
    assert refused[3].status_code != 200
    assert Member.objects.get(pk=ana.pk).display_name == "Ana"


def test_her_time_zone_is_named_as_in_her_settings(signed_in):
    member = make_member(time_zone="America/Sao_Paulo")
    page = signed_in(make_coordinator()).get(page_of(member)).content.decode()
    assert "Brasília, São Paulo, Rio de Janeiro" in page
    assert "America/Sao_Paulo" not in page


def test_the_password_is_nowhere_on_her_page(signed_in):
    ana = make_member(password="a long enough password")
    page = signed_in(make_superuser()).get(page_of(ana)).content.decode()
    assert ana.password not in page
    assert "argon2" not in page


def test_members_are_found_by_name_whatever_the_accents_and_by_mail(signed_in):
    jose, maria = make_member(name="José Luís"), make_member(name="Maria", email="mj@example.org")
    browser = signed_in(make_coordinator())

    def found(words: str) -> set[Member]:
        return set(browser.get(LIST, {"q": words}).context["cl"].result_list)

    assert found("jose luis") == {jose}
    assert found("MJ@example") == {maria}
    assert found("nobody at all") == set()


def test_the_steward_is_not_among_the_members(signed_in):
    make_member(minutes=60)  # paid by the fund, so the steward is there
    browser = signed_in(make_coordinator())
    listed = browser.get(LIST).context["cl"].result_list
    assert Member.State.STEWARD not in {member.state for member in listed}
    steward = Member.objects.get(state=Member.State.STEWARD)
    assert browser.get(page_of(steward)).status_code == 302


def test_a_moderator_sees_no_balances(signed_in):
    ana, hers = make_member(minutes=123), shown(123)
    browser = signed_in(make_moderator())
    assert hers not in browser.get(LIST).content.decode()
    assert hers not in browser.get(page_of(ana)).content.decode()
    assert hers in signed_in(make_coordinator()).get(LIST).content.decode()


def test_what_somebody_says_of_themselves_is_not_called_about_you(signed_in):
    ana = make_member(name="Ana")
    Member.objects.filter(pk=ana.pk).update(about="I bake on Saturdays.")

    page = signed_in(make_coordinator()).get(page_of(ana)).content.decode()

    assert "I bake on Saturdays." in page
    assert "n their own words" in page
    assert "bout you" not in page
