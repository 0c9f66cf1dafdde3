"""Words without accents and case: the same in Python and in the database."""

from __future__ import annotations

import pytest
from django.db.models import Value

from accounts.models import Member
from timebank.plain import Plain, plain

from .factories import make_member


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("written", "looked_up"),
    [("José", "jose"), ("PRAÇA Ñandú", "praca nandu"), ("Cafe\u0301", "cafe"), ("½ ﬁ", "1⁄2 fi")],
)
def test_the_database_folds_words_as_python_does(written, looked_up):
    make_member()
    assert plain(written) == looked_up
    assert Member.objects.values_list(Plain(Value(written)), flat=True).first() == looked_up
