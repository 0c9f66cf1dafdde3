"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("timebank.site_urls")),
    path("", include("marketplace.urls")),
    path("", include("accounts.urls")),
    path("", include("ledger.urls")),
    path("", include("notifications.urls")),
    path("account/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
