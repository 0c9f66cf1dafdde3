"""Who may open what: every address of the site, for every kind of person.

A cell is what that person gets: "200"; another status; or "→ name", a redirect to the page of that
name. Where a row decides about somebody, ", done" says that it came to pass. tests/test_access.py walks every cell and fails when an address has no row. The columns:

anonymous     nobody is signed in
member        an active member, to whom the thing belongs
other         another active member, to whom it does not
suspended     a suspended member, to whom the thing belongs
new           somebody whose address is not confirmed; waiting: whom a coordinator has yet to approve
coordinator, moderator, superuser    staff with a second factor, who have no part in it
"""

from __future__ import annotations

from dataclasses import dataclass, field

ROLES = ("anonymous", "member", "other", "suspended", "new", "waiting", "coordinator", "moderator", "superuser")
LOGIN = "→ account_login"
HOME = "→ dashboard"


@dataclass(frozen=True)
class Row:
    """One address and method, and what each role gets.

    ``args`` and ``data`` are words or names of things in the test's world; the row decides ``about`` a person there.
    ``by_app`` it is asked as apps do, which have no cookies and say their session in a header.
    """

    name: str
    cells: tuple[str, ...]
    method: str = "GET"
    args: dict[str, str] = field(default_factory=dict)
    query: str = ""
    data: dict[str, str] = field(default_factory=dict)
    about: str = ""
    by_app: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.name}{' by app' if self.by_app else ''}"


def everyone(cell: str) -> tuple[str, ...]:
    return (cell,) * len(ROLES)


def by_role(cell: str, **others: str) -> tuple[str, ...]:
    """The same for everybody but those who are named."""
    return tuple(others.get(role, cell) for role in ROLES)


def signed_in(
    cell: str = "200", *, anonymous: str = LOGIN, suspended: str | None = None, newcomers: str | None = None
) -> tuple[str, ...]:
    """The same for all who are signed in, but perhaps for the suspended, and those who are no members yet."""
    newcomers = newcomers or cell
    return by_role(cell, anonymous=anonymous, suspended=suspended or cell, new=newcomers, waiting=newcomers)


def members(cell: str = "200") -> tuple[str, ...]:
    """For whoever may give hours now."""
    return signed_in(cell, suspended="403", newcomers="403")


def own(cell: str = "200", *, others: str = "404", suspended: str | None = None) -> tuple[str, ...]:
    """Of the two whose it is, and nobody else's, staff included."""
    return by_role(others, anonymous=LOGIN, member=cell, suspended=suspended or cell)


def for_programs(cells: tuple[str, ...]) -> tuple[str, ...]:
    """The same, but that a stranger is told to sign in, and not where."""
    return ("401", *cells[1:])


def with_second_factor(cell: str, *, others: str) -> tuple[str, ...]:
    """The same for all staff, who have one here, and another for the rest who are signed in."""
    return by_role(others, anonymous=LOGIN, coordinator=cell, moderator=cell, superuser=cell)


def staff(*roles: str, cell: str = "200", other_staff: str = "403") -> tuple[str, ...]:
    """Of the named staff; others are shown the way to sign in, other staff a refusal."""
    shut = dict.fromkeys(("anonymous", "member", "other", "suspended", "new", "waiting"), "→ admin:login")
    return tuple(cell if role in roles else shut.get(role, other_staff) for role in ROLES)


# What asks for the session of an app: by a cookie it opens to nobody.
OF_AN_APPS_SESSION = {
    "auth_session": "GET DELETE",
    "auth_sessions": "GET DELETE",
    "auth_reauthenticate": "POST",
    "auth_2fa_authenticate": "POST",
    "auth_2fa_reauthenticate": "POST",
    "account_password_change": "POST",
    "account_email": "GET PUT PATCH DELETE",
    "account_authenticators": "GET",
    "account_authenticators_totp": "GET POST DELETE",
    "account_authenticators_recovery-codes": "GET POST",
}
REAUTHENTICATE = "→ account_reauthenticate"

