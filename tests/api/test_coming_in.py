"""Apps sign up and in by the API, hold tokens of a session, and are out when it ends."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret, hotp_value, yield_hotp_counters_from_time
from allauth.usersessions.models import UserSession
from django.http import HttpResponse
from django.test import Client

from accounts import operations
from accounts.models import Consent, Member
from tests.factories import PASSWORD, make_coordinator, make_listing, make_member

from .conforming import check
from .programs import fire, problem

pytestmark = pytest.mark.django_db


class App:
    """An app of somebody's, which keeps what it is told of its session."""

    def __init__(self) -> None:
        self._client = Client()
        self.meta: dict[str, Any] = {}

    def call(self, path: str, body: Any = None, method: str = "POST", **headers: str) -> HttpResponse:
        session = {"X-Session-Token": self.meta["session_token"]} if "session_token" in self.meta else {}
        text = body if isinstance(body, str) else json.dumps(body or {})

        def send() -> HttpResponse:
            return self._client.generic(
                method, f"/api/auth/app/v1/{path}", "" if method == "GET" else text, "application/json", headers=session | headers
            )  # fmt: skip

        response = fire(send, alike=False) if method == "POST" else check(send())
        self.meta |= response.json().get("meta", {})
        return response

    def api(self, path: str, method: str = "GET") -> HttpResponse:
        bearer = {
            "Authorization": f"Bearer {self.meta.get('access_token', 'none')}",
            "Idempotency-Key": f"a-key-{path.replace('/', '-')}",
        }

        def send() -> HttpResponse:
            return self._client.generic(method, f"/api/v1/{path}", headers=bearer)

        return fire(send) if method == "POST" else check(send())


def signed_in(member: Member) -> App:
    app = App()
    assert app.call("auth/login", {"email": member.email, "password": PASSWORD}).status_code == 200
    return app


@pytest.fixture
def ana():
    return make_member(minutes=60, name="Ana Souza", email="ana@example.org", password=PASSWORD)


NEW = {"display_name": "Bia Prado", "email": "Bia@Example.org", "password": PASSWORD, "agree": True}


def test_who_signs_up_confirms_her_address_and_is_a_member(mailoutbox):
    app = App()
    assert problem(app.call("auth/signup", NEW)) == (401, "verify_email")
    bia = Member.objects.get(email="bia@example.org")
    assert (bia.display_name, bia.state, Consent.objects.filter(member=bia).count()) == ("Bia Prado", "new", 2)

    (key,) = re.findall(r"/confirm-email/([^/]+)/", " ".join(mail.body for mail in mailoutbox))
    whose = app.call("auth/email/verify", method="GET", **{"X-Email-Verification-Key": key})
    assert whose.json()["data"]["email"] == "bia@example.org"
    assert problem(app.call("auth/email/verify", method="GET", **{"X-Email-Verification-Key": "none"}))[0] == 400
    confirmed = app.call("auth/email/verify", {"key": key})

    assert (confirmed.status_code, confirmed.json()["meta"]["is_authenticated"]) == (200, True)
    assert app.api("me/").json()["state"] == "active"


def test_an_address_that_is_taken_is_answered_like_a_new_one(ana):
    first, taken = App().call("auth/signup", NEW), App().call("auth/signup", NEW | {"email": ana.email})

    assert problem(first) == problem(taken) == (401, "verify_email")
    assert first.json()["data"] == taken.json()["data"]
    assert Member.objects.filter(email=ana.email).count() == 1


@pytest.mark.parametrize(("changes", "field", "code"), [
    ({"agree": False}, "agree", "required"), ({"password": "short"}, "password", "password"),
    ({"password": "1234567890123"}, "password", "password"), ({"email": "nowhere"}, "email", "invalid"),
    ({"display_name": "\u202eBia"}, "display_name", "control"), ({"display_name": ""}, "display_name", "required"),
])  # fmt: skip
def test_what_is_wrong_with_a_sign_up_is_said(changes, field, code):
    refused = App().call("auth/signup", NEW | changes)

    assert problem(refused) == (400, code)
    assert refused.json()["field"] == field
    assert Member.objects.people().count() == 0


