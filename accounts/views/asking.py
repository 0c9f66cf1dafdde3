"""Who asks: a signed-in member, and whether she may move hours now."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.models import Member

require_form_methods = require_http_methods(["GET", "HEAD", "POST"])


class MemberRequest(HttpRequest):
    user: Member


def not_now(request: MemberRequest) -> HttpResponse:
    """What somebody who is no active member gets instead of the pages for giving and asking for hours."""
    return render(request, "accounts/send_not_now.html", status=403)
