"""The addresses of sockets; timebank.asgi checks their Origin and finds their session."""

from django.urls import path

from . import consumers

websocket_urlpatterns = [path("ws/live/", consumers.live_updates)]  # type: ignore[arg-type]  # ASGI
