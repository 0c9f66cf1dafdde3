"""The pages of an exchange for its two people: asking, the list of hers, and the exchange itself with every step."""

from __future__ import annotations

import heapq
import secrets
from collections.abc import Callable
from functools import partial, wraps
from itertools import islice
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Member
from ledger.models import Account
from marketplace import operations
from marketplace.exchange_page import ExchangePage
from marketplace.forms.exchanges import (
    AcceptForm,
    ConfirmForm,
    CounterForm,
    DeliverForm,
    EvidenceForm,
    MessageForm,
    PlainForm,
    ProposalForm,
    ReviewForm,
    StatementForm,
    local,
)
from marketplace.models import Exchange, Listing
from marketplace.pace import check_pace
from marketplace.rules import Action, check_turn
from notifications.middleware import has_seen
from timebank import drafts
from timebank.errors import Busy, Refusal
from timebank.fragments import fragment, signed_in
from timebank.pace import TooOften

require_form_methods = require_http_methods(["GET", "HEAD", "POST"])

ENDED_ON_A_PAGE = 20
MOST_LIVE = 100


class MemberRequest(HttpRequest):
    user: Member


# --- Asking ---------------------------------------------------------------------------------------


@require_form_methods
@signed_in
def propose(request: MemberRequest, public_id: str) -> HttpResponse:
    """Ask for what a listing offers, or offer what it asks for."""
    if not request.user.is_member:
        return render(request, "marketplace/propose_not_now.html", status=403)
    listing = get_object_or_404(_askable(request).select_related("owner", "category__parent"), public_id=public_id)
    if listing.owner_id == request.user.pk and request.method != "POST":
        return render(request, "marketplace/propose_not_now.html", {"listing": listing})
    first = {"minutes": listing.minutes, "place": listing.place} | drafts.typed(request, request.path)
    form = ProposalForm(request.POST) if request.method == "POST" else ProposalForm(initial=first)
    asked, status = None, 200
    if form.is_bound and form.is_valid():
        try:
            check_pace(request, "proposals")
            return redirect(operations.propose(listing, by=request.user, **form.terms))
        except operations.AlreadyAsked as refusal:
            asked = refusal.exchange
            status = refuse(form, refusal)
        except operations.AlreadyWritten as refusal:
            asked = refusal.first
            status = refuse(form, refusal)
        except Refusal as refusal:
            status = refuse(form, refusal)
    elif form.is_bound:
        status = 422
    context = {
        "listing": listing,
        "form": form,
        "asked": asked,
        "pays": listing.is_offer,
        "partner": listing.owner,
        "openings": _first_lines(listing),
    }
    context |= _of_hers(request.user, pays=listing.is_offer, form=form)
    return answer(request, "marketplace/propose.html", context, status)


def _first_lines(listing: Listing) -> list[str]:
    """Lines to tap for who does not know how to begin."""
    first = _("Hello! I would like this very much.") if listing.is_offer else _("Hello! I can help you with this.")
    return [first, _("Which days suit you?"), _("Is there anything I should bring?")]


def _askable(request: MemberRequest) -> Any:
    """What can be asked for. What was taken off the list while she was writing is found too: she keeps her words."""
    if request.method == "POST":
        return Listing.objects.exclude(state=Listing.State.DRAFT)
    return Listing.objects.visible_to(request.user)


