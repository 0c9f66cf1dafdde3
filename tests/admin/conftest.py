"""Staff who have their authenticator app."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts.models import Member


@pytest.fixture
def signed_in(client: Client) -> Callable[[Member], Client]:
    """``signed_in(member)``: a browser of hers, with a second step where she is staff."""

    def sign_in(member: Member) -> Client:
        if member.is_staff:
            Authenticator.objects.get_or_create(user=member, type=Authenticator.Type.TOTP, defaults={"data": {}})
        client.force_login(member)
        return client

    return sign_in
