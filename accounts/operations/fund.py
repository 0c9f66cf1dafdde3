"""The community fund: where minutes come from, and where they go back to."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from accounts.models import Member
from ledger import operations as ledger
from ledger.models import Account
from timebank.retries import retried

# No mail is ever sent there: names under .invalid do not exist (RFC 2606).
STEWARD_EMAIL = "steward@fund.invalid"


def community_fund() -> Account:
    """The account of the community fund, made with its steward the first time it is asked for.

    Its credit limit is the budget of the settings (FUND_BUDGET_HOURS), in minutes, and follows it.
    """
    try:
        fund = ledger.fund()
    except Account.DoesNotExist:
        fund = _make_fund()
    budget_minutes = settings.FUND_BUDGET_HOURS * 60
    if fund.credit_limit_minutes != budget_minutes:
        ledger.set_credit_limit(fund, budget_minutes, actor=fund.owner)
        fund = ledger.fund()
    return fund


@retried  # of two at once the second breaks on the unique steward and, run again, finds the first's fund
@transaction.atomic
def _make_fund() -> Account:
    try:
        return ledger.fund()
    except Account.DoesNotExist:
        steward = Member.objects.filter(state=Member.State.STEWARD).first() or _make_steward()
        return ledger.open_account(
            steward, kind=Account.Kind.FUND, credit_limit_minutes=settings.FUND_BUDGET_HOURS * 60
        )


def _make_steward() -> Member:
    """Nobody: the fund's owner in the books, who can never sign in."""
    return Member.objects.create_user(
        STEWARD_EMAIL,
        display_name=settings.COMMUNITY_NAME,
        state=Member.State.STEWARD,
        language=settings.LANGUAGE_CODE,
        is_active=False,
    )
