"""What staff do with hours: give some, write off a debt, undo a payment, change limits. The operations decide.

Accounts and transfers are shown by the ledger's own pages (ledger/admin.py), which know nobody's role; here they get
the buttons.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminDateWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from accounts import operations
from accounts.models import StaffMove
from accounts.words import WordsField
from ledger import admin as ledger_admin
from ledger.models import Account, LimitChange, Transfer
from ledger.operations import Limits, reversible_minutes, usual_limits
from timebank.durations import shown
from timebank.durations_field import SUCH_AS, MinutesField
from timebank.errors import Refusal
from timebank.read_only import ReadOnlyAdmin, who

MOST_AT_ONCE = 100  # accounts, for they are all locked together
MOST_PLANNED = 20


class _Reason(WordsField):
    def __init__(self, **kwargs: Any) -> None:
        widget = UnfoldAdminTextareaWidget(attrs={"rows": 4})
        super().__init__(label=_("Reason"), max_length=500, widget=widget, **kwargs)


class GiveForm(forms.Form):
    amount_minutes = MinutesField(label=_("How much"), help_text=SUCH_AS, widget=UnfoldAdminTextInputWidget)
    reason = _Reason(help_text=_("The member reads these words."))
    key = forms.CharField(widget=forms.HiddenInput, max_length=64)


class GiveSeveralForm(GiveForm):
    split = forms.ChoiceField(
        label=_("Is that in all, or for each?"),
        choices=[("each", _("For each of them")), ("evenly", _("In all, split evenly"))],
        initial="each",
        widget=UnfoldAdminRadioSelectWidget,
    )
    key = forms.CharField(widget=forms.HiddenInput, max_length=40)
    field_order = ["amount_minutes", "split", "reason", "key"]


class ReverseForm(forms.Form):
    minutes = MinutesField(
        label=_("How much"),
        help_text=_("Empty: all that can still go back."),
        required=False,
        widget=UnfoldAdminTextInputWidget,
    )
    may_pass_limit = forms.BooleanField(
        label=capfirst(StaffMove._meta.get_field("may_pass_limit").verbose_name),
        help_text=_(
            "Whoever got the hours may have spent them. With this they go back all the same: their balance falls below"
            " what they may owe, and they can send nothing until they have earned it back."
        ),
        required=False,
        widget=UnfoldBooleanWidget,
    )
    reason = _Reason(help_text=_("Both members read these words."))
    key = forms.CharField(widget=forms.HiddenInput, max_length=64)


class LimitsForm(forms.Form):
    credit_minutes = MinutesField(
        label=_("May owe up to"),
        help_text=_("Such as 10 h. Empty: nothing may be owed."),
        required=False,
        widget=UnfoldAdminTextInputWidget,
    )
    soft_minutes = MinutesField(
        label=_("Warned from"),
        help_text=_("Who would owe more than this is warned before. Empty: no warning."),
        required=False,
        widget=UnfoldAdminTextInputWidget,
    )
    max_balance_minutes = MinutesField(
        label=_("Largest balance"),
        help_text=_("What would be more is refused. Empty: as much as there is."),
        required=False,
        widget=UnfoldAdminTextInputWidget,
    )
    from_day = forms.DateField(
        label=_("From this day on"), help_text=_("Empty: from now on."), required=False, widget=UnfoldAdminDateWidget
    )
    reason = _Reason(help_text=_("Whoever these limits are for reads these words."))

    def limits(self) -> Limits:
        asked = self.cleaned_data
        return Limits(asked["credit_minutes"] or 0, asked["soft_minutes"], asked["max_balance_minutes"])


class LimitsReasonForm(forms.Form):
    reason = _Reason(help_text=_("Whoever these limits are for reads these words."))


# The ledger's refusals name its own fields.
_FIELDS = {"soft_limit_minutes": "soft_minutes", "amount_minutes": "minutes"}


def _ask(
    of: ReadOnlyAdmin,
    request: HttpRequest,
    form: forms.Form,
    do: Callable[[Any], str],
    *,
    title: str,
    button: str,
    back: str,
    about: str = "",
    warning: str = "",
    danger: bool = False,
    **more: Any,
) -> HttpResponse:
    """A GET asks; a POST does it, tells what came of it and goes ``back``, or shows what is to be mended."""
    if form.is_bound and form.is_valid():
        try:
            done = do(form.cleaned_data)
        except Refusal as refusal:
            field = refusal.field if refusal.field in form.fields else _FIELDS.get(refusal.field or "")
            form.add_error(field if field in form.fields else None, str(refusal))
        else:
            of.message_user(request, done, messages.SUCCESS)
            return redirect(back)
    context = {
        **of.admin_site.each_context(request),
        "title": title,
        "about": about,
        "warning": warning,
        "button": button,
        "back": back,
        "form": form,
        "opts": of.opts,
        "danger": danger,
        **more,
    }
    return TemplateResponse(request, "admin/act.html", context, status=422 if form.errors else 200)


def _given(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _new_key() -> dict[str, str]:
    return {"key": secrets.token_urlsafe(16)}


def _what_came(move: StaffMove) -> str:
    if move.is_waiting:
        return gettext("This waits now until a second person approves it.")
    return gettext("Done: %(amount)s moved.") % {"amount": shown(move.amount_minutes)}


admin.site.unregister([Account, LimitChange, Transfer])


@admin.register(Account)
class AccountAdmin(ledger_admin.AccountAdmin):
    """The ledger's page of an account, with what a coordinator may do about it."""

    actions = ["give_to_selected"]
    actions_detail = ["give_hours", "write_off_debt", "change_its_limits", "follow_common_limits"]
    actions_list = ["change_all_limits"]

    def has_coordinate_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return who(request).is_coordinator

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Only what makes sense for this account, and nothing for one's own or the fund's."""
        account = Account.objects.filter(pk=object_id).first()
        if account is None or account.kind == Account.Kind.FUND or account.owner_id == who(request).pk:
            return []
        offered = super().get_actions_detail(request, object_id)
        senseless = {
            "write_off_debt": account.balance_minutes >= 0,
            "follow_common_limits": not account.has_own_limits,
        }
        return [button for button in offered if not senseless.get(button.method.original_function_name)]

    @action(description=_("Give hours…"), url_path="give", permissions=["coordinate"], icon="volunteer_activism")
    def give_hours(self, request: HttpRequest, object_id: int) -> HttpResponse:
        title = gettext("Give hours of the community fund to %(name)s")
        return self._move(request, object_id, operations.grant, title, gettext("Give"))

    @action(description=_("Give hours…"), permissions=["coordinate"])
    def give_to_selected(self, request: HttpRequest, accounts: QuerySet[Account]) -> HttpResponse | None:
        """Ask how much the chosen members get, and why; then give it to all of them, or to nobody."""
        chosen = accounts.filter(kind=Account.Kind.MEMBER).select_related("owner").order_by("pk")
        selected = list(chosen[: MOST_AT_ONCE + 1])
        back = reverse("admin:ledger_account_changelist")
        if not 0 < len(selected) <= MOST_AT_ONCE:
            words = gettext("Choose the accounts of 1 to %(n)s members.") % {"n": MOST_AT_ONCE}
            self.message_user(request, words, messages.WARNING)
            return redirect(back)

        def give(asked: Any) -> str:
            each = asked.pop("split") == "each"
            moves = operations.grant_together(selected, each=each, by=who(request), **asked)
            done = [move for move in moves if not move.is_waiting]
            words = [gettext("Done: %(amount)s moved.") % {"amount": shown(sum(move.amount_minutes for move in done))}]
            if waiting := len(moves) - len(done):
                words.append(
                    ngettext(
                        "%(n)s of these waits until a second person approves it.",
                        "%(n)s of these wait until a second person approves them.",
                        waiting,
                    )
                    % {"n": waiting}
                )
            return " ".join(words if done else words[1:])

        form = GiveSeveralForm(request.POST if "reason" in request.POST else None, initial=_new_key())
        title, button = gettext("Give hours of the community fund to several members"), gettext("Give")
        return _ask(
            self,
            request,
            form,
            give,
            title=title,
            button=button,
            back=back,
            selected=selected,
            action="give_to_selected",
        )

    @action(description=_("Write off a debt…"), url_path="write-off", permissions=["coordinate"], icon="money_off")
    def write_off_debt(self, request: HttpRequest, object_id: int) -> HttpResponse:
        title = gettext("Write off what %(name)s owes")
        return self._move(request, object_id, operations.write_off, title, gettext("Write off"))

    @action(description=_("Change limits…"), url_path="limits", permissions=["coordinate"], icon="tune")
    def change_its_limits(self, request: HttpRequest, object_id: int) -> HttpResponse:
        account = self._account(object_id)
        present = {
            "credit_minutes": account.credit_limit_minutes or None,
            "soft_minutes": account.soft_limit_minutes,
            "max_balance_minutes": account.max_balance_minutes,
        }
        form = LimitsForm(_given(request), initial=present)
        title = gettext("Limits of %(name)s") % {"name": account.owner}
        back = reverse("admin:ledger_account_change", args=[account.pk])
        return self._change_limits(request, form, account, title=title, back=back)

    @action(
        description=_("Back to the common limits…"), url_path="common-limits", permissions=["coordinate"], icon="group"
    )
    def follow_common_limits(self, request: HttpRequest, object_id: int) -> HttpResponse:
        account = self._account(object_id)

        def follow(asked: Any) -> str:
            operations.follow_common_limits(account, reason=asked["reason"], by=who(request))
            return gettext("This account follows the common limits again.")

        return _ask(
            self,
            request,
            LimitsReasonForm(_given(request)),
            follow,
            title=gettext("Let %(name)s have the common limits again") % {"name": account.owner},
            about=_said_of_common_limits(),
            button=gettext("Follow the common limits"),
            back=reverse("admin:ledger_account_change", args=[account.pk]),
            planned=_planned(account, request),
        )

    @action(description=_("Limits for all…"), url_path="limits-for-all", permissions=["coordinate"], icon="tune")
    def change_all_limits(self, request: HttpRequest) -> HttpResponse:
        back = reverse("admin:ledger_account_changelist")
        about = gettext("For every member’s account that has no limits of its own, and for whoever joins later.")
        usual = usual_limits(settings.MEMBER_CREDIT_LIMIT_MINUTES)
        form = LimitsForm(_given(request), initial={**asdict(usual), "credit_minutes": usual.credit_minutes or None})
        return self._change_limits(request, form, None, title=gettext("Limits for all"), back=back, about=about)

    def _move(
        self, request: HttpRequest, object_id: int, operation: Callable[..., StaffMove], title: str, button: str
    ) -> HttpResponse:
        account = self._account(object_id)
        form = GiveForm(_given(request), initial=_new_key())
        return _ask(
            self,
            request,
            form,
            lambda asked: _what_came(operation(account, by=who(request), **asked)),
            title=title % {"name": account.owner},
            about=gettext("Balance: %(balance)s") % {"balance": shown(account.balance_minutes)},
            button=button,
            back=reverse("admin:ledger_account_change", args=[account.pk]),
        )

    def _change_limits(
        self, request: HttpRequest, form: LimitsForm, account: Account | None, **page: Any
    ) -> HttpResponse:
        def change(asked: Any) -> str:
            made = operations.change_limits(
                form.limits(), account=account, reason=asked["reason"], by=who(request), from_day=asked["from_day"]
            )
            return gettext("The limits are changed.") if made.applied_at else gettext("The limits will change.")

        planned = _planned(account, request)
        return _ask(self, request, form, change, button=gettext("Change limits"), planned=planned, **page)

    def _account(self, object_id: int) -> Account:
        return get_object_or_404(Account.objects.filter(kind=Account.Kind.MEMBER).select_related("owner"), pk=object_id)


def _said_of_common_limits() -> str:
    """What a member's account has that has no limits of its own."""
    common = usual_limits(settings.MEMBER_CREDIT_LIMIT_MINUTES)
    limits = [
        (gettext("credit limit"), common.credit_minutes),
        (gettext("soft limit"), common.soft_minutes),
        (gettext("largest balance"), common.max_balance_minutes),
    ]
    return " · ".join(f"{name} {'–' if minutes is None else shown(minutes)}" for name, minutes in limits)


