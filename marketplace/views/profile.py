"""What neighbours see of a person: her words, her listings, and what others say of her."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.models import Member
from ledger.queries import between
from marketplace import queries
from marketplace.models import Listing
from timebank.fragments import signed_in

LINES = 5
REVIEWS = 10
LISTINGS = 50


class MemberRequest(HttpRequest):
    user: Member


@require_safe
@signed_in
def profile(request: MemberRequest, public_id: str) -> HttpResponse:
    """What neighbours see of a person, and what passed between the two; whoever is no member any more is not found."""
    person = get_object_or_404(Member.objects.visible_to(request.user), public_id=public_id)
    is_other = person.pk != request.user.pk
    listings = queries.listing_page(Listing.objects.open().of(person), limit=LISTINGS).listings
    context = {
        "person": person,
        "offers": [listing for listing in listings if listing.is_offer],
        "requests": [listing for listing in listings if not listing.is_offer],
        "known": queries.track_record(person),
        "reviews": queries.reviews_of(person, limit=REVIEWS),
        "is_blocked": is_other and request.user.blocks.filter(of=person).exists(),
        "lines": between(request.user, person, limit=LINES) if is_other else [],
    }
    return render(request, "marketplace/profile.html", context)