PAGES = [
    # The community's own pages, for everyone.
    Row("landing", by_role(HOME, anonymous="200")),
    Row("how_it_works", everyone("200")),
    Row("terms", everyone("200")),
    Row("privacy", everyone("200")),
    Row("books", everyone("200")),
    Row("healthz", everyone("200")),
    Row("robots", everyone("200")),
    Row("set_language", everyone("405")),
    Row("set_language", everyone("→ landing"), "POST", data={"language": "pt-br"}),
    # What a member has.
    Row("dashboard", signed_in()),
    Row("wallet", signed_in()),
    *(
        Row("statement_file", signed_in(newcomers="404"), args={"ending": ending})
        for ending in ("csv", "json", "pdf", "journal", "beancount")
    ),
    Row("set_aside", signed_in(newcomers="404")),
    Row("set_aside", signed_in("→ wallet", newcomers="404"), query="from=banana"),
    Row("set_aside", signed_in("404"), query="after=nobodys"),
    Row("balance_over_time", signed_in(newcomers="404")),
    Row("balance_over_time", signed_in("422", newcomers="404"), query="from=banana"),
    Row("statement_file", signed_in("404"), args={"ending": "xls"}),
    Row("statement_file", signed_in("→ wallet", newcomers="404"), query="from=banana", args={"ending": "csv"}),
    Row("hours", signed_in()),
    Row("way_of_hours", own(), args={"public_id": "lot"}),
    Row("transfer", own(), args={"public_id": "payment"}),
    Row("receipt_file", own(), args={"public_id": "payment"}),
    Row("notifications", signed_in()),
    Row("open_notification", own("→ transfer"), args={"seq": "event"}),
    Row("mark_all_read", signed_in("405", anonymous="405")),
    Row("mark_all_read", signed_in("→ notifications"), "POST"),
    Row("unread_badge", signed_in(anonymous="401")),
    Row("events_since", signed_in(anonymous="401"), query="since=0"),
    Row("events_since", signed_in("400", anonymous="401")),
    # People, and sending hours to them. The suspended one asks for her own page; who is no member yet sees nobody.
    Row("profile", signed_in(newcomers="404"), args={"public_id": "profile"}),
    # Programs, and what they ask.
    Row("settings_tokens", signed_in()),
    Row("settings_tokens", signed_in("422"), "POST"),
    Row("token_end", own("→ settings_tokens"), "POST", {"public_id": "token"}),
    Row("api_schema", everyone("200")),
    Row("api_docs", everyone("200")),
    Row("api_nowhere", everyone("404"), args={"rest": "nothing/"}),
    Row("api_nowhere", everyone("404"), "POST", args={"rest": "nothing/"}),
    Row("api:resources", signed_in(anonymous="401")),
    Row("api:me-list", signed_in(anonymous="401")),
    Row("api:account-list", signed_in(anonymous="401", newcomers="404")),
    Row("api:hold-list", signed_in(anonymous="401")),
    Row("api:hold-detail", for_programs(own()), args={"id": "payment"}),
    Row("api:transfer-list", signed_in(anonymous="401")),
    Row("api:transfer-list", signed_in("400", anonymous="401"), "POST"),
    Row("api:transfer-together", signed_in("400", anonymous="401"), "POST"),
    Row("api:transfer-detail", for_programs(own()), args={"id": "payment"}),
    Row("api:entry-list", signed_in(anonymous="401")),
    Row("api:lot-list", signed_in(anonymous="401")),
    *(Row(f"api:statement-{what}", signed_in(anonymous="401", newcomers="404")) for what in ("balance", "hours")),
    Row("api:statement-statement", signed_in(anonymous="401", newcomers="404"), args={"ending": "csv"}),
    Row("api:transfer-receipt", for_programs(own()), args={"id": "payment"}),
    Row("api:community-list", signed_in(anonymous="401")),
    Row("api:fund-entry-list", signed_in(anonymous="401")),
    Row("api:me-qr", signed_in(anonymous="401")),
    Row("api:notification-unread", signed_in(anonymous="401")),
    Row("api:payment-request-qr", signed_in(anonymous="401"), args={"id": "neighbour's request"}),
    Row("api:member-list", signed_in(anonymous="401")),
    Row("api:member-detail", for_programs(signed_in(newcomers="404")), args={"id": "profile"}),
    # Apps come in by their own session, so that a cookie opens nothing here.
    Row("api_auth:config", everyone("200")),
    *(
        Row(f"api_auth:{name}", everyone("401"), method)
        for name, methods in OF_AN_APPS_SESSION.items()
        for method in methods.split()
    ),
    Row("api_auth:account_email", everyone("409"), "POST"),
    *(Row(f"api_auth:{name}", everyone("400")) for name in ("auth_email_verify", "auth_password_reset")),
    *(
        Row(f"api_auth:{name}", everyone("400"), "POST")
        for name in (
            "auth_signup",
            "auth_login",
            "auth_email_verify",
            "auth_password_request",
            "auth_password_reset",
            "tokens_refresh",
        )
    ),
    # By that session everybody does with what is her own as on the site; some only once she said again who she is.
    *(
        Row(f"api_auth:{name}", for_programs(signed_in()), by_app=True)
        for name in ("auth_session", "auth_sessions", "account_email", "account_authenticators")
    ),
    Row("api_auth:auth_session", everyone("401"), "DELETE", by_app=True),  # and is out
    *(
        Row(f"api_auth:{name}", for_programs(signed_in("400")), method, by_app=True)
        for name, method in (
            ("auth_sessions", "DELETE"),
            ("auth_reauthenticate", "POST"),
            ("account_password_change", "POST"),
            ("account_email", "PUT"),
            ("account_email", "PATCH"),
            ("account_email", "DELETE"),
            ("account_authenticators_totp", "POST"),
        )
    ),
    Row("api_auth:account_email", by_role("400", anonymous="409"), "POST", by_app=True),
    # Where there is a second step, changing it asks for it once more.
    *(
        Row(
            f"api_auth:account_authenticators_{what}",
            for_programs(with_second_factor(cell, others=others)),
            method,
            by_app=True,
        )
        for what, method, cell, others in (
            ("totp", "GET", "200", "404"),
            ("totp", "DELETE", "401", "200"),
            ("recovery-codes", "GET", "404", "404"),
            ("recovery-codes", "POST", "401", "400"),
        )
    ),
    Row("api:me-profile", signed_in(anonymous="401"), "PATCH"),
    Row("api:me-preferences", signed_in(anonymous="401"), "PATCH"),
    Row("api:me-agreement", signed_in(anonymous="401")),
    Row("api:me-agreement", signed_in("400", anonymous="401"), "POST"),
    Row("api:token-list", signed_in(anonymous="401")),
    Row("api:token-list", signed_in("400", anonymous="401"), "POST"),
    Row("api:token-detail", for_programs(own()), args={"id": "token"}),
    Row("api:token-end", signed_in("400", anonymous="401"), "POST", {"id": "token"}),
    Row("api:donation-list", signed_in("400", anonymous="401"), "POST"),
    Row("api:member-block", signed_in("400", anonymous="401"), "POST", {"id": "profile"}),
    Row("api:member-unblock", signed_in("400", anonymous="401"), "POST", {"id": "profile"}),
    Row("api:member-blocked", signed_in(anonymous="401")),
    Row("api:member-reviews", for_programs(signed_in(newcomers="404")), args={"id": "profile"}),
    Row("api:member-reputation", for_programs(signed_in(newcomers="404")), args={"id": "profile"}),
    Row("api:category-list", signed_in(anonymous="401")),
    Row("api:listing-list", signed_in(anonymous="401")),
    Row("api:listing-list", signed_in("400", anonymous="401"), "POST"),
    Row("api:listing-detail", for_programs(signed_in(newcomers="404")), args={"id": "listing"}),
    Row("api:listing-detail", for_programs(own("200", suspended="403")), "PATCH", {"id": "listing"}),
    *(
        Row(f"api:listing-{act}", signed_in("400", anonymous="401"), "POST", {"id": "listing"})
        for act in ("publish", "pause", "close")
    ),
    Row("api:exchange-list", signed_in(anonymous="401")),
    Row("api:exchange-list", signed_in("400", anonymous="401"), "POST"),
    Row("api:exchange-detail", for_programs(own()), args={"id": "exchange"}),
    *(
        Row(f"api:exchange-{act}", signed_in("400", anonymous="401"), "POST", {"id": "exchange"})
        for act in (
            "accept",
            "counter",
            "decline",
            "withdraw",
            "start",
            "deliver",
            "confirm",
            "cancel",
            "dispute",
            "messages",
            "reviews",
        )
    ),
    *(
        Row(f"api:exchange-{what}", for_programs(own()), args={"id": "exchange"})
        for what in ("steps", "messages", "reviews")
    ),
    Row("api:dispute-list", signed_in(anonymous="401")),
    Row("api:dispute-detail", for_programs(own()), args={"id": "dispute"}),
    Row("api:dispute-statements", signed_in("400", anonymous="401"), "POST", {"id": "dispute"}),
    Row("api:dispute-evidence", for_programs(own("400")), "POST", {"id": "dispute"}),
    Row("api:evidence-detail", for_programs(own()), args={"id": "evidence"}),
    Row("settings_webhooks", signed_in()),
    Row("settings_webhooks", signed_in("422"), "POST"),
    Row("settings_webhook_address", own("422"), "POST", {"public_id": "webhook"}),
    Row("settings_webhook_secret", own("200"), "POST", {"public_id": "webhook"}),
    Row("settings_webhook_ping", own("→ settings_webhooks", suspended="403"), "POST", {"public_id": "webhook"}),
    Row("webhook_resume", own("→ settings_webhooks"), "POST", {"public_id": "webhook"}),
    Row("webhook_remove", own("→ settings_webhooks"), "POST", {"public_id": "webhook"}),
    Row("api:webhook-list", signed_in(anonymous="401")),
    Row("api:webhook-list", signed_in("400", anonymous="401"), "POST"),
    Row("api:webhook-detail", for_programs(own()), args={"id": "webhook"}),
    Row("api:webhook-detail", for_programs(own()), "PATCH", {"id": "webhook"}),
    Row("api:webhook-answers", for_programs(own()), args={"id": "webhook"}),
    Row("api:webhook-ping", signed_in("400", anonymous="401"), "POST", {"id": "webhook"}),
    Row("api:webhook-new-secret", signed_in("400", anonymous="401"), "POST", {"id": "webhook"}),
    Row("api:webhook-resume", signed_in("400", anonymous="401"), "POST", {"id": "webhook"}),
    Row("api:webhook-remove", signed_in("400", anonymous="401"), "POST", {"id": "webhook"}),
    Row("api:notification-list", signed_in(anonymous="401")),
    Row("api:notification-detail", for_programs(own()), args={"seq": "event"}),
    Row("api:notification-read", signed_in("400", anonymous="401"), "POST"),
    Row("api:event-list", signed_in("400", anonymous="401")),
    Row("api:event-list", signed_in(anonymous="401"), query="since=0"),
    Row("api:payment-request-list", signed_in(anonymous="401")),
    Row("api:payment-request-list", signed_in("400", anonymous="401"), "POST"),
    Row("api:payment-request-together", signed_in("400", anonymous="401"), "POST"),
    Row("api:payment-request-detail", signed_in(anonymous="401"), args={"id": "neighbour's request"}),
    Row("api:payment-request-find", signed_in("400", anonymous="401")),
    Row("api:payment-request-pay", signed_in("400", anonymous="401"), "POST", {"id": "neighbour's request"}),
    Row("api:payment-request-cancel", signed_in("400", anonymous="401"), "POST", {"id": "request"}),
    Row("api:payment-request-renew", signed_in("400", anonymous="401"), "POST", {"id": "request"}),
    Row("api:payment-request-give-back", signed_in("400", anonymous="401"), "POST", {"id": "request"}),
    Row("settings_blocks", signed_in()),
    Row("block", signed_in("→ settings_blocks"), "POST", {"public_id": "poster"}),
    Row("unblock", signed_in("→ settings_blocks"), "POST", {"public_id": "poster"}),
    Row("send", members()),
    Row("send", members(), "POST"),
    Row("send_people", members()),
    Row("send_review", members("→ send")),
    Row("send_review", members("→ send"), "POST"),
    Row("send_look_over", members("→ send"), args={"nonce": "not-a-draft"}),
    Row("send_confirm", members("→ send")),
    Row("send_confirm", members("422"), "POST"),
    Row("send_several", members()),
    Row("send_several", members(), "POST"),
    Row("send_several_people", members()),
    Row("send_several_review", members("→ send_several")),
    Row("send_several_review", members("→ send_several"), "POST"),
    Row("send_several_look_over", members("→ send_several"), args={"nonce": "not-a-draft"}),
    Row("send_several_confirm", members("→ send_several")),
    Row("send_several_confirm", members("422"), "POST"),
    Row("send_several_sent", own(), args={"nonce": "sent together"}),
    # Codes: of one's own, and the neighbour's.
    Row("pay", members()),
    Row("pay", members("422"), "POST"),
    Row("scan", members()),
    Row("pay_me", members("→ send"), args={"public_id": "poster"}),
    Row("payment_request", members(), args={"txid": "neighbour's request"}),
    Row("payment_request", members("422"), "POST", {"txid": "neighbour's request"}),
    Row("requests", signed_in()),
    Row("request_new", members()),
    Row("request_new", members("422"), "POST"),
    Row("request_several", members()),
    Row("request_several", members("422"), "POST"),
    Row("requests_of_set", own(), args={"nonce": "asked together"}),
    Row("poster", members()),
    Row("my_request", own(), args={"txid": "request"}),
    Row("request_cancel", own("→ my_request"), "POST", {"txid": "request"}),
    Row("request_renew", own("→ my_request"), "POST", {"txid": "request"}),
    Row("request_give_back", own("→ my_request"), args={"txid": "request"}),
    Row("pix_create", signed_in("400", anonymous="401"), "POST"),
    Row("pix_confirm", signed_in("400", anonymous="401"), "POST"),
    Row("pix_qr_code", signed_in(anonymous="401"), args={"file_name": "neighbour's picture"}),
    Row("pix_nowhere", everyone("404"), args={"rest": "nothing"}),
    Row("pix_nowhere", everyone("404"), "POST", args={"rest": "nothing"}),
    Row("pix_status", own(), args={"pk": "request number"}),
    Row("donate", members()),
    Row("donate", members("422"), "POST"),
    Row("donate_confirm", members("→ donate")),
    Row("donate_confirm", members("422"), "POST"),
    # Offers and requests. The suspended one asks for her own, which others do not see while she is.
    Row("browse", members()),
    Row("browse", members("422"), query="kind=gift"),
    Row("listing_new", members()),
    Row("listing_new", members("422"), "POST"),
    Row("my_listings", signed_in()),
    Row("listing", signed_in(newcomers="404"), args={"public_id": "listing"}),
    Row("listing", own(), args={"public_id": "draft"}),
    Row("listing_edit", own(suspended="403"), args={"public_id": "listing"}),
    Row("listing_edit", own("422", suspended="403"), "POST", args={"public_id": "listing"}),
    *(Row(f"listing_{act}", own("→ listing"), args={"public_id": "listing"}) for act in ("publish", "pause", "close")),
    Row("listing_publish", own("→ listing", suspended="403"), "POST", {"public_id": "listing"}),
    *(Row(f"listing_{act}", own("→ listing"), "POST", {"public_id": "listing"}) for act in ("pause", "close")),
    # Exchanges, of the two people and nobody else.
    Row("propose", members(), args={"public_id": "offer"}),
    Row("propose", members("422"), "POST", args={"public_id": "offer"}),
    Row("exchanges", signed_in()),
    Row("exchange", own(), args={"public_id": "exchange"}),
    Row("exchange_counter", own(suspended="409"), args={"public_id": "exchange"}),
    Row("exchange_counter", own("422"), "POST", args={"public_id": "exchange"}),
    Row("exchange_accept", own("422"), "POST", args={"public_id": "exchange"}),
    Row("exchange_decline", own("→ exchange", suspended="403"), "POST", args={"public_id": "exchange"}),
    Row("exchange_withdraw", own("403"), "POST", args={"public_id": "exchange"}),
    Row("exchange_start", own("409"), "POST", args={"public_id": "exchange"}),
    Row("exchange_deliver", own("422"), "POST", args={"public_id": "exchange"}),
    Row("exchange_confirm", own("422"), "POST", args={"public_id": "exchange"}),
    Row("exchange_cancel", own("409"), "POST", args={"public_id": "exchange"}),
    Row("exchange_message", own("422"), "POST", args={"public_id": "exchange"}),
    Row("exchange_review", own("422"), "POST", args={"public_id": "exchange"}),
    Row("exchange_dispute", own("409"), args={"public_id": "exchange"}),
    Row("exchange_dispute", own("422"), "POST", args={"public_id": "exchange"}),
    Row("dispute_statement", own("422"), "POST", args={"public_id": "disputed exchange"}),
    Row("dispute_evidence", own("422"), "POST", args={"public_id": "disputed exchange"}),
    *(
        Row(f"exchange_{step}", own("→ exchange"), args={"public_id": "exchange"})
        for step in ("accept", "decline", "withdraw", "start", "deliver", "confirm", "cancel", "message", "review")
    ),
    Row("dispute_statement", own("→ exchange"), args={"public_id": "disputed exchange"}),
    Row("dispute_evidence", own("→ exchange"), args={"public_id": "disputed exchange"}),
    Row(
        "evidence",
        by_role("404", anonymous=LOGIN, **dict.fromkeys(("member", "suspended", "moderator"), "200")),
        args={"public_id": "evidence"},
    ),
    # Her own settings.
    Row("settings", signed_in()),
    Row("settings", signed_in("422"), "POST"),
    Row("settings_profile", signed_in()),
    Row("settings_profile", signed_in("422"), "POST"),
    Row("agree", signed_in()),
    Row("agree", signed_in("422"), "POST"),
]

