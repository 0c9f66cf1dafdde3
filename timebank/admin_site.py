"""The staff's site: who may come in, what stands where, and how the books are."""

from __future__ import annotations

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.templatetags.static import static
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from unfold.sites import UnfoldAdminSite

from accounts.models import Member, StaffMove
from ledger import community
from ledger.models import Account, Hold, Record
from marketplace.models import Dispute, Exchange, Listing
from marketplace.queries import moved_this_month
from notifications.models import Letter
from timebank.jobs.models import Job
from timebank.tasks import walk_the_books

MOST_WAITING_SHOWN = 10


class AdminSite(UnfoldAdminSite):
    """unfold's admin behind allauth's sign-in; who is suspended or has left stays outside."""

    empty_value_display = "–"  # as where a column says itself that there is nothing

    def has_permission(self, request: HttpRequest) -> bool:
        return (
            super().has_permission(request)
            and isinstance(request.user, Member)
            and request.user.state not in {Member.State.SUSPENDED, Member.State.LEFT, Member.State.STEWARD}
        )

    @method_decorator(secure_admin_login)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Strangers are sent to the community's own sign-in; who has no role is refused."""
        if not self.has_permission(request):
            raise PermissionDenied
        return redirect("admin:index")

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return redirect("account_change_password")

    def extra_urls(self) -> list[URLPattern]:
        from marketplace.admin import cases  # which registers lists with this site, so it has to be there first

        return [
            path("books/", self.admin_view(books), name="books"),
            path("cases/<slug:public_id>/", self.admin_view(cases.case), name="case"),
            path("cases/<slug:public_id>/messages/", self.admin_view(cases.case_messages), name="case_messages"),
            path("cases/<slug:public_id>/ruling/", self.admin_view(cases.case_ruling), name="case_ruling"),
        ]

    def extra_context(self, context: dict[str, Any], request: HttpRequest) -> dict[str, Any]:
        # unfold would write the colours into each page as a style element, which the content
        # security policy refuses; they are in static/css/admin.css instead.
        return {**context, "colors": None}


def books(request: HttpRequest) -> HttpResponse:
    """How the books stand, in a few figures; when asked (POST), every row of them is checked."""
    if not request.user.has_perm("ledger.view_account"):
        raise PermissionDenied
    faults = None
    if request.method == "POST":
        faults = walk_the_books()
    told = {"faults": faults, "last_check": community.last_check(), **figures()}
    context = {**_admin().each_context(request), "title": _("Books"), **told}
    return TemplateResponse(request, "admin/books.html", context)


def figures() -> dict[str, Any]:
    """What a coordinator looks at each morning; one query each, all on indexes but the sum."""
    fund = Account.objects.filter(kind=Account.Kind.FUND).first()
    return {
        "sum_minutes": Account.objects.aggregate(sum=Sum("balance_minutes"))["sum"] or 0,
        "given_out_minutes": -fund.balance_minutes if fund else 0,
        "fund_left_minutes": fund.available_minutes if fund else 0,
        "waiting_holds": Hold.objects.on_their_way().count(),
        "set_aside": Hold.objects.set_aside().count(),
        "unnumbered_records": Record.objects.filter(leaf=None).count(),
        "dead_jobs": Job.objects.dead().count(),
        "unsent_letters": Letter.objects.filter(sent_at=None).count(),
    }