def _planned(account: Account | None, request: HttpRequest) -> list[tuple[str, str]]:
    """The changes still to come for all and, where there is one, for ``account``: each in a line.

    With each, the address to call it off for whoever may.
    """
    whose = Q(account=None) if account is None else Q(account=account) | Q(account=None, kind=account.kind)
    changes = LimitChange.objects.planned().filter(whose).select_related("account", "by")[:MOST_PLANNED]
    return [
        (
            ledger_admin.said_of_limits(change),
            reverse("admin:ledger_limitchange_call_off", args=[change.pk])
            if operations.may_change_limits(change.account, who(request))
            else "",
        )
        for change in changes
    ]


@admin.register(LimitChange)
class LimitChangeAdmin(ledger_admin.LimitChangeAdmin):
    """The ledger's page of a change of limits, where a coordinator calls off what is planned."""

    actions_detail = ["call_off"]

    def has_coordinate_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return who(request).is_coordinator

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Only for what is planned, and nothing in one's own case."""
        change = LimitChange.objects.planned().select_related("account").filter(pk=object_id).first()
        if change is None or not operations.may_change_limits(change.account, who(request)):
            return []
        return list(super().get_actions_detail(request, object_id))

    @action(description=_("Call off…"), url_path="call-off", permissions=["coordinate"], icon="event_busy")
    def call_off(self, request: HttpRequest, object_id: int) -> HttpResponse:
        change = get_object_or_404(LimitChange.objects.select_related("account__owner", "by"), pk=object_id)

        def call_off(asked: Any) -> str:
            operations.call_off_limits(change, reason=asked["reason"], by=who(request))
            return gettext("This is called off: the limits stay as they are.")

        form = LimitsReasonForm(_given(request))
        if change.account is None:  # nobody was told of it yet
            form.fields["reason"].help_text = gettext("Kept beside the change.")
            title = gettext("Call off the change of everyone’s limits?")
        else:
            title = gettext("Call off the change of the limits of %(name)s?") % {"name": change.account.owner}
        return _ask(
            self,
            request,
            form,
            call_off,
            title=title,
            about=ledger_admin.said_of_limits(change),
            button=gettext("Call off"),
            back=reverse("admin:ledger_limitchange_change", args=[change.pk]),
            danger=True,
        )


