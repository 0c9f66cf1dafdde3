"""Coming in by the API: allauth's headless calls for apps, with our rules of signing up, and refusals as everywhere.

Addresses, bodies and answers are those of allauth's published specification, below ``/api/auth/``. Signed in, an app
has an access token of a few minutes for the API, a refresh token for the next one, and a session token, by which it
asks these calls. All three are of one session, and end with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from io import BytesIO
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.headless.account import inputs
from allauth.headless.account import views as account
from allauth.headless.account.response import PasswordResetKeyResponse
from allauth.headless.base import views as base
from allauth.headless.constants import Client
from allauth.headless.internal.restkit.inputs import BooleanField, CharField, EmailField, Input
from allauth.headless.internal.restkit.response import ErrorResponse
from allauth.headless.mfa import views as mfa
from allauth.headless.tokens import views as tokens
from allauth.headless.usersessions import views as sessions
from allauth.headless.usersessions.response import SessionsResponse
from allauth.usersessions.models import UserSession
from django.core.exceptions import ValidationError
from django.forms import CharField as DjangoCharField
from django.forms import Field
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.urls import URLPattern, path
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import ParseError, UnsupportedMediaType

from timebank.errors import Refusal
from timebank.pace import seconds_to_come_in
from timebank.rest.parsing import MAY_BE_JSON, StrictJSONParser
from timebank.rest.problems import problem

from . import entrance_forms, queries
from .models import Member
from .passwords import check_password
from .words import NameField

# --- What is ours -----------------------------------------------------------------------------------


class SignUpInput(entrance_forms.ComesIn, Input):
    """Who signs up: her name, address and password, and that she agrees to the terms."""

    display_name = NameField(max_length=80)
    email = EmailField()
    password = CharField()
    agree = BooleanField(error_messages={"required": gettext_lazy("Please agree to the terms to join.")})

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        return email

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            known = {name: cleaned[name] for name in ("display_name", "email")}
            try:
                check_password(cleaned["password"], Member(**known))
            except ValidationError as refused:
                self.add_error("password", refused)
        return cleaned

    def try_save(self, request: HttpRequest) -> tuple[Member | None, HttpResponse | None]:
        return self.come_in(
            request, **{name: self.cleaned_data[name] for name in ("display_name", "email", "password")}
        )


class SignUpView(account.SignupView):
    input_class = {"POST": SignUpInput}


class ResetInput(entrance_forms.ResetPasswordForm, Input):
    pass


class ResetView(account.RequestPasswordResetView):
    input_class = ResetInput


class NamesSomebody:
    """A key from a mail begins with whose it is. One that does not is none, and allauth fails on it."""

    def clean_key(self) -> str:
        if self.cleaned_data["key"].startswith("-"):  # type: ignore[attr-defined]
            raise get_adapter().validation_error("invalid_password_reset")
        return str(super().clean_key())  # type: ignore[misc]


class KeyInput(NamesSomebody, inputs.ResetPasswordKeyInput):
    pass


class NewPasswordInput(NamesSomebody, inputs.ResetPasswordInput):
    pass


class NewPasswordView(account.ResetPasswordView):
    input_class = NewPasswordInput

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        asked = KeyInput({"key": request.headers.get("X-Password-Reset-Key", "")})
        if not asked.is_valid():
            return ErrorResponse(request, input=asked)
        return PasswordResetKeyResponse(request, asked.user)


def session_number(session: UserSession) -> int:
    """What a session is called by apps: always the same, and it tells nobody how many there are."""
    return int.from_bytes(salted_hmac("sessions", str(session.pk)).digest()[:6])  # no more than JSON's numbers hold


class SomeSessions(Field):
    """Numbers of sessions of ``whose``, as they are listed."""

    whose: Member

    def clean(self, value: Any) -> list[UserSession]:
        """Raises ValidationError."""
        hers = {session_number(session): session for session in UserSession.objects.filter(user=self.whose)}
        numbers = super().clean(value)
        if not isinstance(numbers, list) or not all(type(number) is int and number in hers for number in numbers):
            raise ValidationError(_("There is no such session of yours."), code="no_such_session")
        return [hers[number] for number in numbers]


class SessionsInput(Input):
    sessions = SomeSessions()

    def __init__(self, *args: Any, user: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sessions"].whose = user


class SessionsAnswer(SessionsResponse):
    def _session_data(self, session: UserSession) -> dict[str, Any]:
        return super()._session_data(session) | {"id": session_number(session)}


class SessionsView(sessions.SessionsView):
    input_class = {"DELETE": SessionsInput}

    def _respond_session_list(self) -> SessionsAnswer:
        return SessionsAnswer(self.request, queries.devices(self.request.user))  # allauth asks thrice for each


# --- How all of them answer --------------------------------------------------------------------------


NEXT_STEPS = {
    "login": gettext_lazy("Sign in first."),
    "verify_email": gettext_lazy("Confirm your e-mail address: the link is in your mail."),
    "mfa_authenticate": gettext_lazy("Send the code of your authenticator app, or a recovery code."),
    "reauthenticate": gettext_lazy("Say once more who you are: send your password."),
    "mfa_reauthenticate": gettext_lazy("Say once more who you are: send a code of your authenticator app."),
}
BY_STATUS = {
    HTTPStatus.BAD_REQUEST: ("invalid", gettext_lazy("This is not right. Please look at it again.")),
    HTTPStatus.FORBIDDEN: ("not_allowed", gettext_lazy("You may not do this.")),
    HTTPStatus.NOT_FOUND: ("not_set_up", gettext_lazy("This is not set up yet.")),
    HTTPStatus.CONFLICT: (
        "out_of_turn",
        gettext_lazy("This is not what comes next. Ask for the session to see what does."),
    ),
    HTTPStatus.GONE: ("session_ended", gettext_lazy("This session has ended. Sign in again.")),
    HTTPStatus.TOO_MANY_REQUESTS: ("too_often", gettext_lazy("That is a lot in a short while. Please wait a little.")),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_not_allowed", gettext_lazy("This address does not answer to that method.")),
}


def _call(view: Any) -> Callable[[HttpRequest], HttpResponse]:
    """One call of allauth's: what it is sent is read as strictly as everywhere, and what it refuses is a problem."""
    inner = view.as_api_view(client=Client.APP)
    methods = [name.upper() for name in ("get", "post", "put", "patch", "delete") if hasattr(view, name)]
    methods += ["HEAD"] if "GET" in methods else []

    @csrf_exempt  # it knows its caller by headers that no page of another site can send, and by no cookie
    def call(request: HttpRequest) -> HttpResponse:
        if request.method not in methods:  # before a body is read, which no other method has
            return _as_problem(request, HttpResponseNotAllowed(methods))
        try:
            if request.method != "GET" and request.body:
                if request.content_type not in MAY_BE_JSON:
                    raise UnsupportedMediaType(str(request.content_type))
                _check_body(StrictJSONParser().parse(BytesIO(request.body)), _fields(view, str(request.method)))
            response: HttpResponse = inner(request)
        except (ParseError, UnsupportedMediaType) as refused:
            status = refused.status_code
            return _as_json(problem(status, str(refused.get_codes()), str(refused.detail)).data, status)
        except WrongField as refused:
            return _as_json(problem(400, refused.code, str(refused), field=refused.field).data, 400)
        except ImmediateHttpResponse as stopped:
            response = stopped.response
        return response if response.status_code < HTTPStatus.BAD_REQUEST else _as_problem(request, response)

    call.methods = methods  # type: ignore[attr-defined]  # for whoever looks whether each is spoken of
    return call


