"""The calls of `api_entrance` in the schema: allauth's views are not the framework's, so they are written down here."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

PREFIX = "/api/auth/app/v1/"
_TAG = "signing in"
_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_ANSWER = {"$ref": "#/components/schemas/AuthAnswer"}
_TEXT: Schema = {"type": "string"}
_PASSWORD: Schema = {"type": "string", "format": "password"}
_EMAIL: Schema = {"type": "string", "format": "email"}

# Of each call: address, method, operation, words, fields (those with ! are required), whether it is of a session.
_CALLS: tuple[tuple[str, str, str, str, Schema, bool], ...] = (
    ("auth/signup", "post", "auth_signup", "Sign up. 401 `verify_email`: a link is in the mail.",
     {"display_name!": _TEXT, "email!": _EMAIL, "password!": _PASSWORD, "agree!": {"type": "boolean"}}, False),
    ("auth/email/verify", "post", "auth_verify_email", "Confirm an address by the key in the mail's link.",
     {"key!": _TEXT}, False),
    ("auth/login", "post", "auth_login", "Sign in. 401 `mfa_authenticate`: a second step comes first.",
     {"email!": _EMAIL, "password!": _PASSWORD}, False),
    ("auth/2fa/authenticate", "post", "auth_second_step", "Take the second step.", {"code!": _TEXT}, True),
    ("auth/reauthenticate", "post", "auth_reauthenticate", "Say once more who one is.", {"password!": _PASSWORD}, True),
    ("auth/2fa/reauthenticate", "post", "auth_reauthenticate_second_step", "The same by a code.",
     {"code!": _TEXT}, True),
    ("auth/password/request", "post", "auth_password_request", "Ask for a mail to choose a new password by.",
     {"email!": _EMAIL}, False),
    ("auth/password/reset", "post", "auth_password_reset", "Choose a new password by the key in that mail.",
     {"key!": _TEXT, "password!": _PASSWORD}, False),
    ("tokens/refresh", "post", "auth_refresh", "A new access token, and a new refresh token instead of this one.",
     {"refresh_token!": _TEXT}, False),
    ("auth/session", "get", "auth_session", "Who is signed in; 401 says what comes next.", {}, True),
    ("auth/session", "delete", "auth_sign_out", "Sign out: every token of the session ends.", {}, True),
    ("auth/sessions", "get", "auth_sessions", "Where one is signed in.", {}, True),
    ("auth/sessions", "delete", "auth_end_sessions", "End some sessions, by their ids.",
     {"sessions!": {"type": "array", "items": {"type": "integer"}}}, True),
    ("account/password/change", "post", "auth_password_change", "Change one's password.",
     {"current_password": _PASSWORD, "new_password!": _PASSWORD}, True),
    ("account/email", "get", "auth_addresses", "One's addresses.", {}, True),
    ("account/authenticators", "get", "auth_authenticators", "One's second steps.", {}, True),
)  # fmt: skip


def add_calls(result: Schema, **_kwargs: Any) -> Schema:
    """Put the calls into the schema; one of drf-spectacular's hooks."""
    schemas = result["components"]["schemas"]
    schemas["AuthAnswer"] = _answer()
    result["components"].setdefault("securitySchemes", {})["appSession"] = {
        "type": "apiKey", "in": "header", "name": "X-Session-Token",
    }  # fmt: skip
    for address, method, operation, words, fields, by_session in _CALLS:
        call = result["paths"].setdefault(PREFIX + address, {})
        call[method] = _call(operation, words, fields, by_session=by_session, schemas=schemas)
    return result


def _call(operation: str, words: str, fields: Schema, *, by_session: bool, schemas: Schema) -> Schema:
    problem = {"description": "Refused, or not done yet, with the reason.",
               "content": {"application/problem+json": {"schema": _PROBLEM}}}  # fmt: skip
    answer = {"description": "", "content": {"application/json": {"schema": _ANSWER}}}
    call: Schema = {
        "operationId": operation,
        "description": words,
        "tags": [_TAG],
        "security": [{"appSession": []}] if by_session else [{}],
        "responses": {
            "200": answer,
            **dict.fromkeys(("400", "401", "403", "405", "409", "410", "429"), problem),
        },
    }  # fmt: skip
    if fields:
        name = "".join(part.title() for part in operation.split("_")) + "Request"
        schemas[name] = {
            "type": "object",
            "properties": {field.rstrip("!"): kind for field, kind in fields.items()},
            "required": [field.rstrip("!") for field in fields if field.endswith("!")],
        }
        body = {"$ref": f"#/components/schemas/{name}"}
        call["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return call


def _answer() -> Schema:
    """What allauth answers: who is signed in, or a list; and in ``meta`` the tokens of a session that began."""
    tokens = dict.fromkeys(("session_token", "access_token", "refresh_token"), _TEXT)
    return {
        "type": "object",
        "properties": {
            "status": {"type": "integer"},
            "data": {},
            "meta": {"type": "object", "properties": {"is_authenticated": {"type": "boolean"}, **tokens}},
        },
        "required": ["status"],
    }