@admin.register(Transfer)
class TransferAdmin(ledger_admin.TransferAdmin):
    """The ledger's page of a transfer, where a coordinator asks to undo it."""

    actions_detail = ["undo"]

    def has_coordinate_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return who(request).is_coordinator

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        transfer = Transfer.objects.filter(pk=object_id).first()
        if transfer is None or not reversible_minutes(transfer):
            return []
        return list(super().get_actions_detail(request, object_id))

    @action(description=_("Undo…"), url_path="undo", permissions=["coordinate"], icon="undo")
    def undo(self, request: HttpRequest, object_id: int) -> HttpResponse:
        transfer = get_object_or_404(Transfer.objects.select_related("payer__owner", "payee__owner"), pk=object_id)
        form = ReverseForm(_given(request), initial=_new_key())
        names = {"payer": transfer.payer.owner, "payee": transfer.payee.owner, "amount": shown(transfer.amount_minutes)}
        return _ask(
            self,
            request,
            form,
            lambda asked: _what_came(operations.propose_reversal(transfer, by=who(request), **asked)),
            title=gettext("Ask a moderator to undo this payment"),
            about=gettext("%(amount)s went from %(payer)s to %(payee)s.") % names,
            button=gettext("Ask for it"),
            back=reverse("admin:ledger_transfer_change", args=[transfer.pk]),
        )


