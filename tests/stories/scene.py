"""People in every state, beside a running server with the demo in it: who they are to the browser, and where to look.

    python -m tests.stories.scene pt-br

It prints one line of JSON: each person's session, and the addresses that only exist with a key or a number.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import timebank.sqlite  # noqa: F401  before Django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "timebank.settings")

import django

django.setup()

from allauth.account.forms import default_token_generator  # noqa: E402
from allauth.account.models import EmailConfirmationHMAC  # noqa: E402
from allauth.account.utils import user_pk_to_url_str  # noqa: E402
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes  # noqa: E402
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.urls import reverse  # noqa: E402

from accounts.models import Member  # noqa: E402
from accounts.operations import suspend_member  # noqa: E402
from ledger.models import Hold, Lot  # noqa: E402
from ledger.operations import accept  # noqa: E402
from ledger.origins import public_id_of  # noqa: E402
from tests.factories import PASSWORD, make_coordinator, make_member, make_superuser  # noqa: E402
from timebank.jobs.ringer import ringer  # noqa: E402

ringer._leave = lambda bell: None  # type: ignore[method-assign]  # the server's own relay finds what is written here


def session_of(member: Member, *, fresh: bool = True) -> str:
    """A session of hers; when ``fresh``, she typed her password a moment ago."""
    session = SessionStore()
    session[SESSION_KEY] = str(member.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = member.get_session_auth_hash()
    if fresh:
        session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "email": member.email}]
    session.create()
    return str(session.session_key)


def scene(language: str) -> dict[str, Any]:
    def person(who: str, make: Any = make_member, **fields: Any) -> Member:
        made: Member = make(email=f"{who}.{language}@vila.example", language=language, **fields)
        return made

    ana = Member.objects.get(email="ana@vila.example")
    Member.objects.filter(pk=ana.pk).update(language=language)
    neighbour = person("neighbour", minutes=300, name={"en": "Wendy Marsh", "pt-br": "Zulmira Prado"}[language])
    suspended, two_steps = person("suspended", minutes=60), person("two-steps", password=PASSWORD)
    TOTP.activate(two_steps, generate_totp_secret())
    RecoveryCodes.activate(two_steps)
    staff = {"coordinator": person("coordinator", make_coordinator), "superuser": person("superuser", make_superuser)}
    for one in staff.values():
        TOTP.activate(one, generate_totp_secret())
    suspend_member(suspended, by=staff["coordinator"], reason="Not nice to neighbours.")
    suspended.refresh_from_db()  # her sessions ended
    new = person("new", state="new")
    hold = accept(
        payer=ana.account, payee=neighbour.account, amount_minutes=45, kind="help", note="For the bicycle",
        key=f"scene-{language}", actor=ana, due=False,
    )  # fmt: skip
    people = {
        "new": new,
        "waiting": person("waiting", state="applied"),
        "suspended": suspended,
        "two-steps": two_steps,
        **staff,
    }
    received = Hold.objects.filter(payee=ana.account, state="posted").exclude(kind="grant").latest("pk")
    lot = Lot.objects.open().filter(owner=ana.account).latest("pk")
    reset_key = f"{user_pk_to_url_str(two_steps)}-{default_token_generator.make_token(two_steps)}"
    return {
        "sessions": {who: session_of(member) for who, member in people.items()}
        | {"forgetful": session_of(neighbour, fresh=False), "forgetful-two-steps": session_of(two_steps, fresh=False)},
        "neighbour": neighbour.display_name,
        "on_its_way": reverse("transfer", args=[hold.public_id]),
        "arrived": reverse("transfer", args=[received.public_id]),
        "way": reverse("way_of_hours", args=[public_id_of(lot.pk, ana.account)]),
        "person": neighbour.get_absolute_url(),
        "herself": ana.get_absolute_url(),
        "confirm": reverse(
            "account_confirm_email", args=[EmailConfirmationHMAC.create(new.emailaddress_set.get()).key]
        ),
        "reset": f"/account/password/reset/key/{reset_key}/",
        "two_steps": two_steps.email,
        "pks": {who: member.pk for who, member in people.items()}
        | {"neighbour": neighbour.pk, "account": neighbour.account.pk},
    }


if __name__ == "__main__":
    print(json.dumps(scene(sys.argv[1])))  # noqa: T201
