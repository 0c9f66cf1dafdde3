"""The staff's window on the books: everything to look at, nothing to touch, for nobody.

The words people write (`Note`) are not shown: they are between the two of them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from timebank.durations import in_words, shown
from timebank.read_only import ReadOnlyAdmin

from .models import Account, Entry, Hold, LimitChange, Lot, Mint, PaymentRequest, Record, Transfer

MOST_CHANGES = 20
NAME_MAIL_OR_NUMBER = _("Name, e-mail or number")


def _owned(*accounts: str) -> list[str]:
    """Where to look for the people of these accounts: in their names, with and without accents, and addresses."""
    ways = ("owner__display_name", "owner__plain_name", "=owner__email")
    return [way.replace("owner", f"{account}__owner") for account in accounts for way in ways]


def _linked(account: Account) -> Any:
    """The owner's name, leading to her account."""
    address = reverse("admin:ledger_account_change", args=[account.pk])
    return format_html('<a class="text-link" href="{}">{}</a>', address, account.owner)


def _shown_or_none(minutes: int | None) -> str:
    return "–" if minutes is None else shown(minutes)


def _said_of(change: LimitChange) -> str:
    """When it takes effect, for whom, and which limits it sets."""
    for_whom = gettext("for all") if change.account_id is None else gettext("for this account")
    if change.returns_to_common:
        for_whom = gettext("back to the common limits")
    limits = (
        (gettext("credit limit"), shown(change.credit_limit_minutes)),
        (gettext("soft limit"), _shown_or_none(change.soft_limit_minutes)),
        (gettext("largest balance"), _shown_or_none(change.max_balance_minutes)),
    )
    said = [_at(change.takes_effect_at), for_whom, *(f"{name} {value}" for name, value in limits)]
    return " · ".join(said if change.state == LimitChange.State.MADE else [*said, str(change.state.label)])


def _at(moment: datetime) -> str:
    """Always with the year."""
    return formats.date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT")


def said_of_limits(change: LimitChange) -> Any:
    """A change of limits in a line that leads to its page: what it sets, by whom and why, and who called it off."""
    address = reverse("admin:ledger_limitchange_change", args=[change.pk])
    line = format_html(
        '<a class="text-link" href="{}">{}</a> · {}: {}', address, _said_of(change), change.by, change.reason
    )
    if change.called_off_at is None:
        return line
    return format_html(
        "{} · {} · {}: {}", line, _at(change.called_off_at), change.called_off_by, change.called_off_because
    )


class _Amounts:
    """Columns of both holds and transfers."""

    @display(description=_("payer"))
    def from_whom(self, row: Hold | Transfer) -> Any:
        return _linked(row.payer)

    @display(description=_("payee"))
    def to_whom(self, row: Hold | Transfer) -> Any:
        return _linked(row.payee)

    @display(description=_("amount"), ordering="amount_minutes")
    def amount(self, row: Hold | Transfer | Entry | Lot | Mint) -> str:
        return shown(row.amount_minutes)


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    list_display = ["owner", "kind", "state", "balance", "held", "available", "opened_at"]
    list_filter = ["kind", "state"]
    list_select_related = ["owner"]
    ordering = ["pk"]
    search_fields = ["=public_id", "owner__display_name", "owner__plain_name", "owner__email"]
    search_help_text = NAME_MAIL_OR_NUMBER
    fields = [
        "public_id", "owner", "kind", "state", "balance", "held", "available", "limit", "soft_limit", "largest_balance",
        "floor", "has_own_limits", "history_of_limits", "opened_at",
    ]  # fmt: skip

    @display(description=_("balance"), ordering="balance_minutes")
    def balance(self, account: Account) -> str:
        return shown(account.balance_minutes)

    @display(description=_("held"), ordering="held_minutes")
    def held(self, account: Account) -> str:
        return shown(account.held_minutes)

    @display(description=_("available"))
    def available(self, account: Account) -> str:
        return shown(account.available_minutes)

    @display(description=_("credit limit"))
    def limit(self, account: Account) -> str:
        return shown(account.credit_limit_minutes)

    @display(description=_("floor"))
    def floor(self, account: Account) -> str:
        return shown(account.floor_minutes)

    @display(description=_("soft limit"))
    def soft_limit(self, account: Account) -> str:
        return _shown_or_none(account.soft_limit_minutes)

    @display(description=_("largest balance"))
    def largest_balance(self, account: Account) -> str:
        return _shown_or_none(account.max_balance_minutes)

    @display(description=_("changes of limits"))
    def history_of_limits(self, account: Account) -> Any:
        """Its own, and those for all, the latest first."""
        theirs = Q(account=account) | Q(account=None, kind=account.kind)
        changes = LimitChange.objects.filter(theirs).select_related("by", "called_off_by")
        latest = changes.order_by("-takes_effect_at", "-pk")[:MOST_CHANGES]
        return format_html_join(mark_safe("<br>"), "{}", ((said_of_limits(change),) for change in latest)) or "–"


