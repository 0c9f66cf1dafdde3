"""Disputes as moderators work through them: the queue, one case, and the ruling, looked at before it is done."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from unfold.decorators import display
from unfold.views import ChangeList
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from accounts.models import Member
from marketplace import operations, queries
from marketplace.forms.words import WordsUpToField
from marketplace.models import LONGEST_REASON, Dispute
from timebank.durations import in_words, shown
from timebank.durations_field import MinutesField
from timebank.errors import Refusal
from timebank.read_only import ReadOnlyAdmin, who

from .timeline import lines_of

Outcome = Dispute.Outcome


# --- The queue ---------------------------------------------------------------------------------------


class CaseFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "case"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("waiting for a ruling")), ("decided", _("decided"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Dispute]) -> QuerySet[Dispute]:
        match self.value():
            case "open":
                return queryset.filter(decided_at=None)
            case "decided":
                return queryset.filter(decided_at__isnull=False)
        return queryset


class Queue(ChangeList):
    """The list, whose lines lead to the case itself."""

    def url_for_result(self, result: Dispute) -> str:
        return reverse("admin:case", args=[result.public_id])


@admin.register(Dispute)
class CaseAdmin(ReadOnlyAdmin):
    """Open cases first, the longest waiting on top; then those decided, the newest first. Nobody sees her own."""

    list_display = ["what", "between", "standing", "at_stake", "opened_at", "ruled_by", "decided_at"]
    list_filter = [CaseFilter, "reason"]
    ordering = [F("decided_at").desc(nulls_first=True), F("opened_at").asc(), F("pk").asc()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dispute]:
        return Dispute.objects.without(who(request)).with_people()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return Queue

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return redirect("admin:case", get_object_or_404(self.get_queryset(request), pk=object_id).public_id)

    @display(description=_("case"))
    def what(self, dispute: Dispute) -> str:
        return dispute.exchange.title

    @display(description=_("between"))
    def between(self, dispute: Dispute) -> str:
        return gettext("%(provider)s and %(receiver)s") % _names(dispute)

    @display(
        description=_("state"),
        label={"open": "warning", Outcome.RELEASE: "success", Outcome.REFUND: "success", Outcome.SPLIT: "success"},
    )
    def standing(self, dispute: Dispute) -> tuple[str, Any]:
        if dispute.is_open:
            return "open", _("waiting for a ruling")
        return dispute.outcome, dispute.get_outcome_display()

    @display(description=_("at stake"), ordering="at_stake_minutes")
    def at_stake(self, dispute: Dispute) -> str:
        return shown(dispute.at_stake_minutes)

    @display(description=_("ruled by"))
    def ruled_by(self, dispute: Dispute) -> str:
        return "–" if dispute.is_open else str(dispute.decided_by or _("the deadline"))


# --- One case ----------------------------------------------------------------------------------------


class RulingForm(forms.Form):
    outcome = forms.ChoiceField(
        label=_("How do you rule?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose how you rule.")},
    )
    minutes = MinutesField(label=_("So much to the provider"), required=False, widget=UnfoldAdminTextInputWidget)
    because = WordsUpToField(
        label=_("Why, in plain words"),
        help_text=_("Both of them read this."),
        longest=LONGEST_REASON,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}),
        error_messages={"required": _("Say why: the two are told.")},
    )

    def __init__(self, *args: Any, dispute: Dispute, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        said = {**_names(dispute), "all": in_words(dispute.at_stake_minutes)}
        outcome: Any = self.fields["outcome"]
        outcome.choices = [
            (Outcome.RELEASE, gettext("Release: %(provider)s gets all of it, %(all)s.") % said),
            (Outcome.REFUND, gettext("Refund: %(receiver)s gets all of it back, %(all)s.") % said),
            (Outcome.SPLIT, gettext("Split: %(provider)s gets a part, %(receiver)s the rest.") % said),
        ]
        self.fields["minutes"].label = gettext("So much to %(provider)s") % said
        self.fields["minutes"].help_text = gettext("Only for a split: “45 min”, “1 h 30”. At stake: %(all)s.") % said
        if dispute.exchange.delivered_minutes:
            said["took"] = in_words(dispute.exchange.delivered_minutes)
            outcome.help_text = gettext("%(provider)s said that it took %(took)s.") % said

    def ruling(self) -> dict[str, Any]:
        """What was chosen, as the preview and the ruling take it."""
        return {"outcome": self.cleaned_data["outcome"], "provider_minutes": self.cleaned_data["minutes"]}


def of_a_case(view: Callable[[HttpRequest, Dispute], HttpResponse]) -> Callable[..., HttpResponse]:
    """Hand ``view`` the case. Who may see none gets 403; so does who has a part in this one, and sees nothing of it."""

    @wraps(view)
    def with_the_case(request: HttpRequest, public_id: str) -> HttpResponse:
        if not request.user.has_perm("marketplace.view_dispute"):
            raise PermissionDenied
        dispute = get_object_or_404(Dispute.objects.with_people(), public_id=public_id)
        try:
            operations.check_has_no_part(dispute, who(request))
        except Refusal as refusal:
            context = {**admin.site.each_context(request), "title": gettext("Case"), "refusal": refusal}
            return TemplateResponse(request, "admin/marketplace/case_refused.html", context, status=refusal.status)
        return view(request, dispute)

    return with_the_case


@require_safe
@of_a_case
def case(request: HttpRequest, dispute: Dispute) -> HttpResponse:
    """One dispute with all a moderator needs to rule."""
    return _page(request, dispute, RulingForm(dispute=dispute))


@require_POST
@of_a_case
def case_messages(request: HttpRequest, dispute: Dispute) -> HttpResponse:
    """Have it written down that she reads what the two wrote to each other; then she may."""
    try:
        operations.read_messages(dispute, by=who(request))
    except operations.NotAModerator as refusal:
        raise PermissionDenied(str(refusal)) from refusal
    return redirect(reverse("admin:case", args=[dispute.public_id]) + "#messages")


@require_http_methods(["GET", "POST"])
@of_a_case
def case_ruling(request: HttpRequest, dispute: Dispute) -> HttpResponse:
    """Sent once, a ruling shows what it would do; sent with ``sure``, it is done."""
    by = who(request)
    if not by.is_moderator:
        raise PermissionDenied
    if request.method == "GET":
        return redirect("admin:case", dispute.public_id)
    form = RulingForm(request.POST, dispute=dispute)
    is_whole = form.is_valid()
    try:
        operations.check_undecided(dispute, by)  # before anything else: a decided case has no form to keep words in
        if not is_whole:
            return _page(request, dispute, form, status=422)
        if "change" in request.POST:
            return _page(request, dispute, form)
        if "sure" not in request.POST:
            return _preview(request, dispute, form)
        operations.rule(dispute, by=by, because=form.cleaned_data["because"], **form.ruling())
    except operations.AlreadyDecided as refusal:
        now = Dispute.objects.with_people().get(pk=dispute.pk)
        typed = form.cleaned_data.get("because") or form.data.get("because", "").strip()
        unused = "" if typed == now.because else typed  # the same reason once more is a second click
        return _page(request, now, form, status=refusal.status, refusal=refusal, unused=unused)
    except Refusal as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return _page(request, dispute, form, status=422)
    messages.success(request, gettext("You ruled. Both of them are told."))
    return redirect("admin:case", dispute.public_id)


def _preview(request: HttpRequest, dispute: Dispute, form: RulingForm) -> HttpResponse:
    context = {
        **_frame(request, dispute),
        "form": form,
        "ruling": _in_words(dispute, form),
        "because": form.cleaned_data["because"],
        "sides": queries.preview_of(dispute, **form.ruling()),
    }
    return TemplateResponse(request, "admin/marketplace/case_ruling.html", context)


def _in_words(dispute: Dispute, form: RulingForm) -> str:
    """What was chosen, with the minutes of both."""
    outcome, provider_minutes = form.ruling().values()
    if outcome != Outcome.SPLIT:
        return str(dict(form.fields["outcome"].choices)[outcome])  # type: ignore[attr-defined]
    share = operations.share_of(dispute, outcome, provider_minutes)
    minutes = {"mine": shown(share), "theirs": shown(dispute.at_stake_minutes - share)}
    return gettext("Split: %(provider)s gets %(mine)s, %(receiver)s gets %(theirs)s.") % {**_names(dispute), **minutes}


def _page(request: HttpRequest, dispute: Dispute, form: RulingForm, *, status: int = 200, **more: Any) -> HttpResponse:
    by = who(request)
    steps = dispute.exchange.steps.select_related("by").order_by("seq")
    context = {
        **_frame(request, dispute),
        "form": form,
        "is_moderator": by.is_moderator,
        "columns": _columns(dispute),
        "lines": lines_of(steps),
        "reading": queries.reading_of(dispute, by) if by.is_moderator else None,
        **more,
    }
    return TemplateResponse(request, "admin/marketplace/case.html", context, status=status)


def _columns(dispute: Dispute) -> list[dict[str, Any]]:
    """What each of the two says and shows, side by side."""
    statements = list(dispute.statements.order_by("pk"))
    files = list(dispute.evidence.order_by("pk"))
    for file in files:
        file.address = reverse("evidence", args=[file.public_id])  # type: ignore[attr-defined]
    return [
        {
            "standing": standing,
            "is_provider": standing.member == dispute.exchange.provider,
            "opened": standing.member == dispute.opened_by,
            "statements": [said for said in statements if said.author_id == standing.member.pk],
            "files": [file for file in files if file.author_id == standing.member.pk],
        }
        for standing in queries.standings_of(dispute)
    ]


def _frame(request: HttpRequest, dispute: Dispute) -> dict[str, Any]:
    return {
        **admin.site.each_context(request),
        "title": gettext("Case: %(title)s") % {"title": dispute.exchange.title},
        "dispute": dispute,
        "exchange": dispute.exchange,
    }


def _names(dispute: Dispute) -> dict[str, Member]:
    return {"provider": dispute.exchange.provider, "receiver": dispute.exchange.receiver}