ENTRANCE = [
    Row("account_login", by_role(HOME, anonymous="200")),
    Row("account_signup", by_role(HOME, anonymous="200")),
    Row("account_logout", signed_in(anonymous="→ landing")),
    Row("account_inactive", everyone("200")),
    Row("account_email_verification_sent", everyone("200")),
    Row("account_confirm_email", everyone("200"), args={"key": "x"}),
    Row("account_reset_password", everyone("200")),
    Row("account_reset_password_done", everyone("200")),
    Row("account_reset_password_from_key", everyone("200"), args={"uidb36": "x", "key": "y"}),
    Row("account_reset_password_from_key_done", everyone("200")),
    Row("account_confirm_login_code", by_role(HOME, anonymous=LOGIN)),
    Row("account_reauthenticate", signed_in()),
    Row("account_change_password", signed_in()),
    Row("account_set_password", signed_in("→ account_change_password")),
    Row("account_email", signed_in()),
    Row("mfa_authenticate", by_role(HOME, anonymous=LOGIN)),
    Row("mfa_reauthenticate", with_second_factor("200", others=REAUTHENTICATE)),
    Row("mfa_index", signed_in()),
    Row("mfa_activate_totp", signed_in(REAUTHENTICATE)),
    Row("mfa_deactivate_totp", with_second_factor(REAUTHENTICATE, others="404")),
    Row("mfa_generate_recovery_codes", signed_in(REAUTHENTICATE)),
    Row("mfa_view_recovery_codes", signed_in("404")),
    Row("mfa_download_recovery_codes", signed_in("404")),
    Row("usersessions_list", signed_in()),
]

