"""The faults that `make mutants` puts in can be put in: what each changes stands in the program, once."""

from __future__ import annotations

import pytest

from tests.ledger.mutants import BASE_DIR, MUTANTS


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_what_it_changes_is_there_once(mutant):
    assert (BASE_DIR / mutant.path).read_text().count(mutant.before) == 1
