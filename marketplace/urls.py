"""Addresses of the marketplace: a member's own page and profile, listings, exchanges, disputes."""

from django.urls import path

from .views import dashboard, disputes, exchanges, listings, profile

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
    # Exchanges, for their two people.
    path("listings/<slug:public_id>/ask/", exchanges.propose, name="propose"),
    path("exchanges/", exchanges.exchanges, name="exchanges"),
    path("exchanges/<slug:public_id>/", exchanges.exchange, name="exchange"),
    path("exchanges/<slug:public_id>/counter/", exchanges.exchange_counter, name="exchange_counter"),
    path("exchanges/<slug:public_id>/accept/", exchanges.exchange_accept, name="exchange_accept"),
    path("exchanges/<slug:public_id>/decline/", exchanges.exchange_decline, name="exchange_decline"),
    path("exchanges/<slug:public_id>/withdraw/", exchanges.exchange_withdraw, name="exchange_withdraw"),
    path("exchanges/<slug:public_id>/start/", exchanges.exchange_start, name="exchange_start"),
    path("exchanges/<slug:public_id>/deliver/", exchanges.exchange_deliver, name="exchange_deliver"),
    path("exchanges/<slug:public_id>/confirm/", exchanges.exchange_confirm, name="exchange_confirm"),
    path("exchanges/<slug:public_id>/cancel/", exchanges.exchange_cancel, name="exchange_cancel"),
    path("exchanges/<slug:public_id>/messages/", exchanges.exchange_message, name="exchange_message"),
    path("exchanges/<slug:public_id>/review/", exchanges.exchange_review, name="exchange_review"),
    path("exchanges/<slug:public_id>/dispute/", disputes.exchange_dispute, name="exchange_dispute"),
    path("exchanges/<slug:public_id>/dispute/statement/", disputes.dispute_statement, name="dispute_statement"),
    path("exchanges/<slug:public_id>/dispute/files/", disputes.dispute_evidence, name="dispute_evidence"),
    path("files/<slug:public_id>/", disputes.evidence, name="evidence"),
]
