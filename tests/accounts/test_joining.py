"""How a person becomes a member, and what she starts with."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.test import override_settings

from accounts import operations
from accounts.models import Member
from accounts.roles import Role
from ledger.models import Account, Hold, Kind, Transfer
from ledger.operations import fund
from notifications.models import Event
from tests.factories import make_coordinator, make_member, make_moderator
from tests.rounds import rounds

pytestmark = pytest.mark.django_db

ROUNDS = rounds(200)


def test_a_confirmed_person_joins_with_an_account_and_the_starting_hours():
    member = make_member(state="new")

    joined = operations.take_in(member)

    assert joined.state == "active"
    assert joined.joined_at is not None
    assert joined.account.balance_minutes == 240
    assert fund().balance_minutes == -240
    assert [event.type for event in Event.objects.filter(member=member)] == ["hours-granted"]


def test_joining_twice_grants_once():
    member = make_member(state="new")

    operations.take_in(member)
    operations.join(member)
    operations.pay_starting_grant(Member.objects.get(pk=member.pk))

    assert Transfer.objects.filter(kind=Kind.GRANT, payee__owner=member).count() == 1
    assert Account.objects.get(owner=member).balance_minutes == 240


@override_settings(JOINING="approved")
def test_where_joining_needs_approval_a_person_waits_without_account():
    member = make_member(state="new")

    waiting = operations.take_in(member)

    assert waiting.state == "applied"
    assert not Account.objects.filter(owner=member).exists()


@override_settings(JOINING="approved")
def test_a_coordinator_approves_and_the_hours_come_at_that_moment():
    coordinator = make_coordinator()
    member = operations.take_in(make_member(state="new"))

    approved = operations.approve_member(member, by=coordinator)

    assert approved.state == "active"
    assert approved.account.balance_minutes == 240
    types = Event.objects.filter(member=member).order_by("seq").values_list("type", flat=True)
    assert list(types) == ["hours-granted", "membership-changed"]


def test_nobody_approves_without_the_role_or_twice_or_too_early():
    coordinator, neighbour = make_coordinator(), make_member()
    waiting, new = make_member(state="applied"), make_member(state="new")

    with pytest.raises(operations.NotAllowed):
        operations.approve_member(waiting, by=neighbour)
    with pytest.raises(operations.AlreadyDecided):
        operations.approve_member(new, by=coordinator)
    operations.approve_member(waiting, by=coordinator)
    with pytest.raises(operations.AlreadyDecided):
        operations.approve_member(waiting, by=coordinator)


def test_a_suspended_coordinator_approves_nobody():
    coordinator = make_coordinator(state="suspended")

    with pytest.raises(operations.NotAllowed):
        operations.approve_member(make_member(state="applied"), by=coordinator)


@override_settings(JOINING="approved")
def test_coordinators_are_told_once_that_somebody_asks_to_join():
    coordinator, _moderator = make_coordinator(), make_moderator()
    make_coordinator(state="suspended")
    member = make_member(state="new")

    operations.take_in(member)
    operations.apply_for_membership(member)

    told = Event.objects.get(type="application")
    assert (told.member, told.about, told.in_inbox, told.by_mail) == (coordinator, member, True, True)
    assert told.get_absolute_url() == f"/admin/accounts/member/{member.pk}/change/"


@override_settings(FUND_BUDGET_HOURS=3)
def test_when_the_grant_cannot_be_paid_she_joins_and_coordinators_are_told():
    coordinator = make_coordinator()
    member = make_member(state="new")

    joined = operations.take_in(member)

    assert joined.state == "active"
    assert joined.account.balance_minutes == 0
    told = Event.objects.get(member=coordinator, type="grant-failed")
    assert told.about == member


@override_settings(FUND_BUDGET_HOURS=3)
def test_a_grant_that_failed_can_be_paid_later():
    member = operations.take_in(make_member(state="new"))

    with override_settings(FUND_BUDGET_HOURS=100):
        operations.pay_starting_grant(member)
        operations.pay_starting_grant(member)

    assert Account.objects.get(owner=member).balance_minutes == 240


@override_settings(STARTING_GRANT_MINUTES=0)
def test_without_a_starting_grant_nothing_moves():
    member = operations.take_in(make_member(state="new"))

    assert not Hold.objects.exists()
    assert member.account.balance_minutes == 0


def test_the_fund_is_made_once_and_may_issue_what_the_settings_say():
    first, second = operations.community_fund(), operations.community_fund()

    assert first == second
    assert first.credit_limit_minutes == 1_000_000 * 60
    assert not first.owner.is_active
    assert not first.owner.has_usable_password()


def test_the_budget_of_the_fund_follows_the_settings():
    operations.community_fund()

    with override_settings(FUND_BUDGET_HOURS=10):
        assert operations.community_fund().credit_limit_minutes == 600


def at_once(work, times: int) -> list[BaseException]:
    """Run ``work`` in as many threads, let go at the same moment; returns what they raised."""
    gate, raised = threading.Barrier(times), []

    def run() -> None:
        try:
            gate.wait()
            work()
        except BaseException as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
def test_two_confirmations_at_once_grant_once():
    for _round in range(ROUNDS):
        member = make_member(state="new")

        assert at_once(lambda member=member: operations.take_in(member), 2) == []

        assert Account.objects.get(owner=member).balance_minutes == 240
        assert Hold.objects.filter(payee__owner=member).count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
def test_of_two_approvals_at_once_one_is_told_it_was_decided():
    coordinator = make_coordinator()
    member = make_member(state="applied")

    raised = at_once(lambda: operations.approve_member(member, by=coordinator), 2)

    assert [type(error) for error in raised] == [operations.AlreadyDecided]
    assert Account.objects.get(owner=member).balance_minutes == 240


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
def test_many_first_members_at_once_find_one_fund():
    newcomers = [make_member(state="new") for _ in range(4)]
    left = list(newcomers)

    assert at_once(lambda: operations.take_in(left.pop()), 4) == []

    assert Account.objects.filter(kind=Account.Kind.FUND).count() == 1
    assert fund().balance_minutes == -4 * 240
    assert {Account.objects.get(owner=member).balance_minutes for member in newcomers} == {240}


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
def test_two_sign_ups_with_one_address_at_once_make_one_member():
    def sign_up() -> None:
        operations.sign_up(display_name="Ana", email="Ana@example.org", password=None, language="en")

    raised = at_once(sign_up, 2)

    assert [type(error) for error in raised] == [operations.EmailTaken]
    assert Member.objects.filter(email="ana@example.org").count() == 1


def test_roles_are_given_by_administrators_and_never_to_oneself():
    member, coordinator = make_member(), make_coordinator()
    administrator = make_member(is_superuser=True, is_staff=True)

    with pytest.raises(operations.NotAllowed):
        operations.give_role(member, Role.MODERATOR, by=coordinator)
    with pytest.raises(operations.NotAllowed):
        operations.give_role(administrator, Role.MODERATOR, by=administrator)
    given = operations.give_role(member, Role.MODERATOR, by=administrator)
    assert given.is_staff
    assert Member.objects.get(pk=member.pk).is_moderator

    operations.take_role(member, Role.MODERATOR, by=administrator)
    assert not Member.objects.get(pk=member.pk).is_staff
