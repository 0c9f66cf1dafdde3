"""A member's webhooks: the list with their last answers, a new one, whose secret is shown once, and taking one away."""

from __future__ import annotations

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
    """Hers, and a form for another. The secret of a new one is on the answer to the form, and nowhere else."""
    form = WebhookForm(request.POST if request.method == "POST" else None)
    made, secret, status = None, "", 422 if form.errors else 200
    if form.is_bound and form.is_valid():
        try:
            made, secret = operations.make_webhook(request.user, **form.cleaned_data)
            form = WebhookForm()
        except Busy:
            raise
        except Refusal as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
            status = 422
    hers = Webhook.objects.of(request.user)
    context: dict[str, Any] = {
        "form": form,
        "made": made,
        "secret": secret,
        "webhooks": [(one, operations.last_answers(one, most=ANSWERS_SHOWN)) for one in hers],
    }
    return render(request, "notifications/webhooks.html", context, status=status)


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


def _own(request: HttpRequest, public_id: str) -> Webhook:
    found: Webhook = get_object_or_404(Webhook.objects.of(request.user), public_id=public_id)
    return found
