"""What a member's books say, for programs: her account, holds, transfers, statement and lots. Read only."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters
from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from timebank import movements
from timebank.rest.fields import PartySerializer, without_query
from timebank.rest.filters import MomentFilter
from timebank.rest.schema import not_kept

from . import files, queries
from .api_statements import CommunityView, FundEntryView, StatementView
from .models import Account, Entry, Hold, Kind, Lot, Transfer

IDS = "[A-Za-z0-9]{1,40}"  # public ids and txids: nothing else reaches the database
_PARTIES = ("payer__owner", "payee__owner")


def party(account: Account) -> dict[str, str] | None:
    """Who is on one side of a payment; None for the community fund."""
    if account.kind == Account.Kind.FUND:
        return None
    return {"id": account.owner.public_id, "name": account.owner.display_name}


class AccountSerializer(serializers.ModelSerializer[Account]):
    id = serializers.CharField(source="public_id")
    available_minutes = serializers.IntegerField()

    class Meta:
        model = Account
        fields = [
            "id", "state", "balance_minutes", "held_minutes", "available_minutes", "credit_limit_minutes",
            "soft_limit_minutes", "max_balance_minutes", "opened_at",
        ]  # fmt: skip
        read_only_fields = fields


class _Sided(serializers.ModelSerializer[Any]):
    """A payment with its two people; null is the community fund."""

    id = serializers.CharField(source="public_id")
    payer = serializers.SerializerMethodField()
    payee = serializers.SerializerMethodField()

    @extend_schema_field(PartySerializer(allow_null=True))
    def get_payer(self, row: Any) -> dict[str, str] | None:
        return party(row.payer)

    @extend_schema_field(PartySerializer(allow_null=True))
    def get_payee(self, row: Any) -> dict[str, str] | None:
        return party(row.payee)


class HoldSerializer(_Sided):
    """Hours set aside: on their way when ``due``, else kept until released. Once posted, its transfer has its id."""

    note = serializers.SerializerMethodField()

    class Meta:
        model = Hold
        fields = [
            "id", "kind", "category", "payer", "payee", "amount_minutes", "state", "due", "note", "created_at",
            "resolved_at", "expires_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_note(self, hold: Hold) -> str:
        return _note_of(hold)


class TransferSerializer(_Sided):
    reverses = serializers.CharField(source="reverses.public_id", default=None, allow_null=True)
    note = serializers.SerializerMethodField()

    class Meta:
        model = Transfer
        fields = ["id", "kind", "category", "payer", "payee", "amount_minutes", "note", "reverses", "posted_at"]
        read_only_fields = fields

    def get_note(self, transfer: Transfer) -> str:
        """What was written with it, for the two; empty where nothing was, or it was erased."""
        return _note_of(transfer.hold)


def _note_of(hold: Hold | None) -> str:
    note = getattr(hold, "note", None)
    return note.text if note is not None else ""


class EntrySerializer(serializers.ModelSerializer[Entry]):
    """One line of her statement: minutes in (+) or out (−), the balance after it, for what and with whom."""

    transfer = serializers.CharField(source="transfer.public_id")
    kind = serializers.CharField(source="transfer.kind")
    category = serializers.CharField(source="transfer.category", help_text="The code of a kind of help, or empty.")
    other = serializers.SerializerMethodField(help_text="The other side; null: the community fund.")
    note = serializers.SerializerMethodField()
    what_for = serializers.SerializerMethodField()
    with_whom = serializers.SerializerMethodField()
    posted_at = serializers.DateTimeField(source="transfer.posted_at")

    class Meta:
        model = Entry
        fields = [
            "seq", "amount_minutes", "balance_after_minutes", "kind", "category", "transfer", "other", "note",
            "what_for", "with_whom", "posted_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(PartySerializer(allow_null=True))
    def get_other(self, entry: Entry) -> dict[str, str] | None:
        return party(entry.transfer.payer if entry.amount_minutes > 0 else entry.transfer.payee)

    def get_note(self, entry: Entry) -> str:
        """What was written with it, for the two; empty where nothing was, or it was erased."""
        return queries.line_of(entry).note

    def get_what_for(self, entry: Entry) -> str:
        """In the caller's language: the beginning of the note, or else what kind it is."""
        line = queries.line_of(entry)
        return movements.what_for(line.kind, line.note, is_by_payer=line.is_by_payer)

    def get_with_whom(self, entry: Entry) -> str:
        """In the caller's language: the other one's name or, where no person sent it, what moved it."""
        return movements.with_whom(queries.line_of(entry))


class LotSerializer(serializers.ModelSerializer[Lot]):
    """Minutes she has, of one mint: how they came into being, when, and until when they can be used."""

    reason = serializers.CharField(source="mint.reason")
    minted_at = serializers.DateTimeField(source="mint.transfer.posted_at")

    class Meta:
        model = Lot
        fields = ["amount_minutes", "reason", "minted_at", "expires_at"]
        read_only_fields = fields


class _Payments(filters.FilterSet):
    category = filters.CharFilter(max_length=40, help_text="The code of a kind of help.")
    direction = filters.ChoiceFilter(choices=[("in", "in"), ("out", "out")], method="go")
    kind = filters.ChoiceFilter(choices=Kind.choices)
    person = filters.CharFilter(
        method="be_with", max_length=22, help_text="Whom it is from or to: the id of a profile."
    )

    def go(self, rows: QuerySet[Any], name: str, direction: str) -> QuerySet[Any]:
        side = "payee__owner" if direction == "in" else "payer__owner"
        return rows.filter(**{side: self.request.user.pk})

    def be_with(self, rows: QuerySet[Any], name: str, person: str) -> QuerySet[Any]:
        return rows.filter(Q(payer__owner__public_id=person) | Q(payee__owner__public_id=person))


