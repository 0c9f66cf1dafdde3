"""The pages of an exchange for its two people."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.models import Member
from marketplace.models import Exchange
from timebank.fragments import signed_in


class MemberRequest(HttpRequest):
    user: Member


@require_safe
@signed_in
def exchange(request: MemberRequest, public_id: str) -> HttpResponse:
    """One exchange for its two people; strangers find nothing."""
    found = get_object_or_404(Exchange.objects.of(request.user).with_people(), public_id=public_id)
    return render(request, "marketplace/exchange.html", {"exchange": found})
