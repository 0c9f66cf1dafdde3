"""The pages of a member's hours: her wallet, and each payment for its two people."""

from __future__ import annotations

from datetime import date
from itertools import groupby
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from timebank.fragments import fragment, signed_in

from . import queries
from .models import Account, Entry, Hold

LINES_ON_A_PAGE = 20
MOST_KEPT_FRESH = 200  # lines that a page left open for long fetches anew
MOST_HOLDS = 50


@require_safe
@signed_in
def wallet(request: HttpRequest) -> HttpResponse:
    """Where her hours are: the balance, what is on its way, and the statement, newest first.

    As fragments: the balance; the statement, for another choice of lines; the newest lines again,
    down to the one they ended with, so that what is unfolded below still fits; and earlier lines.
    """
    account = Account.objects.filter(owner=request.user).first()
    if account is None:
        return render(request, "ledger/no_wallet.html")
    match fragment(request):
        case "balance":
            return render(request, "ledger/_balance.html", {"account": account})
        case "newest":
            return render(request, "ledger/_newest.html", _statement(request, account))
        case "earlier":
            return render(request, "ledger/_earlier.html", _statement(request, account))
        case "statement":
            return render(request, "ledger/_statement.html", _statement(request, account))
    return render(request, "ledger/wallet.html", _statement(request, account))


def _statement(request: HttpRequest, account: Account) -> dict[str, Any]:
    only = request.GET.get("show", "")
    if only not in {"", "in", "out"}:
        raise BadRequest("no such part of the statement")
    before, since = _number(request, "before"), _number(request, "since")
    limit = LINES_ON_A_PAGE if since is None else MOST_KEPT_FRESH
    page = queries.statement(account, before=before, since=since, limit=limit, only=only)  # type: ignore[arg-type]
    is_first_page = before is None
    last_seq = page.entries[-1].seq if page.entries else 0
    return {
        "account": account,
        "show": only,
        "months": _by_month(page.entries),
        "month_above": request.GET.get("month", ""),  # its heading stands above already
        "next_before": page.next_before,
        "since": last_seq if since is None else since,
        "is_first_page": is_first_page,
        "holds": list(queries.live_holds(account, only=only)[:MOST_HOLDS]) if is_first_page else [],  # type: ignore[arg-type]
    }


def _by_month(lines: list[queries.Line]) -> list[tuple[date, list[queries.Line]]]:
    """The lines under the first day of their month, as the reader's calendar has it."""

    def month(line: queries.Line) -> date:
        return timezone.localtime(line.transfer.posted_at).date().replace(day=1)

    return [(first_day, list(some)) for first_day, some in groupby(lines, key=month)]


@require_safe
@signed_in
def transfer(request: HttpRequest, public_id: str) -> HttpResponse:
    """One payment, from accept on, for its two people; strangers find nothing.

    While it is on its way the page asks for its fragment again, telling the state it has ``seen``; as
    long as that is still so there is nothing to put in its place.
    """
    hold = queries.payment(public_id, of=request.user)
    part = fragment(request)
    if part and request.GET.get("seen") == hold.state:
        return HttpResponse(status=204)
    is_payer = hold.payer.owner_id == request.user.pk
    mine, other = (hold.payer, hold.payee) if is_payer else (hold.payee, hold.payer)
    has_arrived = hold.state == Hold.State.POSTED
    context = {
        "hold": hold,
        "is_payer": is_payer,
        "other": other.owner if other.kind == Account.Kind.MEMBER else None,
        "line": Entry.objects.filter(account=mine, transfer__hold=hold).first() if has_arrived else None,
    }
    return render(request, "ledger/_payment.html" if part else "ledger/payment.html", context)


def _number(request: HttpRequest, name: str) -> int | None:
    """A number from the address; None for none. Raises BadRequest for anything else."""
    text = request.GET.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadRequest("not a number")
    return int(text)
