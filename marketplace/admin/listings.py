"""What neighbours offer and ask for, to look at; and the two buttons that hide a listing and show it again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.models import Member
from marketplace import operations
from marketplace.forms.words import WordsUpToField
from marketplace.models import Category, Listing
from timebank.durations import shown
from timebank.errors import Refusal
from timebank.read_only import ReadOnlyAdmin, who

from .links import link_to_member


class WhyHiddenForm(forms.Form):
    because = WordsUpToField(
        label=_("Why"),
        help_text=_("The owner of the listing reads these words."),
        longest=300,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
    )


class HeadingFilter(admin.SimpleListFilter):
    title = _("heading")
    parameter_name = "heading"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(heading.pk), heading.name) for heading in Category.objects.headings()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Listing]) -> QuerySet[Listing]:
        chosen = self.value() or ""
        return queryset.filter(category__parent=int(chosen)) if chosen.isdecimal() else queryset


class StateFilter(admin.SimpleListFilter):
    """Drafts are their owner's own; what was hidden by the staff is asked for often."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        shown = [choice for choice in Listing.State.choices if choice[0] != Listing.State.DRAFT]
        return [*shown, ("hidden", _("hidden"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Listing]) -> QuerySet[Listing]:
        match self.value():
            case None:
                return queryset
            case "hidden":
                return queryset.exclude(hidden_because="")
            case state:
                return queryset.filter(state=state)


@admin.register(Listing)
class ListingAdmin(ReadOnlyAdmin):
    """Listings are their owners': the staff hide one, with a reason, or show it again, and nothing else."""

    actions_detail = ["hide_it", "show_it"]
    list_display = ["title", "whose", "kind", "standing", "heading", "changed_at"]
    list_filter = ["kind", StateFilter, HeadingFilter]
    list_select_related = ["owner", "category__parent"]
    ordering = ["-pk"]
    search_fields = ["title"]
    search_help_text = _("Words of the listing, or the name of its owner")
    fieldsets = [
        (None, {"fields": ["title", "kind", "state", "hidden_because", "whose"]}),
        (_("In its owner’s words"), {"fields": ["description", "category", "how_long", "place", "language"]}),
        (_("When"), {"fields": ["created_at", "published_at", "changed_at", "public_id"]}),
    ]

    # What is seen ---------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Listing]:
        return Listing.objects.exclude(state=Listing.State.DRAFT).select_related("owner", "category__parent")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Listing], search_term: str
    ) -> tuple[QuerySet[Listing], bool]:
        if not search_term.strip():
            return queryset, False
        listings: Any = queryset
        named = Member.objects.named_like(search_term)
        said = Listing.objects.with_words(search_term)
        return listings.filter(Q(pk__in=said.values("pk")) | Q(owner__in=named.values("pk"))), False

    @display(description=_("member"))
    def whose(self, listing: Listing) -> str:
        return link_to_member(listing.owner)

    @display(
        description=_("state"),
        ordering="state",
        label=dict.fromkeys(Listing.State, "default")  # a state without a look would be shown by its name in the code
        | {Listing.State.OPEN: "success", Listing.State.PAUSED: "warning", "hidden": "danger"},
    )
    def standing(self, listing: Listing) -> tuple[str, Any]:
        return ("hidden", _("hidden")) if listing.is_hidden else (listing.state, listing.get_state_display())

    @display(description=_("heading"))
    def heading(self, listing: Listing) -> str:
        return str(listing.category.parent or listing.category) if listing.category else "–"

    @display(description=_("how long"))
    def how_long(self, listing: Listing) -> str:
        return gettext("we agree together") if listing.minutes is None else shown(listing.minutes)

    def get_view_on_site_url(self, obj: Listing | None = None) -> str | None:
        """On the site the staff find what everybody finds."""
        is_there = obj is not None and obj.is_open and obj.owner.is_member
        return super().get_view_on_site_url(obj) if is_there else None

    # Hiding one and showing it again (the operations decide) ---------------------------------

    def has_hide_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return who(request).is_coordinator or who(request).is_moderator

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Only the button that makes sense now, and none for a listing of her own."""
        listing = self.get_queryset(request).filter(pk=object_id).first()
        if listing is None or listing.owner_id == who(request).pk:
            return []
        sensible = "show_it" if listing.is_hidden else "hide_it"
        offered = super().get_actions_detail(request, object_id)
        return [button for button in offered if button.method.original_function_name == sensible]

    @action(description=_("Hide…"), url_path="hide", permissions=["hide"], icon="visibility_off")
    def hide_it(self, request: HttpRequest, object_id: int) -> HttpResponse:
        listing = get_object_or_404(self.get_queryset(request), pk=object_id)
        form = WhyHiddenForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                operations.hide_listing(listing, by=who(request), because=form.cleaned_data["because"])
            except Refusal as refusal:
                form.add_error(None, str(refusal))
            else:
                return self._done(request, listing, gettext("“%(title)s” is hidden now."))
        return self._page(request, listing, form, gettext("Hide “%(title)s”?"), gettext("Hide"), danger=True)

    @action(description=_("Show again"), url_path="show", permissions=["hide"], icon="visibility")
    def show_it(self, request: HttpRequest, object_id: int) -> HttpResponse:
        listing = get_object_or_404(self.get_queryset(request), pk=object_id)
        form = forms.Form(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                operations.show_listing(listing, by=who(request))
            except Refusal as refusal:
                form.add_error(None, str(refusal))
            else:
                return self._done(request, listing, gettext("The owner of “%(title)s” can publish it again."))
        question = gettext("Let the owner publish “%(title)s” again?")
        return self._page(request, listing, form, question, gettext("Show again"))

    def _done(self, request: HttpRequest, listing: Listing, said: str) -> HttpResponse:
        said %= {"title": listing}
        self.log_change(request, listing, said)
        self.message_user(request, said, messages.SUCCESS)
        return redirect("admin:marketplace_listing_change", listing.pk)

    def _page(
        self, request: HttpRequest, listing: Listing, form: forms.Form, title: str, button: str, **more: Any
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title % {"title": listing},
            "button": button,
            "listing": listing,
            "form": form,
            "opts": self.opts,
            **more,
        }
        status = 422 if form.errors else 200
        return TemplateResponse(request, "admin/marketplace/listing_decision.html", context, status=status)