class HoldFilter(_Payments):
    after = MomentFilter(field_name="created_at", lookup_expr="gte")
    before = MomentFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Hold
        fields = ["state"]


class TransferFilter(_Payments):
    after = MomentFilter(field_name="posted_at", lookup_expr="gte")
    before = MomentFilter(field_name="posted_at", lookup_expr="lt")

    class Meta:
        model = Transfer
        fields = ["kind"]


class EntryFilter(filters.FilterSet):
    after = MomentFilter(field_name="transfer__posted_at", lookup_expr="gte")
    before = MomentFilter(field_name="transfer__posted_at", lookup_expr="lt")
    kind = filters.ChoiceFilter(field_name="transfer__kind", choices=Kind.choices)
    category = filters.CharFilter(
        field_name="transfer__category", max_length=40, help_text="The code of a kind of help."
    )
    direction = filters.ChoiceFilter(choices=[("in", "in"), ("out", "out")], method="go")
    person = filters.CharFilter(method="be_with", max_length=22, help_text="Whom it is with: the id of a profile.")

    def go(self, rows: QuerySet[Any], name: str, direction: str) -> QuerySet[Any]:
        return rows.filter(amount_minutes__gt=0) if direction == "in" else rows.filter(amount_minutes__lt=0)

    def be_with(self, rows: QuerySet[Any], name: str, person: str) -> QuerySet[Any]:
        either = Q(transfer__payer__owner__public_id=person) | Q(transfer__payee__owner__public_id=person)
        return rows.filter(either)

    class Meta:
        model = Entry
        fields: list[str] = []


ONE_ACCOUNT: Any = forced_singular_serializer(AccountSerializer)  # type: ignore[no-untyped-call]


class AccountView(viewsets.ViewSet):
    """The caller's own account."""

    serializer_class = AccountSerializer

    @extend_schema(operation_id="account_retrieve", responses=ONE_ACCOUNT)
    @without_query
    def list(self, request: Request) -> Response:
        """What is on it, what is held, and what can be spent."""
        account = get_object_or_404(Account, owner=request.user.pk)
        return Response(AccountSerializer(account).data)


class HoldView(viewsets.ReadOnlyModelViewSet[Hold]):
    """What is set aside, was, or is on its way, from or to the caller, newest first."""

    serializer_class = HoldSerializer
    filterset_class = HoldFilter
    orderings = {"created_at": "pk", "amount_minutes": "amount_minutes"}
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = IDS

    def get_queryset(self) -> QuerySet[Hold]:
        return self.of(self.request.user)

    @staticmethod
    def of(member: Any) -> QuerySet[Hold]:
        """Those from or to ``member``, with what is shown of them."""
        hers = Q(payer__owner=member.pk) | Q(payee__owner=member.pk)
        return Hold.objects.filter(hers).select_related(*_PARTIES, "note")


class TransferView(viewsets.ReadOnlyModelViewSet[Transfer]):
    """What moved from or to the caller, newest first."""

    serializer_class = TransferSerializer
    filterset_class = TransferFilter
    orderings = {"posted_at": "pk", "amount_minutes": "amount_minutes"}
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = IDS

    def get_queryset(self) -> QuerySet[Transfer]:
        return self.of(self.request.user)

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    @action(detail=True)
    @not_kept
    @without_query
    def receipt(self, request: Request, id: str) -> HttpResponse:
        """The receipt, as a PDF."""
        arrived = get_object_or_404(self.get_queryset(), public_id=id, hold__isnull=False)
        files.check_pace(request._request)
        return files.receipt(queries.payment(arrived.public_id, of=request.user), reader=request.user)

    @staticmethod
    def of(member: Any) -> QuerySet[Transfer]:
        """Those from or to ``member``, with what is shown of them."""
        hers = Q(payer__owner=member.pk) | Q(payee__owner=member.pk)
        return Transfer.objects.filter(hers).select_related(*_PARTIES, "reverses", "hold__note")


class EntryView(mixins.ListModelMixin, viewsets.GenericViewSet[Entry]):
    """The caller's statement, newest line first."""

    serializer_class = EntrySerializer
    filterset_class = EntryFilter
    orderings = {"seq": "seq"}
    first_ordering = "-seq"

    def get_queryset(self) -> QuerySet[Entry]:
        return queries.with_what_is_read(Entry.objects.filter(account__owner=self.request.user.pk))


class LotView(mixins.ListModelMixin, viewsets.GenericViewSet[Lot]):
    """The lots the caller's hours are, newest first."""

    serializer_class = LotSerializer

    def get_queryset(self) -> QuerySet[Lot]:
        return Lot.objects.open().filter(owner__owner=self.request.user.pk).select_related("mint__transfer")


def register(router: BaseRouter) -> None:
    router.register("account", StatementView, "statement")
    router.register("account", AccountView, "account")
    router.register("holds", HoldView, "hold")
    router.register("entries", EntryView, "entry")
    router.register("lots", LotView, "lot")
    router.register("community/entries", FundEntryView, "fund-entry")
    router.register("community", CommunityView, "community")
