"""The staff's window on the books: everything to look at, nothing to touch, for nobody.

The words people write (`Note`) are not shown: they are between the two of them.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from timebank.durations import shown
from timebank.read_only import ReadOnlyAdmin

from .models import Account, Entry, Hold, Record, Transfer

NAME_MAIL_OR_NUMBER = _("Name, e-mail or number")


def _owned(*accounts: str) -> list[str]:
    """Where to look for the people of these accounts: in their names, with and without accents, and addresses."""
    ways = ("owner__display_name", "owner__plain_name", "=owner__email")
    return [way.replace("owner", f"{account}__owner") for account in accounts for way in ways]


def _linked(account: Account) -> Any:
    """The owner's name, leading to her account."""
    address = reverse("admin:ledger_account_change", args=[account.pk])
    return format_html('<a class="text-link" href="{}">{}</a>', address, account.owner)


class _Amounts:
    """Columns of both holds and transfers."""

    @display(description=_("payer"))
    def from_whom(self, row: Hold | Transfer) -> Any:
        return _linked(row.payer)

    @display(description=_("payee"))
    def to_whom(self, row: Hold | Transfer) -> Any:
        return _linked(row.payee)

    @display(description=_("amount"), ordering="amount_minutes")
    def amount(self, row: Hold | Transfer | Entry) -> str:
        return shown(row.amount_minutes)


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    list_display = ["owner", "kind", "state", "balance", "held", "available", "opened_at"]
    list_filter = ["kind", "state"]
    list_select_related = ["owner"]
    ordering = ["pk"]
    search_fields = ["=public_id", "owner__display_name", "owner__plain_name", "owner__email"]
    search_help_text = NAME_MAIL_OR_NUMBER
    fields = ["public_id", "owner", "kind", "state", "balance", "held", "available", "limit", "floor", "opened_at"]

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


@admin.register(Hold)
class HoldAdmin(_Amounts, ReadOnlyAdmin):
    list_display = ["created_at", "from_whom", "to_whom", "amount", "kind", "state", "tries"]
    list_filter = ["state", "kind"]
    list_select_related = ["payer__owner", "payee__owner"]
    ordering = ["-pk"]
    search_fields = ["=public_id", *_owned("payer", "payee")]
    search_help_text = NAME_MAIL_OR_NUMBER
    fields = [
        "public_id", "kind", "from_whom", "to_whom", "amount", "state", "actor",
        "due", "try_at", "tries", "created_at", "resolved_at",
    ]  # fmt: skip


@admin.register(Transfer)
class TransferAdmin(_Amounts, ReadOnlyAdmin):
    list_display = ["posted_at", "from_whom", "to_whom", "amount", "kind"]
    list_filter = ["kind"]
    list_select_related = ["payer__owner", "payee__owner"]
    ordering = ["-pk"]
    search_fields = ["=public_id", *_owned("payer", "payee")]
    search_help_text = NAME_MAIL_OR_NUMBER
    fields = ["public_id", "kind", "from_whom", "to_whom", "amount", "posted_at", "hold"]


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