@pytest.mark.parametrize(("path", "body", "field", "code"), [
    ("auth/signup", NEW | {"is_staff": True}, "is_staff", "unknown_field"),
    ("auth/signup", NEW | {"agree": "yes"}, "agree", "wrong_type"),
    ("auth/login", {"email": "ana@example.org", "password": PASSWORD, "remember": True}, "remember", "unknown_field"),
    ("auth/login", {"email": "ana@example.org", "password": True}, "password", "wrong_type"),
    ("auth/login", {"email": ["ana@example.org"], "password": PASSWORD}, "email", "wrong_type"),
    ("auth/password/request", {"email": 5}, "email", "wrong_type"),
])  # fmt: skip
def test_coming_in_reads_bodies_as_strictly_as_every_call(ana, path, body, field, code):
    refused = App().call(path, body)

    assert problem(refused) == (400, code)
    assert refused.json()["field"] == field
    assert Member.objects.people().count() == 1


def test_signed_in_an_app_may_all_that_its_member_may(ana):
    app = signed_in(ana)
    listing = make_listing(ana)

    assert app.api("me/").json()["id"] == ana.public_id
    told = app.call("auth/session", method="GET").json()["data"]["user"]
    assert told == {"id": ana.public_id, "display": "Ana Souza", "email": ana.email}
    assert app.api(f"listings/{listing.public_id}/close/", "POST").json()["state"] == "closed"


def test_a_wrong_password_says_no_more_than_an_unknown_address(ana):
    wrong = App().call("auth/login", {"email": ana.email, "password": "another long password"})
    unknown = App().call("auth/login", {"email": "nobody@example.org", "password": "another long password"})

    assert problem(wrong) == problem(unknown) == (400, "email_password_mismatch")
    assert wrong.json()["detail"] == unknown.json()["detail"] == "The e-mail address or the password is not right."


def test_after_five_wrong_passwords_she_has_to_wait(ana):
    for _ in range(5):
        App().call("auth/login", {"email": ana.email, "password": "another long password"})
    late = App().call("auth/login", {"email": ana.email, "password": PASSWORD})

    assert problem(late) == (429, "too_often")
    assert 240 < int(late["Retry-After"]) <= 300


def test_a_second_step_comes_before_anything(ana):
    secret = generate_totp_secret()
    TOTP.activate(ana, secret)
    app = App()

    asked = app.call("auth/login", {"email": ana.email, "password": PASSWORD})
    assert problem(asked) == (401, "mfa_authenticate")
    assert problem(app.api("me/")) == (401, "unknown_token")
    assert problem(app.call("auth/2fa/authenticate", {"code": "000000"}))[0] == 400
    assert app.call("auth/2fa/authenticate", {"code": code_of(secret)}).status_code == 200
    assert app.api("me/").status_code == 200


def code_of(secret: str) -> str:
    return f"{hotp_value(secret, next(iter(yield_hotp_counters_from_time()))):06}"


def test_a_second_step_is_set_up_and_given_up_by_an_app(ana):
    app = signed_in(ana)
    assert app.call("account/authenticators", method="GET").json()["data"] == []
    begun = app.call("account/authenticators/totp", method="GET")
    assert problem(begun) == (404, "not_set_up")

    assert problem(app.call("account/authenticators/totp", {"code": "000000"}))[0] == 400
    right = {"code": code_of(begun.json()["meta"]["secret"])}
    assert problem(app.call("account/authenticators/totp", right)) == (401, "reauthenticate")
    assert app.call("auth/reauthenticate", {"password": PASSWORD}).status_code == 200
    set_up = app.call("account/authenticators/totp", right)
    assert set_up.json()["data"]["type"] == "totp"
    assert app.call("account/authenticators/recovery-codes", {}).status_code == 200
    shown = app.call("account/authenticators/recovery-codes", method="GET").json()["data"]
    codes = shown["unused_codes"]  # made twice, these are the later ones
    assert len(codes) == shown["total_code_count"]
    other = App()
    assert problem(other.call("auth/login", {"email": ana.email, "password": PASSWORD})) == (401, "mfa_authenticate")
    assert other.call("auth/2fa/authenticate", {"code": codes[0]}).status_code == 200
    assert app.call("account/authenticators/totp", method="DELETE").status_code == 200
    assert signed_in(ana).api("me/").status_code == 200


