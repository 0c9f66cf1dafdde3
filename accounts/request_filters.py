"""Choosing among one's own payment requests; everything chosen stands in the address."""

from __future__ import annotations

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters import CharFilter, ChoiceFilter, FilterSet

from ledger.models import PaymentRequest
from timebank import clock

LONGEST_WORDS = 80
_State = PaymentRequest.State
STATES = [
    (_State.ACTIVE.value, _("Waiting")),
    (_State.PAID.value, _("Paid")),
    (_State.EXPIRED.value, _("Expired")),
    (_State.CANCELLED.value, _("Taken back")),
]


class RequestFilter(FilterSet):
    """What became of them, and words of the message or of the name of who paid or was asked."""

    state = ChoiceFilter(
        choices=STATES,
        method="are",
        empty_label=_("All"),
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": _("We do not know this state. Please choose one from the list.")},
    )
    q = CharFilter(
        method="have_words",
        label=_("Words or a name"),
        max_length=LONGEST_WORDS,
        error_messages={"max_length": _("Please look for fewer words: up to %(limit_value)d characters.")},
    )

    def are(self, requests: QuerySet[PaymentRequest], name: str, state: str) -> QuerySet[PaymentRequest]:
        """As she sees them: what is over is expired, though no sweep has been here yet."""
        is_over = Q(state=_State.ACTIVE, expires_at__lte=clock.now())
        if state == _State.ACTIVE:
            return requests.filter(state=state).exclude(is_over)
        return requests.filter(Q(state=state) | is_over if state == _State.EXPIRED else Q(state=state))

    def have_words(self, requests: QuerySet[PaymentRequest], name: str, words: str) -> QuerySet[PaymentRequest]:
        for word in words.split():
            requests = requests.filter(
                Q(note__icontains=word)
                | Q(paid_hold__payer__owner__display_name__icontains=word)
                | Q(asked_of__display_name__icontains=word)
            )
        return requests
