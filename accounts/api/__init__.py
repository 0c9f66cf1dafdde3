"""People for programs: oneself, neighbours, sending hours, codes to be paid by, and one's own tokens."""

from rest_framework.routers import BaseRouter

from .codes import PaymentRequestView
from .fields import LineField, WordsField, caller
from .people import MemberView, MeView
from .sending import DonationView, SendingView
from .tokens import TokenView

__all__ = ["LineField", "MemberView", "WordsField", "caller", "register"]


def register(router: BaseRouter) -> None:
    router.register("me", MeView, "me")
    router.register("tokens", TokenView, "token")
    router.register("transfers", SendingView, "transfer")
    router.register("donations", DonationView, "donation")
    router.register("payment-requests", PaymentRequestView, "payment-request")