ALL_STAFF = ("coordinator", "moderator", "superuser")
ACCOUNT = {"object_id": "account"}
TRANSFER = {"object_id": "object:ledger.transfer"}
MOVE = {"object_id": "move"}
LIMITS = {"object_id": "object:ledger.limitchange"}
HER = {"object_id": "object:accounts.member"}
LISTING = {"object_id": "object:marketplace.listing"}
CATEGORY = {"object_id": "object:marketplace.category"}
STAFF = [
    Row("admin:index", staff(*ALL_STAFF)),
    Row("admin:books", staff("coordinator", "superuser")),
    Row("admin:search", staff(*ALL_STAFF)),
    Row("admin:login", by_role("403", anonymous=LOGIN, **dict.fromkeys(ALL_STAFF, "→ admin:index"))),
    Row("admin:logout", by_role("→ admin:index", **dict.fromkeys(ALL_STAFF, "405"))),
    Row("admin:password_change", staff(*ALL_STAFF, cell="→ account_change_password")),
    Row("admin:password_change_done", staff(*ALL_STAFF)),
    Row("admin:autocomplete", staff(other_staff="403")),
    Row("admin:jsi18n", staff(*ALL_STAFF)),
    Row("admin:view_on_site", staff(other_staff="404"), args={"content_type_id": "0", "object_id": "0"}),
    Row("admin:app_list", staff("coordinator", "superuser", other_staff="404"), args={"app_label": "ledger"}),
    Row("admin:app_list", staff(*ALL_STAFF), args={"app_label": "accounts"}),
    Row("admin:accounts_member_approve_her", staff("coordinator", "superuser"), args=HER),
    Row("admin:accounts_member_suspend_her", staff(*ALL_STAFF), args=HER),
    Row("admin:accounts_member_reinstate_her", staff(*ALL_STAFF), args=HER),
    Row("admin:accounts_member_change_roles", staff("superuser", cell=REAUTHENTICATE), args=HER),
    # Hours that staff move: asked for by coordinators, approved by a second person.
    *(
        Row(f"admin:ledger_account_{name}", staff("coordinator", "superuser", cell=cell), method, args)
        for name, args in (
            ("give_hours", ACCOUNT),
            ("write_off_debt", ACCOUNT),
            ("change_its_limits", ACCOUNT),
            ("follow_common_limits", ACCOUNT),
            ("change_all_limits", {}),
        )
        for method, cell in (("GET", "200"), ("POST", "422"))
    ),
    *(
        Row("admin:ledger_limitchange_call_off", staff("coordinator", "superuser", cell=cell), method, LIMITS)
        for method, cell in (("GET", "200"), ("POST", "422"))
    ),
    Row("admin:ledger_transfer_undo", staff("coordinator", "superuser"), args=TRANSFER),
    Row("admin:ledger_transfer_undo", staff("coordinator", "superuser", cell="422"), "POST", TRANSFER),
    Row("admin:accounts_staffmove_approve_it", staff(*ALL_STAFF), args=MOVE),
    Row(
        "admin:accounts_staffmove_approve_it",
        by_role(
            "→ admin:login",
            coordinator="422",
            moderator="→ admin:accounts_staffmove_change",
            superuser="→ admin:accounts_staffmove_change",
        ),
        "POST",
        MOVE,
    ),
    Row("admin:accounts_staffmove_decline_it", staff(*ALL_STAFF), args=MOVE),
    Row(
        "admin:accounts_staffmove_decline_it",
        staff(*ALL_STAFF, cell="→ admin:accounts_staffmove_change"),
        "POST",
        MOVE,
    ),
    # The marketplace: cases, listings to hide and show again.
    Row("admin:app_list", staff(*ALL_STAFF), args={"app_label": "marketplace"}),
    Row("admin:case", staff(*ALL_STAFF), args={"public_id": "case"}),
    Row("admin:case", staff(other_staff="404"), args={"public_id": "not-a-case"}),
    Row("admin:case", staff(other_staff="405"), "POST", args={"public_id": "case"}),
    Row("admin:case_messages", staff(other_staff="405"), args={"public_id": "case"}),
    # Who administers the site rules in no dispute, and reads no messages.
    Row("admin:case_messages", staff("moderator", cell="→ admin:case"), "POST", args={"public_id": "case"}),
    Row("admin:case_ruling", staff("moderator", cell="→ admin:case"), args={"public_id": "case"}),
    Row("admin:case_ruling", staff("moderator", cell="422"), "POST", args={"public_id": "case"}),
    Row("admin:marketplace_listing_hide_it", staff(*ALL_STAFF), args=LISTING),
    Row("admin:marketplace_listing_hide_it", staff(*ALL_STAFF, cell="422"), "POST", args=LISTING),
    Row("admin:marketplace_listing_show_it", staff(*ALL_STAFF), args=LISTING),
    Row(
        "admin:marketplace_listing_show_it",
        staff(*ALL_STAFF, cell="→ admin:marketplace_listing_change"),
        "POST",
        args=LISTING,
    ),
    # Categories are the one thing that is written here.
    Row("admin:marketplace_category_changelist", staff("coordinator", "superuser")),
    Row("admin:marketplace_category_changelist", staff("coordinator", "superuser", cell="200"), "POST"),
    Row("admin:marketplace_category_change", staff("coordinator", "superuser"), args=CATEGORY),
    Row("admin:marketplace_category_change", staff("coordinator", "superuser"), "POST", args=CATEGORY),
    Row("admin:marketplace_category_history", staff("coordinator", "superuser"), args=CATEGORY),
    Row("admin:marketplace_category_add", staff("coordinator", "superuser")),
    Row("admin:marketplace_category_add", staff("coordinator", "superuser"), "POST"),
    Row(
        "admin:marketplace_category_delete",
        staff("coordinator", "superuser", cell="→ admin:marketplace_category_change"),
        args=CATEGORY,
    ),
    Row(
        "admin:marketplace_category_delete",
        staff("coordinator", "superuser", cell="→ admin:marketplace_category_change"),
        "POST",
        args=CATEGORY,
    ),
    Row("admin:books", staff("coordinator", "superuser"), "POST"),
    Row(
        "admin:jobs_job_changelist",
        staff("coordinator", "superuser", cell="→ admin:jobs_job_changelist"),
        "POST",
        data={"action": "run_again", "_selected_action": "object:jobs.job"},
    ),
]


