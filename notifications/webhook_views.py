"""A member's webhooks: the list with their last answers, a new one, and what is done with each.

A secret is on the answer to the form that asked for it, and nowhere else.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from timebank.errors import Busy, Refusal

from . import webhooks as operations
from .models import Webhook
from .models.webhooks import LONGEST_ADDRESS
from .pace import check_pace

ANSWERS_SHOWN = 5


class WebhookForm(forms.Form):
    address = forms.CharField(
        label=gettext_lazy("To which address?"),
        help_text=gettext_lazy("Such as https://example.org/timebank."),
        max_length=LONGEST_ADDRESS,
        widget=forms.URLInput(attrs={"inputmode": "url"}),
        error_messages={"required": gettext_lazy("Write an address.")},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def webhooks(request: HttpRequest) -> HttpResponse:
    """Hers, and a form for another."""
    if request.method != "POST":
        return _page(request)
    form = WebhookForm(request.POST)
    if form.is_valid():
        try:
            made, secret = operations.make_webhook(request.user, **form.cleaned_data)
        except Busy:
            raise
        except Refusal as refusal:
            _refuse(form, refusal)
        else:
            return _page(request, made=made, secret=secret)
    return _page(request, form=form, faulty=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)


@require_POST
@never_cache
@login_required
def change_address(request: HttpRequest, public_id: str) -> HttpResponse:
    webhook = _own(request, public_id)
    form = _address_form(webhook, request.POST)
    if form.is_valid():
        try:
            operations.change_address(webhook, **form.cleaned_data)
        except Busy:
            raise
        except Refusal as refusal:
            _refuse(form, refusal)
        else:
            messages.success(request, _("From now on it is told at that address."))
            return redirect("settings_webhooks")
    return _page(request, changed={webhook: form}, faulty=form, status=HTTPStatus.UNPROCESSABLE_ENTITY)


@require_POST
@never_cache
@login_required
def renew_secret(request: HttpRequest, public_id: str) -> HttpResponse:
    webhook = _own(request, public_id)
    return _page(request, made=webhook, secret=operations.renew_secret(webhook))


@require_POST
@never_cache
@login_required
def ping(request: HttpRequest, public_id: str) -> HttpResponse:
    webhook = _own(request, public_id)
    try:
        check_pace(request)
        operations.ping_webhook(webhook)
    except Busy:
        raise
    except Refusal as refusal:
        answer = _page(request, refusal=str(refusal), status=refusal.status)
        if refusal.retry_after_seconds is not None:
            answer["Retry-After"] = str(refusal.retry_after_seconds)
        return answer
    messages.success(request, _("A test message is on its way. Look here again in a moment for what it answered."))
    return redirect("settings_webhooks")


@require_POST
@login_required
def resume(request: HttpRequest, public_id: str) -> HttpResponse:
    operations.resume_webhook(_own(request, public_id))
    messages.success(request, _("It is told again, from where it was."))
    return redirect("settings_webhooks")


@require_POST
@login_required
def remove(request: HttpRequest, public_id: str) -> HttpResponse:
    operations.remove_webhook(_own(request, public_id))
    messages.success(request, _("It is told nothing any more."))
    return redirect("settings_webhooks")


def _page(
    request: HttpRequest,
    *,
    form: WebhookForm | None = None,
    changed: dict[Webhook, WebhookForm] | None = None,
    faulty: WebhookForm | None = None,
    made: Webhook | None = None,
    secret: str = "",
    refusal: str = "",
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    """Hers, each with a form for its address. ``faulty`` is the form that was refused, ``refusal`` an act without one;
    ``made`` is the webhook that ``secret`` is of.
    """
    hers = list(Webhook.objects.of(request.user))
    forms_ = {one: _address_form(one) for one in hers} | (changed or {})
    context: dict[str, Any] = {
        "form": form or WebhookForm(),
        "faulty": faulty,
        "made": made,
        "secret": secret,
        "refusal": refusal,
        "webhooks": [(one, operations.last_answers(one, most=ANSWERS_SHOWN), forms_[one]) for one in hers],
    }
    return render(request, "notifications/webhooks.html", context, status=status)


def _address_form(webhook: Webhook, typed: Any = None) -> WebhookForm:
    return WebhookForm(typed, auto_id=f"id_{webhook.public_id}_%s", initial={"address": webhook.address})


def _refuse(form: WebhookForm, refusal: Refusal) -> None:
    form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))


def _own(request: HttpRequest, public_id: str) -> Webhook:
    found: Webhook = get_object_or_404(Webhook.objects.of(request.user), public_id=public_id)
    return found
