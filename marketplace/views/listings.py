"""What neighbours offer and ask for: finding it, reading it, writing it, and taking it off the list."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import push_url

from accounts.models import Member
from ledger.models import Account
from marketplace import operations, queries
from marketplace.filters import TIMES, ListingFilter
from marketplace.forms.listings import ListingForm, NewListingForm
from marketplace.models import Exchange, Listing
from timebank import drafts
from timebank.errors import Busy, Refusal
from timebank.fragments import fragment, signed_in

require_form_methods = require_http_methods(["GET", "HEAD", "POST"])

LISTINGS_ON_A_PAGE = 12
HERS_ON_A_PAGE = 20
REVIEWS_BESIDE_A_LISTING = 3


class MemberRequest(HttpRequest):
    user: Member


# --- Finding --------------------------------------------------------------------------------------


@require_safe
@signed_in
def browse(request: MemberRequest) -> HttpResponse:
    """What can be asked for now, newest first; every choice stands in the address.

    As a fragment: the ``results`` of other choices, with what follows them, or what comes after those shown (``more``).
    """
    if not request.user.is_member:
        return _not_now(request)
    asked = _asked(request)
    chosen = ListingFilter(asked, queryset=Listing.objects.open())
    is_sound = chosen.is_valid()
    before = request.GET.get("before", "")
    page = (
        queries.listing_page(chosen.qs, before=before, limit=LISTINGS_ON_A_PAGE)
        if is_sound
        else queries.ListingPage([], "")
    )
    context = {
        "asked": asked,
        "is_request": asked["kind"] == Listing.Kind.REQUEST,
        "has_filters": bool(asked.keys() - {"kind"}),
        "refused": [error for errors in chosen.form.errors.values() for error in errors],
        "page": page,
        "is_first_page": not before,
        "count": queries.how_many(chosen.qs, page) if is_sound and not before else 0,
        "most_counted": queries.MOST_COUNTED,
        "times": TIMES,
        "filters_on": int("time" in asked),
        **_categories(asked.get("category", "")),
    }
    status = HTTPStatus.OK if is_sound else HTTPStatus.UNPROCESSABLE_ENTITY
    match fragment(request):
        case "results":
            answer = render(request, "marketplace/_browse.html", context, status=status)
            return push_url(answer, f"{request.path}?{asked.urlencode()}")
        case "more":
            return render(request, "marketplace/_cards.html", context | {"is_unfolded": True}, status=status)
    return render(request, "marketplace/browse.html", context, status=status)


def _asked(request: MemberRequest) -> QueryDict:
    """What was chosen, without what was left empty; offers, where no kind was named."""
    asked = QueryDict(mutable=True)
    asked["kind"] = request.GET.get("kind") or Listing.Kind.OFFER.value
    for name in ("q", "category", "time"):
        if value := request.GET.get(name, "").strip():
            asked[name] = value
    return asked


def _categories(slug: str) -> dict[str, Any]:
    """The headings to choose from, the one that is chosen, and the kinds of help below it."""
    tree = queries.category_tree()
    for heading, kinds in tree:
        if slug in {category.slug for category in (heading, *kinds)}:
            return {"headings": [top for top, _below in tree], "heading": heading, "kinds": kinds}
    return {"headings": [top for top, _below in tree], "heading": None, "kinds": []}


# --- Reading --------------------------------------------------------------------------------------


@require_safe
@signed_in
def listing(request: MemberRequest, public_id: str) -> HttpResponse:
    """One offer or request: for neighbours while it is open, for its owner and who had an exchange about it always."""
    known = Listing.objects.known_to(request.user).select_related("owner", "category__parent")
    found = known.filter(public_id=public_id).first()
    if found is not None:
        return _listing_page(request, found)
    over = get_object_or_404(Listing.objects.once_open(), public_id=public_id)
    if not request.user.is_member:
        raise Http404
    return render(request, "marketplace/listing_over.html", {"kind": over.kind}, status=HTTPStatus.NOT_FOUND)


def _listing_page(
    request: MemberRequest, listing: Listing, *, refused: str = "", status: int = HTTPStatus.OK
) -> HttpResponse:
    context: dict[str, Any] = {
        "listing": listing,
        "is_owner": listing.owner == request.user,
        "known": queries.track_record(listing.owner),
        "reviews": queries.reviews_of(listing.owner, limit=REVIEWS_BESIDE_A_LISTING),
        "refused": refused,
    }
    if not context["is_owner"]:
        is_gone = not (listing.is_open and listing.owner.is_member and request.user.is_member)
        asked = Exchange.objects.filter(listing=listing, opened_by=request.user).order_by("-pk")
        account = Account.objects.filter(owner=request.user).first()
        available_minutes = account.available_minutes if account else 0
        context |= {
            "is_gone": is_gone,
            "is_taken_down": listing.is_hidden,  # what the staff hid is not read any more
            "exchange": (asked if is_gone else asked.filter(state__in=Exchange.LIVE)).first(),
            "available_minutes": available_minutes,
            "is_short": listing.is_offer and available_minutes < (listing.minutes or 1),
        }
    return render(request, "marketplace/listing.html", context, status=status)


@require_safe
@signed_in
def my_listings(request: MemberRequest) -> HttpResponse:
    """All of hers, drafts and closed ones too, what she changed last on top."""
    before = request.GET.get("before", "")
    hers = Listing.objects.of(request.user)
    page = queries.listing_page(hers, by="changed_at", before=before, limit=HERS_ON_A_PAGE)
    context = {"page": page, "is_first_page": not before}
    if fragment(request) == "more":
        return render(request, "marketplace/_my_listings.html", context | {"is_unfolded": True})
    return render(request, "marketplace/my_listings.html", context)


# --- Writing --------------------------------------------------------------------------------------


@require_form_methods
@signed_in
def listing_new(request: MemberRequest) -> HttpResponse:
    """Write an offer or a request, and publish it or keep it as a draft."""
    if not request.user.is_member:
        return _not_now(request)
    if request.method != "POST":
        kind = request.GET.get("kind", "")
        first = {"kind": kind if kind in Listing.Kind else "", "nonce": _nonce()}
        return _form_page(request, NewListingForm(initial=first | drafts.typed(request, request.path)))
    is_draft = _is_draft(request)
    form = NewListingForm(request.POST, is_draft=is_draft)
    if not form.is_valid():
        return _form_page(request, form)
    asked = form.cleaned_data
    if not is_draft and (namesake := _namesake(request, asked["kind"], asked["title"], asked["nonce"])):
        return _form_page(request, form, namesake=namesake)
    try:
        written = operations.write_listing(request.user, **asked, publish=not is_draft)
    except operations.AlreadyWritten as refusal:
        form.with_nonce(_nonce())
        return _refused(request, form, refusal, earlier=refusal.first)
    except Refusal as refusal:
        return _refused(request, form, refusal)
    messages.success(request, _saved(written))
    return redirect(written)


@require_form_methods
@signed_in
def listing_edit(request: MemberRequest, public_id: str) -> HttpResponse:
    """Change one of hers, whatever its state; publishing puts it on the list, or leaves it there."""
    listing = _own(request, public_id)
    if not request.user.is_member:
        return _not_now(request)
    if request.method != "POST":
        kept = {name: getattr(listing, name) for name in ("title", "description", "minutes", "place")}
        kept |= {"category": listing.category and listing.category.slug} | drafts.typed(request, request.path)
        return _form_page(request, ListingForm(initial=kept), listing=listing)
    publish, was_open = request.POST.get("action") == "publish", listing.is_open
    form = ListingForm(request.POST, is_draft=not publish and listing.state == Listing.State.DRAFT)
    if not form.is_valid():
        return _form_page(request, form, listing=listing)
    title = form.cleaned_data["title"]
    if publish and not listing.is_open and (namesake := _namesake(request, listing.kind, title, besides=listing)):
        return _form_page(request, form, listing=listing, namesake=namesake)
    try:
        changed = operations.change_listing(listing, by=request.user, **form.cleaned_data, publish=publish)
    except Refusal as refusal:
        return _refused(request, form, refusal, listing=listing)
    messages.success(request, _("Saved. Your neighbours see it so from now on.") if was_open else _saved(changed))
    return redirect(changed)


def _nonce() -> str:
    return secrets.token_urlsafe(16)


def _is_draft(request: MemberRequest) -> bool:
    return request.POST.get("action") == "draft"


def _namesake(
    request: MemberRequest, kind: str, title: str, nonce: str = "", besides: Listing | None = None
) -> Listing | None:
    """Another open listing of hers with this title, unless she knows: she said so, or this form wrote it."""
    if request.POST.get("again"):
        return None
    found = queries.open_namesake(request.user, kind=kind, title=title, besides=besides)
    return None if found and found.nonce == nonce else found


def _saved(listing: Listing) -> str:
    if listing.is_open:
        return _("Published. Your neighbours can find it now.")
    if listing.state == Listing.State.DRAFT:
        return _("Saved as a draft. Only you can see it.")
    return _("Saved. It is not on the list until you publish it again.")


def _form_page(
    request: MemberRequest, form: ListingForm, *, status: int = HTTPStatus.UNPROCESSABLE_ENTITY, **context: Any
) -> HttpResponse:
    """The form, with everything as it was typed."""
    if "namesake" in context and not form.errors:
        status = HTTPStatus.CONFLICT
    elif not form.errors:
        status = HTTPStatus.OK
    context |= {"form": form, "not_sent": drafts.not_sent(request)}
    return render(request, "marketplace/listing_form.html", context, status=status)


def _refused(request: MemberRequest, form: ListingForm, refusal: Refusal, **context: Any) -> HttpResponse:
    """The form again, with the sentence at the field it is about."""
    form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
    answer = _form_page(request, form, status=refusal.status, **context)
    return _with_wait(answer, refusal)


# --- On the list and off it -----------------------------------------------------------------------


@require_form_methods
@signed_in
def listing_publish(request: MemberRequest, public_id: str) -> HttpResponse:
    said = gettext_lazy("Published. Your neighbours can find it now.")
    return _act(request, public_id, operations.publish_listing, said)


@require_form_methods
@signed_in
def listing_pause(request: MemberRequest, public_id: str) -> HttpResponse:
    said = gettext_lazy("Paused. Nobody can ask for it until you publish it again.")
    return _act(request, public_id, operations.pause_listing, said)


@require_form_methods
@signed_in
def listing_close(request: MemberRequest, public_id: str) -> HttpResponse:
    """Close it, keeping its words; a draft goes for good."""
    said = gettext_lazy("Closed. Its words stay here, so that you can publish it again one day.")
    return _act(request, public_id, operations.close_listing, said)


def _act(
    request: MemberRequest, public_id: str, operation: Callable[..., Listing], said: str | Promise
) -> HttpResponse:
    """Do one thing to one of hers; a refusal stands on its page."""
    listing = _own(request, public_id)
    if request.method != "POST":  # after signing in again, say
        return redirect(listing)
    try:
        done = operation(listing, by=request.user)
    except Refusal as refusal:
        answer = _listing_page(request, listing, refused=str(refusal), status=refusal.status)
        return _with_wait(answer, refusal)
    if done.pk is None:
        messages.success(request, _("The draft is gone."))
        return redirect("my_listings")
    messages.success(request, str(said))
    return redirect(done)


def _own(request: MemberRequest, public_id: str) -> Listing:
    hers = Listing.objects.of(request.user).select_related("owner", "category__parent")
    found: Listing = get_object_or_404(hers, public_id=public_id)
    return found


def _with_wait(answer: HttpResponse, refusal: Refusal) -> HttpResponse:
    if isinstance(refusal, Busy):
        answer["Retry-After"] = str(refusal.retry_after_seconds)
    return answer


def _not_now(request: MemberRequest) -> HttpResponse:
    """What somebody who is no active member gets instead of what neighbours offer."""
    return render(request, "marketplace/listings_not_now.html", status=HTTPStatus.FORBIDDEN)
