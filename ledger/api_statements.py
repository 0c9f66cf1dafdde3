"""Statements as files and over time, where hours come from, and the community's books, for programs. Read only."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from timebank.rest.fields import without_query
from timebank.rest.pages import check_query
from timebank.rest.schema import not_kept

from . import community, files, origins, statements
from .exports import FILES
from .filters import StatementFilter
from .models import Account, Entry, Kind, Lot, Mint

MOST_ENDED = 50


def _asked(name: str, words: str, type_: Any = OpenApiTypes.STR, **how: Any) -> OpenApiParameter:
    return OpenApiParameter(name, type_, description=words, **how)


_PERIOD = [
    _asked("from", "The first day.", OpenApiTypes.DATE),
    _asked("to", "The last day.", OpenApiTypes.DATE),
    _asked("period", "Up to today, where no days are said.", enum=["month", "quarter", "year"]),
]
_CHOICE = [
    *_PERIOD,
    _asked("show", "What came in, or what went out.", enum=["in", "out"]),
    _asked("person", "Whom it is with: the id of a profile, as in the lists, or words of the name."),
    _asked("kind", "The kind of movement.", enum=Kind.values),
    _asked("category", "The code of a kind of help."),
    _asked("q", "Words of the message."),
]


class PointSerializer(serializers.Serializer[Any]):
    """What the balance was at the end of a day."""

    on = serializers.DateField()
    balance_minutes = serializers.IntegerField()


class SideSerializer(serializers.Serializer[Any]):
    """Somebody hours came through, by the name the caller may see: empty for who is no member any more."""

    is_me = serializers.BooleanField(source="is_reader")
    is_fund = serializers.BooleanField()
    name = serializers.CharField()


class StepOfLotSerializer(serializers.Serializer[Any]):
    """One transfer on the way; its id and the kind of help where the caller took part in it, else null."""

    payer = SideSerializer()
    payee = SideSerializer()
    posted_at = serializers.DateTimeField()
    amount_minutes = serializers.IntegerField(help_text="What it handed on of these minutes.")
    kind = serializers.ChoiceField(choices=Kind.choices)
    category = serializers.SerializerMethodField()
    is_first = serializers.BooleanField(help_text="Whether these minutes began with it.")
    is_split = serializers.BooleanField(help_text="Whether the payer had more of them, which went another way.")
    is_joined = serializers.BooleanField(help_text="Whether the payee had some of them already.")
    transfer = serializers.SerializerMethodField()

    def get_category(self, step: origins.Step) -> str | None:
        return step.category or None

    def get_transfer(self, step: origins.Step) -> str | None:
        return step.public_id or None


class OriginSerializer(serializers.Serializer[Any]):
    """Minutes the caller has, and the way they came, the latest step first."""

    amount_minutes = serializers.IntegerField()
    expires_on = serializers.DateField(allow_null=True)
    reason = serializers.ChoiceField(choices=Mint.Reason.choices)
    issuer = SideSerializer()
    minted_at = serializers.DateTimeField()
    steps = StepOfLotSerializer(many=True)
    has_earlier = serializers.BooleanField(help_text="Whether the way began before the first step that is told.")


class BurntSerializer(serializers.Serializer[Any]):
    """Minutes that are no more: they repaid what the caller owed, or came back to the community fund."""

    amount_minutes = serializers.IntegerField()
    at = serializers.DateTimeField()
    how = serializers.ChoiceField(choices=Lot.Spent.choices)
    transfer = serializers.CharField(source="public_id")


class IssuedSerializer(serializers.Serializer[Any]):
    """Minutes the caller drew on her credit line, and how many of them still go round."""

    amount_minutes = serializers.IntegerField()
    at = serializers.DateTimeField()
    open_minutes = serializers.IntegerField()


class HoursSerializer(serializers.Serializer[Any]):
    """The lots that are used first, fifty at most, and the last fifty each that were burnt or issued."""

    lots = OriginSerializer(many=True)
    burnt = BurntSerializer(many=True)
    issued = IssuedSerializer(many=True)


class CheckSerializer(serializers.Serializer[Any]):
    """When every row of the books was looked at last, and whether all was right."""

    checked_at = serializers.DateTimeField()
    is_sound = serializers.BooleanField()


class CommunitySerializer(serializers.Serializer[Any]):
    """Minted = in circulation + redeemed + retired, and all balances add up to 0; at most ten minutes old."""

    name = serializers.CharField()
    minted_minutes = serializers.IntegerField()
    in_circulation_minutes = serializers.IntegerField()
    redeemed_minutes = serializers.IntegerField()
    retired_minutes = serializers.IntegerField()
    sum_minutes = serializers.IntegerField()
    last_check = CheckSerializer(allow_null=True)


class FundEntrySerializer(serializers.ModelSerializer[Entry]):
    """One line of the community fund's statement. Who gave or got the hours is not in it."""

    kind = serializers.ChoiceField(source="transfer.kind", choices=Kind.choices)
    posted_at = serializers.DateTimeField(source="transfer.posted_at")

    class Meta:
        model = Entry
        fields = ["seq", "amount_minutes", "balance_after_minutes", "kind", "posted_at"]
        read_only_fields = fields


