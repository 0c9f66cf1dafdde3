"""Finding a payment request by what somebody has of it: its address, its code, or its short form, said aloud."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ledger.models import PaymentRequest
from ledger.models.payment_requests import SPOKEN_LENGTH
from timebank import clock
from timebank.errors import Refusal
from timebank.pace import TooOften, seconds_to_wait

_IN_AN_ADDRESS = re.compile(r"/p/([A-Za-z0-9]{26,35})\b")
_TXID = re.compile(r"[A-Za-z0-9]{26,35}")
# The host of a whole address, or what stands before the path of a code.
_HOST = re.compile(r"https?://([^\s/?#]*)|([^\s/]+)/(?:p|pay-me)/", re.IGNORECASE)
_POSTER = re.compile(r"/pay-me/([a-z0-9]{1,22})\b")


UNKNOWN = gettext_lazy("We do not know this code, or it is not good any more. Please check it, or ask for a new one.")


class TooManyGuesses(TooOften):
    """She asked for many codes that are none."""

    code = "too_many_guesses"


class NoSuchCode(Refusal):
    code = "no_such_code"
    status = 404


def find_by_txid(request: HttpRequest, txid: str) -> PaymentRequest:
    """The request with this ``txid``. Raises NoSuchCode, which counts as a guess, and TooManyGuesses after many."""
    return _shown(request, _requests().filter(txid=txid).first() if _TXID.fullmatch(txid) else None)


def find_by_text(request: HttpRequest, text: str) -> PaymentRequest | str:
    """The request that a pasted or spoken code means, or the public id of the member whose poster it is.

    Spoken codes answer only while they can be paid. Raises as `find_by_txid`; an address of another site is no guess.
    """
    text = text.strip()
    if _is_of_another_site(request, text):
        raise NoSuchCode(_("That is an address, but none of this community. Is it the right one?"))
    if poster := _POSTER.search(text):
        return poster[1]
    if address := _IN_AN_ADDRESS.search(text):
        return find_by_txid(request, address[1])
    if _TXID.fullmatch(text):
        return find_by_txid(request, text)
    spoken = re.sub(r"[\s.·-]", "", text).upper()
    payable = PaymentRequest.objects.payable(clock.now())
    found = (
        _requests().filter(pk__in=payable.filter(spoken_code=spoken)).first() if len(spoken) == SPOKEN_LENGTH else None
    )
    return _shown(request, found)


def _is_of_another_site(request: HttpRequest, text: str) -> bool:
    found = _HOST.search(text)
    host = (found[1] or found[2] or "").lower() if found else ""
    return bool(host) and host not in {urlsplit(settings.SITE_URL).netloc.lower(), request.get_host().lower()}


def _requests() -> Any:
    return PaymentRequest.objects.select_related("payee__owner", "asked_of", "paid_hold")


def _shown(request: HttpRequest, found: PaymentRequest | None) -> PaymentRequest:
    """What was found, unless she guessed too often: a code of her own is no guess, and always there."""
    if found is not None and found.payee.owner_id == request.user.pk:
        return found
    _check_guesses(request)
    if found is None:
        seconds_to_wait(request, "guess", settings.GUESS_RATE_LIMIT)
        raise NoSuchCode(str(UNKNOWN))
    return found


def _check_guesses(request: HttpRequest) -> None:
    """Once she guessed too often nothing is found any more, so that the right one is no better than another."""
    if wait := seconds_to_wait(request, "guess", settings.GUESS_RATE_LIMIT, only_ask=True):
        words = _("These were many codes that we do not know. Please wait ten minutes, then try again.")
        raise TooManyGuesses(words, wait)