class WrongField(Refusal):
    def __init__(self, field: str, code: str, words: str) -> None:
        super().__init__(words)
        self.field, self.code = field[:60], code


def _fields(view: Any, method: str) -> dict[str, Field]:
    """What the body of a call may name."""
    read_by = view.input_class
    if isinstance(read_by, dict):
        read_by = read_by.get(method)
    return {} if read_by is None else read_by.base_fields


def _check_body(said: dict[str, Any], known: dict[str, Field]) -> None:
    """As strict as everywhere: no name that nobody reads, text for text, true for yes. Raises WrongField."""
    for name, value in said.items():
        if name not in known:
            raise WrongField(name, "unknown_field", _("There is no such field."))
        if isinstance(known[name], BooleanField) and not isinstance(value, bool):
            raise WrongField(name, "wrong_type", _("This must be true or false."))
        if isinstance(known[name], DjangoCharField) and not isinstance(value, str):
            raise WrongField(name, "wrong_type", _("This must be text."))


def _as_problem(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The same refusal with what every problem of the API says, beside what allauth's clients look for."""
    status = HTTPStatus(response.status_code)
    said: dict[str, Any] = json.loads(response.content) if response.content.startswith(b"{") else {}
    code, sentence = BY_STATUS.get(status, ("refused", _("This was refused.")))
    field = None
    errors = said.get("errors", [])
    for error in errors:
        error |= {"detail": error["message"], "field": error.get("param", "")}
    if errors:
        code, sentence, field = errors[0]["code"], errors[0]["detail"], errors[0]["field"]
    elif status == HTTPStatus.UNAUTHORIZED:
        code = _next_step(said)
        sentence = NEXT_STEPS.get(code, NEXT_STEPS["login"])
    answered = _as_json(said | problem(status, code, str(sentence), field=field).data, status)
    if "Allow" in response:
        answered["Allow"] = response["Allow"]
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        answered["Retry-After"] = str(getattr(request, "wait_seconds", None) or seconds_to_come_in(request))
    return answered


def _next_step(said: dict[str, Any]) -> str:
    """What an app that is not signed in, or not yet, has to do: the flow that is pending, else the first there is."""
    flows: list[dict[str, Any]] = said.get("data", {}).get("flows", [])
    pending = [flow["id"] for flow in flows if flow.get("is_pending")]
    return str((pending or [flow["id"] for flow in flows] or ["login"])[0])


def _as_json(said: dict[str, Any], status: int) -> JsonResponse:
    response = JsonResponse(said, status=status, content_type="application/problem+json")
    response["Cache-Control"] = "no-store"
    return response


CALLS = {
    "config": base.ConfigView,
    "auth/session": account.SessionView,
    "auth/sessions": SessionsView,
    "auth/signup": SignUpView,
    "auth/login": account.LoginView,
    "auth/email/verify": account.VerifyEmailView,
    "auth/reauthenticate": account.ReauthenticateView,
    "auth/password/request": ResetView,
    "auth/password/reset": NewPasswordView,
    "auth/2fa/authenticate": mfa.AuthenticateView,
    "auth/2fa/reauthenticate": mfa.ReauthenticateView,
    "account/password/change": account.ChangePasswordView,
    "account/email": account.ManageEmailView,
    "account/authenticators": mfa.AuthenticatorsView,
    "account/authenticators/totp": mfa.ManageTOTPView,
    "account/authenticators/recovery-codes": mfa.ManageRecoveryCodesView,
    "tokens/refresh": tokens.RefreshTokenView,
}

app_name = "api_auth"
urlpatterns: list[URLPattern] = [
    path(f"app/v1/{address}", _call(view), name=address.replace("/", "_")) for address, view in CALLS.items()
]