def test_an_address_is_changed_by_an_app_once_it_is_confirmed(ana, mailoutbox):
    app = signed_in(ana)
    assert problem(app.call("account/email", {"email": "new@example.org"})) == (401, "reauthenticate")
    app.call("auth/reauthenticate", {"password": PASSWORD})
    waiting = app.call("account/email", {"email": "new@example.org"}).json()["data"]
    assert {(one["email"], one["verified"]) for one in waiting} == {
        ("ana@example.org", True),
        ("new@example.org", False),
    }
    assert problem(app.call("account/email", {"email": "no address"}))[0] == 400
    (key,) = re.findall(r"/confirm-email/([^/]+)/", mailoutbox[-1].body)

    assert app.call("auth/email/verify", {"key": key}).status_code == 200

    ana.refresh_from_db()
    assert ana.email == "new@example.org"
    assert [one["email"] for one in app.call("account/email", method="GET").json()["data"]] == ["new@example.org"]
    says = {"email": "new@example.org", "primary": True}
    assert app.call("account/email", says, method="PATCH").status_code == 200
    assert app.call("config", method="GET").json()["data"]["account"]["is_open_for_signup"] is True


def test_a_new_access_token_is_had_by_the_refresh_token_once(ana):
    app = signed_in(ana)
    used = app.meta["refresh_token"]
    renewed = app.call("tokens/refresh", {"refresh_token": used}).json()["data"]
    app.meta["access_token"] = renewed["access_token"]

    assert app.api("me/").status_code == 200
    assert problem(app.call("tokens/refresh", {"refresh_token": used})) == (400, "invalid")
    assert app.call("tokens/refresh", {"refresh_token": renewed["refresh_token"]}).status_code == 200


@pytest.mark.once("signing in twice is two sessions: test_everything_twice.py ends them")
def test_her_sessions_are_listed_and_ended(ana):
    phone, tablet = signed_in(ana), signed_in(ana)
    listed = phone.call("auth/sessions", method="GET").json()["data"]
    assert sorted(one["is_current"] for one in listed) == [False, True]
    other = next(one["id"] for one in listed if not one["is_current"])
    assert other not in set(UserSession.objects.values_list("pk", flat=True))  # which would say how many there are

    for unknown in ([other, 1], [str(other)], [[other]], [True], "all", []):
        assert problem(phone.call("auth/sessions", {"sessions": unknown}, method="DELETE"))[0] == 400
    strangers = signed_in(make_member(email="bento@example.org", password=PASSWORD))
    refused = strangers.call("auth/sessions", {"sessions": [other]}, method="DELETE")
    assert problem(refused) == (400, "no_such_session")
    assert tablet.api("me/").status_code == 200

    phone.call("auth/sessions", {"sessions": [other]}, method="DELETE")

    assert problem(tablet.api("me/")) == (401, "unknown_token")
    assert problem(tablet.call("auth/session", method="GET")) == (410, "session_ended")
    assert phone.api("me/").status_code == 200
    assert UserSession.objects.filter(user=ana).count() == 1


