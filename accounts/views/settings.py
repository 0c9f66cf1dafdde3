"""A member's settings: how the site looks to her, what neighbours see of her, where she is signed in."""

from __future__ import annotations

from allauth.usersessions.views import list_usersessions
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import operations, queries
from accounts.forms import AgreeForm, PreferencesForm, ProfileForm
from accounts.models import Member
from timebank import drafts
from timebank.fragments import signed_in

from .asking import MemberRequest, require_form_methods

MOST_BLOCKS = 200


@require_form_methods
@login_required
def settings(request: MemberRequest) -> HttpResponse:
    member = request.user
    kept = {name: getattr(member, name) for name in PreferencesForm.base_fields}
    form = PreferencesForm(request.POST if request.method == "POST" else None, initial=kept)
    if form.is_bound and form.is_valid():
        member = operations.change_preferences(member, **form.cleaned_data)
        with translation.override(member.language):
            messages.success(request, _("Saved."))
        return redirect("settings")
    return render(request, "accounts/settings.html", {"form": form}, status=422 if form.errors else 200)


@require_form_methods
@signed_in
def settings_profile(request: MemberRequest) -> HttpResponse:
    kept = {"display_name": request.user.display_name, "about": request.user.about}
    kept |= drafts.typed(request, request.path)
    form = ProfileForm(request.POST if request.method == "POST" else None, initial=kept)
    if form.is_bound and form.is_valid():
        member = operations.change_profile(request.user, **form.cleaned_data)
        messages.success(request, _("Saved. This is what your neighbours see."))
        return redirect(member)
    context = {"form": form, "not_sent": drafts.not_sent(request)}
    return render(request, "accounts/settings_profile.html", context, status=422 if form.errors else 200)


@require_form_methods
@login_required
def agree(request: MemberRequest) -> HttpResponse:
    """Ask a member who agreed to earlier terms for her yes to the present ones."""
    next_url = request.POST.get("next") or request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(next_url, allowed_hosts=None):
        next_url = ""
    form = AgreeForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        operations.agree(request.user)
        return redirect(next_url or "dashboard")
    context = {"form": form, "next": next_url}
    return render(request, "accounts/agree.html", context, status=422 if form.errors else 200)


@require_safe
@login_required
def blocks(request: MemberRequest) -> HttpResponse:
    """Whom she keeps apart from herself, the latest first."""
    mine = request.user.blocks.select_related("of").order_by("-pk")
    return render(request, "accounts/blocks.html", {"blocks": mine[:MOST_BLOCKS]})


@require_POST
@login_required
def block(request: MemberRequest, public_id: str) -> HttpResponse:
    other = get_object_or_404(Member.objects.people(), public_id=public_id)
    try:
        operations.block(other, by=request.user)
    except operations.ToOneself as refusal:
        messages.warning(request, str(refusal))
    else:
        words = _("You blocked %(name)s. Nobody was told.")
        messages.success(request, words % {"name": other.display_name})
    return redirect("settings_blocks")


@require_POST
@login_required
def unblock(request: MemberRequest, public_id: str) -> HttpResponse:
    other = get_object_or_404(Member.objects.people(), public_id=public_id)
    operations.unblock(other, by=request.user)
    messages.success(request, _("%(name)s can turn to you again.") % {"name": other.display_name})
    return redirect("settings_blocks")


@require_form_methods
@login_required
def devices(request: MemberRequest) -> HttpResponse:
    """Where she is signed in; a POST signs her out everywhere else. allauth's own list asks thrice for each device."""
    if request.method == "POST":
        return list_usersessions(request)
    sessions = queries.devices(request.user)
    return render(request, "usersessions/usersession_list.html", {"sessions": sessions})
