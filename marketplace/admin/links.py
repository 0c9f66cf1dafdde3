"""Links from one page of the staff's site to another."""

from __future__ import annotations

from django.urls import reverse
from django.utils.html import format_html

from accounts.models import Member


def link(address: str, text: object) -> str:
    return format_html('<a class="text-link" href="{}">{}</a>', address, text)


def link_to_member(member: Member) -> str:
    """Her page in the staff's site, where she can be suspended and taken back."""
    return link(reverse("admin:accounts_member_change", args=[member.pk]), member)
