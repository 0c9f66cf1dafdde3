"""The staff's door to members: look, approve, suspend, take back, and give roles."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from allauth.account.decorators import reauthentication_required
from django import forms
from django.apps import apps
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextareaWidget

from accounts import operations
from accounts.models import Member, MemberQuerySet
from accounts.roles import Role
from accounts.zones import zone_label
from timebank.durations import shown
from timebank.errors import Refusal
from timebank.read_only import ReadOnlyAdmin

# Addresses, second factors, sessions and groups have their own pages and operations: edited here by
# hand they would pass by every rule.
for _app in ("account", "mfa", "usersessions", "auth"):
    for _model in apps.get_app_config(_app).get_models():
        if admin.site.is_registered(_model):
            admin.site.unregister(_model)


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("The member reads these words."),
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
    )


class RolesForm(forms.Form):
    roles = forms.MultipleChoiceField(
        label=_("Roles"), choices=Role, required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )


@admin.register(Member)
class MemberAdmin(ReadOnlyAdmin):
    """Members are never edited here: each button is an operation, with its rule and its record."""

    actions = ["approve", "suspend", "reinstate"]
    actions_detail = ["approve_her", "suspend_her", "reinstate_her", "change_roles"]
    list_display = ["display_name", "email", "standing", "role_names", "joined_at", "balance"]
    list_filter = ["state", "is_staff"]
    ordering = ["plain_name", "pk"]
    search_fields = ["display_name", "email"]
    search_help_text = _("Name or e-mail")
    fieldsets = [
        (_("Person"), {"fields": ["display_name", "email", "own_words", "language", "zone", "public_id"]}),
        (
            _("Membership"),
            {"fields": ["state", "suspended_because", "signed_up_at", "joined_at", "role_names", "last_login"]},
        ),
        (_("Hours"), {"fields": ["balance", "held", "account_link"]}),
    ]

    # What is seen ---------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> MemberQuerySet:
        return Member.objects.people().select_related("account").prefetch_related("groups")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Member], search_term: str
    ) -> tuple[QuerySet[Member], bool]:
        if not search_term:
            return queryset, False
        members: Any = queryset
        return members.named_like(search_term) | queryset.filter(email__icontains=search_term.strip()), False

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return [name for name in self.list_display if name != "balance" or _sees_books(request)]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return self.fieldsets if _sees_books(request) else self.fieldsets[:-1]

    @display(
        description=_("state"),
        ordering="state",
        label=dict.fromkeys(Member.State, "default")  # a state without a look would be shown by its name in the code
        | {
            Member.State.ACTIVE: "success",
            Member.State.APPLIED: "warning",
            Member.State.NEW: "info",
            Member.State.SUSPENDED: "danger",
        },
    )
    def standing(self, member: Member) -> tuple[str, str]:
        return member.state, member.get_state_display()

    @display(description=_("in their own words"))
    def own_words(self, member: Member) -> str:
        return member.about

    @display(description=_("time zone"))
    def zone(self, member: Member) -> str:
        return zone_label(member.time_zone)

    @display(description=_("roles"))
    def role_names(self, member: Member) -> str:
        names = [str(Role(name).label) for name in sorted(member.roles) if name in Role.values]
        return ", ".join([gettext("administrator"), *names] if member.is_superuser else names) or "–"

    @display(description=_("balance"), ordering="account__balance_minutes")
    def balance(self, member: Member) -> str:
        return shown(member.account.balance_minutes) if hasattr(member, "account") else "–"

    @display(description=_("held"))
    def held(self, member: Member) -> str:
        return shown(member.account.held_minutes) if hasattr(member, "account") else "–"

    @display(description=_("account"))
    def account_link(self, member: Member) -> str:
        if not hasattr(member, "account"):
            return "–"
        address = reverse("admin:ledger_account_change", args=[member.account.pk])
        return format_html('<a class="text-link" href="{}">{}</a>', address, member.account.public_id)

    def view_on_site(self, member: Member) -> str | None:
        return member.get_absolute_url() if member.is_member else None

    # Who may do what (the operations decide again) ------------------------------------------

    def has_approve_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return _her(request).is_coordinator

    def has_suspend_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return _her(request).is_coordinator or _her(request).is_moderator

    def has_give_roles_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return _her(request).is_superuser

    # Many at once, from the list ------------------------------------------------------------

    @action(description=_("Approve"), permissions=["approve"])
    def approve(self, request: HttpRequest, members: QuerySet[Member]) -> None:
        self._do(request, members, self._approve)

    @action(description=_("Reinstate"), permissions=["suspend"])
    def reinstate(self, request: HttpRequest, members: QuerySet[Member]) -> None:
        self._do(request, members, self._reinstate)

    @action(description=_("Suspend…"), permissions=["suspend"])
    def suspend(self, request: HttpRequest, members: QuerySet[Member]) -> HttpResponse | None:
        return self._ask_reason(request, members)

    # One, from her page: a GET asks, a POST does ------------------------------------------------

    @action(description=_("Approve"), url_path="approve", permissions=["approve"], icon="check")
    def approve_her(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return self._confirm(request, object_id, self._approve, _("Approve %(name)s as a member?"), _("Approve"))

    @action(description=_("Suspend…"), url_path="suspend", permissions=["suspend"], icon="block")
    def suspend_her(self, request: HttpRequest, object_id: int) -> HttpResponse:
        member = self._member(request, object_id)
        return self._ask_reason(request, [member]) or self._back_to(member)

    @action(description=_("Reinstate"), url_path="reinstate", permissions=["suspend"], icon="undo")
    def reinstate_her(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return self._confirm(request, object_id, self._reinstate, _("Take %(name)s back as a member?"), _("Reinstate"))

    @action(description=_("Roles…"), url_path="roles", permissions=["give_roles"], icon="badge")
    def change_roles(self, request: HttpRequest, object_id: int) -> HttpResponse:
        return reauthentication_required(self._change_roles)(request, object_id)

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Only the buttons that make sense for her present state."""
        state = Member.objects.values_list("state", flat=True).filter(pk=object_id).first()
        senseless = {
            "approve_her": state != Member.State.APPLIED,
            "suspend_her": state != Member.State.ACTIVE,
            "reinstate_her": state != Member.State.SUSPENDED,
        }
        offered = super().get_actions_detail(request, object_id)
        return [button for button in offered if not senseless.get(button.method.original_function_name)]

    # The steps ----------------------------------------------------------------------------------

    def _approve(self, request: HttpRequest, member: Member) -> str:
        operations.approve_member(member, by=_her(request))
        return gettext("%(name)s is a member now.") % {"name": member}

    def _reinstate(self, request: HttpRequest, member: Member) -> str:
        operations.reinstate_member(member, by=_her(request))
        return gettext("%(name)s is a member again.") % {"name": member}

    def _ask_reason(self, request: HttpRequest, members: Iterable[Member]) -> HttpResponse | None:
        """Suspend when the page that asks for the reason was sent with one; else that page."""
        form = ReasonForm(request.POST if "reason" in request.POST else None)
        if not form.is_valid():
            return self._page(
                request, _("Suspend from the community"), _("Suspend"), members, form, danger=True, action="suspend"
            )

        def suspend(request: HttpRequest, member: Member) -> str:
            operations.suspend_member(member, by=_her(request), reason=form.cleaned_data["reason"])
            return gettext("%(name)s is suspended.") % {"name": member}

        self._do(request, members, suspend)
        return None

    def _change_roles(self, request: HttpRequest, object_id: int) -> HttpResponse:
        member = self._member(request, object_id)
        form = RolesForm(request.POST if request.method == "POST" else None, initial={"roles": list(member.roles)})
        if not form.is_valid():
            return self._page(request, _("Roles of %(name)s") % {"name": member}, _("Save"), [member], form)

        def change(request: HttpRequest, member: Member) -> str:
            for role in Role:
                change_it = operations.give_role if role in form.cleaned_data["roles"] else operations.take_role
                change_it(member, role, by=_her(request))
            return gettext("The roles of %(name)s are changed.") % {"name": member}

        self._do(request, [member], change)
        return self._back_to(member)

    def _confirm(
        self,
        request: HttpRequest,
        object_id: int,
        do: Callable[[HttpRequest, Member], str],
        question: Any,
        button: Any,
    ) -> HttpResponse:
        member = self._member(request, object_id)
        if request.method != "POST":
            return self._page(request, question % {"name": member}, button, [member], forms.Form())
        self._do(request, [member], do)
        return self._back_to(member)

    def _do(self, request: HttpRequest, members: Iterable[Member], do: Callable[[HttpRequest, Member], str]) -> None:
        for member in members:
            try:
                done = do(request, member)
            except Refusal as refusal:
                self.message_user(request, f"{member}: {refusal}", messages.WARNING)
            else:
                self.log_change(request, member, done)
                self.message_user(request, done, messages.SUCCESS)

    def _page(
        self,
        request: HttpRequest,
        title: Any,
        button: Any,
        members: Iterable[Member],
        form: forms.Form,
        **more: Any,
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "button": button,
            "members": members,
            "form": form,
            "opts": self.opts,
            **more,
        }
        return TemplateResponse(request, "admin/decision.html", context)

    def _member(self, request: HttpRequest, object_id: int) -> Member:
        return get_object_or_404(self.get_queryset(request), pk=object_id)

    def _back_to(self, member: Member) -> HttpResponse:
        return redirect("admin:accounts_member_change", member.pk)


def _her(request: HttpRequest) -> Member:
    """Who acts. The site lets in nobody who is not signed in."""
    assert isinstance(request.user, Member)
    return request.user


def _sees_books(request: HttpRequest) -> bool:
    return request.user.has_perm("ledger.view_account")
