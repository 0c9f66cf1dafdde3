"""The API's addresses: each app puts its resources on one router. (What they share is in timebank/rest/.)"""

from typing import Any, ClassVar

from django.urls import include, path, re_path
from django.utils.translation import get_language
from django.views.decorators.cache import cache_control
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import APIRootView, DefaultRouter

from accounts import api as accounts
from ledger import api as ledger
from marketplace import api as marketplace
from notifications import api as notifications
from timebank.rest.pages import check_query
from timebank.rest.problems import nowhere
from timebank.rest.schema import Schema
from timebank.views import api_docs


class Resources(APIRootView):
    schema = Schema()

    @extend_schema(
        operation_id="resources",
        tags=["resources"],
        responses={200: {"type": "object", "additionalProperties": {"type": "string", "format": "uri"}}},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The addresses of all there is, for whoever is signed in."""
        check_query(request, ())
        return super().get(request, *args, **kwargs)


class OnceInEachLanguage(SchemaGenerator):
    """Works the schema out once in each language, for it takes seconds and anybody may ask for it."""

    made: ClassVar[dict[str | None, Any]] = {}

    def get_schema(self, request: Any = None, public: bool = True) -> Any:
        language = get_language()
        if language not in self.made:
            self.made[language] = super().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
        return self.made[language]


router = DefaultRouter()
router.APIRootView, router.root_view_name, router.include_format_suffixes = Resources, "resources", False
for app in (notifications, ledger, accounts, marketplace):
    app.register(router)

urlpatterns = [
    path("v1/", include((router.urls, "api"))),
    path("auth/", include("accounts.api_entrance")),
    path("docs/", api_docs, name="api_docs"),
    path(
        "schema/",
        cache_control(public=True, max_age=300)(
            SpectacularJSONAPIView.as_view(
                authentication_classes=[], throttle_classes=[], generator_class=OnceInEachLanguage
            )
        ),
        name="api_schema",
    ),
    # So that a wrong address is told to a program as a program, whatever stands in it.
    re_path(r"^(?P<rest>[\s\S]*)$", nowhere, name="api_nowhere"),
]
