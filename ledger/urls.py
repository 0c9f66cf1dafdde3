"""The addresses of a member's hours."""

from django.urls import path

from . import views

urlpatterns = [
    path("wallet/", views.wallet, name="wallet"),
    path("wallet/hours/", views.hours, name="hours"),
    path("books/", views.books, name="books"),
    path("transfers/<slug:public_id>/", views.transfer, name="transfer"),
]