def _decisions() -> list[Row]:
    """What staff decide about a person: by the button on her page, and from the list."""
    her, listed = "→ admin:accounts_member_change, done", "→ admin:accounts_member_changelist"
    rows = []
    for name, about, data, roles in (
        ("approve", "waiting", {}, ("coordinator", "superuser")),
        ("suspend", "other", {"reason": "Not nice"}, ALL_STAFF),
        ("reinstate", "suspended", {}, ALL_STAFF),
    ):
        by_button = staff(*roles, cell=her)
        # In the list, whoever may not is left where she was, with nothing done.
        by_list = staff(*roles, cell=f"{listed}, done", other_staff=listed)
        chosen = {"action": name, "_selected_action": f"person:{about}", **data}
        args = {"object_id": f"person:{about}"}
        rows += [
            Row(f"admin:accounts_member_{name}_her", by_button, "POST", args, data=data, about=about),
            Row("admin:accounts_member_changelist", by_list, "POST", data=chosen, about=about),
        ]
    roles = {"roles": "moderators"}
    asked_again = staff("superuser", cell=REAUTHENTICATE)
    rows.append(
        Row(
            "admin:accounts_member_change_roles",
            asked_again,
            "POST",
            {"object_id": "person:other"},
            data=roles,
            about="other",
        )
    )
    return rows