@admin.register(Hold)
class HoldAdmin(_Amounts, ReadOnlyAdmin):
    list_display = ["created_at", "from_whom", "to_whom", "amount", "kind", "state", "tries"]
    list_filter = ["state", "due", "kind"]
    list_select_related = ["payer__owner", "payee__owner"]
    ordering = ["-pk"]
    search_fields = ["=public_id", *_owned("payer", "payee")]
    search_help_text = NAME_MAIL_OR_NUMBER
    fields = [
        "public_id", "kind", "category", "from_whom", "to_whom", "amount", "state", "actor",
        "due", "try_at", "tries", "created_at", "expires_at", "frozen_until", "post_minutes", "resolved_at",
    ]  # fmt: skip


@admin.register(Transfer)
class TransferAdmin(_Amounts, ReadOnlyAdmin):
    list_display = ["posted_at", "from_whom", "to_whom", "amount", "kind"]
    list_filter = ["kind"]
    list_select_related = ["payer__owner", "payee__owner"]
    ordering = ["-pk"]
    search_fields = ["=public_id", *_owned("payer", "payee")]
    search_help_text = NAME_MAIL_OR_NUMBER
    fields = [
        "public_id",
        "kind",
        "category",
        "from_whom",
        "to_whom",
        "amount",
        "posted_at",
        "hold",
        "reverses",
        "undone_by",
    ]

    @display(description=_("undone by"))
    def undone_by(self, transfer: Transfer) -> Any:
        links = ((reverse("admin:ledger_transfer_change", args=[one.pk]), one) for one in transfer.reversals.all())
        return format_html_join(", ", '<a class="text-link" href="{}">{}</a>', links) or "–"


@admin.register(PaymentRequest)
class PaymentRequestAdmin(_Amounts, ReadOnlyAdmin):
    """Who asks for hours and who paid; the codes themselves are shown to nobody, for whoever has one can pay by it."""

    list_display = ["created_at", "asked_by", "how_much", "state", "expires_at", "asked_of"]
    list_filter = ["state"]
    list_select_related = ["payee__owner", "asked_of"]
    ordering = ["-pk"]
    search_fields = ["=id", "=paid_hold__public_id", *_owned("payee")]
    search_help_text = NAME_MAIL_OR_NUMBER
    fields = ["asked_by", "how_much", "state", "asked_of", "created_at", "expires_at", "ended_at", "paid_hold"]

    @display(description=_("payee"))
    def asked_by(self, request: PaymentRequest) -> Any:
        return _linked(request.payee)

    @display(description=_("amount"))
    def how_much(self, request: PaymentRequest) -> str:
        return in_words(request.amount_minutes) if request.amount_minutes else str(_("open amount"))


@admin.register(Mint)
class MintAdmin(_Amounts, ReadOnlyAdmin):
    list_display = ["at", "issued_by", "amount", "reason"]
    list_filter = ["reason"]
    list_select_related = ["issuer__owner", "transfer"]
    ordering = ["-pk"]
    search_fields = ["=transfer__public_id", *_owned("issuer")]
    search_help_text = NAME_MAIL_OR_NUMBER
    fields = ["issued_by", "amount", "reason", "transfer", "at"]

    @display(description=_("minted"))
    def at(self, mint: Mint) -> Any:
        return mint.transfer.posted_at

    @display(description=_("issuer"))
    def issued_by(self, mint: Mint) -> Any:
        return _linked(mint.issuer)


@admin.register(Lot)
class LotAdmin(_Amounts, ReadOnlyAdmin):
    list_display = ["amount", "whose", "mint", "expires_at", "fate"]
    list_filter = ["how"]
    list_select_related = ["owner__owner", "mint"]
    ordering = ["-pk"]
    search_fields = ["=owner__public_id", *_owned("owner")]
    search_help_text = NAME_MAIL_OR_NUMBER
    fields = ["whose", "amount", "mint", "expires_at", "born_in", "spent_in", "fate"]

    @display(description=_("owner"))
    def whose(self, lot: Lot) -> Any:
        return _linked(lot.owner)

    @display(description=_("how it was spent"))
    def fate(self, lot: Lot) -> str:
        return lot.get_how_display() or gettext("open")


class LimitChangeStateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(LimitChange.State.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[LimitChange]) -> QuerySet[LimitChange]:
        match self.value():
            case LimitChange.State.PLANNED:
                return queryset.filter(applied_at=None, called_off_at=None)
            case LimitChange.State.MADE:
                return queryset.exclude(applied_at=None)
            case LimitChange.State.CALLED_OFF:
                return queryset.exclude(called_off_at=None)
        return queryset


@admin.register(LimitChange)
class LimitChangeAdmin(ReadOnlyAdmin):
    list_display = ["takes_effect_at", "whose", "standing", "limit", "soft_limit", "largest_balance", "by"]
    list_filter = [LimitChangeStateFilter]
    list_select_related = ["account__owner", "by"]
    ordering = ["-takes_effect_at", "-pk"]
    fields = [
        "whose", "standing", "limit", "soft_limit", "largest_balance", "returns_to_common", "reason", "by",
        "created_at", "takes_effect_at", "applied_at", "called_off_at", "called_off_by", "called_off_because",
    ]  # fmt: skip

    @display(
        description=_("state"),
        label={
            LimitChange.State.PLANNED: "warning",
            LimitChange.State.MADE: "success",
            LimitChange.State.CALLED_OFF: "default",
        },
    )
    def standing(self, change: LimitChange) -> tuple[str, str]:
        return change.state.value, str(change.state.label)

    @display(description=_("account"))
    def whose(self, change: LimitChange) -> Any:
        return gettext("for all") if change.account is None else _linked(change.account)

    @display(description=_("credit limit"))
    def limit(self, change: LimitChange) -> str:
        return shown(change.credit_limit_minutes)

    @display(description=_("soft limit"))
    def soft_limit(self, change: LimitChange) -> str:
        return _shown_or_none(change.soft_limit_minutes)

    @display(description=_("largest balance"))
    def largest_balance(self, change: LimitChange) -> str:
        return _shown_or_none(change.max_balance_minutes)


@admin.register(Entry)
class EntryAdmin(_Amounts, ReadOnlyAdmin):
    list_display = ["posted_at", "whose", "seq", "amount", "balance_after"]
    list_select_related = ["account__owner", "transfer"]
    ordering = ["-pk"]
    search_fields = ["=account__public_id", "=transfer__public_id", *_owned("account")]
    search_help_text = NAME_MAIL_OR_NUMBER
    fields = ["whose", "seq", "amount", "balance_after", "transfer", "posted_at"]

    @display(description=_("posted"))
    def posted_at(self, entry: Entry) -> Any:
        return entry.transfer.posted_at

    @display(description=_("account"))
    def whose(self, entry: Entry) -> Any:
        return _linked(entry.account)

    @display(description=_("balance after"), ordering="balance_after_minutes")
    def balance_after(self, entry: Entry) -> str:
        return shown(entry.balance_after_minutes)


# The log itself keeps the codes: whoever checks it reads them in any language.
RECORD_KINDS = {
    "account": _("account"),
    "expire": _("hold expired"),
    "freeze": _("hold frozen, or free again"),
    "hold": _("hold"),
    "joining": _("joining"),
    "limit": _("credit limit"),
    "listing": _("listing"),
    "mint": _("minutes minted"),
    "reading": _("messages read"),
    "release": _("hold released"),
    "role": _("role"),
    "ruling": _("ruling"),
    "staff": _("hours moved by staff"),
    "suspension": _("suspension"),
    "transfer": _("transfer"),
    "void": _("hold taken back"),
}


class RecordKindFilter(admin.SimpleListFilter):
    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(RECORD_KINDS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Record]) -> QuerySet[Record]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Record)
class RecordAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "what", "number"]
    list_filter = [RecordKindFilter]
    list_select_related = ["leaf"]
    ordering = ["-pk"]
    fields = ["created_at", "what", "number", "hash", "body"]

    @display(description=_("kind"), ordering="kind")
    def what(self, record: Record) -> str:
        return str(RECORD_KINDS.get(record.kind, record.kind))

    @display(description=_("number in the log"))
    def number(self, record: Record) -> int | None:
        return record.leaf.number if hasattr(record, "leaf") else None

    @display(description=_("leaf hash"))
    def hash(self, record: Record) -> str | None:
        return record.leaf.hash if hasattr(record, "leaf") else None