@admin.register(StaffMove)
class StaffMoveAdmin(ReadOnlyAdmin):
    """What one of the staff asked for, and another approves or declines. Moderators see the payments to be undone."""

    actions_detail = ["approve_it", "decline_it"]
    list_display = ["asked_at", "what", "whose", "amount", "standing", "asked_by", "decided_by"]
    list_filter = ["state", "kind"]
    list_select_related = ["account__owner", "asked_by", "decided_by"]
    ordering = ["-pk"]
    fields = [
        "what", "state", "whose", "amount", "may_pass_limit", "reason", "undoes",
        "asked_by", "asked_at", "decided_by", "decided_at", "moved",
    ]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[StaffMove]:
        moves = StaffMove.objects.select_related("account__owner", "asked_by", "decided_by", "transfer", "made")
        return moves if who(request).is_coordinator else moves.filter(kind=StaffMove.Kind.REVERSAL)

    @display(description=_("kind"), ordering="kind")
    def what(self, move: StaffMove) -> str:
        return move.get_kind_display()

    @display(description=_("member"))
    def whose(self, move: StaffMove) -> str:
        return str(move.account.owner)

    @display(description=_("amount"), ordering="amount_minutes")
    def amount(self, move: StaffMove) -> str:
        return shown(move.amount_minutes)

    @display(
        description=_("state"),
        ordering="state",
        label={
            StaffMove.State.WAITING: "warning",
            StaffMove.State.DONE: "success",
            StaffMove.State.DECLINED: "default",
        },
    )
    def standing(self, move: StaffMove) -> tuple[str, str]:
        return move.state, move.get_state_display()

    @display(description=_("transfer to undo"))
    def undoes(self, move: StaffMove) -> Any:
        return _linked_transfer(move.transfer)

    @display(description=_("transfer made"))
    def moved(self, move: StaffMove) -> Any:
        return _linked_transfer(move.made)

    def has_decide_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return who(request).is_coordinator or who(request).is_moderator

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        move = self.get_queryset(request).select_related("transfer__payer", "transfer__payee").filter(pk=object_id)
        found = move.first()
        if found is None or not found.is_waiting:
            return []
        offered = super().get_actions_detail(request, object_id)
        if operations.may_approve(found, who(request)):
            return list(offered)
        is_hers = found.asked_by_id == who(request).pk
        return [button for button in offered if is_hers and button.method.original_function_name == "decline_it"]

    @action(description=_("Approve"), url_path="approve", permissions=["decide"], icon="check")
    def approve_it(self, request: HttpRequest, object_id: int) -> HttpResponse:
        title, button = gettext("Approve this?"), gettext("Approve")
        return self._decide(request, object_id, operations.approve_move, title, button, warning=_warning_before)

    @action(description=_("Decline"), url_path="decline", permissions=["decide"], icon="close")
    def decline_it(self, request: HttpRequest, object_id: int) -> HttpResponse:
        title, button = gettext("Decline this, so that nothing moves?"), gettext("Decline")
        return self._decide(request, object_id, operations.decline_move, title, button, danger=True)

    def _decide(
        self,
        request: HttpRequest,
        object_id: int,
        operation: Callable[..., StaffMove],
        title: str,
        button: str,
        danger: bool = False,
        warning: Callable[[StaffMove], str] = lambda move: "",
    ) -> HttpResponse:
        move = get_object_or_404(self.get_queryset(request), pk=object_id)

        def decide(_asked: Any) -> str:
            decided = operation(move, by=who(request))
            return _what_came(decided) if decided.made_id else gettext("Declined: nothing moved.")

        said = f"{move.get_kind_display()} · {move.account.owner} · {shown(move.amount_minutes)}: {move.reason}"
        back = reverse("admin:accounts_staffmove_change", args=[move.pk])
        form = forms.Form(_given(request))
        about = {"about": said, "warning": warning(move)}
        return _ask(self, request, form, decide, title=title, button=button, back=back, danger=danger, **about)


def _warning_before(move: StaffMove) -> str:
    """What whoever approves ``move`` should know first; "" where there is nothing."""
    if not move.may_pass_limit:
        return ""
    return gettext("This may take %(name)s below the limit of what they may owe.") % {"name": move.account.owner}


def _linked_transfer(transfer: Transfer | None) -> Any:
    if transfer is None:
        return "–"
    address = reverse("admin:ledger_transfer_change", args=[transfer.pk])
    return format_html('<a class="text-link" href="{}">{}</a>', address, transfer)
