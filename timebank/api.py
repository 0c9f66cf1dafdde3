"""The API's addresses: each app puts its resources on one router. (What they share is in timebank/rest/.)"""

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.routers import SimpleRouter

from accounts import api as accounts
from ledger import api as ledger
from marketplace import api as marketplace
from notifications import api as notifications
from timebank.rest.problems import nowhere
from timebank.views import api_docs

router = SimpleRouter()
for app in (notifications, ledger, accounts, marketplace):
    app.register(router)

urlpatterns = [
    path("v1/", include((router.urls, "api"))),
    path("auth/", include("accounts.api_entrance")),
    path("docs/", api_docs, name="api_docs"),
    path("schema/", SpectacularJSONAPIView.as_view(authentication_classes=[], throttle_classes=[]), name="api_schema"),
    # So that a wrong address is told to a program as a program, whatever stands in it.
    re_path(r"^(?P<rest>[\s\S]*)$", nowhere, name="api_nowhere"),
]
