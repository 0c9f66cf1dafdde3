"""The ledger's standing work: posting what is due, and numbering the log."""

from __future__ import annotations

from timebank.jobs import standing


def _is_hold_due() -> bool:
    from timebank import clock

    from .models import Hold

    return Hold.objects.due(clock.now()).exists()


def _is_record_unsealed() -> bool:
    from . import log

    return log.is_unsealed()


@standing("transactions", is_due=_is_hold_due)
def post_due_holds() -> int:
    """Post every hold that is due; returns how many. Running twice, or at once, posts each once."""
    from . import operations  # operations import tasks, so tasks import operations late

    return operations.post_all_due()


@standing("audit", is_due=_is_record_unsealed)
def seal_records() -> int:
    """Give every record its number in the log; returns how many. Running twice numbers each once."""
    from . import log

    return log.seal()


def _is_anything_over() -> bool:
    from timebank import clock

    from .models import Hold
    from .operations import expiry

    now = clock.now()
    return Hold.objects.to_expire(now).exists() or expiry.with_expired_minutes(now).exists()


@standing("transactions", is_due=_is_anything_over)
def keep_expiry() -> int:
    """Give back holds whose time is over, and move expired minutes to the fund; returns how many."""
    from .operations import expiry

    return expiry.expire_holds() + expiry.expire_minutes()


def _is_limit_due() -> bool:
    from timebank import clock

    from .models import LimitChange

    return LimitChange.objects.due(clock.now()).exists()


@standing("transactions", is_due=_is_limit_due)
def apply_limits() -> int:
    """Let changes of limits whose day has come take effect; returns how many. Running twice does each once."""
    from .operations import limits

    return limits.apply_due_limits()


def _is_request_over() -> bool:
    from timebank import clock

    from .models import PaymentRequest

    return PaymentRequest.objects.over(clock.now()).exists()


@standing("transactions", is_due=_is_request_over)
def expire_payment_requests() -> int:
    """Mark payment requests whose time is over as expired, and tell of it once; returns how many."""
    from .operations import payment_requests

    return payment_requests.expire_requests()