ALL_FIGURES: Any = forced_singular_serializer(CommunitySerializer)  # type: ignore[no-untyped-call]


class StatementView(viewsets.ViewSet):
    """What the caller's statement comes to."""

    @extend_schema(operation_id="account_balance", parameters=_PERIOD, responses=PointSerializer(many=True))
    @action(detail=False)
    def balance(self, request: Request) -> Response:
        """The balance at the end of each day on which it changed; over years, of each week or month."""
        chosen = _chosen(request, _PERIOD).chosen()
        return Response(PointSerializer(statements.balances(_own(request), chosen), many=True).data)

    @extend_schema(operation_id="account_hours", responses=HoursSerializer)
    @action(detail=False)
    @without_query
    def hours(self, request: Request) -> Response:
        """Where the caller's hours come from, and what became of those that are no more."""
        account = _own(request)
        told = {
            "lots": origins.origins(account),
            "burnt": origins.burnt(account, limit=MOST_ENDED),
            "issued": origins.issued(account, limit=MOST_ENDED),
        }
        return Response(HoursSerializer(told).data)

    @extend_schema(
        operation_id="account_statement",
        parameters=[OpenApiParameter("ending", enum=list(FILES), location=OpenApiParameter.PATH), *_CHOICE],
        responses={(200, type_): OpenApiTypes.BINARY for type_ in ("application/pdf", "text/csv", "text/plain")}
        | {(200, "application/json"): OpenApiTypes.OBJECT},
    )
    @action(detail=False, url_path=f"statement/(?P<ending>{'|'.join(FILES)})")
    @not_kept
    def statement(self, request: Request, ending: str) -> StreamingHttpResponse:
        """The statement, or what is chosen of it, as a file: PDF, CSV, JSON, or journal (hledger, Beancount)."""
        chosen, account = _chosen(request, _CHOICE), _own(request)
        files.check_pace(request._request)
        return files.statement(account, chosen, ending)


class CommunityView(viewsets.ViewSet):
    """The community's books, in which nobody's balance is seen."""

    @extend_schema(operation_id="community_retrieve", responses=ALL_FIGURES)
    @without_query
    def list(self, request: Request) -> Response:
        """How many hours there are, and whether the books are right."""
        figures = community.figures()
        told = {name: getattr(figures, name) for name in figures.__slots__}
        more = {"name": settings.COMMUNITY_NAME, "last_check": community.last_check()}
        return Response(CommunitySerializer(told | more).data)


class FundEntryView(mixins.ListModelMixin, viewsets.GenericViewSet[Entry]):
    """The community fund's statement, newest line first."""

    serializer_class = FundEntrySerializer
    orderings = {"seq": "seq"}
    first_ordering = "-seq"

    def get_queryset(self) -> QuerySet[Entry]:
        return Entry.objects.filter(account__kind=Account.Kind.FUND).select_related("transfer")


def _own(request: Request) -> Account:
    found: Account = get_object_or_404(Account.objects.select_related("owner"), owner=request.user.pk)
    return found


def _chosen(request: Request, parameters: list[OpenApiParameter]) -> StatementFilter:
    """What the address chooses, as on the page of the statement. Raises ValidationError."""
    check_query(request, {parameter.name for parameter in parameters})
    form = StatementFilter(request.query_params, statements.categories())
    if not form.is_valid():
        wrong: Any = form.errors.get_json_data()
        raise ValidationError(
            {
                form.add_prefix(name): [
                    serializers.ErrorDetail(one["message"], one["code"] or "invalid") for one in errors
                ]
                for name, errors in wrong.items()
            }
        )
    return form
