"""The pages of a member's hours: her wallet, and each payment for its two people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from notifications.middleware import has_seen
from timebank import clock
from timebank.fragments import fragment, signed_in

from . import community, origins, queries
from .models import Account, Entry, Hold

LINES_ON_A_PAGE = 20
MOST_LINES_KEPT_FRESH = 200
MOST_HOLDS = 50
MOST_ENDED = 50  # of her hours that are no more, and of those she issued
FIRST_LOTS = 3  # in the wallet, beside the statement
JUST_NOW = timedelta(minutes=2)  # so long after its arrival a payment is still news


@require_safe
@signed_in
def wallet(request: HttpRequest) -> HttpResponse:
    """Where her hours are: the balance, what is on its way, and the statement, newest first.

    As a fragment: the balance, the statement (``lines`` of it, so that what was unfolded stays), or
    the lines ``before`` one, to stand below those shown already.
    """
    account = Account.objects.filter(owner=request.user.pk).first()
    if account is None:
        return render(request, "ledger/no_wallet.html")
    target = fragment(request)
    if target == "balance":
        return render(request, "ledger/_balance.html", {"account": account})
    context = _statement(request, account)
    if target == "statement":
        return render(request, "ledger/_statement.html", context)
    if target == "earlier":
        return render(request, "ledger/_earlier.html", {**context, "is_unfolded": True})
    context |= {"expiring": origins.expiring_soon(account), "first_lots": origins.first_lots(account, limit=FIRST_LOTS)}
    return render(request, "ledger/wallet.html", {"account": account, **context})


@require_safe
@signed_in
def hours(request: HttpRequest) -> HttpResponse:
    """Where her hours come from, when they expire, and what became of those that are no more."""
    account = Account.objects.filter(owner=request.user.pk).first()
    if account is None:
        return render(request, "ledger/no_wallet.html")
    lots = origins.origins(account)
    context = {
        "account": account,
        "lots": lots,
        "other_minutes": max(account.balance_minutes, 0) - sum(lot.amount_minutes for lot in lots),
        "burnt": origins.burnt(account, limit=MOST_ENDED),
        "issued": origins.issued(account, limit=MOST_ENDED),
    }
    return render(request, "ledger/hours.html", context)


def _part(request: HttpRequest) -> queries.Only:
    """Which part of the statement is asked for. Raises BadRequest for one there is not."""
    match request.GET.get("show", ""):
        case ("" | "in" | "out") as show:
            return show
        case _:
            raise BadRequest("no such part of the statement")


def _statement(request: HttpRequest, account: Account) -> dict[str, Any]:
    show = _part(request)
    before = _number(request, "before")
    wanted = min(_number(request, "lines") or LINES_ON_A_PAGE, MOST_LINES_KEPT_FRESH)
    page = queries.statement(account, before=before, limit=wanted, only=show)
    shown = wanted if before is None else min((_number(request, "after") or 0) + wanted, MOST_LINES_KEPT_FRESH)
    return {
        "page": page,
        "show": show,
        "is_first_page": before is None,
        "lines_shown": shown,
        # The month the lines above end in: its heading is not said twice.
        "month_above": request.GET.get("month", "")[:7],
        "holds": queries.on_its_way(account, limit=MOST_HOLDS, only=show) if before is None else [],
        "account": account,
    }


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
    is_payer = hold.payer.owner_id == request.user.pk
    if request.method == "GET" and not is_payer:
        has_seen(request, "transfer", hold.public_id)
    mine, other = (hold.payer, hold.payee) if is_payer else (hold.payee, hold.payer)
    context = {
        "hold": hold,
        "is_fragment": bool(part),
        "has_just_arrived": _has_arrived(hold) and (bool(part) or _is_news(hold)),
        "is_payer": is_payer,
        "account": mine,
        "other": other.owner if other.kind == Account.Kind.MEMBER else None,
        "undone_by": list(hold.transfer.reversals.order_by("pk")) if _has_arrived(hold) else [],
        "line": Entry.objects.filter(account=mine, transfer__hold=hold).first() if _has_arrived(hold) else None,
    }
    return render(request, "ledger/_payment.html" if part else "ledger/payment.html", context)


@require_safe
def books(request: HttpRequest) -> HttpResponse:
    """The community's books, for everyone: the fund's statement and the sums, with nobody's name or balance."""
    before = _number(request, "before")
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


def _number(request: HttpRequest, name: str) -> int | None:
    """A number from the address; None for none. Raises BadRequest for anything else."""
    text = request.GET.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadRequest("not a number")
    return int(text)
