"""The pages of a member's hours: her wallet, and each payment for its two people."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Any

from allauth.core.internal import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe
from django_htmx.http import push_url

from notifications.middleware import has_seen
from timebank import clock, movements
from timebank.fragments import fragment, number, signed_in
from timebank.pace import TooOften

from . import community, files, origins, queries, statements
from .exports import FILES
from .filters import PERIODS, StatementFilter
from .models import Account, Entry, Hold, Lot
from .seqs import is_long

LINES_ON_A_PAGE = 20
MOST_LINES_KEPT_FRESH = 200
MOST_HOLDS = 50
MOST_ENDED = 50  # of her hours that are no more, and of those she issued
FIRST_LOTS = 3  # in the wallet, beside the statement
JUST_NOW = timedelta(minutes=2)  # so long after its arrival a payment is still news


@require_safe
@signed_in
def wallet(request: HttpRequest) -> HttpResponse:
    """Where her hours are: the balance, what is on its way, and what is chosen of the statement, newest first.

    As a fragment: the balance, how far she may go, what was given and received, the statement (``lines`` of it, so that
    what was unfolded stays), the lines ``before`` one, to stand below those shown already, or the statement with its
    filters.
    """
    account = Account.objects.filter(owner=request.user.pk).first()
    if account is None:
        return render(request, "ledger/no_wallet.html")
    target = fragment(request)
    if target == "balance":
        return render(request, "ledger/_balance.html", {"account": account})
    if target == "limits":
        return render(request, "ledger/_limits.html", {"limits": queries.limits_of(account)})
    if target == "in-and-out":
        return render(request, "ledger/_given_and_received.html", {"lately": statements.lately(account)})
    context = _statement(request, account)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if context["form"].errors else HTTPStatus.OK
    match target:
        case "statement":
            return render(request, "ledger/_statement.html", context, status=status)
        case "earlier":
            return render(request, "ledger/_earlier.html", {**context, "is_unfolded": True}, status=status)
        case "statement-card":
            answer = render(request, "ledger/_statement_chosen.html", context, status=status)
            return push_url(answer, f"{request.path}?{context['asked'].urlencode()}".removesuffix("?"))
    context |= {
        "expiring": origins.expiring_soon(account),
        "limits": queries.limits_of(account),
        "first_lots": origins.first_lots(account, limit=FIRST_LOTS),
        # Of very many lines this takes longer than all else: then it follows, or is asked for.
        "lately": None if is_long(account) and "lately" not in request.GET else statements.lately(account),
        "is_choosing_days": "choose" in request.GET,
    }
    return render(request, "ledger/wallet.html", context, status=status)


@require_safe
@signed_in
def hours(request: HttpRequest) -> HttpResponse:
    """Where her hours come from, when they expire, and what became of those that are no more."""
    account = Account.objects.filter(owner=request.user.pk).first()
    if account is None:
        return render(request, "ledger/no_wallet.html")
    lots = origins.origins(account, category_names=_category_names())
    context = {
        "account": account,
        "lots": lots,
        "skip": 0,
        "expiring": origins.expiring_soon(account),
        "other_minutes": max(account.balance_minutes, 0) - sum(lot.amount_minutes for lot in lots),
        "burnt": origins.burnt(account, limit=MOST_ENDED),
        "issued": origins.issued(account, limit=MOST_ENDED),
    }
    return render(request, "ledger/hours.html", context)


@require_safe
@signed_in
def way_of_hours(request: HttpRequest, public_id: str) -> HttpResponse:
    """The whole way that one open lot of hers came, some steps at a time, without the latest ``skip``.

    As a fragment: steps to stand above those shown already. Hours she had once lead to those that she has.
    """
    account = get_object_or_404(Account, owner=request.user.pk)
    skip = number(request, "skip") or 0
    lot_id = origins.lot_id_of(public_id, account)
    if lot_id is None:
        raise Http404
    lot = origins.origin(account, lot_id, skip=skip, category_names=_category_names())
    if lot is None:
        get_object_or_404(Lot, pk=lot_id, owner=account)
        return redirect("hours")
    is_unfolded = bool(fragment(request))
    context = {"account": account, "lot": lot, "skip": skip, "is_unfolded": is_unfolded}
    return render(request, "ledger/_steps.html" if is_unfolded else "ledger/way_of_hours.html", context)


def _category_names() -> dict[str, str]:
    return statements.names_of(statements.categories())


def _statement(request: HttpRequest, account: Account) -> dict[str, Any]:
    categories = statements.categories()
    form = StatementFilter(request.GET, categories)
    before = number(request, "before")
    wanted = min(number(request, "lines") or LINES_ON_A_PAGE, MOST_LINES_KEPT_FRESH)
    shown = wanted if before is None else min((number(request, "after") or 0) + wanted, MOST_LINES_KEPT_FRESH)
    page, months = queries.Page([], None), []
    holds: dict[str, Any] = {"holds": []}
    if form.is_valid():
        chosen = form.chosen()
        names = statements.names_of(categories)
        page = queries.statement(account, before=before, limit=wanted, chosen=chosen, category_names=names)
        months = queries.by_month(account, page.entries, chosen=chosen)
        if before is None:
            holds = _holds(account, chosen)
    return {
        "form": form,
        "asked": form.asked,
        "periods": PERIODS,
        "page": page,
        "months": months,
        "is_first_page": before is None,
        "lines_shown": shown,
        # The month the lines above end in: its heading is not said twice.
        "month_above": request.GET.get("month", "")[:7],
        "account": account,
        **holds,
    }


def _holds(account: Account, chosen: statements.Chosen, after: str = "") -> dict[str, Any]:
    """Some of what is on its way, and whether there is more."""
    found = queries.on_its_way(account, limit=MOST_HOLDS + 1, chosen=chosen, after=after)
    return {"holds": found[:MOST_HOLDS], "has_more_holds": len(found) > MOST_HOLDS}


@require_safe
@signed_in
def set_aside(request: HttpRequest) -> HttpResponse:
    """What is set aside and on its way, of what is chosen, newest first.

    What cannot be chosen leads to the page that says why. As a fragment: what stands ``after`` a payment, to go on
    below those shown already.
    """
    account = get_object_or_404(Account, owner=request.user.pk)
    form = StatementFilter(request.GET, statements.categories())
    if not form.is_valid():
        return redirect(f"{reverse('wallet')}?{form.asked.urlencode()}")
    after = request.GET.get("after", "")
    if after and not (after.isascii() and after.isalnum()):
        raise Http404
    part = bool(fragment(request))
    context = {
        "asked": form.asked,
        "said": form.said(),
        "is_first_page": not after,
        "is_unfolded": part,
        **_holds(account, form.chosen(), after),
    }
    return render(request, "ledger/_set_aside.html" if part else "ledger/set_aside.html", context)


@require_safe
@signed_in
def balance_over_time(request: HttpRequest) -> HttpResponse:
    """How the balance went in a period: a table, which scripts draw as a chart. As a fragment: without the page."""
    account = get_object_or_404(Account, owner=request.user.pk)
    form = StatementFilter(request.GET, [])
    is_sound = form.is_valid()
    points = statements.balances(account, form.chosen()) if is_sound else []
    context = {"form": form, "asked": form.asked, "periods": PERIODS, "points": points}
    template = "ledger/_balance_over_time.html" if fragment(request) else "ledger/balance_over_time.html"
    return render(request, template, context, status=HTTPStatus.OK if is_sound else HTTPStatus.UNPROCESSABLE_ENTITY)


@require_safe
@login_required
def statement_file(request: HttpRequest, ending: str) -> HttpResponseBase:
    """All that is chosen of the statement, as a file of this kind; what cannot be leads to the page that says why."""
    if ending not in FILES:
        raise Http404
    account = get_object_or_404(Account, owner=request.user.pk)
    form = StatementFilter(request.GET, statements.categories())
    page = f"{reverse('wallet')}?{form.asked.urlencode()}"
    if not form.is_valid():
        return redirect(page)
    try:
        files.check_pace(request)
        return files.statement(account, form, ending)
    except TooOften:
        return ratelimit.respond_429(request)
    except files.TooManyLines as refusal:
        messages.warning(request, str(refusal))
        return redirect(page)


@require_safe
@signed_in
def transfer(request: HttpRequest, public_id: str) -> HttpResponse:
    """One payment, from accept on, for its two people; strangers find nothing.

    While it is on its way the page asks for its fragment again, telling the state it ``seen``; as
    long as that is still so there is nothing to put in its place. The arrival is celebrated when it
    happens before her eyes, or just happened; from then on the page is a receipt.
    """
    hold = queries.payment(public_id, of=request.user)
    part = fragment(request)
    if part and request.GET.get("seen") == hold.state:
        return HttpResponse(status=204)
    template = "ledger/_payment.html" if part else "ledger/payment.html"
    return render(request, template, payment_context(request, hold))


def payment_context(request: HttpRequest, hold: Hold) -> dict[str, Any]:
    """What ledger/_payment.html shows of ``hold``, which `queries.payment` found for one of its two people."""
    part = fragment(request)
    is_payer = hold.payer.owner_id == request.user.pk
    if request.method == "GET" and not is_payer:
        has_seen(request, "transfer", hold.public_id)
    mine, other = (hold.payer, hold.payee) if is_payer else (hold.payee, hold.payer)
    undone_by = list(hold.transfer.reversals.order_by("pk")) if _has_arrived(hold) else []
    frozen_until, goes_back_at = queries.until_when(hold.due, hold.frozen_until, hold.expires_at)
    back_minutes = sum(one.amount_minutes for one in undone_by)
    return {
        "hold": hold,
        "frozen_until": frozen_until,
        "goes_back_at": goes_back_at,
        "is_fragment": bool(part),
        "has_just_arrived": _has_arrived(hold) and not undone_by and (bool(part) or _is_news(hold)),
        "is_payer": is_payer,
        "is_start": movements.is_start(hold.kind, is_by_payer=hold.is_by_payer),
        "what_for": movements.what_for(hold.kind, is_by_payer=hold.is_by_payer),
        "account": mine,
        "category_name": statements.category_name(hold.category),
        "cause": queries.cause_of(hold),
        "other": other.owner if other.kind == Account.Kind.MEMBER else None,
        "undone_by": undone_by,
        "back_minutes": back_minutes,
        "kept_minutes": hold.moves_minutes - back_minutes,
        "line": Entry.objects.filter(account=mine, transfer__hold=hold).first() if _has_arrived(hold) else None,
        "asked_by": getattr(hold, "payment_request", None),
    }


@require_safe
@login_required
def receipt_file(request: HttpRequest, public_id: str) -> HttpResponse:
    """The receipt of a payment that arrived, on paper, for its two people."""
    hold = queries.payment(public_id, of=request.user)
    if not _has_arrived(hold):
        return redirect("transfer", public_id)
    try:
        files.check_pace(request)
    except TooOften:
        return ratelimit.respond_429(request)
    return files.receipt(hold, reader=request.user)


@require_safe
def books(request: HttpRequest) -> HttpResponse:
    """The community's books, for everyone: the fund's statement and the sums, with nobody's name or balance."""
    before = number(request, "before")
    context = {
        "page": community.fund_statement(before=before, limit=LINES_ON_A_PAGE),
        "is_first_page": before is None,
        "figures": community.figures(),
        "check": community.last_check(),
    }
    return render(request, "ledger/books.html", context)


def _has_arrived(hold: Hold) -> bool:
    return hold.state == Hold.State.POSTED


def _is_news(hold: Hold) -> bool:
    return bool(hold.resolved_at and clock.now() - hold.resolved_at < JUST_NOW)
