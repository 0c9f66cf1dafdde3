"""The addresses of a member's hours."""

from django.urls import path

from . import views

urlpatterns = [
    path("wallet/", views.wallet, name="wallet"),
    path("wallet/set-aside/", views.set_aside, name="set_aside"),
    path("wallet/balance/", views.balance_over_time, name="balance_over_time"),
    path("wallet/statement.<slug:ending>", views.statement_file, name="statement_file"),
    path("wallet/hours/", views.hours, name="hours"),
    path("wallet/hours/<slug:public_id>/", views.way_of_hours, name="way_of_hours"),
    path("books/", views.books, name="books"),
    path("transfers/<slug:public_id>/", views.transfer, name="transfer"),
    path("transfers/<slug:public_id>/receipt.pdf", views.receipt_file, name="receipt_file"),
]
