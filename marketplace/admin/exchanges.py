"""Exchanges to look at: who, what, in which state, what happened; never what the two write to each other."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from marketplace.models import Exchange
from marketplace.words import STATES
from timebank.durations import shown
from timebank.plain import plain
from timebank.read_only import ReadOnlyAdmin, who

from .links import link, link_to_member
from .timeline import lines_of

State = Exchange.State


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        return [("live", _("under way")), *STATES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Exchange]) -> QuerySet[Exchange]:
        match self.value():
            case None:
                return queryset
            case "live":
                return queryset.filter(state__in=Exchange.LIVE)
            case state:
                return queryset.filter(state=state)


@admin.register(Exchange)
class ExchangeAdmin(ReadOnlyAdmin):
    list_display = ["what", "provided_by", "received_by", "standing", "agreed", "changed_at"]
    list_filter = [StateFilter]
    list_select_related = ["listing", "provider", "receiver"]
    view_on_site = False  # on the site it is for its two people only
    ordering = ["-pk"]
    search_fields = ["=public_id"]
    search_help_text = _("Names of the people, or the public id")
    people = ["what", "provided_by", "received_by", "in_state", "waits_for_whom", "case_link", "public_id"]
    hours = ["agreed", "delivered", "confirmed", "hold_link"]
    dates = ["starts_at", "place", "created_at", "changed_at", "deadline_at", "completed_at"]

    # What is seen ---------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Exchange]:
        return Exchange.objects.select_related("provider", "receiver", "listing", "hold", "waits_for", "dispute")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Exchange], search_term: str
    ) -> tuple[QuerySet[Exchange], bool]:
        named = Q()
        for word in plain(search_term).split():
            named &= Q(provider__plain_name__contains=word) | Q(receiver__plain_name__contains=word)
        return queryset.filter(named | Q(public_id=search_term.strip())) if named else queryset, False

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        hours = self.hours if request.user.has_perm("ledger.view_hold") else self.hours[:-1]
        people = self.people
        if obj and (not hasattr(obj, "dispute") or obj.is_party(who(request))):
            people = [name for name in people if name != "case_link"]
        return [
            (_("Exchange"), {"fields": people}),
            (_("Hours"), {"fields": hours}),
            (_("When and where"), {"fields": self.dates}),
            (_("What happened"), {"fields": ["timeline"]}),
        ]

    @display(description=_("listing"))
    def what(self, exchange: Exchange) -> str:
        return exchange.title

    @display(description=_("provider"))
    def provided_by(self, exchange: Exchange) -> str:
        return link_to_member(exchange.provider)

    @display(description=_("receiver"))
    def received_by(self, exchange: Exchange) -> str:
        return link_to_member(exchange.receiver)

    @display(
        description=_("state"),
        ordering="state",
        label=dict.fromkeys(State, "default")  # a state without a look would be shown by its name in the code
        | {
            State.ACCEPTED: "info",
            State.IN_PROGRESS: "info",
            State.DELIVERED: "warning",
            State.COMPLETED: "success",
            State.DISPUTED: "danger",
        },
    )
    def standing(self, exchange: Exchange) -> tuple[str, Any]:
        return exchange.state, STATES[State(exchange.state)]

    @display(description=_("state"))
    def in_state(self, exchange: Exchange) -> str:
        return str(STATES[State(exchange.state)])

    @display(description=_("waits for"))
    def waits_for_whom(self, exchange: Exchange) -> str:
        return str(exchange.waits_for or "–")

    @display(description=_("agreed"), ordering="minutes")
    def agreed(self, exchange: Exchange) -> str:
        return shown(exchange.minutes)

    @display(description=_("said to be done"))
    def delivered(self, exchange: Exchange) -> str:
        return _or_dash(exchange.delivered_minutes)

    @display(description=_("confirmed"))
    def confirmed(self, exchange: Exchange) -> str:
        return _or_dash(exchange.confirmed_minutes)

    @display(description=_("hold"))
    def hold_link(self, exchange: Exchange) -> str:
        hold = exchange.hold
        if hold is None:
            return "–"
        return link(reverse("admin:ledger_hold_change", args=[hold.pk]), f"{hold} · {hold.get_state_display()}")

    @display(description=_("case"))
    def case_link(self, exchange: Exchange) -> str:
        return link(reverse("admin:case", args=[exchange.dispute.public_id]), gettext("Open the case"))

    @display(description=_("timeline"))
    def timeline(self, exchange: Exchange) -> str:
        lines = lines_of(exchange.steps.select_related("by").order_by("seq"))
        return render_to_string("admin/marketplace/_timeline.html", {"lines": lines})


def _or_dash(minutes: int | None) -> str:
    return "–" if minutes is None else shown(minutes)