@require_form_methods
@signed_in
def exchange_counter(request: MemberRequest, public_id: str) -> HttpResponse:
    """Suggest something else instead of the terms on the table."""
    found = hers(request, public_id)
    first = {
        "when": CounterForm.ON_A_DATE if found.starts_at else CounterForm.OPEN,
        "starts_at": local(found.starts_at),
        "minutes": found.minutes,
        "place": found.place,
        "version": found.version,
    } | drafts.typed(request, request.path)
    form = CounterForm(request.POST) if request.method == "POST" else CounterForm(initial=first)
    status = 200
    if form.is_bound and form.is_valid():
        try:
            check_pace(request, "proposals")
            return redirect(operations.counter(found, by=request.user, **form.terms))
        except operations.TermsChanged as refusal:
            # She sees the new terms above what she wrote, so that the next answer is to those.
            found = hers(request, public_id)
            typed = request.POST.copy()
            typed["version"] = str(found.version)
            form.data = typed
            status = refuse(form, refusal)
        except Refusal as refusal:
            found = hers(request, public_id)
            status = refuse(form, refusal)
    elif form.is_bound:
        status = 422
    page = ExchangePage(found, request.user)
    if not form.is_bound and not page.can["counter"]:
        return show(request, found, status=409, refusal=why_not(found, request.user, Action.COUNTER))
    pays = not page.is_provider
    context = {"exchange": found, "page": page, "form": form, "pays": pays, "partner": page.partner}
    context |= _of_hers(request.user, pays=pays, form=form)
    return answer(request, "marketplace/counter.html", context, status)


def _of_hers(member: Member, *, pays: bool, form: ProposalForm) -> dict[str, Any]:
    """What the field for the time tells of her hours, and whether she would owe much by what stands in it."""
    account = Account.objects.filter(owner=member).first()
    minutes = form.cleaned_data.get("minutes") if form.is_bound else form.initial.get("minutes")
    owes_much = False
    if pays and account is not None and isinstance(minutes, int):
        owes_much = account.is_below_soft_limit(less=minutes)
    return {"account": account, "owes_much": owes_much}


# --- Hers -----------------------------------------------------------------------------------------


@require_safe
@signed_in
def exchanges(request: MemberRequest) -> HttpResponse:
    """All of hers: what waits for her, what is under way, and what ended, newest first, page by page."""
    before = _ended_one(request)
    ended = _ended(request.user, before)
    context: dict[str, Any] = {
        "ended": ended[:ENDED_ON_A_PAGE],
        "next_before": ended[ENDED_ON_A_PAGE - 1].public_id if len(ended) > ENDED_ON_A_PAGE else None,
        "is_first_page": before is None,
    }
    if before is None:
        live = list(_rows(request.user).filter(state__in=Exchange.LIVE).order_by("deadline_at", "pk")[: MOST_LIVE + 1])
        waiting = set(Exchange.objects.waiting_for(request.user).values_list("pk", flat=True)[:MOST_LIVE])
        context["waiting"] = [one for one in live[:MOST_LIVE] if one.pk in waiting]
        context["under_way"] = [one for one in live[:MOST_LIVE] if one.pk not in waiting]
        context["has_more_live"] = len(live) > MOST_LIVE
    template = "marketplace/_exchanges.html" if fragment(request) else "marketplace/exchanges.html"
    return render(request, template, context)


def _rows(member: Member) -> Any:
    return Exchange.objects.of(member).select_related("provider", "receiver", "listing")


def _ended_one(request: MemberRequest) -> Exchange | None:
    """The exchange a further page begins after; None for the first page."""
    public_id = request.GET.get("before")
    if public_id is None:
        return None
    return get_object_or_404(Exchange.objects.of(request.user).exclude(state__in=Exchange.LIVE), public_id=public_id)


def _ended(member: Member, before: Exchange | None) -> list[Exchange]:
    """One more than a page of what ended. Each side has its own index, so each is asked, and the two are joined."""
    found = []
    for side in ("provider", "receiver"):
        rows = Exchange.objects.filter(**{side: member}).exclude(state__in=Exchange.LIVE)
        rows = rows.select_related("provider", "receiver", "listing").order_by("-changed_at", "-pk")
        if before is not None:
            rows = rows.filter(changed_at__lte=before.changed_at).exclude(
                changed_at=before.changed_at, pk__gte=before.pk
            )
        found.append(list(rows[: ENDED_ON_A_PAGE + 1]))
    newest = heapq.merge(*found, key=lambda one: (one.changed_at, one.pk), reverse=True)
    return list(islice(newest, ENDED_ON_A_PAGE + 1))