def test_signing_out_ends_every_token_of_the_session(ana):
    app = signed_in(ana)
    app.call("auth/session", method="DELETE")

    assert problem(app.api("me/")) == (401, "unknown_token")
    assert problem(app.call("tokens/refresh", {"refresh_token": app.meta["refresh_token"]})) == (410, "session_ended")
    assert problem(App().call("tokens/refresh", {"refresh_token": app.meta["refresh_token"]})) == (400, "invalid")


def test_suspended_she_is_out_at_once_and_back_in_reads_what_is_hers(ana):
    app = signed_in(ana)
    operations.suspend_member(ana, by=make_coordinator(), reason="To be talked about")

    assert problem(app.api("me/")) == (401, "unknown_token")
    back = signed_in(ana)
    assert back.api("me/").json()["state"] == "suspended"
    assert {one["id"] for one in back.api("members/").json()["results"]} <= {ana.public_id}


def test_an_access_token_lives_five_minutes(ana):
    app = signed_in(ana)

    said = json.loads(urlsafe_b64decode(app.meta["access_token"].split(".")[1] + "=="))
    assert said["exp"] - said["iat"] == 300


def test_a_forged_token_opens_nothing(ana):
    app = signed_in(ana)
    head, body, mark = app.meta["access_token"].split(".")
    app.meta["access_token"] = f"{head}.{body}.{mark[:-2]}xx"

    assert problem(app.api("me/")) == (401, "unknown_token")


@pytest.mark.parametrize(
    "body", ["{", '{"email": "a", "email": "b"}', '{"email": "\\u0000"}', "[]", '{"a": "' + "x" * 70_000 + '"}']
)
def test_a_body_that_is_none(body):
    assert problem(App().call("auth/login", body))[0] == 400


def test_another_password_ends_the_other_sessions(ana):
    phone, tablet = signed_in(ana), signed_in(ana)
    changed = phone.call(
        "account/password/change", {"current_password": PASSWORD, "new_password": "something else long"}
    )

    assert changed.status_code == 200
    assert problem(tablet.api("me/")) == (401, "unknown_token")


def test_a_lost_password_is_reset_by_mail(ana, mailoutbox):
    assert App().call("auth/password/request", {"email": ana.email}).status_code == 200
    assert App().call("auth/password/request", {"email": "nobody@example.org"}).status_code == 200
    (key,) = re.findall(r"/reset/key/([^/]+)/", mailoutbox[0].body)
    whose = App().call("auth/password/reset", method="GET", **{"X-Password-Reset-Key": key})
    assert whose.json()["data"]["user"]["id"] == ana.public_id

    App().call("auth/password/reset", {"key": key, "password": "something else long"})

    app = App()
    assert app.call("auth/login", {"email": ana.email, "password": "something else long"}).status_code == 200
    assert app.api("me/").status_code == 200


@pytest.mark.parametrize("key", ["-x", "-", "x", "1-x", "zzzzzzzzzzzzz-x", "z" * 3000])
def test_a_key_that_no_mail_brought_is_none(ana, key):
    whose = App().call("auth/password/reset", method="GET", **{"X-Password-Reset-Key": key})
    chosen = App().call("auth/password/reset", {"key": key, "password": "something else long"})

    assert problem(whose) == problem(chosen) == (400, "invalid_password_reset")


@pytest.mark.parametrize(
    "type_", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_another_type_of_body_is_refused(ana, type_):
    said = json.dumps({"email": ana.email, "password": PASSWORD})
    refused = fire(lambda: Client().generic("POST", "/api/auth/app/v1/auth/login", said, type_))

    assert problem(refused) == (415, "unsupported_media_type")
    assert fire(lambda: Client().generic("POST", "/api/auth/app/v1/auth/login", said, "")).status_code == 200


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "TRACE"])
def test_a_method_that_is_none_of_a_call_is_told_with_those_that_are(method):
    refused = Client().generic(method, "/api/auth/app/v1/auth/login")

    assert problem(refused) == (405, "method_not_allowed")
    assert refused["Allow"] == "POST"
