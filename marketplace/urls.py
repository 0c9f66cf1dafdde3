"""The address of a member's own page."""

from django.urls import path

from . import views

urlpatterns = [
    path("home/", views.dashboard, name="dashboard"),
]