# Each list of the staff's site, who may see it, and who may act on its rows through its own buttons.
MAY_SEE = {
    "accounts_member": ("coordinator", "moderator", "superuser"),
    "ledger_account": ("coordinator", "superuser"),
    "ledger_hold": ("coordinator", "superuser"),
    "ledger_transfer": ("coordinator", "superuser"),
    "ledger_paymentrequest": ("coordinator", "superuser"),
    "ledger_entry": ("coordinator", "superuser"),
    "ledger_lot": ("coordinator", "superuser"),
    "ledger_mint": ("coordinator", "superuser"),
    "ledger_limitchange": ("coordinator", "superuser"),
    "accounts_staffmove": ALL_STAFF,
    "ledger_record": ("coordinator", "superuser"),
    "jobs_job": ("coordinator", "superuser"),
    "notifications_letter": ("coordinator", "superuser"),
    "notifications_event": ("superuser",),
    "marketplace_listing": ALL_STAFF,
    "marketplace_exchange": ALL_STAFF,
    "marketplace_dispute": ALL_STAFF,
}

WITHOUT_PAGES = {"notifications_letter"}  # its words are nobody's but the recipient's
LEADS_ON = {"marketplace_dispute": "→ admin:case"}


def _lists() -> list[Row]:
    """In no list can anything be added or deleted, by nobody."""
    rows = []
    for model, roles in MAY_SEE.items():
        this = {"object_id": f"object:{model.replace('_', '.')}"}
        rows += [
            Row(f"admin:{model}_changelist", staff(*roles)),
            Row(
                f"admin:{model}_change",
                staff(*(roles if model not in WITHOUT_PAGES else ()), cell=LEADS_ON.get(model, "200")),
                args=this,
            ),
            Row(f"admin:{model}_history", staff(*roles), args=this),
            Row(f"admin:{model}_add", staff()),
            Row(f"admin:{model}_delete", staff(), args=this),
        ]
    return rows


ROWS = PAGES + ENTRANCE + STAFF + _decisions() + _lists()

# Each socket: whether the page is let in, or the code it is closed with.
SOCKETS = {
    "ws/live/": by_role("open", anonymous="refused", suspended="4403"),
}
