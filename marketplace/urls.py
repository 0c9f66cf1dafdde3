"""Addresses of the marketplace: a member's own page, listings, exchanges, disputes."""

from django.urls import path

from .views import dashboard, exchanges

urlpatterns = [
    path("home/", dashboard.dashboard, name="dashboard"),
    path("exchanges/<slug:public_id>/", exchanges.exchange, name="exchange"),
]