def front_page(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What waits for this person: applications, and work that was given up; and how the community does."""
    waiting = Member.objects.applied().order_by("signed_up_at", "pk")
    sees = request.user.has_perm
    cases = Dispute.objects.open().without(request.user) if sees("marketplace.view_dispute") else None  # type: ignore[arg-type]
    moves = StaffMove.objects.waiting() if sees("accounts.view_staffmove") else None
    if moves is not None and not request.user.is_coordinator:  # type: ignore[union-attr]
        moves = moves.filter(kind=StaffMove.Kind.REVERSAL)
    return {
        **context,
        "moves_count": None if moves is None else moves.count(),
        "title": settings.COMMUNITY_NAME,
        "joining": settings.JOINING,
        "waiting": waiting[:MOST_WAITING_SHOWN],
        "waiting_count": waiting.count(),
        "members": Member.objects.active().count(),
        "suspended": Member.objects.filter(state=Member.State.SUSPENDED).count(),
        "moved_minutes": moved_this_month(),
        "cases": None if cases is None else cases.with_people()[:MOST_WAITING_SHOWN],
        "cases_count": None if cases is None else cases.count(),
        "open_listings": Listing.objects.open().count() if sees("marketplace.view_listing") else None,
        "live_exchanges": _live_exchanges() if sees("marketplace.view_exchange") else None,
        "on_their_way": Hold.objects.on_their_way().count() if sees("ledger.view_hold") else None,
        "set_aside": Hold.objects.set_aside().count() if sees("ledger.view_hold") else None,
        "dead_jobs": Job.objects.dead().count() if sees("jobs.view_job") else None,
    }


def _live_exchanges() -> int:
    return Exchange.objects.filter(state__in=Exchange.LIVE).count()


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The sections of the staff's site, as this person may see them."""
    people = [
        _entry(_("Overview"), "dashboard", "admin:index"),
        _entry(_("Members"), "group", "admin:accounts_member_changelist", "accounts.view_member"),
        _entry(_("Moves by staff"), "approval", "admin:accounts_staffmove_changelist", "accounts.view_staffmove"),
    ]
    marketplace = [
        _entry(_("Cases"), "gavel", "admin:marketplace_dispute_changelist", "marketplace.view_dispute"),
        _entry(_("Listings"), "storefront", "admin:marketplace_listing_changelist", "marketplace.view_listing"),
        _entry(_("Exchanges"), "handshake", "admin:marketplace_exchange_changelist", "marketplace.view_exchange"),
        _entry(_("Categories"), "category", "admin:marketplace_category_changelist", "marketplace.view_category"),
    ]
    ledger = [
        _entry(_("Books"), "balance", "admin:books", "ledger.view_account"),
        _entry(_("Accounts"), "account_balance_wallet", "admin:ledger_account_changelist", "ledger.view_account"),
        _entry(_("Holds"), "hourglass_top", "admin:ledger_hold_changelist", "ledger.view_hold"),
        _entry(_("Transfers"), "swap_horiz", "admin:ledger_transfer_changelist", "ledger.view_transfer"),
        _entry(_("Requests"), "qr_code", "admin:ledger_paymentrequest_changelist", "ledger.view_paymentrequest"),
        _entry(_("Lots"), "token", "admin:ledger_lot_changelist", "ledger.view_lot"),
        _entry(_("Mints"), "toll", "admin:ledger_mint_changelist", "ledger.view_mint"),
        _entry(_("Changes of limits"), "tune", "admin:ledger_limitchange_changelist", "ledger.view_limitchange"),
        _entry(_("Entries"), "receipt_long", "admin:ledger_entry_changelist", "ledger.view_entry"),
        _entry(_("Records"), "history_edu", "admin:ledger_record_changelist", "ledger.view_record"),
    ]
    running = [
        _entry(_("Jobs"), "engineering", "admin:jobs_job_changelist", "jobs.view_job"),
        _entry(_("Letters"), "mail", "admin:notifications_letter_changelist", "notifications.view_letter"),
        _entry(_("Events"), "notifications", "admin:notifications_event_changelist", "notifications.view_event"),
    ]
    groups: list[dict[str, Any]] = [
        {"title": _("People"), "items": people},
        {"title": _("Marketplace"), "separator": True, "items": marketplace},
        {"title": _("Ledger"), "separator": True, "items": ledger},
        {"title": _("Running"), "separator": True, "items": running},
    ]
    return [group for group in groups if any(item["permission"](request) for item in group["items"])]


def account_links(request: HttpRequest) -> list[dict[str, Any]]:
    return [
        {"title": _("Back to the community"), "link": reverse("dashboard")},
        {"title": _("Password and second factor"), "link": reverse("settings")},
    ]


def _entry(title: str, icon: str, view: str, permission: str = "") -> dict[str, Any]:
    def may_see(request: HttpRequest) -> bool:
        return not permission or request.user.has_perm(permission)

    return {"title": title, "icon": icon, "link": reverse(view), "permission": may_see}


def _admin() -> AdminSite:
    from django.contrib import admin

    site: Any = admin.site
    return site


def logo(request: HttpRequest) -> str:
    return static("img/favicon.svg")


def stylesheet(request: HttpRequest) -> str:
    return static("css/admin.css")


def script(request: HttpRequest) -> str:
    return static("js/admin.js")
