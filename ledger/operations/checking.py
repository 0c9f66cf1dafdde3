"""Writing down that the books were checked."""

from __future__ import annotations

from collections.abc import Iterable

from ledger.models import BooksCheck
from timebank import clock
from timebank.retries import retried


@retried
def note_check(broken: Iterable[str]) -> BooksCheck:
    """Keep that the books were checked now, and which invariants (``I3``) did not hold; each is named once."""
    return BooksCheck.objects.create(checked_at=clock.now(), broken=" ".join(dict.fromkeys(broken))[:100])
