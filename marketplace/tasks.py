"""The marketplace's standing work: what deadlines ask for."""

from __future__ import annotations

from timebank.jobs import standing


def _is_due() -> bool:
    from .operations import deadlines

    return deadlines.is_due()


@standing("transactions", is_due=_is_due)
def keep_deadlines() -> int:
    """Let every deadline of an exchange that passed take effect. Running twice, or at once, does each once."""
    from .operations import deadlines

    return deadlines.keep_deadlines()