@require_safe
@signed_in
def exchange(request: MemberRequest, public_id: str) -> HttpResponse:
    """One exchange for its two people; strangers find nothing. Who opens it has read what her inbox says of it.

    As a fragment: all parts of the page that follow what happens, each to be put in its place.
    """
    found = hers(request, public_id)
    is_news = has_seen(request, "exchange", found.public_id) if request.method == "GET" else False
    response = show(request, found)
    if is_news and fragment(request):
        response["HX-Trigger"] = "inbox-changed"  # so that the bell is counted anew
    return response


# --- Steps ----------------------------------------------------------------------------------------


StepView = Callable[[MemberRequest, Exchange], HttpResponse]


def a_step(view: StepView) -> Callable[[MemberRequest, str], HttpResponse]:
    """The address of something to do to an exchange: posted to, ``view`` does it, for its two people.

    Opened, as after signing in again, it leads to the exchange, with what was typed.
    """

    @require_form_methods
    @signed_in
    @wraps(view)
    def done_or_led_on(request: MemberRequest, public_id: str) -> HttpResponse:
        found = hers(request, public_id)
        if request.method == "POST":
            return view(request, found)
        return redirect(drafts.onward(request, found.get_absolute_url()))

    return done_or_led_on


@a_step
def exchange_accept(request: MemberRequest, found: Exchange) -> HttpResponse:
    accept = partial(operations.accept_exchange, found, by=request.user)
    return step(request, found, AcceptForm(request.POST), accept)


@a_step
def exchange_decline(request: MemberRequest, found: Exchange) -> HttpResponse:
    decline = partial(operations.decline_exchange, found, by=request.user)
    return step(request, found, PlainForm(request.POST), decline)


@a_step
def exchange_withdraw(request: MemberRequest, found: Exchange) -> HttpResponse:
    withdraw = partial(operations.withdraw_exchange, found, by=request.user)
    return step(request, found, PlainForm(request.POST), withdraw)


@a_step
def exchange_start(request: MemberRequest, found: Exchange) -> HttpResponse:
    start = partial(operations.start_exchange, found, by=request.user)
    return step(request, found, PlainForm(request.POST), start)


@a_step
def exchange_deliver(request: MemberRequest, found: Exchange) -> HttpResponse:
    deliver = partial(operations.deliver_exchange, found, by=request.user)
    return step(request, found, DeliverForm(request.POST), deliver, name="deliver")


@a_step
def exchange_confirm(request: MemberRequest, found: Exchange) -> HttpResponse:
    confirm = partial(operations.confirm_exchange, found, by=request.user)
    return step(request, found, ConfirmForm(request.POST), confirm, name="confirm")


@a_step
def exchange_cancel(request: MemberRequest, found: Exchange) -> HttpResponse:
    cancel = partial(operations.cancel_exchange, found, by=request.user)
    return step(request, found, PlainForm(request.POST), cancel)


@a_step
def exchange_message(request: MemberRequest, found: Exchange) -> HttpResponse:
    def write(**words: str) -> None:
        check_pace(request, "messages")
        operations.send_message(found, by=request.user, **words)

    return step(request, found, MessageForm(request.POST), write, name="message", part="composer")


@a_step
def exchange_review(request: MemberRequest, found: Exchange) -> HttpResponse:
    say = partial(operations.review_exchange, found, by=request.user)
    return step(request, found, ReviewForm(request.POST), say, name="review", part="review")


# --- What they share, and the pages of disputes too -------------------------------------------------


def hers(request: MemberRequest, public_id: str) -> Exchange:
    """The exchange, for its two people only."""
    found: Exchange = get_object_or_404(Exchange.objects.of(request.user).with_people(), public_id=public_id)
    return found


