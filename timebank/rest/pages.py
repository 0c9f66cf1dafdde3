"""Lists in pages, by keyset: no count, no offset, the same time at any depth."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, Field, QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail
from rest_framework.exceptions import ValidationError as BadField
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.utils.urls import replace_query_param

from timebank.sealed import seal_alike, unseal_alike

ROWS, MOST_ROWS = 20, 100
NEWEST_FIRST = "-pk"
_LONGEST_NUMBER = 18  # digits of a key


class Pages(CursorPagination):
    """``results`` with addresses of the ``next`` and ``previous`` page; ``page_size`` up to 100.

    A view may name what its list can be ordered by: ``orderings`` maps words of the API to columns that are whole
    numbers or moments, never null; ``ordering=word`` or ``ordering=-word`` chooses one. ``first_ordering`` is the
    order of who chooses none.
    """

    page_size = ROWS
    max_page_size = MOST_ROWS
    page_size_query_param = "page_size"
    offset_cutoff = 100_000  # among rows that are alike
    _column: Field[Any, Any]
    _purpose: str  # which list a place is in

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        """Raises BadField for what stands in the address and means nothing here."""
        self._purpose = f"places in {request.path}"
        check_query(request, {self.cursor_query_param, "page_size", *_filters(view), *_ordering(view)})
        return super().paginate_queryset(queryset, request, view)

    def get_page_size(self, request: Request) -> int:
        asked = request.query_params.get("page_size")
        if asked is None:
            return ROWS
        if not (asked.isascii() and asked.isdigit() and len(asked) < 4 and 0 < int(asked) <= MOST_ROWS):
            raise BadField({"page_size": [_error(_("A page has 1 to 100 rows."), "no_page_size")]})
        return int(asked)

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> tuple[str, ...]:
        """The column in its direction, and the key where two are alike. Raises BadField for no order of it."""
        chosen = getattr(view, "first_ordering", NEWEST_FIRST)
        if (asked := request.query_params.get("ordering")) is not None:
            chosen = _choices(view).get(asked)
            if chosen is None:
                raise BadField({"ordering": [_error(_("This list has no such order."), "no_such_order")]})
        minus, name = ("-", chosen[1:]) if chosen.startswith("-") else ("", chosen)
        meta = queryset.model._meta
        self._column = meta.pk if name == "pk" else meta.get_field(name)
        return (chosen,) if name == "pk" else (chosen, f"{minus}pk")

    def encode_cursor(self, cursor: Any) -> str:
        """The address of a page; where it begins is sealed, for it may be the number of a row among everybody's."""
        place = seal_alike(json.dumps([cursor.offset, cursor.reverse, cursor.position]), self._purpose)
        return str(replace_query_param(str(self.base_url), self.cursor_query_param, place))

    def decode_cursor(self, request: Request) -> Any:
        """Where the page begins. Raises BadField for what is no place in a list."""
        asked = request.query_params.get(self.cursor_query_param)
        if asked is None:
            return None
        nowhere = BadField({"cursor": [_error(_("This is no place in this list."), "no_such_page")]})
        try:
            offset, reverse, position = json.loads(unseal_alike(asked, self._purpose))
        except ValueError:
            raise nowhere from None
        if position is not None and not self._is_place(position):  # of a list in another order
            raise nowhere
        return Cursor(offset, reverse, position)

    def _is_place(self, position: str) -> bool:
        if not isinstance(self._column, DateTimeField):
            return position.isdecimal() and len(position) <= _LONGEST_NUMBER
        try:
            return bool(self._column.to_python(position))
        except (ValidationError, ValueError, OverflowError):
            return False

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        page: dict[str, Any] = super().get_paginated_response_schema(schema)
        for way in ("next", "previous"):  # null as OpenAPI 3.1 says it
            page["properties"][way] = {"type": ["string", "null"], "format": "uri"}
        return page

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        if choices := _choices(view):
            parameters.append({
                "name": "ordering", "in": "query", "required": False,
                "schema": {"type": "string", "enum": list(choices)},
                "description": "By what, with - from the largest or latest.",
            })  # fmt: skip
        return parameters


def paged(view: Any, rows: QuerySet[Any], serializer: type[BaseSerializer[Any]]) -> Response:
    """A page of ``rows``, which are beside what the view itself lists."""
    shown = serializer(view.paginate_queryset(rows), many=True, context=view.get_serializer_context())
    response: Response = view.get_paginated_response(shown.data)
    return response


def check_query(request: Request, known: Collection[str]) -> None:
    """Refuse what an address asks for that nobody would look at: a name not ``known``, or the same one twice."""
    wrong = {}
    for name, values in request.query_params.lists():
        if name not in known:
            wrong[name[:60]] = [_error(_("There is nothing of this name to choose by here."), "unknown_parameter")]
        elif len(values) > 1:
            wrong[name] = [_error(_("This is said more than once."), "repeated")]
    if wrong:
        raise BadField(wrong)


def read_query(query: type[BaseSerializer[Any]], request: Request) -> dict[str, Any]:
    """What stands in the address, as ``query`` reads it, and nothing else. Raises BadField."""
    said = query(data=request.query_params)
    check_query(request, said.fields)  # type: ignore[attr-defined]
    said.is_valid(raise_exception=True)
    return dict(said.validated_data)


def _error(words: str, code: str) -> ErrorDetail:
    return ErrorDetail(words, code)


def _filters(view: Any) -> Collection[str]:
    chosen = getattr(view, "filterset_class", None)
    return () if chosen is None else chosen.base_filters


def _ordering(view: Any) -> Collection[str]:
    return ("ordering",) if _choices(view) else ()


def _choices(view: Any) -> dict[str, str]:
    orderings: dict[str, str] = getattr(view, "orderings", {})
    return {f"{minus}{word}": f"{minus}{column}" for word, column in orderings.items() for minus in ("", "-")}
