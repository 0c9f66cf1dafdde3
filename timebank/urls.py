"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

from timebank.health import healthz

handler400 = "timebank.views.bad_request"
handler429 = "accounts.views.pace.too_many_requests"  # asked for by allauth
handler500 = "timebank.middleware.server_error"  # a database that is busy makes it a 503

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("", include("timebank.site_urls")),
    path("", include("marketplace.urls")),
    path("", include("accounts.urls")),
    path("", include("ledger.urls")),
    path("", include("notifications.urls")),
    path("api/", include("timebank.api")),
    path("account/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
