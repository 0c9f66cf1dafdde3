"""Looking people up."""

from __future__ import annotations

from collections.abc import Sequence

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.urls import reverse

from ledger.models import Hold, PaymentRequest, PaymentRequestQuerySet
from timebank import clock
from timebank.plain import plain

from .models import Member
from .operations import MOST_TOGETHER

FOUND_AT_MOST = 8
LONGEST_WORDS = 80
MOST_IDS = 100  # of people that an address or a form names: more than anybody chooses
RECENT_AT_MOST = 4  # more would push the rest of the form off a phone's screen
_LATEST_PAYMENTS = 40


def find_people(asking: Member, words: str, *, at_most: int = FOUND_AT_MOST) -> list[Member]:
    """Active members for ``asking`` to send hours to; nobody whom she blocked, or who blocked her.

    Without ``words`` those she sent to lately, up to 4. With words ``at_most`` so many whose name holds
    them all: names with them at the beginning of a part come first, of these whom she sent to lately.
    """
    recent = _lately_paid(asking)
    others = Member.objects.reachable_by(asking).exclude(pk=asking.pk)
    if not plain(words).split():
        known = others.in_bulk(recent)
        return [known[pk] for pk in recent if pk in known][:RECENT_AT_MOST]
    return list(others.named_like(words).likeliest_first(words, known=recent)[:at_most])


def people_to_choose(asking: Member, words: str, chosen_id: str) -> dict[str, object]:
    """Whom to choose from, for accounts/_people.html; whoever is chosen already stays in sight."""
    words = words[:LONGEST_WORDS]
    found = find_people(asking, words, at_most=FOUND_AT_MOST + 1)
    people = found[:FOUND_AT_MOST]
    others = Member.objects.reachable_by(asking).exclude(pk=asking.pk)
    chosen = others.filter(public_id=chosen_id).first() if chosen_id else None
    if chosen and chosen not in people:
        people = [chosen, *people]
    return {"people": people, "are_more": len(found) > FOUND_AT_MOST, "words": words, "chosen": chosen}


def several_to_choose(asking: Member, words: str, chosen_ids: Sequence[str]) -> dict[str, object]:
    """As `people_to_choose`, of whom several are chosen: for accounts/_people_several.html."""
    words = words[:LONGEST_WORDS]
    found = find_people(asking, words, at_most=FOUND_AT_MOST + MOST_TOGETHER + 1)
    others = Member.objects.reachable_by(asking).exclude(pk=asking.pk)
    known = {member.public_id: member for member in others.filter(public_id__in=chosen_ids[:MOST_IDS])}
    chosen = [known[public_id] for public_id in dict.fromkeys(chosen_ids[:MOST_IDS]) if public_id in known]
    people = [person for person in found if person not in chosen]
    return {
        "people": people[:FOUND_AT_MOST],
        "are_more": len(people) > FOUND_AT_MOST,
        "words": words,
        "chosen": chosen,
    }


def people_of(ids: Sequence[str]) -> list[Member | None]:
    """Those with these ``ids``, in their order; None for one whom nobody knows."""
    known = {member.public_id: member for member in Member.objects.people().filter(public_id__in=ids)}
    return [known.get(public_id) for public_id in ids]


def asked_of(member: Member) -> PaymentRequestQuerySet:
    """What neighbours ask ``member`` for and she can pay now, what ends first before the rest."""
    asked = PaymentRequest.objects.payable(clock.now()).filter(asked_of=member)
    return asked.select_related("payee__owner").order_by("expires_at", "pk")


def pay_me_address(member: Member) -> str:
    """Where the poster of ``member`` leads, for ever."""
    return f"{settings.SITE_URL}{reverse('pay_me', args=[member.public_id])}"


def _lately_paid(member: Member) -> list[int]:
    """Whom ``member`` sent hours to in her latest payments, the latest first, each once."""
    owners = (
        Hold.objects.filter(payer__owner=member)
        .order_by("-pk")
        .values_list("payee__owner_id", flat=True)[:_LATEST_PAYMENTS]
    )
    return list(dict.fromkeys(owners))


def devices(member: Member) -> list[UserSession]:
    """Where ``member`` is signed in, the earliest first: the sessions that live and would still be believed."""
    noted = UserSession.objects.filter(user=member)
    living = Session.objects.filter(session_key__in=noted.values("session_key"), expire_date__gt=clock.now())
    believed = {member.get_session_auth_hash(), *member.get_session_auth_fallback_hash()}
    open_keys = {session.pk for session in living if session.get_decoded().get(HASH_SESSION_KEY) in believed}
    return [device for device in noted.order_by("created_at", "pk") if device.session_key in open_keys]
