"""The pages of a dispute for the two whose exchange it is about; a moderator's stand in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_safe

from accounts.models import Member
from marketplace import operations
from marketplace.exchange_page import ExchangePage
from marketplace.files import served
from marketplace.forms.exchanges import DisputeForm, EvidenceForm, StatementForm
from marketplace.models import Dispute, Evidence, Exchange
from marketplace.pace import check_pace
from marketplace.rules import Action
from timebank import drafts
from timebank.errors import Refusal
from timebank.fragments import signed_in

from .exchanges import MemberRequest, a_step, answer, hers, refuse, require_form_methods, show, step, why_not


@require_form_methods
@signed_in
def exchange_dispute(request: MemberRequest, public_id: str) -> HttpResponse:
    """Say what went wrong, and call a moderator."""
    found = hers(request, public_id)
    is_sent = request.method == "POST"
    kept = drafts.typed(request, request.path)
    form = DisputeForm(request.POST, request.FILES) if is_sent else DisputeForm(initial=kept)
    status = 200
    if form.is_bound and form.is_valid():
        try:
            asked = form.cleaned_data
            operations.open_dispute(found, by=request.user, files=asked.pop("evidence"), **asked)
        except Refusal as refusal:
            found = hers(request, public_id)
            status = refuse(form, refusal)
        else:
            return redirect(found)
    elif form.is_bound:
        status = 422
    page = ExchangePage(found, request.user)
    if not form.is_bound and not page.can[Action.DISPUTE]:
        return show(request, found, status=409, refusal=why_not(found, request.user, Action.DISPUTE))
    # No browser lets a page choose files again.
    context = {"exchange": found, "page": page, "form": form, "lost_files": bool(request.FILES)}
    if form.is_bound and found.state == Exchange.State.DISPUTED:  # what she wrote can still be said
        context["statement"] = StatementForm(initial={"text": form["statement"].value()})
    return answer(request, "marketplace/dispute.html", context, status)


@a_step
def dispute_statement(request: MemberRequest, found: Exchange) -> HttpResponse:
    dispute = _dispute_of(found)

    def state(**words: str) -> None:
        check_pace(request, "messages")
        operations.add_statement(dispute, by=request.user, **words)

    return step(request, found, StatementForm(request.POST), state, name="statement", part="statement")


@a_step
def dispute_evidence(request: MemberRequest, found: Exchange) -> HttpResponse:
    form = EvidenceForm(request.POST, request.FILES)
    dispute = _dispute_of(found)

    def keep(file: Any) -> None:
        operations.add_evidence(dispute, by=request.user, upload=file)

    return step(request, found, form, keep, name="evidence", part="evidence")


@require_safe
@login_required
def evidence(request: MemberRequest, public_id: str) -> HttpResponseBase:
    """A file of a dispute, to be kept and not shown: for the two, and for moderators who have no part in it."""
    shown = get_object_or_404(_seen_by(request.user), public_id=public_id)
    return served(shown)


def _seen_by(member: Member) -> Any:
    if member.is_moderator:
        return Evidence.objects.all()
    party = Q(dispute__exchange__provider=member) | Q(dispute__exchange__receiver=member)
    return Evidence.objects.filter(party)


def _dispute_of(found: Exchange) -> Dispute:
    dispute: Dispute = get_object_or_404(Dispute.objects.select_related("exchange"), exchange=found)
    return dispute
