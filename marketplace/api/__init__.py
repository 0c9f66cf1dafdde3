"""The marketplace for programs: listings and their categories, exchanges with their steps, disputes, reviews."""

from rest_framework.routers import BaseRouter

from .disputes import DisputeView, EvidenceView
from .exchanges import ExchangeView
from .listings import CategoryView, ListingView
from .people import NeighbourView


def register(router: BaseRouter) -> None:
    router.register("members", NeighbourView, "member")
    router.register("categories", CategoryView, "category")
    router.register("listings", ListingView, "listing")
    router.register("exchanges", ExchangeView, "exchange")
    router.register("disputes", DisputeView, "dispute")
    router.register("evidence", EvidenceView, "evidence")
