"""A member's keys to the API: the list, making one, which is shown once, and ending one."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts import operations
from accounts.forms import TokenForm
from timebank import clock
from timebank.errors import Busy, Refusal

from .asking import MemberRequest, require_form_methods

MOST_SHOWN = 50


@require_form_methods
@never_cache
@login_required
def tokens(request: MemberRequest) -> HttpResponse:
    """Her tokens, and a form for another. The words of a new one are on the answer to the form, and nowhere else."""
    form = TokenForm(request.POST if request.method == "POST" else None)
    made, words, status = None, "", 422 if form.errors else 200
    if form.is_bound and form.is_valid():
        try:
            made, words = operations.make_token(request.user, **form.cleaned_data)
            form = TokenForm()
        except Busy:
            raise
        except Refusal as refusal:
            form.add_error(None, str(refusal))
            status = 422
    context = {
        "form": form,
        "made": made,
        "words": words,
        "now": clock.now(),
        "tokens": request.user.tokens.order_by("-pk")[:MOST_SHOWN],
    }
    return render(request, "accounts/tokens.html", context, status=status)


@require_POST
@login_required
def token_end(request: MemberRequest, public_id: str) -> HttpResponse:
    token = get_object_or_404(request.user.tokens, public_id=public_id)
    operations.end_token(token)
    messages.success(request, _("Nobody is let in by “%(name)s” any more.") % {"name": token.name})
    return redirect("settings_tokens")
