"""Words without accents and case, for looking them up: the same in Python and in the database."""

from __future__ import annotations

import unicodedata
from typing import Any

from django.db.models import Func, TextField


def plain(text: str) -> str:
    """``text`` without accents and case: "José" → "jose"."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).casefold()


class Plain(Func):
    """`plain`, in SQL: for words that are too seldom looked up to keep a second copy of them."""

    function = "timebank_plain"
    arity = 1
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = r"lower(regexp_replace(normalize(%(expressions)s, NFKD), '[\u0300-\u036f]', '', 'g'))"
        return self.as_sql(compiler, connection, template=template, **context)


def teach_sqlite(connection: Any, **_told: Any) -> None:
    """Give a new connection to SQLite the function; PostgreSQL has all it needs."""
    if connection.vendor == "sqlite":
        connection.connection.create_function(Plain.function, 1, _plain_or_null, deterministic=True)


def _plain_or_null(text: str | None) -> str | None:
    return None if text is None else plain(text)
