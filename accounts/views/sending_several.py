"""Sending hours to several people at once."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts import operations, queries
from accounts.forms import ConfirmSeveralForm, SeveralForm
from accounts.pace import is_within
from ledger.models import Hold
from ledger.views import JUST_NOW
from timebank import clock
from timebank.errors import Busy, Refusal
from timebank.fragments import fragment, signed_in

from .asking import MemberRequest, busy_too, not_now, refuse, require_form_methods, what_is_left
from .pace import respond_429
from .sending_drafts import Drafts


@require_form_methods
@login_required
def send_several(request: MemberRequest) -> HttpResponse:
    """The form, empty or as typed so far: a POST looks for people; a ``draft`` says what is to be mended in it."""
    if not request.user.is_member:
        return not_now(request)
    given = request.POST if request.method == "POST" else request.GET
    if request.method != "POST" and (draft := _drafts(request).get(given.get("draft", ""))):
        form = SeveralForm(draft)
        if _look_ahead(request, form) is not None and draft["refused"]:
            form.add_error(None, draft["refused"])
        return _page(request, form, given["draft"])
    form = SeveralForm(initial={name: form_value(given, name) for name in SeveralForm.base_fields if name in given})
    return _page(request, form, given.get("draft", ""), words=given.get("q", ""))


@require_safe
@login_required
def send_several_people(request: MemberRequest) -> HttpResponse:
    """The people to choose from and those who are chosen, as a fragment that follows what is typed."""
    if not request.user.is_member:
        return not_now(request)
    people = queries.several_to_choose(request.user, request.GET.get("q", ""), request.GET.getlist("to"))
    return render(request, "accounts/_people_several.html", people)


@require_form_methods
@login_required
def send_several_review(request: MemberRequest) -> HttpResponse:
    """Check what was typed and lead on to a page that says what would happen, or back to what is to be mended."""
    if not request.user.is_member:
        return not_now(request)
    if request.method != "POST":  # after signing in again, say
        return redirect("send_several")
    form, drafts = SeveralForm(request.POST), _drafts(request)
    is_right = _look_ahead(request, form) is not None
    nonce = drafts.nonce(
        request.POST.get("draft", ""), is_sent=lambda nonce: operations.sent_together(sender=request.user, nonce=nonce)
    )
    to = reverse("send_several_look_over", args=[nonce]) if is_right else drafts.form_again(nonce)
    return _lead_on(request, nonce, form, to)


@require_safe
@login_required
def send_several_look_over(request: MemberRequest, nonce: str) -> HttpResponse:
    """Say in words who would get what, before it happens. Whoever comes back after sending sees what became of it."""
    if operations.sent_together(sender=request.user, nonce=nonce):
        return redirect("send_several_sent", nonce)
    if not request.user.is_member:
        return not_now(request)
    draft = _drafts(request).get(nonce)
    if draft is None:
        return redirect("send_several")
    form = SeveralForm(draft)
    ahead = _look_ahead(request, form)
    if ahead is None:
        return redirect(_drafts(request).form_again(nonce))
    parts, left_minutes = ahead
    total_minutes = sum(part.minutes for part in parts)
    context = {
        "asked": form.cleaned_data,
        "parts": parts,
        "total_minutes": total_minutes,
        "is_uneven": len({part.minutes for part in parts}) > 1,
        "category_name": form.category_name(),
        "nonce": nonce,
        "again": draft["again"],
        **what_is_left(request.user.account, total_minutes, left_minutes),
    }
    return render(request, "accounts/send_several_review.html", context)


@require_form_methods
@login_required
def send_several_confirm(request: MemberRequest) -> HttpResponse:
    if not request.user.is_member:
        return not_now(request)
    if request.method != "POST":
        return redirect("send_several")
    if not is_within(request, "send"):
        return respond_429(request)
    form = ConfirmSeveralForm(request.POST)
    if not form.is_valid():  # no page of ours sends this
        return _page(request, form, status=422)
    asked = form.cleaned_data
    nonce = asked["nonce"]
    try:
        operations.send_together(
            sender=request.user,
            recipients=queries.people_of(asked["to"]),
            amount_minutes=asked["amount"],
            each=asked["split"] == "each",
            kind=asked["kind"],
            note=asked["note"],
            category=asked["category"],
            nonce=nonce,
            again=asked["again"],
        )
    except operations.AlreadySent as refusal:
        to = reverse("send_several_look_over", args=[nonce])
        return _lead_on(request, nonce, form, to, again=str(refusal))
    except Busy as refusal:
        return _busy(request, form, refusal)
    except Refusal as refusal:
        # What is about a field is found again there, as things stand when she reads it.
        to = _drafts(request).form_again(nonce)
        return _lead_on(request, nonce, form, to, refused="" if refusal.field else str(refusal))
    return redirect("send_several_sent", nonce)


@require_safe
@signed_in
def send_several_sent(request: MemberRequest, nonce: str) -> HttpResponse:
    """What became of each payment, from the moment they are on their way; for whoever sent them.

    As a fragment: nothing, while all is as she has ``seen`` it.
    """
    holds = operations.sent_together(sender=request.user, nonce=nonce)
    if not holds:
        raise Http404
    part = fragment(request)
    arrived = [hold for hold in holds if hold.state == Hold.State.POSTED]
    seen = f"{len(arrived)}-{sum(hold.went_back for hold in holds)}"
    if part and request.GET.get("seen") == seen:
        return HttpResponse(status=204)
    context = {
        "holds": holds,
        "seen": seen,
        "is_fragment": bool(part),
        "total_minutes": sum(hold.amount_minutes for hold in holds),
        "n_arrived": len(arrived),
        "has_arrived": len(arrived) == len(holds),
        "is_on_its_way": any(hold.state == Hold.State.HELD for hold in holds),
        "has_just_arrived": len(arrived) == len(holds) and (bool(part) or _is_news(arrived)),
    }
    return render(request, "accounts/_sent_several.html" if part else "accounts/send_several_sent.html", context)


def form_value(given: Any, name: str) -> Any:
    """What was typed into ``name``; of people all of them."""
    return given.getlist(name) if name == "to" else given[name]


def _is_news(arrived: list[Hold]) -> bool:
    return clock.now() - max(hold.resolved_at for hold in arrived if hold.resolved_at) < JUST_NOW


def _drafts(request: MemberRequest) -> Drafts:
    return Drafts(request, "send_several")


def _look_ahead(request: MemberRequest, form: SeveralForm) -> tuple[list[operations.Share], int] | None:
    """What each would get, and the minutes she would have left; None where the form says what is to be mended."""
    if not form.is_valid():
        return None
    asked = form.cleaned_data
    try:
        return operations.look_ahead_together(
            sender=request.user,
            recipients=queries.people_of(asked["to"]),
            amount_minutes=asked["amount"],
            each=asked["split"] == "each",
            kind=asked["kind"],
        )
    except Refusal as refusal:
        refuse(form, refusal)
    return None


def _lead_on(
    request: MemberRequest, nonce: str, form: SeveralForm, to: str, *, again: str = "", refused: str = ""
) -> HttpResponse:
    """Keep what was typed for the page that shows it: only a page that was asked for can be gone back to."""
    typed = {name: form_value(form.data, name) for name in SeveralForm.base_fields if name in form.data}
    try:
        _drafts(request).keep(nonce, typed | {"again": again, "refused": refused})
    except Busy as refusal:
        return _busy(request, form, refusal)
    return redirect(to)


def _busy(request: MemberRequest, form: SeveralForm, refusal: Busy) -> HttpResponse:
    """The form with everything in it, now: nothing could be kept for another page."""
    return busy_too(_page(request, form, status=refuse(form, refusal)), refusal)


def _page(
    request: MemberRequest, form: SeveralForm, draft: str = "", *, words: str = "", status: int = 200
) -> HttpResponse:
    """The first step with everything as it was typed."""
    context = {
        "form": form,
        "draft": draft,
        "account": request.user.account,
        **queries.several_to_choose(request.user, words, form["to"].value() or []),
    }
    return render(request, "accounts/send_several.html", context, status=status)
