"""The calls of `api_entrance` in the schema: allauth's views are not the framework's, so they are written down here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Schema = dict[str, Any]

PREFIX = "/api/auth/app/v1/"
_TAG = "signing in"
_TEXT: Schema = {"type": "string"}
_TRUTH: Schema = {"type": "boolean"}
_COUNT: Schema = {"type": "integer"}
_MOMENT: Schema = {"type": "number", "description": "In seconds since 1970."}
_PASSWORD: Schema = {"type": "string", "format": "password"}
_EMAIL: Schema = {"type": "string", "format": "email"}


def _object(*, optional: Schema | None = None, **properties: Schema) -> Schema:
    return {"type": "object", "properties": properties | (optional or {}), "required": sorted(properties)}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(name: str) -> Schema:
    return {"type": "array", "items": _ref(name)}


_TOKENS = dict.fromkeys(("session_token", "access_token", "refresh_token"), _TEXT)
_FLOWS: Schema = {
    "type": "array",
    "items": _object(
        id=_TEXT, optional={"is_pending": _TRUTH, "types": {"type": "array", "items": _TEXT}}
    ),
    "description": "What can be done now; what is pending comes next.",
}  # fmt: skip

# What the answers are made of.
_PARTS: dict[str, Schema] = {
    "AuthMeta": _object(
        optional={"is_authenticated": {"type": ["boolean", "null"]}, "is_authenticating": _TRUTH, **_TOKENS}
    ),
    "AuthUser": _object(id=_TEXT, display=_TEXT, email=_EMAIL),
    "AuthMethod": _object(
        method=_TEXT, at=_MOMENT, optional={"email": _EMAIL, "type": _TEXT, "reauthenticated": _TRUTH}
    ),
    "AuthSignedIn": _object(user=_ref("AuthUser"), methods=_list("AuthMethod")),
    "AuthDevice": _object(id=_COUNT, user_agent=_TEXT, ip=_TEXT, created_at=_MOMENT, is_current=_TRUTH),
    "AuthAddress": _object(email=_EMAIL, verified=_TRUTH, primary=_TRUTH),
    "AuthSecondStep": _object(
        type={"type": "string", "enum": ["totp", "recovery_codes"]},
        created_at=_MOMENT,
        last_used_at={"type": ["number", "null"]},
        optional={
            "total_code_count": _COUNT,
            "unused_code_count": _COUNT,
            "unused_codes": {"type": "array", "items": _TEXT},
        },
    ),
    "AuthTokens": _object(access_token=_TEXT, refresh_token=_TEXT),
    "AuthSettings": _object(
        account={"type": "object"}, optional={"mfa": {"type": "object"}, "usersessions": {"type": "object"}}
    ),
    "AuthProblem": {
        "allOf": [_ref("Problem"), _object(optional={
            "data": _object(optional={"flows": _FLOWS, "user": _ref("AuthUser"), "methods": _list("AuthMethod")}),
            "meta": {"allOf": [_ref("AuthMeta"), _object(optional={"secret": _TEXT, "totp_url": _TEXT})]},
        })],
        "description": "Refused, or not done yet: `code` says what is next. A session that began has its token here.",
    },
}  # fmt: skip

_NOTHING = "nothing"  # of an answer without data


@dataclass(frozen=True)
class _Call:
    """``fields`` are those of the body, required unless they end with ``?``; ``data`` is what is answered.

    ``header`` is one that has to be said beside those of the session.
    """

    address: str
    method: str
    operation: str
    words: str
    data: Schema | str = _NOTHING
    fields: Schema = field(default_factory=dict)
    by_session: bool = True
    header: str = ""


_SIGNED_IN = _ref("AuthSignedIn")
_ADDRESSES, _STEPS = _list("AuthAddress"), _list("AuthSecondStep")
_CALLS = (
    _Call("config", "get", "auth_config", "How one can come in here.", _ref("AuthSettings"), by_session=False),
    _Call(
        "auth/signup", "post", "auth_signup",
        "Sign up. Done, it answers 401 `verify_email`: a link is in the mail.", _SIGNED_IN,
        {"display_name": _TEXT, "email": _EMAIL, "password": _PASSWORD, "agree": _TRUTH}, by_session=False,
    ),
    _Call(
        "auth/email/verify", "post", "auth_verify_email",
        "Confirm an address by the key in the mail's link. Done, it answers 401 `login` to who is not signed in.",
        _SIGNED_IN, {"key": _TEXT}, by_session=False,
    ),
    _Call(
        "auth/email/verify", "get", "auth_email_of_key", "Whose address it is that the key in a mail's link confirms.",
        _object(email=_EMAIL, user=_ref("AuthUser")), by_session=False, header="X-Email-Verification-Key",
    ),
    _Call(
        "auth/login", "post", "auth_login",
        "Sign in. Where a second step comes first it answers 401 `mfa_authenticate`, with the token of the session.",
        _SIGNED_IN, {"email": _EMAIL, "password": _PASSWORD}, by_session=False,
    ),
    _Call("auth/2fa/authenticate", "post", "auth_second_step", "Take the second step.", _SIGNED_IN, {"code": _TEXT}),
    _Call(
        "auth/reauthenticate", "post", "auth_reauthenticate", "Say once more who one is.", _SIGNED_IN,
        {"password": _PASSWORD},
    ),
    _Call(
        "auth/2fa/reauthenticate", "post", "auth_reauthenticate_second_step", "The same by a code.", _SIGNED_IN,
        {"code": _TEXT},
    ),
    _Call(
        "auth/password/request", "post", "auth_password_request", "Ask for a mail to choose a new password by.",
        _NOTHING, {"email": _EMAIL}, by_session=False,
    ),
    _Call(
        "auth/password/reset", "post", "auth_password_reset",
        "Choose a new password by the key in that mail. Done, it answers 401 `login`.", _SIGNED_IN,
        {"key": _TEXT, "password": _PASSWORD}, by_session=False,
    ),
    _Call(
        "auth/password/reset", "get", "auth_user_of_key", "Whose password it is that the key in that mail is for.",
        _object(user=_ref("AuthUser")), by_session=False, header="X-Password-Reset-Key",
    ),
    _Call(
        "tokens/refresh", "post", "auth_refresh", "A new access token, and a new refresh token instead of this one.",
        _ref("AuthTokens"), {"refresh_token": _TEXT}, by_session=False,
    ),
    _Call("auth/session", "get", "auth_session", "Who is signed in; 401 says what comes next.", _SIGNED_IN),
    _Call(
        "auth/session", "delete", "auth_sign_out",
        "Sign out: every token of the session ends. Done, it answers 401 `login`.",
    ),
    _Call("auth/sessions", "get", "auth_sessions", "Where one is signed in.", _list("AuthDevice")),
    _Call(
        "auth/sessions", "delete", "auth_end_sessions",
        "End some sessions, by their ids. Where the caller's own is one of them, it answers 401 `login`.",
        _list("AuthDevice"), {"sessions": {"type": "array", "items": _COUNT}},
    ),
    _Call(
        "account/password/change", "post", "auth_password_change", "Change one's password.", _SIGNED_IN,
        {"current_password?": _PASSWORD, "new_password": _PASSWORD},
    ),
    _Call("account/email", "get", "auth_addresses", "One's addresses.", _ADDRESSES),
    _Call(
        "account/email", "post", "auth_change_address",
        "Ask to change to another address: it counts once it is confirmed.", _ADDRESSES, {"email": _EMAIL},
    ),
    _Call(
        "account/email", "put", "auth_confirmation_again", "Have the mail to confirm an address sent again.",
        _NOTHING, {"email": _EMAIL},
    ),
    _Call(
        "account/email", "patch", "auth_primary_address",
        "Say which address counts. Here it is always the one that is confirmed.", _ADDRESSES,
        {"email": _EMAIL, "primary": {"type": "boolean", "enum": [True]}},
    ),
    _Call(
        "account/email", "delete", "auth_drop_address", "Take back a change that waits to be confirmed.", _ADDRESSES,
        {"email": _EMAIL},
    ),
    _Call("account/authenticators", "get", "auth_authenticators", "One's second steps.", _STEPS),
    _Call(
        "account/authenticators/totp", "get", "auth_totp",
        "The authenticator app that is set up; 404 has the secret to set one up by.", _ref("AuthSecondStep"),
    ),
    _Call(
        "account/authenticators/totp", "post", "auth_totp_set_up", "Set it up, by the code that it shows.",
        _ref("AuthSecondStep"), {"code": _TEXT},
    ),
    _Call("account/authenticators/totp", "delete", "auth_totp_remove", "Need no second step any more."),
    _Call(
        "account/authenticators/recovery-codes", "get", "auth_recovery_codes",
        "The codes for when the app is lost; 404 where there are none.", _ref("AuthSecondStep"),
    ),
    _Call(
        "account/authenticators/recovery-codes", "post", "auth_recovery_codes_anew",
        "New ones; the old ones are good no more.", _ref("AuthSecondStep"),
    ),
)  # fmt: skip


def add_calls(result: Schema, **_kwargs: Any) -> Schema:
    """Put the calls into the schema; one of drf-spectacular's hooks."""
    components = result["components"]
    components["schemas"] |= _PARTS
    components.setdefault("securitySchemes", {})["appSession"] = {
        "type": "apiKey", "in": "header", "name": "X-Session-Token",
    }  # fmt: skip
    for call in _CALLS:
        result["paths"].setdefault(PREFIX + call.address, {})[call.method] = _described(call, components["schemas"])
    return result


