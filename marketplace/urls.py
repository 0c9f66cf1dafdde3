"""Addresses of the marketplace: a member's own page and profile, listings, exchanges, disputes."""

from django.urls import path

from .views import dashboard, exchanges, listings, profile

urlpatterns = [
    path("home/", dashboard.dashboard, name="dashboard"),
    path("people/<slug:public_id>/", profile.profile, name="profile"),
    path("explore/", listings.browse, name="browse"),
    path("listings/new/", listings.listing_new, name="listing_new"),
    path("listings/mine/", listings.my_listings, name="my_listings"),
    path("listings/<slug:public_id>/", listings.listing, name="listing"),
    path("listings/<slug:public_id>/edit/", listings.listing_edit, name="listing_edit"),
    path("listings/<slug:public_id>/publish/", listings.listing_publish, name="listing_publish"),
    path("listings/<slug:public_id>/pause/", listings.listing_pause, name="listing_pause"),
    path("listings/<slug:public_id>/close/", listings.listing_close, name="listing_close"),
    path("exchanges/<slug:public_id>/", exchanges.exchange, name="exchange"),
]