def step(
    request: MemberRequest,
    found: Exchange,
    form: forms.Form,
    act: Callable[..., Any],
    *,
    name: str = "",
    part: str = "now",
) -> HttpResponse:
    """Do ``act`` with what ``form`` has, and go on to the exchange; refused, show how it really is, and why.

    ``name`` is what the page calls the form, so that what was typed stays in it; ``part`` where its answer shows.
    """
    status = 422
    if form.is_valid():
        try:
            act(**form.cleaned_data)
        except Refusal as refusal:
            status = refuse(form, refusal)
        else:
            if not fragment(request):
                return redirect(found)
            return show(request, hers(request, found.public_id), part=part)
    # What the step's own form does not say, or is not there any more to say, stands above what is next.
    said = form.non_field_errors() if name else [error for errors in form.errors.values() for error in errors]
    why = " ".join(map(str, said)) if part == "now" else ""
    shown = {name: form} if name else {}
    return show(request, hers(request, found.public_id), status=status, forms=shown, part=part, refusal=why)


def refuse(form: forms.Form, refusal: Refusal) -> int:
    """Put the sentence on the field it is about, or on the whole form; returns the status of the answer."""
    if isinstance(refusal, operations.AlreadyWritten):  # sent once more, it is another form
        typed: Any = form.data.copy()  # type: ignore[attr-defined]  # what was posted
        typed["nonce"] = secrets.token_urlsafe(16)
        form.data = typed
    form.add_error(_field_of(refusal, form), str(refusal))
    return refusal.status


def _field_of(refusal: Refusal, form: forms.Form) -> str | None:
    named = {"amount_minutes": "minutes", "files": "evidence"}.get(refusal.field or "", refusal.field)
    return named if named in form.fields else None


def show(
    request: MemberRequest,
    found: Exchange,
    *,
    status: int = 200,
    forms: dict[str, forms.Form] | None = None,
    part: str = "",
    refusal: str = "",
) -> HttpResponse:
    """The exchange's page, or as a fragment its parts. ``part`` is the one that answers what was just done."""
    page = ExchangePage(found, request.user, whole_thread="whole" in request.GET)

    def typed(address: str) -> dict[str, Any]:
        return drafts.typed(request, reverse(address, args=[found.public_id]))

    fresh = {
        "deliver": DeliverForm(initial={"minutes": found.minutes} | typed("exchange_deliver")),
        "confirm": ConfirmForm(initial={"minutes": found.delivered_minutes} | typed("exchange_confirm")),
        "message": MessageForm(auto_id="id_message_%s", initial=typed("exchange_message")),
        "statement": StatementForm(auto_id="id_statement_%s", initial=typed("dispute_statement")),
        "evidence": EvidenceForm(),
        "review": ReviewForm(auto_id="id_review_%s", initial=typed("exchange_review")),
    }
    asked = forms or {}
    for name, form in asked.items():
        form.auto_id = fresh[name].auto_id
    context = {"exchange": found, "page": page, "forms": fresh | asked, "refusal": refusal, "answers": part}
    template = "marketplace/exchange/_parts.html" if fragment(request) else "marketplace/exchange.html"
    return answer(request, template, context, status)


def answer(request: MemberRequest, template: str, context: dict[str, Any], status: int) -> HttpResponse:
    response = render(request, template, context | {"not_sent": drafts.not_sent(request)}, status=status)
    if status == Busy.status:
        response["Retry-After"] = str(Busy.retry_after_seconds)
    elif status == TooOften.status:
        response["Retry-After"] = str(request.wait_seconds)  # type: ignore[attr-defined]
    return response


def why_not(found: Exchange, member: Member, action: Action) -> str:
    """Why ``member`` is shown no form for ``action``."""
    try:
        check_turn(found, action, member)
    except Refusal as refusal:
        return str(refusal)
    return _("You cannot do this now.")
