"""A member's own page: what now?"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts.models import Member
from accounts.queries import asked_of, find_people
from ledger.models import Account, Hold
from ledger.origins import expiring_soon
from ledger.queries import on_its_way, statement
from marketplace import queries
from marketplace.models import Exchange
from timebank import clock
from timebank.fragments import fragment, signed_in

LATEST = 6
NEIGHBOURS = 4
MOST_WAITING = 100
MOST_ASKED = 3

STANDING_PAGES = {
    Member.State.NEW: "marketplace/not_confirmed.html",
    Member.State.APPLIED: "marketplace/waiting_for_approval.html",
}


class MemberRequest(HttpRequest):
    user: Member


@require_safe
@signed_in
def dashboard(request: MemberRequest) -> HttpResponse:
    """Her hours, what moved lately, and the one next step; who is no member yet reads what she waits for."""
    account = Account.objects.filter(owner=request.user).first()
    target = fragment(request)
    if target == "standing":  # she waited here; there is something new once she has an account
        return HttpResponseClientRefresh() if account else HttpResponse(status=204)
    if account is None:
        template = STANDING_PAGES.get(Member.State(request.user.state), "marketplace/no_account.html")
        return render(request, template)
    if target == "balance":
        return render(request, "ledger/_balance.html", {"account": account})
    if target == "waiting-for-you":
        return render(request, "marketplace/_waiting.html", _waiting_for(request.user))
    if target == "asked-of-me":
        asked = _asked_of(request.user)
        return render(request, "accounts/_asked_of_me.html", asked) if asked["asked_of_me"] else HttpResponse()
    context = {
        "account": account,
        "holds": on_its_way(account, limit=LATEST),
        "lines": statement(account, limit=LATEST).entries,
    }
    if target == "activity":
        return render(request, "marketplace/_activity.html", context)
    now = timezone.localtime(clock.now())
    context |= {
        "now": now,
        "expiring": expiring_soon(account),
        "part_of_day": "morning" if 5 <= now.hour < 12 else "afternoon" if 12 <= now.hour < 18 else "evening",
        "has_sent": Hold.objects.filter(payer=account).exists(),
        "neighbours": find_people(request.user, "")[:NEIGHBOURS] if request.user.is_member else [],
        "figures": queries.this_month(),
        **_waiting_for(request.user),
        **_asked_of(request.user),
        "waiting": Member.objects.applied().count() if request.user.is_staff and request.user.is_coordinator else 0,
    }
    return render(request, "marketplace/dashboard.html", context)


def _asked_of(member: Member) -> dict[str, Any]:
    """What neighbours ask her to pay by a code of theirs, what ends first before the rest."""
    return {"asked_of_me": list(asked_of(member)[:MOST_ASKED]) if member.is_member else []}


def _waiting_for(member: Member) -> dict[str, Any]:
    """The exchange that most urgently waits for her, and how many more do."""
    if not member.is_member:
        return {}
    waiting = list(
        Exchange.objects.waiting_for(member).select_related("provider", "receiver", "listing")[:MOST_WAITING]
    )
    first = waiting[0] if waiting else None
    return {
        "first_waiting": first,
        "first_partner": first and first.partner_of(member),
        "more_waiting": max(len(waiting) - 1, 0),
    }
