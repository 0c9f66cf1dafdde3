"""Signing somebody in without a browser: the cookie of a session of hers."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from accounts.models import Consent, Member


def signed_in(member: Member) -> str:
    """The cookie of a new session of ``member``'s, who agreed to the present terms."""
    for document, version in (("terms", settings.TERMS_VERSION), ("privacy", settings.PRIVACY_VERSION)):
        Consent.objects.get_or_create(member=member, document=document, version=version)
    session = SessionStore()
    session[SESSION_KEY] = str(member.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = member.get_session_auth_hash()
    session.create()
    return str(session.session_key)