def _described(call: _Call, schemas: Schema) -> Schema:
    problem = {
        "description": "Refused, or not done yet, with the reason.",
        "content": {"application/problem+json": {"schema": _ref("AuthProblem")}},
    }
    answer = _object(status=_COUNT, optional={"meta": _ref("AuthMeta")})
    if not isinstance(call.data, str):
        answer["properties"]["data"] = call.data
        answer["required"] = ["data", "status"]
    wait = {"Retry-After": {"description": "After how many seconds to try again.", "schema": _COUNT}}
    described: Schema = {
        "operationId": call.operation,
        "summary": call.words.split(". ")[0].split("; ")[0].rstrip("."),
        "description": call.words,
        "tags": [_TAG],
        "security": [{"appSession": []}] if call.by_session else [{}],
        "responses": {
            "200": {"description": "Done.", "content": {"application/json": {"schema": answer}}},
            **dict.fromkeys(("400", "401", "403", "404", "405", "409", "410", "415"), problem),
            "429": problem | {"headers": wait},
        },
    }
    if call.header:
        words = "The key from the link in the mail."
        described["parameters"] = [
            {"name": call.header, "in": "header", "required": True, "description": words, "schema": _TEXT}
        ]
    if call.fields:
        name = "".join(part.title() for part in call.operation.split("_")) + "Request"
        required = [one for one in call.fields if not one.endswith("?")]
        schemas[name] = {
            "type": "object",
            "properties": {one.rstrip("?"): kind for one, kind in call.fields.items()},
            "required": required,
            "additionalProperties": False,
        }
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(name)}}}
    return described
