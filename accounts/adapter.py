"""Where allauth asks us: links, mails, limits, and what follows a sign-in."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal import ratelimit
from allauth.headless.adapter import DefaultHeadlessAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from timebank.pace import seconds_to_come_in
from timebank.sealed import seal, unseal

from . import operations
from .models import Member
from .passwords import check_password

_PURPOSE = "authenticator secrets"


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("The e-mail address or the password is not right."),
        "incorrect_password": _("This is not your password."),
        "enter_current_password": _("This is not your current password."),
        "duplicate_email": _("This is your address already."),
        "max_email_addresses": _("A change of address is waiting already. Cancel it first, then try again."),
        "too_many_login_attempts": _("Too many tries. Please wait five minutes."),
        "rate_limited": _("Too many tries. Please wait five minutes."),
        "incorrect_code": _("This code is wrong or too old. Type the one shown now."),
    }

    # --- Links: SITE_URL is their only base, never the Host header a stranger may have sent -------

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        return settings.SITE_URL + reverse("account_confirm_email", args=[emailconfirmation.key])

    def get_reset_password_from_key_url(self, key: str) -> str:
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return settings.SITE_URL + path.replace("UID-KEY", quote(key))

    # --- Mails: in the language and time zone of whoever gets them ---------------------------------

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        member = context.get("user") or _member_at(email)
        language = member.language if member else translation.get_language()
        zone = member.time_zone if member else settings.TIME_ZONE
        context = {
            **context,
            "email": email,
            "member": member,
            "language": language,
            "community_name": settings.COMMUNITY_NAME,
            "site_url": settings.SITE_URL,
            "link": _link_of(template_prefix, context),
        }
        with translation.override(language), timezone.override(zone):
            self.render_mail(template_prefix, email, context).send()

    # --- Limits --------------------------------------------------------------------------------------

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Wrong tries count per address and place, so that nobody can lock out somebody else."""
        return f"{self.get_client_ip(request)}:{credentials.get('email', '').lower()}"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        key = self._get_login_attempts_cache_key(request, **credentials)
        usage = ratelimit.consume(request, app="allauth.account", action="login_failed", key=key)
        if not usage:
            request.wait_seconds = seconds_to_come_in(request, key=key)  # type: ignore[attr-defined]
            request.is_wrong_password = True  # type: ignore[attr-defined]
            raise ImmediateHttpResponse(ratelimit.respond_429(request))
        self._login_failed_rl_usage = usage

    # --- Addresses -----------------------------------------------------------------------------------

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        operations.free_address(email_address.email, for_member=email_address.user)
        return super().confirm_email(request, email_address)

    # --- Passwords -----------------------------------------------------------------------------------

    def clean_password(self, password: str, user: Any = None) -> str:
        check_password(password, user)
        return password

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("settings")

    # --- Coming in -----------------------------------------------------------------------------------

    def post_login(self, request: HttpRequest, user: Member, **kwargs: Any) -> HttpResponseBase:
        response = super().post_login(request, user, **kwargs)
        if user.state == Member.State.NEW:
            # Her address is confirmed, or she were not here; what follows it was cut off by a crash.
            operations.take_in(user)
        # An app is led nowhere: it is told by the API what she has yet to agree to.
        if "Location" in response and not user.agreed_to(operations.present_versions()):
            return redirect(f"{reverse('agree')}?{urlencode({'next': response['Location']})}")
        return response

    def set_password(self, user: Member, password: str) -> None:
        user.set_password(password)
        user.save(update_fields=["password"])  # and nothing else of a row that may have changed since


def _link_of(template_prefix: str, context: dict[str, Any]) -> str:
    """The one button of a mail: the link made for it, or the page where its reader can act; "" for none."""
    if made := context.get("activate_url") or ("key" in context and context.get("password_reset_url")):
        return str(made)
    if template_prefix.endswith("email_changed"):  # to an address that is hers no more: nothing is chosen anew by it
        return ""
    page = "account_signup" if template_prefix.endswith("unknown_account") else "account_reset_password"
    return settings.SITE_URL + reverse(page)


def _member_at(email: str) -> Member | None:
    found: Member | None = Member.objects.filter(email=email.lower()).first()
    return found


class HeadlessAdapter(DefaultHeadlessAdapter):
    def serialize_user(self, user: Member) -> dict[str, Any]:
        """Who is signed in, for an app: by the id of her profile, as everywhere."""
        return {"id": user.public_id, "display": user.display_name, "email": user.email}


class MFAAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("This code is wrong or too old. Type the one shown now."),
        "rate_limited": _("Too many tries. Please wait five minutes."),
    }

    def build_totp_svg(self, url: str) -> str:
        """A QR code as plain SVG shapes: no style attribute, no data URI, as our CSP demands."""
        import qrcode

        code = qrcode.QRCode(border=4)
        code.add_data(url)
        rows = code.get_matrix()
        shape = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
        size = len(rows)
        return (
            f'<svg viewBox="0 0 {size} {size}" width="{size * 6}" height="{size * 6}" shape-rendering="crispEdges"'
            f' role="img" aria-labelledby="qr-title"><title id="qr-title">{_("QR code for your authenticator app")}'
            f'</title><path fill="currentColor" d="{shape}"/></svg>'
        )

    def encrypt(self, text: str) -> str:
        """Secrets of authenticators are not readable from a copy of the database alone."""
        return seal(text, _PURPOSE)

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text, _PURPOSE)
